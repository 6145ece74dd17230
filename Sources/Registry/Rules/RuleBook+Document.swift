extension RuleBook {
    /// The book as a Markdown document: the text of docs/rules.md.
    public var document: String {
        var text = """
            # Rules for manifests

            Generated from `Sources/Registry/Rules/Book`; CONTRIBUTING.md says how. `picjobs service validate` and every
            installation hold a manifest against all of these, and report all that is broken: rule, severity, place (a JSON
            pointer), what is wrong, and the remedy. A section is one of the service developer guide.

            An **error** refuses the manifest. A **warning** does not: a review would ask for a change.

            """
        for stage in Rule.Stage.allCases {
            text += "\n## \(stage.title)\n\n\(stage.explanation)\n\n"
            text += "| rule | severity | what must be so | remedy | section |\n|---|---|---|---|---|\n"
            for rule in rules where rule.stage == stage {
                let cells = ["`\(rule.id)`", rule.severity.rawValue, rule.statement, rule.remedy, rule.section]
                text += "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
            }
        }
        return text
    }
}

extension Rule.Stage {
    fileprivate var title: String {
        switch self {
        case .reading: "Reading"
        case .installation: "Installation"
        case .neighbours: "Other services"
        case .template: "Compose template"
        case .package: "install.sh"
        case .live: "The running service"
        }
    }

    fileprivate var explanation: String {
        switch self {
        case .reading:
            "Held whenever a manifest is read. An installed service that breaks one can't be used; that is an error of this "
                + "service alone, the others go on."
        case .installation:
            "Held when a service is validated or installed. The data of a service that is installed already is backed up "
                + "whatever they say."
        case .neighbours:
            "Held against the other services. Of two in conflict the one with the later id breaks the rule."
        case .template:
            "Held against `compose-template.yml` as an installation would render it, with placeholders for what nobody has "
                + "set yet. The place is one in the template."
        case .package:
            "Held by `picjobs package check` and `package build`, as the store's review would. They find what the script "
                + "says openly; an installation runs it only when it is asked to, and confined."
        case .live:
            "Held by `picjobs package check --live` against the service that runs in the cell."
        }
    }
}
