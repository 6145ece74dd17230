/// What a service's package holds: its three files, in memory (guide, section 9; rule 15 of docs/archives.md).
public struct StorePackage: Sendable, Equatable {
    /// `manifest.json`, not judged here.
    public var manifest: [UInt8]
    /// `compose-template.yml`; nil when the package has none.
    public var composeTemplate: [UInt8]?
    /// `install.sh`; nil when the package has none.
    public var installScript: [UInt8]?

    /// The names that a package may hold.
    public static let manifestName = "manifest.json"
    public static let composeTemplateName = "compose-template.yml"
    public static let installScriptName = "install.sh"
    /// The largest package, in bytes: as a ZIP, and of all its files together.
    public static let sizeLimit = 1 << 20

    /// A package of files that were read elsewhere.
    public init(manifest: [UInt8], composeTemplate: [UInt8]? = nil, installScript: [UInt8]? = nil) {
        self.manifest = manifest
        self.composeTemplate = composeTemplate
        self.installScript = installScript
    }

    /// Reads a ZIP file; nothing is unpacked to a disk.
    ///
    /// Sizes behind the data ("data descriptors", as bsdtar writes them) are compared with the directory like all else;
    /// behind data that are stored they are refused.
    /// - Throws: `ArchiveError` `.refused` with the broken rule and its byte.
    public init(zip bytes: [UInt8]) throws(ArchiveError) {
        var files: [String: [UInt8]] = [:]
        for (name, data) in try ZipReader.read(bytes) {
            guard [Self.manifestName, Self.composeTemplateName, Self.installScriptName].contains(name) else {
                let names = "\(Self.manifestName), \(Self.composeTemplateName) and \(Self.installScriptName)"
                throw ArchiveError(
                    violation: Violation(
                        .zipName, at: 0, entry: name, "is no file of a package, which holds only \(names), at its top"))
            }
            files[name] = data
        }
        guard let manifest = files[Self.manifestName] else {
            throw ArchiveError(
                violation: Violation(.zipManifest, at: 0, "the package holds no \(Self.manifestName) at its top"))
        }
        self.init(
            manifest: manifest, composeTemplate: files[Self.composeTemplateName],
            installScript: files[Self.installScriptName])
    }

    /// The package as a ZIP file: the same files give the same bytes, everywhere.
    public func zip() -> [UInt8] {
        var files = [ZipWriter.File(name: Self.manifestName, data: manifest)]
        if let composeTemplate { files.append(.init(name: Self.composeTemplateName, data: composeTemplate)) }
        if let installScript { files.append(.init(name: Self.installScriptName, data: installScript, mode: 0o755)) }
        return ZipWriter.write(files)
    }
}
