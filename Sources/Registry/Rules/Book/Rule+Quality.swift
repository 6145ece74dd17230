extension Rule {
    /// What a review looks at (guide, section 9, "Quality"): always warnings, because a program guesses.
    static let quality: [Rule] = [
        Rule(
            warning: "description.sentence", "9", "`description` is one sentence.", remedy: "say it in one sentence"
        ) { check in
            guard let text = check["description"].text, Prose(text).sentences > 1 else { return }
            check["description"].fault(quoting: text, "is more than one sentence")
        },
        Rule(
            warning: "description.marketing", "9", "`description` holds no marketing language.",
            remedy: "say what the service does, and leave out how good it is"
        ) { check in
            guard let text = check["description"].text, let word = Prose(text).praise else { return }
            check["description"].fault("praises: \(quoted(word))")
        },
        Rule(
            warning: "config_schema.label.case", "9",
            "A label is plain English in sentence case: a capital at the beginning, small letters behind it.",
            remedy: "write \"Internal HTTP port\", not \"internal http port\" or \"Internal HTTP Port\""
        ) { check in
            for (_, field) in check["config_schema"].entries {
                guard let text = field["label"].text, !Prose(text).isSentenceCase else { continue }
                field["label"].fault(quoting: text, "is not in sentence case")
            }
        },
    ]
}
