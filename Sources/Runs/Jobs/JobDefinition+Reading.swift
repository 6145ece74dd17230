internal import Archive
internal import Registry

extension JobDefinition {
    /// Reads the file's bytes.
    ///
    /// - Throws: ``RunError`` `.configuration` naming every fault at once.
    init(_ name: JobName, yaml bytes: [UInt8], file: String) throws {
        self.name = name
        let (root, syntax) = YAMLReader.read(bytes)
        guard let members = root?.mapping else {
            if root == nil, let fault = syntax.first { throw RunError(.configuration, "\(file) \(fault)") }
            throw RunError(
                .configuration,
                "\(file) must be a mapping of keys to values, with kind: backup or kind: egress at least")
        }
        let has = Set(members.map(\.key))
        var faults = syntax + (has.contains("kind") ? [] : ["kind is missing; it must be \(Kind.words)"])
        for member in members { faults += take(member.key, member.value).map(member.value.fault) }
        if kind == .egress {
            faults += ["retention", "services", "verify"].filter(has.contains).map {
                "\($0) is no key of a job of the kind egress"
            }
        }
        guard faults.isEmpty else {
            throw RunError(.configuration, "\(file): \(faults.joined(separator: "; "))")
        }
    }

    /// Sentences about what is wrong with the value; empty when it was taken.
    private mutating func take(_ key: String, _ value: YAMLValue) -> [String] {
        switch key {
        case "kind":
            guard let kind = value.text.flatMap(Kind.init) else { return ["kind must be \(Kind.words)"] }
            self.kind = kind
        case "description":
            guard let text = value.text else { return ["description must be a text"] }
            description = text
        case "schedule":
            guard let text = value.text, Self.isSchedule(text) else {
                return ["schedule must be a systemd calendar expression, such as \"*-*-* 02:30:00\""]
            }
            schedule = text
        case "random_delay":
            guard let seconds = value.text.flatMap(Self.seconds), seconds <= 86_400 else {
                return ["random_delay must be a whole number with s, m or h, such as 30m, at most 24h"]
            }
            randomDelay = seconds
        case "services":
            if value.text == "all" { return [] }
            guard let list = value.list, !list.isEmpty else {
                return ["services must be all or a list of service ids"]
            }
            return takeServices(list)
        case "verify":
            guard let verify = value.text.flatMap(Verification.init) else {
                return ["verify must be published or none"]
            }
            self.verify = verify
        case "retention":
            guard let rules = value.mapping else { return ["retention must be a table of keep_… rules"] }
            return takeRetention(rules)
        default: return ["\(key) is no key of a job"]
        }
        return []
    }

    private mutating func takeServices(_ list: [YAMLValue]) -> [String] {
        var ids: [String] = []
        for value in list {
            guard let text = value.text, ServiceID(rawValue: text) != nil else {
                return ["services: \(value.shown) is not \(ServiceID.rule)"]
            }
            guard !ids.contains(text) else { return ["services names \(text) twice"] }
            ids.append(text)
        }
        services = ids
        return []
    }

    private mutating func takeRetention(_ rules: [YAMLMember]) -> [String] {
        var policy = RetentionPolicy()
        var faults: [String] = []
        for member in rules {
            let (key, value) = (member.key, member.value)
            guard let rule = Self.rules[key] else {
                faults.append("retention: \(key) is no rule")
                continue
            }
            guard let count = value.integer, (0...100_000).contains(count) else {
                faults.append("retention: \(key) must be a number from 0 to 100000")
                continue
            }
            policy[keyPath: rule] = count
        }
        retention = policy
        return faults
    }

    private static var rules: [String: WritableKeyPath<RetentionPolicy, Int?>] {
        [
            "keep_last": \.keepLast, "keep_hourly": \.keepHourly, "keep_daily": \.keepDaily,
            "keep_weekly": \.keepWeekly, "keep_monthly": \.keepMonthly, "keep_yearly": \.keepYearly,
            "keep_safety": \.keepSafety,
        ]
    }

    /// It becomes a line of a unit file: only what a calendar expression is made of; systemd itself judges the rest.
    private static func isSchedule(_ text: String) -> Bool {
        let marks = Array("*:/.,~+-_ ".utf8)
        return (1...200).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: " ")
            && text.utf8.last != UInt8(ascii: " ")
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || marks.contains(byte)
            }
    }

    private static func seconds(_ text: String) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        guard let unit = text.last.flatMap({ units[$0] }), (2...6).contains(text.utf8.count),
            text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text.dropLast())
        else { return nil }
        return count * unit
    }
}
