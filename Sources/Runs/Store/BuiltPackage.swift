internal import Archive
public import Registry
internal import SystemPackage

/// A package's ZIP file that was written.
public struct BuiltPackage: Sendable {
    /// The file as it was named.
    public let file: String
    /// SHA-256 of the file, in hex digits: what a store's index names.
    public let sha256: String
    /// Bytes of the file.
    public let size: Int
    /// The names in the directory that are no part of a package, escaped; hidden ones are not told.
    public let leftOut: [String]

    /// Writes a package that was judged.
    ///
    /// - Parameters:
    ///   - place: The file; `<id>-<version>.zip` in the working directory, when it is not named.
    ///   - isReplacing: Whether a file that is there already is replaced.
    /// - Throws: ``RunError`` `.failed` when the file is there already or can't be written, `.refused` when the package
    ///   is too large.
    public init(
        _ package: FetchedPackage, of manifest: Manifest, from directory: String, at place: String?, isReplacing: Bool
    ) throws {
        let bytes = package.package.zip()
        file = place ?? "\(manifest.id)-\(manifest.version).zip"
        let path = FilePath(file)
        let content: Directory
        do throws(ArchiveError) {
            content = try Directory(opening: FilePath(directory))
        } catch {
            throw RunError(
                .failed, "a package is made from a directory: \(error.message); name the one that holds manifest.json",
                underlying: error)
        }
        do throws(ArchiveError) {
            // What nobody could read again is not written.
            guard try StorePackage(zip: bytes) == package.package else {
                throw ArchiveError(.system, "\(file) would not be read back as it was written; please report this")
            }
            guard let name = path.lastComponent, name.kind == .regular else {
                throw ArchiveError(.refused, "\(file) is no name of a file; name one with -o FILE")
            }
            let parent = path.removingLastComponent()
            let allowed = [StorePackage.manifestName, StorePackage.composeTemplateName, StorePackage.installScriptName]
            leftOut = try content.list().map(\.name).filter { name in
                name.first != UInt8(ascii: ".") && !allowed.contains { $0.utf8.elementsEqual(name) }
            }.map { EscapedName.encode($0) }
            try Directory(opening: parent.isEmpty ? "." : parent).writeAtomically(
                RelativePath(Array(name.string.utf8)), bytes, mode: 0o644, replacing: isReplacing)
        } catch {
            switch error.code {
            case .exists:
                throw RunError(.failed, "\(file) is there already; replace it with --force", underlying: error)
            case .refused: throw RunError(.refused, "\(file): \(error.message)", underlying: error)
            default: throw RunError(.failed, error.message, underlying: error)
            }
        }
        sha256 = SHA256.hash(bytes).hex
        size = bytes.count
    }
}
