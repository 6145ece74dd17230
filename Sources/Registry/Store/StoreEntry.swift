/// One service that a store offers (guide, section 9).
public struct StoreEntry: Sendable, Equatable {
    /// The service's id; a package of another one is refused.
    public let id: ServiceID
    /// The display name.
    public let name: String
    /// One sentence.
    public let description: String
    /// The package's version; a package of another one is refused.
    public let version: SemanticVersion
    /// The version as written, with its build metadata.
    public let versionText: String
    /// Who made it.
    public let author: String
    /// Where the package's ZIP is: a URL, absolute or relative to the index; nil for the usual place.
    public let package: String?
    /// Where the manifest of a service without a ZIP is; nil for `services/<id>/manifest.json` beside the index.
    public let manifest: String?
    /// SHA-256, 64 lower-case hex digits: of the ZIP where `package` stands, else of `manifest.json`.
    public let sha256: String?
}

extension StoreEntry {
    /// Reads an entry; nil with at least one fault when it can't be used. Keys that are not known are left alone.
    init?(_ field: Field) {
        let before = field.faults.count
        guard field.isObject else { return nil }
        let id: ServiceID? = field["id"].required("the service's id") { $0.checked() }
        let name = field["name"].required("the display name") { $0.words() }
        let description = field["description"].required("one sentence") { $0.words() }
        let author = field["author"].required("the author") { $0.words() }
        let text = field["version"].required("the package's version") { $0.string() }
        let version = text.flatMap { SemanticVersion($0) }
        if let text, version == nil { field["version"].fault(quoting: text, "is not a semver version, such as 1.0.0") }
        package = field["package"].optional { $0.reference() }
        manifest = field["manifest"].optional { $0.reference() }
        sha256 = field["sha256"].optional { $0.digest() }
        guard let id, let name, let description, let author, let text, let version, field.faults.count == before else {
            return nil
        }
        self.id = id
        self.name = name
        self.description = description
        self.version = version
        versionText = text
        self.author = author
    }
}

extension Field {
    /// Text for people: not blank.
    fileprivate func words() -> String? {
        guard let text = string() else { return nil }
        if text.allSatisfy(\.isWhitespace) { fault("is blank; write what people shall read") }
        return text
    }

    /// A URL or a relative one: printable ASCII.
    fileprivate func reference() -> String? {
        guard let text = string() else { return nil }
        guard (1...2048).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21..<0x7f).contains($0) }) else {
            fault(quoting: text, "is no URL; write it with percent signs for blanks and letters beyond ASCII")
            return nil
        }
        return text
    }

    /// SHA-256 as `sha256sum` prints it.
    fileprivate func digest() -> String? {
        guard let text = string() else { return nil }
        let isHex = text.utf8.allSatisfy { ASCII.isDigit($0) || (0x61...0x66).contains($0) }
        guard text.utf8.count == 64, isHex else {
            fault(quoting: text, "is no SHA-256; write its 64 lower-case hex digits, as sha256sum prints them")
            return nil
        }
        return text
    }
}

extension StoreEntry {
    /// Holds a manifest against the entry that led to it: id and version are the same, as written.
    /// - Throws: `RegistryError` with code `.manifest` that names both, or why there is nothing to compare.
    public func check(manifest bytes: [UInt8], file: String) throws(RegistryError) {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONParser.parse(bytes)
        } catch {
            throw RegistryError(.manifest, faults: [Fault(file: file, pointer: error.pointer, error.message)])
        }
        let faults = FaultList(file: file)
        let field = Field(root: root, faults: faults)
        for (key, wanted) in [("id", id.rawValue), ("version", versionText)] {
            guard let text = field[key].required("the one that the index names", { $0.string() }), text != wanted else {
                continue
            }
            field[key].fault(
                "is \(quoted(text)), but the store's index says \(quoted(wanted)); tell whoever runs the store")
        }
        guard faults.count == 0 else { throw RegistryError(.manifest, faults: faults.faults) }
    }
}
