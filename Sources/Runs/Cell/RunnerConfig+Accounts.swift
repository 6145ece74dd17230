extension RunnerConfig {
    /// Takes `accounts:`, whose parts change the usual commands of a manager.
    /// - Returns: a sentence for everything that is wrong.
    mutating func takeAccounts(_ value: Any) -> [String] {
        guard let map = value as? [String: Any] else { return ["accounts must map managers to their commands"] }
        var faults: [String] = []
        for (manager, value) in map.sorted(by: { $0.key < $1.key }) {
            guard var commands = AccountCommands.usual[manager] else {
                let known = AccountCommands.usual.keys.sorted().joined(separator: ", ")
                faults.append("accounts: \(manager) is none of \(known)")
                continue
            }
            guard let keys = value as? [String: Any] else {
                faults.append("accounts.\(manager) must be a mapping of keys to values")
                continue
            }
            for (key, value) in keys.sorted(by: { $0.key < $1.key }) {
                if let fault = commands.take(key, value) { faults.append("accounts.\(manager).\(fault)") }
            }
            accountCommands[manager] = commands
        }
        return faults
    }
}

extension AccountCommands {
    fileprivate mutating func take(_ key: String, _ value: Any) -> String? {
        switch key {
        case "container":
            guard let text = value as? String, !text.isEmpty else { return "container must be a container's name" }
            container = text
        case "add": return take(key, value, \.add)
        case "remove": return take(key, value, \.remove)
        case "list": return take(key, value, \.list)
        case "password_lines":
            guard let count = value as? Int, (1...3).contains(count) else { return "password_lines must be 1 to 3" }
            passwordLines = count
        default: return "\(key) is no key of this file"
        }
        return nil
    }

    private mutating func take(
        _ key: String, _ value: Any, _ place: WritableKeyPath<AccountCommands, [String]>
    ) -> String? {
        guard let words = value as? [String], words.first?.isEmpty == false else {
            return "\(key) must be a list of words, the command first"
        }
        self[keyPath: place] = words
        return nil
    }
}
