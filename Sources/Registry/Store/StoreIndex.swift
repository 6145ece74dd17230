/// `index.json` of a store: what it offers (guide, section 9).
///
///     [{"id": "notes", "name": "Notes", "description": "…", "version": "1.0.0", "author": "acme"}]
public struct StoreIndex: Sendable {
    /// The usable entries, by id.
    public let entries: [StoreEntry]
    /// What is wrong with the others: each is left out, and the rest goes on.
    public let faults: [Fault]

    /// The largest index that is read, in bytes.
    public static let sizeLimit = 4 << 20

    /// Reads an index; `file` names it in faults.
    ///
    /// An entry that can't be used, and one whose id an earlier entry has, is a fault of that entry alone.
    /// - Throws: `RegistryError` with code `.manifest` when it is no JSON array at all.
    public init(parsing bytes: [UInt8], file: String) throws(RegistryError) {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONParser.parse(bytes)
        } catch {
            throw RegistryError(.manifest, faults: [Fault(file: file, pointer: error.pointer, error.message)])
        }
        let list = FaultList(file: file)
        let field = Field(root: root, faults: list)
        guard case .array = root else {
            throw RegistryError(
                .manifest,
                faults: [Fault(file: file, "is \(root.kind), but a store's index is an array; is the URL right?")])
        }
        var known: Set<ServiceID> = []
        let entries = field.array { field -> StoreEntry? in
            guard let entry = StoreEntry(field) else { return nil }
            guard known.insert(entry.id).inserted else {
                field["id"].fault("\(quoted(entry.id.rawValue)) stands in an earlier entry, which counts")
                return nil
            }
            return entry
        }
        self.entries = (entries ?? []).sorted { $0.id < $1.id }
        faults = list.faults + (list.omitted == 0 ? [] : [Fault(file: file, "and \(list.omitted) more faults")])
    }

    /// The entry of a service; nil when the store does not offer it.
    public subscript(id: ServiceID) -> StoreEntry? { entries.first { $0.id == id } }
}
