/// How much an archive holds.
public struct ArchiveTotals: Sendable, Equatable, Codable {
    /// All entries, repeated directories included.
    public var entries: UInt64 = 0
    /// Regular files.
    public var files: UInt64 = 0
    /// Directories.
    public var directories: UInt64 = 0
    /// Symbolic links.
    public var symlinks: UInt64 = 0
    /// Further names of files.
    public var hardlinks: UInt64 = 0
    /// Named pipes.
    public var fifos: UInt64 = 0
    /// Character and block devices.
    public var devices: UInt64 = 0
    /// Bytes of all files, holes filled.
    public var contentBytes: UInt64 = 0

    enum CodingKeys: String, CodingKey {
        case entries, files, directories, symlinks, hardlinks, fifos, devices
        case contentBytes = "content_bytes"
    }

    /// Nothing.
    public init() {}

    mutating func add(_ entry: TarEntry) {
        entries += 1
        let (sum, overflow) = contentBytes.addingReportingOverflow(entry.size)
        contentBytes = overflow ? .max : sum
        switch entry.type {
        case .file: files += 1
        case .directory: directories += 1
        case .symlink: symlinks += 1
        case .hardlink: hardlinks += 1
        case .fifo: fifos += 1
        case .characterDevice, .blockDevice: devices += 1
        }
    }
}
