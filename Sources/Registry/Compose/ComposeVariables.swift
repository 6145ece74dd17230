/// What the variables of one service's template stand for.
struct ComposeVariables {
    let service: ServiceID
    let config: MergedConfig
    let secrets: ServiceSecrets
    let cell: ComposeCell
    /// The address of the main container; nil when it has no lease.
    let serviceAddress: String?

    /// The prefix of `config_schema` values.
    static let configPrefix = "PIC_CFG_"
    /// The prefix of secrets.
    static let secretPrefix = "PIC_SECRET_"

    /// Why a variable has no value.
    struct Refusal: Error {
        let message: String
        let remedy: String
    }

    /// Replaces every variable of a text; what can't be replaced is told to `refuse` and left out.
    func replaced(_ text: String, at place: JSONPointer, _ refuse: (Refusal) -> Void) -> String {
        let mayHoldSecrets = Self.mayHoldSecrets(text, at: place)
        var result = ""
        for piece in ComposeText.pieces(text) {
            switch piece {
            case .literal(let literal): result += literal
            case .refused(let message): refuse(Refusal(message: message, remedy: ComposeRule.variable.remedy))
            case .variable(let name) where !mayHoldSecrets && Self.name(name, behind: Self.secretPrefix) != nil:
                refuse(
                    Refusal(
                        message: "\(quoted("${" + name + "}")) is a secret, which has no place here",
                        remedy: "use secrets as values in environment, command, entrypoint and healthcheck"))
            case .variable(let name):
                switch value(of: name) {
                case .success(let value): result += value
                case .failure(let refusal): refuse(refusal)
                }
            }
        }
        return result
    }

    /// Secrets stand only where nothing that is said about a template ever quotes them.
    private static func mayHoldSecrets(_ text: String, at place: JSONPointer) -> Bool {
        guard place.steps.count >= 4, place.steps[0] == .key("services"), case .key(let key) = place.steps[2] else {
            return false
        }
        guard key == "environment", case .index = place.steps[3] else {
            return ["environment", "command", "entrypoint", "healthcheck"].contains(key)
        }
        // `NAME=value`: the name is quoted.
        return text.utf8.prefix { $0 != UInt8(ascii: "=") }.allSatisfy { $0 != UInt8(ascii: "$") }
    }

    private func value(of name: String) -> Result<String, Refusal> {
        switch name {
        case "PIC_SERVICE_ID": return .success(service.rawValue)
        case "PIC_PROJECT_DIR": return .success(cell.projectDirectory)
        case "PIC_DOMAIN":
            return known(cell.domain, name, "set identity.domain in config/cell_config.json")
        case "PIC_CELL_NAME":
            return known(cell.name, name, "set identity.cell_name in config/cell_config.json")
        case "SERVICE_IP":
            return known(serviceAddress, name, "give the service a lease in data/ip_leases.json")
        default: break
        }
        if let secret = Self.name(name, behind: Self.secretPrefix) {
            return known(secrets.secret(secret, of: service), name, "make the service's secrets first")
        }
        if let key = Self.name(name, behind: Self.configPrefix) { return configured(key, name) }
        return .failure(
            Refusal(message: "\(quoted("${" + name + "}")) is no variable", remedy: ComposeRule.variable.remedy))
    }

    private func known(_ value: String?, _ name: String, _ remedy: String) -> Result<String, Refusal> {
        value.map { .success($0) } ?? .failure(Refusal(message: "${\(name)} has no value", remedy: remedy))
    }

    private func configured(_ key: String, _ name: String) -> Result<String, Refusal> {
        switch config.lookup(key) {
        case .value(let text): return .success(text)
        case .unset(let key):
            let remedy = "set it with picjobs service config \(service) \(key)=VALUE, or give it a default"
            return .failure(Refusal(message: "${\(name)} has no value", remedy: remedy))
        case .unknown:
            let keys = config.entries.map(\.field.key).joined(separator: ", ")
            return .failure(
                Refusal(
                    message: "\(quoted("${" + name + "}")) is no field of config_schema",
                    remedy: keys.isEmpty ? "declare the field" : "declare the field; there are \(keys)"))
        case .ambiguous(let keys):
            return .failure(
                Refusal(
                    message: "${\(name)} could be any of \(keys.map(quoted).joined(separator: ", "))",
                    remedy: "rename all but one in config_schema"))
        }
    }

    /// The rest of the name behind a prefix; nil without the prefix or without a rest.
    static func name(_ name: String, behind prefix: String) -> String? {
        guard name.utf8.starts(with: prefix.utf8), name.utf8.count > prefix.utf8.count else { return nil }
        return String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }
}
