extension Field {
    /// Any text.
    func string() -> String? {
        guard let text = value?.string else {
            wrongKind("a string")
            return nil
        }
        return text
    }

    /// A whole number.
    func integer() -> Int? {
        guard let number = value?.integer else {
            wrongKind("a whole number")
            return nil
        }
        return number
    }

    func boolean() -> Bool? {
        guard case .bool(let flag)? = value else {
            wrongKind("true or false")
            return nil
        }
        return flag
    }

    /// Text that obeys the rule of its type; `rule` is that rule's id.
    func checked<Text: CheckedText>(_ type: Text.Type = Text.self, rule: RuleID? = nil) -> Text? {
        guard let text = string() else { return nil }
        guard let checked = Text(rawValue: text) else {
            fault("\(quoted(text)) is not \(Text.rule)", rule: rule)
            return nil
        }
        return checked
    }

    /// One of a closed set of words.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type = Choice.self, rule: RuleID? = nil
    ) -> Choice? {
        guard let text = string() else { return nil }
        guard let choice = Choice.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) }) else {
            let words = Choice.allCases.map { quoted($0.rawValue) }.joined(separator: ", ")
            fault("\(quoted(text)) is not one of \(words)", rule: rule)
            return nil
        }
        return choice
    }

    /// An object of texts, e.g. `extra_backends`.
    func texts() -> [String: String]? {
        guard let members else { return nil }
        var texts: [String: String] = [:]
        for (key, field) in members { texts[key] = field.string() }
        return texts
    }
}
