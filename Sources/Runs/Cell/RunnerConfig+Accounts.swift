internal import Registry

extension RunnerConfig {
    /// Takes `accounts:`, whose parts change the usual commands of a manager.
    /// - Returns: a sentence for everything that is wrong.
    mutating func takeAccounts(_ value: YAMLValue) -> [String] {
        guard let members = value.mapping else { return [value.fault("accounts must map managers to their commands")] }
        var faults: [String] = []
        for member in members {
            let (manager, value) = (member.key, member.value)
            guard var commands = AccountCommands.usual[manager] else {
                let known = AccountCommands.usual.keys.sorted().joined(separator: ", ")
                faults.append(value.fault("accounts: \(member.shownKey) is none of \(known)"))
                continue
            }
            guard let keys = value.mapping else {
                faults.append(value.fault("accounts.\(manager) must be a mapping of keys to values"))
                continue
            }
            for member in keys {
                if let fault = commands.take(member.key, member.value) {
                    faults.append(member.value.fault("accounts.\(manager).\(fault)"))
                }
            }
            accountCommands[manager] = commands
        }
        return faults
    }
}

extension AccountCommands {
    fileprivate mutating func take(_ key: String, _ value: YAMLValue) -> String? {
        switch key {
        case "container":
            guard let text = value.text, !text.isEmpty else { return "container must be a container's name" }
            container = text
        case "add": return take(key, value, \.add)
        case "remove": return take(key, value, \.remove)
        case "list": return take(key, value, \.list)
        case "password_lines":
            guard let count = value.integer, (1...3).contains(count) else { return "password_lines must be 1 to 3" }
            passwordLines = count
        default: return "\(key) is no key of this file"
        }
        return nil
    }

    private mutating func take(
        _ key: String, _ value: YAMLValue, _ place: WritableKeyPath<AccountCommands, [String]>
    ) -> String? {
        guard let list = value.list, case let words = list.compactMap(\.text), words.count == list.count,
            words.first?.isEmpty == false
        else {
            return "\(key) must be a list of words, the command first"
        }
        self[keyPath: place] = words
        return nil
    }
}
