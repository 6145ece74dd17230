public import Archive
internal import FoundationEssentials
internal import Registry

/// `data/services/<id>/install.json`: what was installed, from where and when.
public struct InstallRecord: Sendable, Codable {
    /// Always 1.
    public var format = 1
    public let id: String
    public let version: String
    /// Where the package came from: a URL or a path.
    public let origin: String
    /// The package's digest, hex.
    public let sha256: String
    /// When it was first installed.
    public let installed: Timestamp
    /// When these files took their place.
    public let updated: Timestamp
    /// The run that put these files here.
    public let run: String
    /// The digest of the package's `install.sh`, hex; nil when it has none or it was not run.
    public var installScript: String?

    enum CodingKeys: String, CodingKey {
        case format, id, version, origin, sha256, installed, updated, run
        case installScript = "install_script_sha256"
    }

    /// Reads the record in a service's directory; nil for a service that was put there by hand.
    /// - Throws: ``RunError`` `.configuration` when it is no such record.
    init?(at directory: RelativePath, in cell: Cell) throws {
        let place = directory.appending("install.json")
        let bytes: [UInt8]
        do throws(ArchiveError) {
            bytes = try cell.root.readFile(place, limit: 1 << 20)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
        do {
            self = try JSONDecoder().decode(InstallRecord.self, from: Data(bytes))
        } catch {
            throw RunError(
                .configuration, "\(place) is no install record (\(error)); remove it, and install the service again",
                underlying: error)
        }
    }

    /// - Parameter earlier: of the version that was there before.
    init(_ manifest: Manifest, from origin: String, sha256: String, run: RunID, earlier: InstallRecord?) {
        id = manifest.id.rawValue
        version = manifest.version
        self.origin = origin
        self.sha256 = sha256
        updated = .now
        installed = earlier?.installed ?? updated
        self.run = run.text
    }

    /// The file's bytes.
    var bytes: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(self)) + [0x0A]
        }
    }
}
