internal import Archive
internal import FoundationEssentials
internal import SystemPackage

extension Store {
    /// Reads a package of this machine: a ZIP file, a manifest, or a directory that holds `manifest.json`.
    ///
    /// With a directory, and with a file that is called `manifest.json`, the files beside it belong to the package;
    /// other files there are left alone. No link is followed to a file.
    /// - Throws: ``RunError``: `.failed` when something can't be read, `.refused` for a link in its place, a ZIP that
    ///   breaks a rule, and files of more than 1 MiB.
    public static func read(_ path: String) throws -> FetchedPackage {
        let directory = FilePath(FileManager.default.currentDirectoryPath)
        let place = directory.pushing(FilePath(path)).lexicallyNormalized()
        do throws(ArchiveError) {
            guard let name = place.lastComponent else { return try read(filesIn: place) }
            let parent = try Directory(opening: place.removingLastComponent())
            let file = try RelativePath(Array(name.string.utf8))
            if try parent.status(file)?.kind == .directory { return try read(filesIn: place) }
            if name.string == StorePackage.manifestName { return try read(filesIn: place.removingLastComponent()) }
            let bytes = try parent.readFile(file, limit: StorePackage.sizeLimit)
            guard isZip(bytes) || name.extension == "zip" else {
                return FetchedPackage(StorePackage(manifest: bytes), origin: place.string)
            }
            return FetchedPackage(try StorePackage(zip: bytes), origin: place.string, zip: bytes)
        } catch {
            let shown = error.violation == nil ? error.message : "\(path): \(error.message)"
            throw RunError(error.code == .refused ? .refused : .failed, shown, underlying: error)
        }
    }

    /// Whether the bytes begin as a ZIP file does, also an empty one.
    static func isZip(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x50, 0x4b, 3, 4]) || bytes.starts(with: [0x50, 0x4b, 5, 6])
    }

    private static func read(filesIn path: FilePath) throws(ArchiveError) -> FetchedPackage {
        let directory = try Directory(opening: path)
        func file(_ name: String) throws(ArchiveError) -> [UInt8]? {
            do throws(ArchiveError) {
                return try directory.readFile(RelativePath(name), limit: StorePackage.sizeLimit)
            } catch {
                if error.code == .notFound { return nil }
                throw error
            }
        }
        guard let manifest = try file(StorePackage.manifestName) else {
            throw ArchiveError(
                .notFound,
                "\(path) holds no \(StorePackage.manifestName); name a package, a manifest, or a directory that holds one"
            )
        }
        let package = StorePackage(
            manifest: manifest, composeTemplate: try file(StorePackage.composeTemplateName),
            installScript: try file(StorePackage.installScriptName))
        return FetchedPackage(package, origin: path.appending(StorePackage.manifestName).string)
    }
}
