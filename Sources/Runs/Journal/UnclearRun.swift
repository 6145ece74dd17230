/// A run that never ended as far as its record tells, and whose record is not understood: nothing that it may have
/// touched is backed up, cleaned, changed or removed until a person has settled it.
struct UnclearRun: Sendable {
    let id: RunID
    private let faults: [String]
    /// The volumes that it may have touched; nil for any.
    private let volumes: Set<VolumePlace>?
    /// The services that it may have changed as a whole.
    private let changed: Set<String>
    /// Whether it can have touched snapshots.
    private let holdsSnapshots: Bool

    /// A volume is named by three lines at least before it is changed: that many may be damaged and it is still known.
    private static let bearable = 2

    init(_ run: RecordedRun) {
        id = run.id
        faults = run.faults
        let kind = run.summary?.kind ?? .unknown
        holdsSnapshots = kind.scope == .cell
        let (steps, journal) = (run.journal.steps, run.journal)
        changed = Set(steps.compactMap { $0.change?.service })
        switch kind {
        case .egressApply, .egressSet, .egressReset, .caddyApply: volumes = []
        case .backup, .prune, .verify, .recover, .settle:
            // It changes a volume only where it undoes the change of a service, and that has a record of its own.
            volumes = Set(steps.filter { $0.step != .read && $0.step != .decode }.compactMap(\.volume))
        case .restore, .unknown, .serviceInstall, .serviceUpdate, .serviceReconfigure, .serviceRemove, .serviceRestart:
            let named = Set(steps.compactMap(\.volume))
            let isNamed = kind.changesService ? !changed.isEmpty : !named.isEmpty || !changed.isEmpty
            let isRead = journal.faults.allSatisfy { $0.line > 0 } && journal.faults.count <= Self.bearable
            volumes = isNamed && isRead ? named : nil
        }
    }

    /// `run X is not understood: data/runs/X/steps.jsonl line 3: its bytes are damaged`.
    private var fault: String {
        let more = faults.count > 1 ? " (and \(faults.count - 1) more)" : ""
        return "run \(id) is not understood: \(faults.first ?? "")\(more)"
    }

    private var remedy: String {
        "look at it with picjobs jobs show \(id), then picjobs jobs settle \(id) --undo or --forget"
    }

    /// For the person who runs a command.
    var note: String { "\(fault); nothing that it may have touched is backed up, changed or removed: \(remedy)" }

    /// Why the volume is left alone; nil when the run has nothing to do with it.
    func objection(to place: VolumePlace) -> String? {
        let isTouched =
            volumes?.contains { volume in
                (volume.container, volume.path) == (place.container, place.path)
                    || (volume.service, volume.name) == (place.service, place.name)
            } ?? true
        guard isTouched || changed.contains(place.service) else { return nil }
        return "\(fault); it may have touched this volume: \(remedy)"
    }

    /// Why the service is left alone; nil when the run has nothing to do with it.
    func objection(toService service: String) -> String? {
        guard volumes?.contains(where: { $0.service == service }) ?? true || changed.contains(service) else {
            return nil
        }
        return "\(fault); it may have touched this service: \(remedy)"
    }

    /// Why no snapshot is removed; nil when the run has nothing to do with snapshots.
    var objectionToPruning: String? {
        holdsSnapshots ? "\(fault); a snapshot may be its way back: \(remedy)" : nil
    }
}

extension [UnclearRun] {
    /// Why the volume is left alone; nil when no run has anything to do with it.
    func objection(to place: VolumePlace) -> String? { lazy.compactMap { $0.objection(to: place) }.first }

    /// Why the service is left alone; nil when no run has anything to do with it.
    func objection(toService service: String) -> String? {
        lazy.compactMap { $0.objection(toService: service) }.first
    }

    /// Why nothing that a journal names is touched; nil when no run has anything to do with it.
    func objection(to steps: [RunStep]) -> String? {
        for step in steps {
            if let reason = step.volume.flatMap(objection(to:)) { return reason }
            if let reason = (step.change?.service).flatMap(objection(toService:)) { return reason }
        }
        return nil
    }

    /// Why no snapshot is removed; nil when no run has anything to do with them.
    var objectionToPruning: String? { lazy.compactMap(\.objectionToPruning).first }
}
