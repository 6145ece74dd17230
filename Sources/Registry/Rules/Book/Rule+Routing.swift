extension Rule {
    /// Subdomains, backends and `caddy_route`. The first three fields are only read with `has_subdomain`.
    static let routing: [Rule] = [
        Rule(
            "subdomain.pattern", "2",
            "`subdomain`, `extra_subdomains` and the keys of `extra_backends` match `^[a-z][a-z0-9-]{0,30}$` and do not "
                + "end with `-`.",
            remedy: "choose a name such as \"notes\""
        ) { check in
            for (field, name) in check.subdomains where Subdomain(name) == nil {
                field.fault(quoting: name, "is not \(Subdomain.rule)")
            }
        },
        Rule(
            "subdomain.reserved", "2",
            "No subdomain is reserved for the cell: \(reserved).", remedy: "choose another subdomain"
        ) { check in
            for (field, name) in check.subdomains where Subdomain(name)?.isReserved == true {
                field.fault(quoting: name, "is reserved for the cell")
            }
        },
        Rule(
            "subdomain.repeated", "2",
            "A service names each subdomain once; one of `extra_subdomains` may have a backend of its own in "
                + "`extra_backends`.",
            remedy: "remove one of the two"
        ) { check in
            var first: [String: JSONPointer] = [:]
            for (field, name) in check.subdomains {
                let isBackend = field.pointer.steps.first == .key("extra_backends")
                if let earlier = first[name], !isBackend || earlier.steps.first == .key("subdomain") {
                    field.fault(quoting: name, "stands at \(earlier) already")
                }
                if first[name] == nil { first[name] = field.pointer }
            }
        },
        Rule(
            "backend.format", "2",
            "`backend` and the values of `extra_backends` match `^[A-Za-z0-9._-]+:\\d{1,5}$`, the port being from 1 to "
                + "65535.",
            remedy: "name the container and the port it listens on"
        ) { check in
            for (field, text) in check.backends where Backend(text) == nil {
                field.fault(quoting: text, "is not \(Backend.rule)")
            }
        },
        Rule(
            "backend.container", "9",
            "The container of a backend is `container_name` or one of `containers`.",
            remedy: "name one of the service's own containers, or add it to containers"
        ) { check in
            for (field, text) in check.backends {
                guard let backend = Backend(text), !check.ownContainers.contains(backend.host.rawValue) else {
                    continue
                }
                field.fault(quoting: backend.host.rawValue, "is no container of this service")
            }
        },
        Rule(
            "caddy_route.pattern", "2",
            "`caddy_route.subdomain` matches `^[a-z][a-z0-9-]{0,30}$`, without `-` at the end.",
            remedy: "write the same name as in subdomain"
        ) { check in
            guard let route = check.route, Subdomain(route) == nil else { return }
            check["caddy_route"]["subdomain"].fault(quoting: route, "is not \(Subdomain.rule)")
        },
        Rule(
            "caddy_route.reserved", "2", "`caddy_route.subdomain` is not reserved for the cell.",
            remedy: "choose another name, here and in subdomain"
        ) { check in
            guard let route = check.route, Subdomain(route)?.isReserved == true else { return }
            check["caddy_route"]["subdomain"].fault(quoting: route, "is reserved for the cell")
        },
        Rule(
            "caddy_route.equal", "2", "`caddy_route.subdomain` is the same as `subdomain`.",
            remedy: "write the same name twice, or leave caddy_route out"
        ) { check in
            guard let route = check.route, let name = Subdomain(route), !name.isReserved, check.has("subdomain"),
                let subdomain = check["subdomain"].text, subdomain != route
            else { return }
            check["caddy_route"]["subdomain"].fault(quoting: route, "is not the subdomain \(quoted(subdomain))")
        },
        Rule(
            warning: "caddy_route.unused", "2", "`caddy_route` stands there only with `has_subdomain`.",
            remedy: "set has_subdomain to true and give subdomain and backend, or remove caddy_route"
        ) { check in
            guard let route = check.route, let name = Subdomain(route), !name.isReserved, !check.has("subdomain") else {
                return
            }
            check["caddy_route"].fault("leads nowhere, because capabilities.has_subdomain is not true")
        },
    ]

    private static let reserved = Subdomain.reserved.sorted().map { "`\($0)`" }.joined(separator: ", ")
}

extension RuleCheck {
    /// Every subdomain asked for, with its place: the primary one, the further ones, those with a backend of their own.
    var subdomains: [(field: Field, name: String)] {
        guard has("subdomain") else { return [] }
        let listed = ([self["subdomain"]] + self["extra_subdomains"].elements).compactMap { field in
            field.text.map { (field, $0) }
        }
        return listed + self["extra_backends"].entries.map { ($0.field, $0.key) }
    }

    /// Every backend, with its place.
    fileprivate var backends: [(field: Field, text: String)] {
        guard has("subdomain") else { return [] }
        return ([self["backend"]] + self["extra_backends"].entries.map(\.field)).compactMap { field in
            field.text.map { (field, $0) }
        }
    }

    fileprivate var route: String? { self["caddy_route"]["subdomain"].text }
}
