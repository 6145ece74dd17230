extension ComposePolicy {
    /// Keys whose value is one scalar of a narrow form.
    mutating func checkScalar(_ key: String, _ node: ComposeNode, at place: JSONPointer) {
        let form: String
        let fits: Bool
        let text = node.scalarText ?? ""
        switch key {
        case "init", "read_only", "tty", "stdin_open":
            form = "true or false, without quotes"
            if case .boolean = node { fits = true } else { fits = false }
        case "restart":
            form = "no, always, unless-stopped or on-failure, with quotes"
            fits = node.text.map(Self.isRestart) ?? false
        case "user":
            form = "a user, or USER:GROUP"
            fits = Self.isUser(text)
        case "working_dir":
            form = "an absolute path"
            fits = text.utf8.first == UInt8(ascii: "/") && PathText.components(text) != nil
        case "stop_signal":
            form = "a signal, such as SIGTERM"
            fits = ASCII.matches(text, longest: 16, first: ASCII.isAlphanumeric, rest: ASCII.isAlphanumeric)
        case "stop_grace_period":
            form = "a time, such as 30s"
            fits = Self.isDuration(text)
        case "cpus":
            form = "a number, such as 0.5"
            fits = Self.isDecimal(text)
        case "pids_limit":
            form = "a whole number from 1"
            fits = (Int(text) ?? 0) > 0 && text.utf8.allSatisfy(ASCII.isDigit)
        default:
            form = "a size, such as 512m"
            fits = Self.isSize(text)
        }
        if !fits { refuse(.value, at: place, "is not \(form)", remedy: "write \(form)") }
    }

    /// A list of texts, such as a command.
    mutating func checkTexts(_ node: ComposeNode, at place: JSONPointer) {
        for (place, element) in elements(node, at: place) ?? [] where element.text == nil {
            refuse(.value, at: place, "is \(element.kind), must be a text")
        }
    }

    mutating func checkHealth(_ node: ComposeNode, at place: JSONPointer) {
        for entry in members(node, at: place)?.entries ?? [] {
            let place = place.appending(entry.key)
            switch entry.key {
            case "test":
                if entry.value.text == nil { checkTexts(entry.value, at: place) }
            case "interval", "timeout", "start_period":
                if !Self.isDuration(entry.value.text ?? "") {
                    refuse(.value, at: place, "is not a time, such as 30s", remedy: "write a time, such as 30s")
                }
            case "retries":
                guard case .number(let text) = entry.value, let count = Int(text), (1...1000).contains(count) else {
                    refuse(.value, at: place, "is not a number from 1 to 1000", remedy: "write a number such as 3")
                    continue
                }
            case "disable":
                guard case .boolean = entry.value else {
                    refuse(.value, at: place, "is not true or false", remedy: "write true or false")
                    continue
                }
            default: refuse(.key, at: place, "is no key of a health check")
            }
        }
    }

    /// Ports inside the cell's network, which publish nothing.
    mutating func checkPorts(_ node: ComposeNode, at place: JSONPointer) {
        for (place, element) in elements(node, at: place) ?? [] {
            let text = element.text ?? ""
            if !text.utf8.allSatisfy(ASCII.isDigit) || !(1...65535).contains(Int(text) ?? 0) {
                refuse(.value, at: place, "is not a port from 1 to 65535", remedy: "write a port such as \"8080\"")
            }
        }
    }

    private static func isRestart(_ text: String) -> Bool {
        if ["no", "always", "unless-stopped", "on-failure"].contains(text) { return true }
        let prefix = "on-failure:".utf8
        let count = text.utf8.dropFirst(prefix.count)
        return text.utf8.starts(with: prefix) && (1...4).contains(count.count) && count.allSatisfy(ASCII.isDigit)
    }

    private static func isUser(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        func isPart(_ byte: UInt8) -> Bool {
            ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        return (1...2).contains(parts.count)
            && parts.allSatisfy { ASCII.matches(String(Substring($0)), longest: 32, first: isPart, rest: isPart) }
    }

    /// Numbers with units, `1m30s`.
    private static func isDuration(_ text: String) -> Bool {
        guard let first = text.utf8.first, ASCII.isDigit(first), text.utf8.count <= 20 else { return false }
        let units = text.utf8.split(whereSeparator: ASCII.isDigit).map { String(decoding: $0, as: UTF8.self) }
        let ends = text.utf8.last.map { !ASCII.isDigit($0) } ?? false
        return ends && units.allSatisfy(["us", "ms", "s", "m", "h"].contains)
    }

    private static func isDecimal(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (1...2).contains(parts.count) && text.utf8.count <= 10
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(ASCII.isDigit) }
    }

    /// Bytes, or with a unit: `512m`, `1gb`.
    private static func isSize(_ text: String) -> Bool {
        let unit = text.utf8.drop(while: ASCII.isDigit)
        let digits = text.utf8.count - unit.count
        let units = ["", "b", "k", "kb", "m", "mb", "g", "gb"]
        return (1...15).contains(digits) && units.contains(ASCII.lowercased(String(Substring(unit))))
    }
}
