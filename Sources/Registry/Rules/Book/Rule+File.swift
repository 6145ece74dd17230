extension Rule {
    /// The file itself, and what every field has in common.
    static let file: [Rule] = [
        Rule(
            reading: "json.size", "2", "The manifest has at most 1 MiB.", remedy: "move data out of the manifest"),
        Rule(
            reading: "json.encoding", "2", "The manifest is UTF-8 without a byte order mark.",
            remedy: "save the file as UTF-8 without a byte order mark"),
        Rule(
            reading: "json.syntax", "2", "The manifest is one JSON document (RFC 8259), without comments.",
            remedy: "correct the place that is named; python3 -m json.tool shows the same"),
        Rule(
            reading: "json.nul", "2", "No text holds a NUL byte, neither raw nor as `\\u0000`.",
            remedy: "remove the NUL byte"),
        Rule(
            reading: "json.duplicate", "2", "No object has a key twice.",
            remedy: "remove one of the two, because readers disagree about which of them counts"),
        Rule(
            reading: "json.depth", "2", "Arrays and objects are nested at most 64 levels deep.",
            remedy: "flatten the value"),
        Rule(
            reading: "field.required", "appendix",
            "The fields that the appendix calls required are there, and so are the members of entries that section 2 "
                + "names without a default. `null` counts as absent.",
            remedy: "add the field"),
        Rule(
            reading: "field.type", "2", "Every value has the type that section 2 gives its field.",
            remedy: "write the value as the type that is named"),
        Rule(
            warning: "field.unknown", "2",
            "Every key is one that the guide names; others are ignored. (In `backup` they are errors: `backup.unknown`.)",
            remedy: "correct the spelling, or remove the key"
        ) { check in
            for (place, known) in knownKeys {
                for field in check.root.places(place) {
                    for (key, member) in field.entries where !known.contains(key) {
                        member.fault(
                            "\(quoted(key)) is no key of \(place.isEmpty ? "a manifest" : place.joined(separator: "."))"
                        )
                    }
                }
            }
        },
        Rule(
            "text.empty", "2", "`name`, `description`, `author` and labels are not blank.",
            remedy: "write what people shall read"
        ) { check in
            for field in check.peopleTexts where field.text?.allSatisfy(\.isWhitespace) == true {
                field.fault("is blank")
            }
        },
        Rule(
            "text.control", "2",
            "`name`, `description`, `author` and labels hold no control characters, line breaks or direction marks.",
            remedy: "write plain text on one line"
        ) { check in
            for field in check.peopleTexts {
                guard let text = field.text,
                    text.unicodeScalars.contains(where: {
                        !(0x20..<0x7f).contains($0.value) && shown($0).utf8.count > 4
                    })
                else {
                    continue
                }
                field.fault(quoting: text, "holds a character that is not shown as itself")
            }
        },
    ]

    /// The keys of the guide by place; `*` stands for every element or member.
    private static let knownKeys: [(place: [String], keys: Set<String>)] = [
        ([], Set(Manifest.CodingKeys.allCases.map(\.rawValue)).union(["compose"])),
        (["capabilities"], Set(Capabilities.CodingKeys.allCases.map(\.rawValue))),
        (["config_schema", "*"], ["type", "label", "required", "default", "min", "max"]),
        (["accounts"], ["manager", "credentials", "port"]),
        (["backup", "volumes", "*"], ["container", "path", "name"]),
        (["egress"], ["default", "allowed"]),
        (["storage"], ["primary_path", "quota_mb"]),
        (["volumes", "*"], ["name", "mount"]),
        (["env", "*"], ["key", "value"]),
        (["iptables_rules", "*"], ["type", "dest_ip", "dest_port", "proto"]),
        (["caddy_route"], ["subdomain"]),
    ]
}

extension Field {
    /// The fields at a path of keys; `*` stands for every element or member.
    fileprivate func places(_ path: [String]) -> [Field] {
        path.reduce([self]) { fields, key in
            fields.flatMap { field in
                key == "*" ? field.elements + field.entries.map(\.field) : [field[key]]
            }
        }
    }
}

extension RuleCheck {
    /// Texts that people read.
    fileprivate var peopleTexts: [Field] {
        [self["name"], self["description"], self["author"]] + self["config_schema"].entries.map { $0.field["label"] }
    }
}
