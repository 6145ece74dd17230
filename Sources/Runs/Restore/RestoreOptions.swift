public import Archive

/// What `picjobs restore` was asked for.
public struct RestoreOptions: Sendable {
    /// A snapshot's id, or `latest`.
    public var snapshot: String
    /// Only these services; empty for all.
    public var services: [String] = []
    /// Only the volume of this archive name.
    public var volume: String?
    /// Only these paths of the volume; empty for all of it.
    public var paths: [EntryPath] = []
    /// The same as they were typed: relative to the volume, or absolute in its container; wildcards as in
    /// `PathPattern`.
    public var words: [String] = []
    /// All of a snapshot was asked for by name.
    public var all = false
    /// Put config_paths back too.
    public var config = false
    /// Take no snapshot of what is replaced.
    public var withoutSafety = false
    /// Leave containers running as they are.
    public var withoutRestart = false
    /// Attributes that the volume's file system can't hold are a failure, not a warning.
    public var strictAttributes = false
    /// Restore snapshots that this cell's key can't vouch for.
    public var acceptUnauthenticated = false
    /// Restore archives that are known to lack something.
    public var acceptIncomplete = false
    /// Keep setuid, devices, fifos and outward links on the host (`--to`).
    public var asRecorded = false

    /// Whether only a part of a volume is wanted.
    var isPartial: Bool { !paths.isEmpty || !words.isEmpty }

    /// Everything of a snapshot.
    public init(snapshot: String) { self.snapshot = snapshot }
}

/// What a restore did to one volume.
public struct VolumeOutcome: Sendable {
    /// Which.
    public let place: VolumePlace
    /// The snapshot it came from.
    public let snapshot: String
    /// How many entries were restored.
    public let entries: UInt64
    /// Why it failed; nil when the volume is restored and equal.
    public let error: (any Error)?
    /// What the container's tar, or the host, can't put back.
    public let warnings: [String]
    /// Where it was extracted to, with `--to`.
    public var target: String?
}

/// What a restore did.
public struct RestoreReport: Sendable {
    /// One a volume.
    public var volumes: [VolumeOutcome] = []
    /// The safety snapshot of what was there.
    public var safety: String?
    /// config_paths and cell files that were put back.
    public var files: [String] = []
    /// What else a person should know.
    public var notes: [String] = []
    /// What is left for a person to do, a sentence each: a container that could not be restarted, volumes that wait.
    public var unfinished: [String] = []

    /// An empty report.
    public init() {}

    /// 0; 3 when some volumes failed and others did not, or a container was not restarted; else what the first failure
    /// says.
    public func exitCode(_ code: (any Error) -> Int32) -> Int32 {
        let errors = volumes.compactMap(\.error)
        guard let first = errors.first else { return unfinished.isEmpty ? 0 : 3 }
        return errors.count < volumes.count ? 3 : code(first)
    }

    /// For the run's record.
    public func ending(_ snapshot: SnapshotID) -> RunSession.Ending {
        let restored = volumes.filter { $0.error == nil }.count
        return RunSession.Ending(
            exitCode: exitCode { _ in 1 }, snapshot: "\(snapshot)",
            result: "restored \(restored) of \(volumes.count) volumes from \(snapshot)")
    }
}
