extension ComposePolicy {
    /// What authors ask for most, and the way that a cell has for it.
    private static let ways = [
        "ports": "remove it; peers reach a service by iptables_rules and its subdomain",
        "build": "remove it; build the image beforehand and push it",
        "env_file": "remove it; write the variables below environment",
        "labels": "remove it; nothing in a cell reads labels",
        "extends": "remove it; write the service out",
        "secrets": "remove it; use ${PIC_SECRET_NAME}",
        "configs": "remove it; use environment, or a bind mount below config_paths",
        "network_mode": "remove it; a service is on cell-network",
        "logging": "remove it; the cell's own logging applies",
        "privileged": "remove it; a service has no rights on the host",
    ]

    mutating func checkService(_ service: ComposeMapping, _ name: String, at place: JSONPointer) {
        for (key, rule) in [("image", ComposeRule.image), ("container_name", .containers)] where service[key] == nil {
            refuse(rule, at: place, "has no \(key)", remedy: "give the key")
        }
        for (key, text) in [
            ("networks", "is not on the cell's network"), ("dns", "has no resolver"), ("cap_drop", "keeps NET_RAW"),
        ]
        where service[key] == nil {
            refuse(.address, at: place, text)
        }
        for entry in service.entries {
            check(entry.key, entry.value, of: name, at: place.appending(entry.key))
        }
    }

    private mutating func check(_ key: String, _ node: ComposeNode, of name: String, at place: JSONPointer) {
        switch key {
        case "image": checkImage(node, at: place)
        case "container_name":
            if node != .text(name) {
                refuse(.containers, at: place, "is not the service's name \(quoted(name))", remedy: "write \(name)")
            }
        case "hostname": checkHostname(node, of: name, at: place)
        case "environment": checkEnvironment(node, at: place)
        case "volumes": checkMounts(node, of: name, at: place)
        case "tmpfs": checkTemporary(node, at: place)
        case "networks": checkAttachment(node, of: name, at: place)
        case "dns":
            if node != .sequence([.text(cell.gateway.rawValue)]) {
                refuse(.address, at: place, "is another resolver than the gateway \(cell.gateway)")
            }
        case "cap_drop": checkDropped(node, at: place)
        case "command", "entrypoint": checkTexts(node, at: place)
        case "depends_on": checkDependencies(node, at: place)
        case "healthcheck": checkHealth(node, at: place)
        case "expose": checkPorts(node, at: place)
        case "restart", "user", "working_dir", "stop_signal", "stop_grace_period", "mem_limit", "mem_reservation",
            "shm_size", "cpus", "pids_limit", "init", "read_only", "tty", "stdin_open":
            checkScalar(key, node, at: place)
        default:
            refuse(.key, at: place, "is no key that a service may have", remedy: Self.ways[key])
        }
    }

    private mutating func checkImage(_ node: ComposeNode, at place: JSONPointer) {
        guard let text = node.text, ComposeImage.isAllowed(text) else {
            refuse(.image, at: place, "\(quoted(node.scalarText ?? node.kind)) is no image that a service may use")
            return
        }
    }

    /// Docker's resolver answers to a host name on the whole network, so it must not be that of somebody else.
    private mutating func checkHostname(_ node: ComposeNode, of name: String, at place: JSONPointer) {
        guard let text = node.text, text != name else {
            if node.text == nil { refuse(.hostname, at: place, "is \(node.kind), must be a text") }
            return
        }
        let routes = [manifest.subdomain, manifest.caddyRoute?.subdomain].compactMap(\.self)
        let own = Set(routes + manifest.extraSubdomains + manifest.extraBackends.keys)
        let domains = Set([cell.domain].compactMap(\.self) + config.entries.compactMap { $0.value?.text })
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let label = parts.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let domain = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : ""
        let isName =
            text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
        if !isName || domain.isEmpty || !own.contains(label) || !domains.contains(domain) {
            refuse(.hostname, at: place, "\(quoted(text)) is neither \(name) nor a subdomain of the service")
        }
    }

    private mutating func checkEnvironment(_ node: ComposeNode, at place: JSONPointer) {
        if let list = node.sequence {
            // Completion has left it as it was: find out why.
            var seen: Set<String> = []
            for (index, element) in list.enumerated() {
                let place = place.appending(index)
                guard let text = element.text, let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                    refuse(
                        .environment, at: place,
                        "has no \"=\", so Compose would take the value from its own environment")
                    continue
                }
                let name = String(decoding: text.utf8[..<sign], as: UTF8.self)
                if !seen.insert(name).inserted { refuse(.environment, at: place, "\(quoted(name)) stands here twice") }
                checkVariableName(name, at: place)
            }
            return
        }
        for entry in members(node, at: place)?.entries ?? [] {
            let place = place.appending(entry.key)
            checkVariableName(entry.key, at: place)
            switch entry.value {
            case .text: break
            case .null:
                refuse(.environment, at: place, "has no value, so Compose would take it from its own environment")
            default: refuse(.environment, at: place, "is \(entry.value.kind), must be a text")
            }
        }
    }

    private mutating func checkVariableName(_ name: String, at place: JSONPointer) {
        let isName = ASCII.matches(name, longest: 64) { byte in
            ASCII.isLetter(byte) || byte == UInt8(ascii: "_")
        } rest: { byte in
            ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_")
        }
        if !isName {
            refuse(.environment, at: place, "\(quoted(name)) is no name of an environment variable")
        } else if let prefix = ["LD_", "DOCKER_", "COMPOSE_"].first(where: { name.utf8.starts(with: $0.utf8) }) {
            refuse(.environment, at: place, "variables that begin with \(prefix) steer a loader or a tool")
        }
    }
}
