/// One volume's archive as `snapshot.json` records it (`services[].archives[]`).
public struct SnapshotArchive: Sendable, Codable, Equatable {
    /// How much of the volume the archive holds, the best first.
    public enum Verdict: String, Sendable, Codable, CaseIterable {
        /// Everything, unchanged while it was read.
        case ok
        /// Everything, but files changed, grew, shrank or vanished while they were read; `warnings` names them.
        case warnings
        /// The end of the stream is missing, or entries are.
        case incomplete
        /// Nothing usable: `error` says why.
        case failed
    }

    /// What the archive's entries add up to.
    public struct Totals: Sendable, Codable, Equatable {
        public var files: UInt64
        public var directories: UInt64
        public var symlinks: UInt64
        public var hardlinks: UInt64
        public var fifos: UInt64
        public var devices: UInt64
        /// Sockets the tar left out; they are no loss.
        public var socketsIgnored: UInt64
        /// Bytes of all regular files.
        public var contentBytes: UInt64

        public init(
            files: UInt64 = 0, directories: UInt64 = 0, symlinks: UInt64 = 0, hardlinks: UInt64 = 0,
            fifos: UInt64 = 0, devices: UInt64 = 0, socketsIgnored: UInt64 = 0, contentBytes: UInt64 = 0
        ) {
            self.files = files
            self.directories = directories
            self.symlinks = symlinks
            self.hardlinks = hardlinks
            self.fifos = fifos
            self.devices = devices
            self.socketsIgnored = socketsIgnored
            self.contentBytes = contentBytes
        }

        enum CodingKeys: String, CodingKey {
            case files, directories, symlinks, hardlinks, fifos, devices
            case socketsIgnored = "sockets_ignored"
            case contentBytes = "content_bytes"
        }
    }

    /// The volume's name in the manifest.
    public var name: String
    /// The container it was read from.
    public var container: String
    /// The directory in the container.
    public var path: String
    /// Where `path` led, when a link was in it; nil otherwise.
    public var resolvedPath: String?
    /// The archive's path in the snapshot; nil when there is none.
    public var file: String?
    public var verdict: Verdict
    /// Of the archive file's bytes.
    public var sha256: SHA256Digest?
    /// Bytes of the archive file.
    public var size: UInt64?
    /// Of the advisory index beside it.
    public var indexSHA256: SHA256Digest?
    /// Bytes of the tar stream inside.
    public var rawSize: UInt64?
    /// Entries in the tar stream.
    public var entries: UInt64?
    public var totals: Totals?
    /// The tar that wrote it, e.g. `gnu 1.34` or `busybox 1.35`.
    public var tar: String?
    /// In which state the container was read: `running`.
    public var consistency: String?
    /// The container's image and its digest.
    public var image: String?
    public var imageDigest: String?
    /// Mounts below `path`, absolute; what they hold is in the archive, a restore over them is refused.
    public var nestedMounts: [String]
    /// One sentence each, names escaped.
    public var warnings: [String]
    /// Why the verdict is incomplete or failed.
    public var error: String?
    public var durationSeconds: Double

    public init(name: String, container: String, path: String, verdict: Verdict) {
        self.name = name
        self.container = container
        self.path = path
        self.verdict = verdict
        nestedMounts = []
        warnings = []
        durationSeconds = 0
    }

    /// Whether a restore may use it without being told to accept less: ok, or ok with warnings.
    public var isUsable: Bool { verdict == .ok || verdict == .warnings }

    enum CodingKeys: String, CodingKey {
        case name, container, path, file, verdict, sha256, size, entries, totals, tar, consistency, image, warnings,
            error
        case indexSHA256 = "index_sha256"
        case rawSize = "raw_size"
        case imageDigest = "image_digest"
        case resolvedPath = "resolved_path"
        case nestedMounts = "nested_mounts"
        case durationSeconds = "duration_seconds"
    }
}
