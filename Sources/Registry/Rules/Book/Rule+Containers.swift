extension Rule {
    /// `container_name` and `containers`.
    static let containers: [Rule] = [
        Rule(
            reading: "containers.name", "5",
            "`container_name` and `containers` match `^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`: no name is taken for an option.",
            remedy: "choose a name such as \"cell-notes\""),
        Rule(
            "container_name.pattern", "appendix",
            "`container_name` matches `^cell-[a-z0-9][a-z0-9-]{0,30}$`.",
            remedy: "choose a name such as \"cell-notes\""
        ) { check in
            let field = check["container_name"]
            // What is no container name at all breaks containers.name.
            guard let text = field.text, ContainerName(text) != nil, !StoreName.isContainer(text) else { return }
            field.fault(
                quoting: text, "is not \"cell-\" with at most 31 lower-case letters, digits and \"-\" behind it")
        },
        Rule(
            "containers.pattern", "appendix", "Every entry of `containers` matches `^cell-[a-z0-9][a-z0-9-]{0,30}$`.",
            remedy: "choose a name such as \"cell-notes\""
        ) { check in
            for field in check.each("containers") {
                guard let text = field.text, ContainerName(text) != nil, !StoreName.isContainer(text) else { continue }
                field.fault(
                    quoting: text, "is not \"cell-\" with at most 31 lower-case letters, digits and \"-\" behind it")
            }
        },
        Rule(
            "containers.core", "1",
            "No container is one of the core stack: "
                + RuleContext.coreContainers.sorted().map { "`\($0)`" }.joined(separator: ", ") + ".",
            remedy: "choose a name of the service's own"
        ) { check in
            for field in [check["container_name"]] + check.each("containers") {
                guard let text = field.text, check.context.coreContainers.contains(text) else { continue }
                field.fault(quoting: text, "belongs to the core stack")
            }
        },
        Rule(
            "containers.repeated", "2", "`containers` names each container once.", remedy: "remove one of the two"
        ) { check in
            check.refuseRepeated(check.each("containers"))
        },
    ]
}

extension RuleCheck {
    /// A fault for every field whose text an earlier one has.
    func refuseRepeated(_ fields: [Field], folding fold: (String) -> String = { $0 }) {
        var first: [String: JSONPointer] = [:]
        for field in fields {
            guard let text = field.text else { continue }
            if let earlier = first[fold(text)] {
                field.fault(quoting: text, "stands at \(earlier) already")
            } else {
                first[fold(text)] = field.pointer
            }
        }
    }
}
