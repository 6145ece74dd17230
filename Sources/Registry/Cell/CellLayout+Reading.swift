internal import SystemPackage

extension CellLayout {
    /// The bytes of one of the cell's own JSON files, read through no link; nil when it does not exist.
    /// - Throws: `RegistryError` with code `.configuration`.
    func readJSON(_ path: FilePath, limit: Int) throws(RegistryError) -> [UInt8]? {
        let file = relative(path).string
        let bytes: [UInt8]
        do throws(Errno) {
            let directory = try Directory(path: path.removingLastComponent())
            bytes = try directory.read(path.lastComponent?.string ?? "", limit: limit)
        } catch {
            guard error != .noSuchFileOrDirectory else { return nil }
            throw RegistryError(.configuration, "\(file): \(error.readingFault)", underlying: error)
        }
        guard bytes.count <= limit else {
            throw RegistryError(.configuration, "\(file): is larger than \(limit >> 20) MiB")
        }
        return bytes
    }
}
