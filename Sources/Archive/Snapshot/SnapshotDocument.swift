/// The content of `snapshot.json`, format 1 or 2: what one run saved, and how to know it again.
///
/// Keys are snake_case and documented in docs/snapshot-format.md; unknown keys are ignored when read.
public struct SnapshotDocument: Sendable, Codable, Equatable {
    /// Why the snapshot was made.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case nightly, manual
        /// What was there before a restore; never `latest`, and with a retention of its own.
        case safety
    }

    /// How a whole run, or one service in it, went.
    public enum Verdict: String, Sendable, Codable, CaseIterable {
        case ok, warnings, partial, failed
    }

    /// The program that wrote the snapshot.
    public struct Tool: Sendable, Codable, Equatable {
        public var version: String

        public init(version: String) { self.version = version }
    }

    /// The cell that was saved.
    public struct Cell: Sendable, Codable, Equatable {
        public var name: String
        public var domain: String

        public init(name: String, domain: String) {
            self.name = name
            self.domain = domain
        }
    }

    /// Who vouches for the document; filled in by ``sealed(with:)``.
    public struct Authentication: Sendable, Codable, Equatable {
        /// ``SnapshotKey/id`` of the key.
        public var keyID: String
        /// HMAC-SHA256 over the file's bytes with these 64 digits as zeros.
        public var hmacSHA256: SHA256Digest

        public init(keyID: String, hmacSHA256: SHA256Digest) {
            self.keyID = keyID
            self.hmacSHA256 = hmacSHA256
        }

        enum CodingKeys: String, CodingKey {
            case keyID = "key_id"
            case hmacSHA256 = "hmac_sha256"
        }
    }

    /// The newest format this program writes and reads.
    public static let currentFormat = 2

    /// 2 where a link stands in ``files``, which 1 did not know.
    public var format: Int
    public var id: SnapshotID
    public var kind: Kind
    /// The id of the run that made it.
    public var run: String
    public var started: Timestamp
    public var finished: Timestamp
    public var tool: Tool
    public var cell: Cell
    public var verdict: Verdict
    public var services: [SnapshotService]
    /// All plain files below `project/` and `cell/`.
    public var files: [SnapshotFile]
    /// Nil only before the document is sealed.
    public var authentication: Authentication?

    public init(
        id: SnapshotID, kind: Kind, run: String, started: Timestamp, finished: Timestamp, tool: Tool, cell: Cell,
        verdict: Verdict, services: [SnapshotService] = [], files: [SnapshotFile] = []
    ) {
        format = files.contains { $0.type == .link } ? 2 : 1
        self.id = id
        self.kind = kind
        self.run = run
        self.started = started
        self.finished = finished
        self.tool = tool
        self.cell = cell
        self.verdict = verdict
        self.services = services
        self.files = files
    }

    /// The record of one volume; nil when the snapshot has none.
    public func archive(_ volume: SnapshotVolume) -> SnapshotArchive? {
        services.first { $0.id == volume.service }?.archives.first { $0.name == volume.name }
    }

    /// The volumes whose archive's verdict is one of `verdicts`.
    public func volumes(_ verdicts: Set<SnapshotArchive.Verdict>) -> Set<SnapshotVolume> {
        var volumes: Set<SnapshotVolume> = []
        for service in services {
            for archive in service.archives where verdicts.contains(archive.verdict) {
                volumes.insert(SnapshotVolume(service: service.id, name: archive.name))
            }
        }
        return volumes
    }
}
