extension Rule {
    /// `backup`.
    static let backup: [Rule] = [
        Rule(
            reading: "backup.unknown", "2",
            "`backup` has no keys but `volumes` and `config_paths`: a misspelt one would lose data in silence.",
            remedy: "correct the spelling"),
        Rule(
            reading: "backup.empty", "2", "With `has_storage`, `backup` names at least one volume or config path.",
            remedy: "name what has to be saved, or set has_storage to false"),
        Rule(
            reading: "backup.container.pattern", "5", "`container` matches `^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`.",
            remedy: "name the container as in containers"),
        Rule(
            "backup.container.own", "9", "`container` is `container_name` or one of `containers`.",
            remedy: "name one of the service's own containers, or add it to containers"
        ) { check in
            for volume in check["backup"]["volumes"].elements {
                guard let text = volume["container"].text, ContainerName(text) != nil,
                    !check.ownContainers.contains(text)
                else { continue }
                volume["container"].fault(quoting: text, "is no container of this service")
            }
        },
        Rule(
            reading: "backup.path.pattern", "2",
            "`path` is an absolute path inside the container, without `..`, not `/`, and not below `/proc`, `/sys` or "
                + "`/dev`.",
            remedy: "name the directory that holds the data"),
        Rule(
            reading: "backup.name.pattern", "2", "`name` matches `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`.",
            remedy: "choose a name such as \"notes_data\"; .tar.gz is added"),
        Rule(
            reading: "backup.name.unique", "2", "No two volumes have the same `name`, without regard to case.",
            remedy: "give each archive a name of its own"),
        Rule(
            reading: "backup.config_paths.pattern", "5",
            "`config_paths` are relative to the cell, without `..`, and neither lie in nor hold `data/keys` or "
                + "`data/backups`.",
            remedy: "keep the configuration in config/<id>, and name that"),
        Rule(
            "backup.config_paths.cell", "5",
            "`config_paths` neither lie in nor hold the cell's own files: " + CellFiles.list + ".",
            remedy: "keep the configuration in config/<id>, and name that"
        ) { check in
            for field in check["backup"]["config_paths"].elements {
                guard let path = field.text.flatMap({ ConfigPath($0) }), let own = CellFiles.conflict(path) else {
                    continue
                }
                field.fault(quoting: path.rawValue, "touches \(own), which belongs to the cell")
            }
        },
    ]

    /// `egress`.
    static let egress: [Rule] = [
        Rule(
            reading: "egress.exit", "2",
            "`egress.default` and `egress.allowed` hold only "
                + Exit.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ") + ".",
            remedy: "use one of the exits that are named"),
        Rule(
            "egress.default.allowed", "2", "`egress.default` is one of `egress.allowed`.",
            remedy: "add it to allowed, or choose one of those"
        ) { check in
            guard let text = check["egress"]["default"].text, Exit(rawValue: text) != nil,
                case .array? = check["egress"]["allowed"].value,
                !check["egress"]["allowed"].elements.contains(where: { $0.text == text })
            else { return }
            check["egress"]["default"].fault(quoting: text, "is not in allowed")
        },
        Rule(
            warning: "egress.allowed.default", "6",
            "`egress.allowed` has `default`, so that the admin can use the normal path.", remedy: "add \"default\""
        ) { check in
            let allowed = check["egress"]["allowed"]
            guard case .array(let exits)? = allowed.value, !exits.isEmpty, !exits.contains(.string("default")) else {
                return
            }
            allowed.fault("leaves out the normal path, \"default\"")
        },
    ]

    /// `storage`.
    static let storage: [Rule] = [
        Rule(
            "storage.primary_path.pattern", "2",
            "`storage.primary_path` is relative to the cell, without `..`, and neither lies in nor holds `data/keys` or "
                + "`data/backups`.",
            remedy: "use a path such as data/<id>"
        ) { check in
            let field = check["storage"]["primary_path"]
            guard let text = field.text, ConfigPath(text) == nil else { return }
            field.fault(quoting: text, "is no path below the cell that a service may have")
        },
        Rule(
            "storage.primary_path.cell", "2", "`storage.primary_path` neither lies in nor holds the cell's own files.",
            remedy: "use a path such as data/<id>"
        ) { check in
            let field = check["storage"]["primary_path"]
            guard let path = field.text.flatMap({ ConfigPath($0) }), let own = CellFiles.conflict(path) else { return }
            field.fault(quoting: path.rawValue, "touches \(own), which belongs to the cell")
        },
        Rule(
            "storage.quota_mb.range", "2", "`storage.quota_mb` is `null` or at least 1.",
            remedy: "give a number of megabytes, or null for no limit"
        ) { check in
            guard let quota = check["storage"]["quota_mb"].number, quota < 1 else { return }
            check["storage"]["quota_mb"].fault("\(quota) megabytes hold nothing")
        },
    ]
}
