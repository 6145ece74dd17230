internal import Archive
internal import Registry

/// `config/cell_config.json`, which other programs write, too.
enum CellConfigFile {
    private static let place: RelativePath = "config/cell_config.json"

    /// Reads it, changes it, and writes it in place; when somebody else wrote it in between, once more.
    ///
    /// - Parameter change: what the document is to be; nil leaves it as it is.
    /// - Throws: ``RunError`` `.failed` when it is changed by somebody else all the time.
    static func update(_ cell: Cell, _ change: (CellConfig) throws -> JSONObject?) throws {
        _ = try cell.root.createDirectories("config", mode: 0o755)
        for _ in 0..<8 {
            let before = try cell.root.status(place)
            let config = try CellConfig(of: cell.layout)
            guard let changed = try change(config), changed != config.document else { return }
            guard try cell.root.status(place) == before else { continue }
            try cell.root.rewrite(place, JSONValue.object(changed).serialized(), mode: 0o644)
            return
        }
        throw RunError(.failed, "\(place) is changed by somebody else all the time; nothing was saved")
    }
}
