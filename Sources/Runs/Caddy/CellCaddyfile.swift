internal import Archive
internal import Registry

/// The cell's own Caddyfile, whose core sites are never touched, with the place of the generated sites.
struct CellCaddyfile {
    private let before: String
    private let after: String

    /// Reads it and finds its one line `import services.caddy`.
    /// - Throws: ``RunError`` `.configuration` when it is not there, or has no such line or several.
    init(_ cell: Cell) throws {
        let place = cell.config.caddy.caddyfile
        let text: String
        do throws(ArchiveError) {
            text = String(decoding: try cell.root.readFile(place, limit: 4 << 20), as: UTF8.self)
        } catch {
            throw RunError(
                .configuration, "\(place): \(error.message); caddy.caddyfile names the cell's own Caddyfile",
                underlying: error)
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let imports = lines.indices.filter { Self.isImport(lines[$0]) }
        guard let line = imports.first, imports.count == 1 else {
            throw RunError(
                .configuration,
                "\(place): it must hold the line \"import services.caddy\" \(imports.isEmpty ? "" : "only ")once, "
                    + "where the sites of services are to stand")
        }
        before = lines[..<line].map { $0 + "\n" }.joined()
        after = lines[(line + 1)...].joined(separator: "\n")
    }

    /// The whole with these sites: what Caddy is to serve.
    func whole(with sites: String) -> String { before + sites + after }

    /// `import services.caddy`, with or without a path before the name.
    private static func isImport(_ line: Substring) -> Bool {
        let words = line.split { $0 == " " || $0 == "\t" }
        guard words.count == 2, words[0] == "import" else { return false }
        return words[1] == "services.caddy" || words[1].hasSuffix("/services.caddy")
    }
}
