/// Who the cell is, from `config/cell_config.json`.
public struct CellIdentity: Sendable, Hashable {
    /// The cell's name, `${PIC_CELL_NAME}`; nil when not set.
    public let cellName: String?
    /// The cell's effective domain, `${PIC_DOMAIN}`; nil when not set.
    public let domain: String?

    init(cellName: String? = nil, domain: String? = nil) {
        self.cellName = cellName
        self.domain = domain
    }

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        cellName = field["cell_name"].optional { $0.string() }
        domain = field["domain"].optional { $0.string() }
    }
}
