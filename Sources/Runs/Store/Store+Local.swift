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
            // Of a ZIP that is too large the rule is to be told.
            let isNamedZip = name.extension == "zip"
            let bytes = try parent.readFile(file, limit: isNamedZip ? 64 << 20 : StorePackage.sizeLimit)
            guard isZip(bytes) || isNamedZip else {
                return FetchedPackage(StorePackage(manifest: bytes), origin: place.string)
            }
            return FetchedPackage(try StorePackage(zip: bytes), origin: place.string, zip: bytes)
        } catch {
            let shown = error.violation == nil ? error.message : "\(path): \(error.message)"
            throw RunError(error.code == .refused ? .refused : .failed, shown, underlying: error)
        }
    }

    /// Whether a regular file is, or shall be, a ZIP: by its name or its first bytes. False for what can't be read.
    static func isZipFile(_ path: String) -> Bool {
        let place = FilePath(path)
        guard let name = place.lastComponent, name.kind == .regular else { return false }
        let parent = place.removingLastComponent()
        do throws(ArchiveError) {
            let directory = try Directory(opening: parent.isEmpty ? "." : parent)
            let file = try RelativePath(Array(name.string.utf8))
            guard try directory.status(file)?.kind == .file else { return false }
            if name.extension == "zip" { return true }
            return isZip(try directory.readFile(file, limit: StorePackage.sizeLimit))
        } catch {
            return false
        }
    }

    /// Whether the bytes begin as a ZIP file does, also an empty one.
    static func isZip(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x50, 0x4b, 3, 4]) || bytes.starts(with: [0x50, 0x4b, 5, 6])
    }

    private static func read(filesIn path: FilePath) throws(ArchiveError) -> FetchedPackage {
        guard let manifest = try file(StorePackage.manifestName, in: path) else {
            throw ArchiveError(
                .notFound,
                "\(path) holds no \(StorePackage.manifestName); name a package, a manifest, or a directory that holds one"
            )
        }
        return try package(of: manifest, filesIn: path)
    }

    /// A manifest that was read already, with the files beside it.
    static func package(of manifest: [UInt8], filesIn path: FilePath) throws(ArchiveError) -> FetchedPackage {
        let package = StorePackage(
            manifest: manifest, composeTemplate: try file(StorePackage.composeTemplateName, in: path),
            installScript: try file(StorePackage.installScriptName, in: path))
        return FetchedPackage(package, origin: path.appending(StorePackage.manifestName).string)
    }

    /// A file of at most 1 MiB; nil where there is none.
    private static func file(_ name: String, in path: FilePath) throws(ArchiveError) -> [UInt8]? {
        do throws(ArchiveError) {
            return try Directory(opening: path).readFile(RelativePath(name), limit: StorePackage.sizeLimit)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
