extension Rule {
    /// Where all images come from.
    private static let imageHome = "git.pic.ngo/roof/"

    /// `image`.
    static let image: [Rule] = [
        Rule(
            "image.registry", "2", "`image` begins with `\(imageHome)`.",
            remedy: "push the image to git.pic.ngo/roof"
        ) { check in
            guard let text = check["image"].text, !text.utf8.starts(with: imageHome.utf8) else { return }
            check["image"].fault(quoting: text, "comes from another registry than \(imageHome)")
        },
        Rule(
            "image.format", "2",
            "Behind that, `image` has one name, without another `/`, and `:TAG`, `@sha256:DIGEST`, or both.",
            remedy: "name the image and its tag"
        ) { check in
            guard let text = check["image"].text, text.utf8.starts(with: imageHome.utf8),
                !ComposeImage.isAllowed(text)
            else { return }
            check["image"].fault(quoting: text, "is not \(imageHome)NAME with :TAG, @sha256:DIGEST, or both")
        },
    ]

    /// `volumes`.
    static let mounts: [Rule] = [
        Rule(
            "volumes.name.pattern", "2",
            "The `name` of a volume matches `^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$`: all else is a path of the host.",
            remedy: "choose a name such as \"notes-data\""
        ) { check in
            for volume in check.each("volumes") {
                guard let text = volume["name"].text, !StoreName.isVolume(text) else { continue }
                volume["name"].fault(quoting: text, "is no name of a volume")
            }
        },
        Rule(
            "volumes.mount.pattern", "2", "`mount` is an absolute path inside the container, without `..`.",
            remedy: "write the path out, from its / on"
        ) { check in
            for volume in check.each("volumes") {
                guard let text = volume["mount"].text, PathText.absolute(text) == nil else { continue }
                volume["mount"].fault(quoting: text, "is no absolute path without \"..\"")
            }
        },
        Rule(
            "volumes.mount.forbidden", "2",
            "`mount` is not `/`, `/var`, `/app`, nor the cell's directory or one that holds it, and is not in `/etc`, "
                + "`/proc`, `/sys`, `/dev`, `/run` or `/boot`; `.` and doubled slashes are taken away first.",
            remedy: "mount at another place, such as /data"
        ) { check in
            let project = check.context.projectRoot.flatMap(PathText.components) ?? []
            for volume in check.each("volumes") {
                guard let text = volume["mount"].text, PathText.absolute(text) != nil,
                    let refusal = MountTarget.refusal(of: text, project: project)
                else { continue }
                volume["mount"].fault(quoting: text, refusal)
            }
        },
        Rule(
            "volumes.mount.repeated", "2", "No two volumes are mounted at one place.",
            remedy: "mount one of them elsewhere"
        ) { check in
            check.refuseRepeated(check.each("volumes").map { $0["mount"] }) { text in
                PathText.components(text)?.joined(separator: "/") ?? text
            }
        },
    ]

    /// `env`.
    static let environment: [Rule] = [
        Rule(
            "env.key.pattern", "2", "The `key` of a variable matches `^[A-Za-z_][A-Za-z0-9_]{0,63}$`.",
            remedy: "use letters, digits and \"_\""
        ) { check in
            for variable in check.each("env") {
                guard let text = variable["key"].text, !StoreName.isVariable(text) else { continue }
                variable["key"].fault(quoting: text, "is no name of a variable")
            }
        },
        Rule(
            "env.key.forbidden", "2",
            "No `key` begins with `LD_`, `DOCKER_` or `COMPOSE_`: they steer loaders and tools.",
            remedy: "choose another name"
        ) { check in
            for variable in check.each("env") {
                guard let text = variable["key"].text,
                    let prefix = ["LD_", "DOCKER_", "COMPOSE_"].first(where: { text.utf8.starts(with: $0.utf8) })
                else { continue }
                variable["key"].fault(quoting: text, "begins with \(prefix), which steers loaders and tools")
            }
        },
        Rule(
            "env.key.repeated", "2", "No variable is set twice.", remedy: "remove one of the two"
        ) { check in
            check.refuseRepeated(check.each("env").map { $0["key"] })
        },
        Rule(
            "env.value.pattern", "2", "The `value` of a variable matches `^[A-Za-z0-9._@:/+\\-= ]*$`.",
            remedy: "use only the signs that are allowed, or set the variable in compose-template.yml"
        ) { check in
            for variable in check.each("env") {
                guard let text = variable["value"].text, !StoreName.isValue(text) else { continue }
                variable["value"].fault(
                    quoting: text, "holds more than letters, digits, blanks and the signs . _ @ : / + - =")
            }
        },
    ]

    /// `iptables_rules`.
    static let forwarding: [Rule] = [
        Rule(
            "iptables_rules.type", "2", "The `type` of a rule is `ACCEPT`.",
            remedy: "write \"ACCEPT\", or remove the rule"
        ) { check in
            for rule in check.each("iptables_rules") {
                guard let text = rule["type"].text, text != "ACCEPT" else { continue }
                rule["type"].fault(quoting: text, "is not \"ACCEPT\"")
            }
        },
        Rule(
            "iptables_rules.dest_ip", "2", "`dest_ip` is the literal text `${SERVICE_IP}`.",
            remedy: "write \"${SERVICE_IP}\"; it becomes the service's address"
        ) { check in
            for rule in check.each("iptables_rules") {
                guard let text = rule["dest_ip"].text, text != "${SERVICE_IP}" else { continue }
                rule["dest_ip"].fault(quoting: text, "is not \"${SERVICE_IP}\"")
            }
        },
        Rule(
            "iptables_rules.dest_port", "2", "`dest_port` is from 1 to 65535.", remedy: "give the port that peers use"
        ) { check in
            for rule in check.each("iptables_rules") {
                guard let port = rule["dest_port"].number, !(1...65535).contains(port) else { continue }
                rule["dest_port"].fault("\(port) is no port")
            }
        },
        Rule(
            reading: "iptables_rules.proto", "2", "`proto` is `tcp` or `udp`; absent means `tcp`.",
            remedy: "use one of the two"),
    ]
}

extension PathText {
    /// The components of an absolute path; nil for a relative one, `..`, NUL, and what no kernel takes as a path.
    fileprivate static func absolute(_ text: String) -> [String]? {
        text.utf8.first == UInt8(ascii: "/") ? components(text) : nil
    }
}
