extension Rule {
    /// `schema_version` to `min_pic_version`.
    static let identity: [Rule] = [
        Rule(
            reading: "schema_version.supported", "2",
            "`schema_version` is 3. Another version has other fields: nothing else is judged then.",
            remedy: "write the manifest for version 3 of the guide"),
        Rule(
            reading: "id.pattern", "2",
            "`id` matches `^[a-z][a-z0-9-]{0,30}$`; it names directories, archives and Compose projects.",
            remedy: "choose an id such as \"notes\", and name the package's directory after it"),
        Rule(
            reading: "id.directory", "2", "`id` is the name of the service's directory, or of its entry in the store.",
            remedy: "rename the directory, or correct the id"),
        Rule(
            "version.semver", "2", "`version` is a semver version: `MAJOR.MINOR.PATCH`, with `-PRERELEASE` if need be.",
            remedy: "write three numbers without leading zeros, such as \"1.0.0\""
        ) { check in
            guard let text = check["version"].text, SemanticVersion(text) == nil else { return }
            check["version"].fault(quoting: text, "is not a semver version")
        },
        Rule(
            reading: "kind.store", "2", "`kind` is `store`.", remedy: "write \"kind\": \"store\""),
        Rule(
            "min_pic_version.format", "2", "`min_pic_version` is a version; missing numbers are 0.",
            remedy: "write a version such as \"1.0\", or leave the field out"
        ) { check in
            guard let text = check["min_pic_version"].text, SemanticVersion(padding: text) == nil else { return }
            check["min_pic_version"].fault(quoting: text, "is not a version")
        },
        Rule(
            "min_pic_version.supported", "2",
            "`min_pic_version` is not above the PIC level of this program, \(RuleContext.picVersion).",
            remedy: "update picjobs, or ask the author for a package for this level"
        ) { check in
            guard let text = check["min_pic_version"].text, let version = SemanticVersion(padding: text),
                version > RuleContext.picVersion
            else { return }
            check["min_pic_version"].fault(
                quoting: text, "is above \(RuleContext.picVersion), which this program provides")
        },
        Rule(
            reading: "compose.null", "2", "`compose` is `null` or absent.",
            remedy: "move the configuration to compose-template.yml"),
    ]

    /// `capabilities`, and the blocks that its flags demand.
    static let capabilities: [Rule] =
        [
            Rule(
                reading: "capabilities.flags", "appendix",
                "`capabilities` has all six flags: `has_subdomain`, `has_accounts`, `has_admin_config`, `has_storage`, "
                    + "`has_egress`, `has_api_hooks`.",
                remedy: "add the flag; false is what its absence would mean"),
            Rule(
                "capabilities.api_hooks", "2", "`has_api_hooks` is `false`: it is reserved.",
                remedy: "set has_api_hooks to false"
            ) { check in
                if check.has("api_hooks") {
                    check["capabilities"]["has_api_hooks"].fault("is true, but is reserved for later")
                }
            },
            Rule(
                warning: "capabilities.unused", "2",
                "A block that only a capability activates stands there only with that capability.",
                remedy: "set the flag to true, or remove the block"
            ) { check in
                for (flag, keys) in blocks where check["capabilities"]["has_" + flag].value == .bool(false) {
                    for key in keys where !check[key].isEmpty {
                        check[key].fault("stands there, but capabilities.has_\(flag) is false")
                    }
                }
            },
        ]
        + [
            demanded("subdomain", by: "subdomain", "give the subdomain, such as \"notes\""),
            demanded("backend", by: "subdomain", "give container:port, such as \"cell-notes:8080\""),
            demanded("accounts", by: "accounts", "say who makes the accounts, and which credentials there are"),
            demanded("config_schema", by: "admin_config", "declare at least one field"),
            demanded("egress", by: "egress", "say which exits the service may use"),
            demanded("storage", by: "storage", "say where the bulk of the data lies"),
            Rule(
                reading: "backup.required", "2", "With `has_storage`, `backup` is there.",
                remedy: "declare volumes and config_paths, or set has_storage to false"),
            Rule(
                warning: "peer_config_template.required", "appendix",
                "With `has_accounts`, `peer_config_template` is there; without it peers get the bare credentials "
                    + "(section 4).",
                remedy: "say what a peer's device needs: addresses, user name, credentials"
            ) { check in
                if check.has("accounts"), check["peer_config_template"].isEmpty {
                    check["peer_config_template"].fault("missing, but capabilities.has_accounts is true")
                }
            },
        ]

    /// What each flag activates. `caddy_route` has a rule of its own.
    private static let blocks: [(flag: String, keys: [String])] = [
        ("subdomain", ["subdomain", "extra_subdomains", "backend", "extra_backends"]),
        ("accounts", ["accounts"]), ("admin_config", ["config_schema"]), ("storage", ["backup"]),
        ("egress", ["egress"]),
    ]

    private static func demanded(_ key: String, by flag: String, _ remedy: String) -> Rule {
        Rule(
            RuleID(rawValue: key + ".required"), "appendix", "With `has_\(flag)`, `\(key)` is there.",
            remedy: remedy + "; or set has_\(flag) to false"
        ) { check in
            // An empty text is judged by the field's own rule.
            let field = check[key]
            if check.has(flag), !field.isPresent || (field.value?.object != nil && field.isEmpty) {
                field.fault("missing, but capabilities.has_\(flag) is true")
            }
        }
    }
}
