/// Rows in columns, as wide as they need to be.
struct Table {
    /// How a column's cells stand.
    enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    init(_ columns: [(String, Alignment)]) {
        alignments = columns.map(\.1)
        rows = [columns.map(\.0)]
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// Lines without trailing blanks.
    var lines: [String] {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(zip(row, widths), alignments).map { cell, alignment in
                let fill = String(repeating: " ", count: cell.1 - cell.0.count)
                return alignment == .left ? cell.0 + fill : fill + cell.0
            }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
    }

    func print() { for line in lines { Output.data(line) } }
}
