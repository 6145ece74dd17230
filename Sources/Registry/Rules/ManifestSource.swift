public import SystemPackage

/// The bytes of a manifest and where they come from.
public struct ManifestSource: Sendable {
    /// The name for reports.
    public let file: String
    /// The file as it is; at most one byte more than ``Manifest/sizeLimit``.
    public let bytes: [UInt8]
    /// The id that the manifest must have; nil when the place says nothing.
    public let directory: ServiceID?
    /// The package's directory; nil when the manifest stands alone.
    public let package: FilePath?

    /// A manifest that was read elsewhere.
    public init(file: String, bytes: [UInt8], directory: ServiceID? = nil) {
        self.file = file
        self.bytes = bytes
        self.directory = directory
        package = nil
    }

    /// Reads a manifest, or the `manifest.json` of a package's directory.
    ///
    /// A directory in one called `services`, as a store and a cell have it, must be named after the service's id. A
    /// relative path such as `.` gets that name from `workingDirectory`, when it is given.
    /// - Throws: `RegistryError` with code `.system` when there is no such file, or it is a link or no regular file.
    public init(path: FilePath, workingDirectory: FilePath? = nil) throws(RegistryError) {
        do throws(Errno) {
            do throws(Errno) {
                bytes = try Directory(path: path).read("manifest.json", limit: Manifest.sizeLimit)
                package = path
                file = path.appending("manifest.json").string
                directory = Self.serviceDirectory(workingDirectory?.pushing(path) ?? path)
                return
            } catch {
                guard error == .notDirectory else { throw error }
            }
            let parent = path.removingLastComponent()
            bytes = try Directory(path: parent.isEmpty ? "." : parent)
                .read(path.lastComponent?.string ?? "", limit: Manifest.sizeLimit)
            package = nil
            file = path.string
            directory = nil
        } catch {
            let place = path.string.unicodeScalars.map(shown).joined()
            throw RegistryError(.system, "\(place): \(Self.reason(error, path))", underlying: error)
        }
    }

    private static func reason(_ error: Errno, _ path: FilePath) -> String {
        guard error == .noSuchFileOrDirectory else { return error.readingFault }
        return (try? Directory(path: path)) == nil
            ? "is missing; name a manifest, or a directory that holds manifest.json"
            : "holds no manifest.json; name a manifest, or a directory that holds one"
    }

    private static func serviceDirectory(_ path: FilePath) -> ServiceID? {
        let path = path.lexicallyNormalized()
        guard path.removingLastComponent().lastComponent?.string == "services" else { return nil }
        return path.lastComponent.flatMap { ServiceID($0.string) }
    }
}
