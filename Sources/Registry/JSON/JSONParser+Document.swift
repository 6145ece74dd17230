extension JSONParser {
    /// Reads one of the cell's own files, an object at its root, which `body` looks at field by field.
    ///
    /// - Throws: `RegistryError` with code `.configuration`: why it is no JSON, or every fault that was found.
    static func document<Value>(
        _ bytes: [UInt8], file: String, _ body: (Field) -> Value
    ) throws(RegistryError) -> (document: JSONObject, value: Value) {
        let root = try JSONValue(parsing: bytes, file: file)
        let faults = FaultList(file: file)
        let value = body(Field(root: root, faults: faults))
        guard faults.faults.isEmpty, let document = root.object else {
            throw RegistryError(.configuration, faults: faults.faults)
        }
        return (document, value)
    }
}
