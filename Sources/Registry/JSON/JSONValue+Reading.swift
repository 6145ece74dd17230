extension JSONValue {
    /// Reads one JSON document; `file` names it in messages.
    /// - Throws: `RegistryError` with code `.configuration`.
    public init(parsing bytes: [UInt8], file: String) throws(RegistryError) {
        do throws(JSONSyntaxError) {
            self = try JSONParser.parse(bytes)
        } catch {
            throw RegistryError(.configuration, faults: [Fault(file: file, pointer: error.pointer, error.message)])
        }
    }
}
