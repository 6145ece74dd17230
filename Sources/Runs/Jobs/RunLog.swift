internal import Archive

extension RunHistory {
    /// The lines of a run's `log`, with their times; empty when it has none.
    public static func log(_ id: RunID, of cell: Cell) throws -> [String] {
        guard let directory = try cell.root.directoryIfPresent(try RelativePath("data/runs/\(id)")),
            try directory.status("log") != nil
        else { return [] }
        let bytes = try directory.readFile("log", limit: 16 << 20)
        return bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }
}
