public import Archive

/// One line of `steps.jsonl`: what a run is about to do, written and synced before it does it.
public struct RunStep: Sendable, Codable {
    /// What kind of step; recovery acts on those that change a volume or a store.
    public enum Kind: String, Sendable, Codable {
        /// Leftovers of earlier runs are looked for.
        case recover
        /// A volume's tar stream is read.
        case read
        /// The written archive is decoded again.
        case decode
        /// config_paths and the cell's own state are copied.
        case copy
        /// The snapshot gets its name.
        case publish
        /// Published snapshots are read again.
        case verify
        /// Old snapshots are removed.
        case prune
        /// The archive is read and checked before anything is changed.
        case check
        /// A staging directory is made in the volume and filled.
        case stage
        /// The staged tree is read back and compared.
        case compare
        /// What stood in the volume moves into the staging directory.
        case swapOut = "swap-out"
        /// What was restored moves into its place.
        case swapIn = "swap-in"
        /// The volume is as it should be; the staging directory is to be removed.
        case sweep
        /// The staging directory could not be removed: what it holds is old, and the next run tries again.
        case leftover
        /// Containers are stopped, so that nothing of them runs while their volumes change.
        case quiesce
        /// Containers that were stopped are started again.
        case resume
        /// The volume is cleared and filled in place.
        case fill
        /// The volume is as it should be; nothing is left to finish or undo.
        case settled
        /// The container was restarted, or could not be and that was said.
        case restart
        /// Caddy is told what to serve.
        case caddy
        /// Plain files are put back.
        case files
        /// The chosen exit is saved.
        case save
        /// The kernel's state is changed.
        case network
        /// A service's change begins; the line says how it is undone.
        case plan
        /// The images are fetched.
        case pull
        /// Leases, secrets and configuration of a service are written, or given back.
        case reserve
        /// A service's files take their place, or leave it.
        case place
        /// A service's containers are made and started, and healthy.
        case start
        /// A service's containers are stopped and removed.
        case stop
        /// The package's `install.sh` runs.
        case script
        /// The change is made: from here on it is finished, and not undone.
        case commit
        /// A change is taken back.
        case undo
        /// A change was finished or undone; nothing is left of it.
        case done
    }

    /// When it began.
    public var time: Timestamp = .now
    /// What it is.
    public let step: Kind
    /// Which volume it is about.
    public var volume: VolumePlace?
    /// The staging directory's name in the volume.
    public var stage: String?
    /// The paths that are swapped, when not all are.
    public var paths: [String]?
    /// The snapshot with which an interrupted fill is undone.
    public var safety: String?
    /// The snapshot that is written or read.
    public var snapshot: String?
    /// What the volume's own directory must be in the end.
    public var root: VolumeRoot?
    /// True where the container has to be restarted after this step: it holds files that are gone.
    public var restart: Bool?
    /// The containers that are stopped, or were started again.
    var containers: [StoppedContainer]?
    /// How a service is changed.
    var change: ServiceChange?
    /// `hand` where a person, and no run, says so.
    var by: String?

    /// A step about a volume or about none.
    public init(
        _ step: Kind, _ volume: VolumePlace? = nil, stage: String? = nil, paths: [String]? = nil,
        safety: String? = nil, snapshot: String? = nil, root: VolumeRoot? = nil, restart: Bool? = nil
    ) {
        self.step = step
        self.volume = volume
        self.stage = stage
        self.paths = paths
        self.safety = safety
        self.snapshot = snapshot
        self.root = root
        self.restart = restart
    }

    /// A step about containers.
    init(_ step: Kind, _ containers: [StoppedContainer]) {
        self.init(step)
        self.containers = containers
    }

    /// The step with which a service's change begins.
    init(_ change: ServiceChange) {
        self.init(.plan)
        self.change = change
    }
}

/// Where a volume lies: service, archive name, container and the path in it.
public struct VolumePlace: Sendable, Codable, Hashable, CustomStringConvertible {
    /// The service's id.
    public let service: String
    /// The archive's name.
    public let name: String
    /// The container's name.
    public let container: String
    /// The absolute path in the container.
    public let path: String

    /// `notes/notes_data`.
    public var description: String { "\(service)/\(name)" }
}

extension RunStep.Kind {
    /// Whether a kill behind this step leaves something in the volume.
    var changesVolume: Bool {
        switch self {
        case .stage, .compare, .swapOut, .swapIn, .sweep, .leftover, .fill, .settled: true
        default: false
        }
    }
}

extension [RunStep] {
    /// The last step of each volume that changes it.
    private var last: [VolumePlace: RunStep] {
        var last: [VolumePlace: RunStep] = [:]
        for step in self where step.step.changesVolume {
            if let place = step.volume { last[place] = step }
        }
        return last
    }

    /// Volumes that are neither in their old nor in their new state, or where a staging directory may be left.
    var unsettled: Set<VolumePlace> {
        Set(last.filter { ![.settled, .leftover].contains($0.value.step) }.keys)
    }

    /// Volumes whose content is neither the old nor the new one.
    var between: Set<VolumePlace> {
        Set(last.filter { [.swapOut, .swapIn, .fill].contains($0.value.step) }.keys)
    }

    /// Staging directories that could not be removed, by their volume.
    var leftovers: [VolumePlace: String] {
        last.compactMapValues { $0.step == .leftover ? $0.stage : nil }
    }

    /// Containers that were stopped and not started again since, as they were when they were stopped first.
    var stopped: [StoppedContainer] {
        var waiting: [StoppedContainer] = []
        for step in self {
            for container in step.containers ?? [] {
                if step.step == .resume {
                    waiting.removeAll { $0.name == container.name }
                } else if step.step == .quiesce, !waiting.contains(where: { $0.name == container.name }) {
                    waiting.append(container)
                }
            }
        }
        return waiting
    }

    /// Containers whose files were replaced and that were not restarted since, each with such a volume.
    var unrestarted: [String: VolumePlace] {
        var waiting: [String: VolumePlace] = [:]
        for step in self {
            guard let place = step.volume else { continue }
            if step.restart == true { waiting[place.container] = place }
            if step.step == .restart { waiting[place.container] = nil }
        }
        return waiting
    }

    /// The change of a service that was begun, and neither finished nor undone.
    var pendingChange: ServiceChange? {
        guard let begun = lastIndex(where: { $0.step == .plan }), !self[begun...].contains(where: { $0.step == .done })
        else { return nil }
        return self[begun].change
    }

    /// The kinds of steps that the change of a service has come to.
    var ofChange: Set<RunStep.Kind> { Set(drop { $0.step != .plan }.map(\.step)) }

    /// True when nothing is left for the next run to do.
    var areSettled: Bool {
        unsettled.isEmpty && leftovers.isEmpty && stopped.isEmpty && unrestarted.isEmpty && pendingChange == nil
    }
}
