internal import Archive
internal import SystemPackage

/// What a service is installed from.
public struct ServicePackage: Sendable {
    public let manifest: [UInt8]
    public let composeTemplate: [UInt8]?
    public let installScript: [UInt8]?
    /// A URL or a path.
    public let origin: String
    /// Of what was fetched, hex.
    public let sha256: String

    public init(
        manifest: [UInt8], composeTemplate: [UInt8]?, installScript: [UInt8]?, origin: String, sha256: String
    ) {
        self.manifest = manifest
        self.composeTemplate = composeTemplate
        self.installScript = installScript
        self.origin = origin
        self.sha256 = sha256
    }
}

extension ServicePackage {
    public init(reading path: String) throws {
        let directory = try Directory(opening: FilePath(path))
        func read(_ name: RelativePath) throws -> [UInt8]? {
            try directory.status(name) == nil ? nil : try directory.readFile(name, limit: 1 << 20)
        }
        let manifest = try read("manifest.json") ?? []
        self.init(
            manifest: manifest, composeTemplate: try read("compose-template.yml"),
            installScript: try read("install.sh"), origin: path, sha256: "\(SHA256.hash(manifest))")
    }
}
