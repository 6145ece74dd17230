extension Rule {
    /// What two services can't both have. Of two in conflict the later one by id breaks the rule.
    static let neighbours: [Rule] = [
        Rule(
            "id.taken", "2", "No other service has the `id`.", remedy: "choose another id", stage: .neighbours
        ) { check in
            guard let id = check.id.flatMap({ ServiceID($0) }), check.context.neighbours.holds(id) else { return }
            check["id"].fault(quoting: id.rawValue, "is the id of another service")
        },
        Rule(
            "subdomain.taken", "9", "No other service has one of the subdomains.", remedy: "choose another subdomain",
            stage: .neighbours
        ) { check in
            for (field, name) in check.subdomains {
                guard let owner = check.context.neighbours.owner(ofSubdomain: name), owner.rawValue != check.id else {
                    continue
                }
                field.fault(quoting: name, "belongs to the service \(owner)")
            }
        },
        Rule(
            "containers.taken", "2", "No other service has one of the containers.", remedy: "choose another name",
            stage: .neighbours
        ) { check in
            for field in [check["container_name"]] + check.each("containers") {
                guard let text = field.text, let owner = check.context.neighbours.owner(ofContainer: text),
                    owner.rawValue != check.id
                else { continue }
                field.fault(quoting: text, "belongs to the service \(owner)")
            }
        },
        Rule(
            warning: "paths.taken", "5",
            "No other service declares the same part of the cell in `config_paths` or `storage.primary_path`.",
            remedy: "use paths of the service's own, such as config/<id> and data/<id>", stage: .neighbours
        ) { check in
            for field in check["backup"]["config_paths"].elements + [check["storage"]["primary_path"]] {
                guard let path = field.text.flatMap({ ConfigPath($0) }),
                    let owner = check.context.neighbours.owner(ofPath: path), owner.rawValue != check.id
                else { continue }
                field.fault(quoting: path.rawValue, "is shared with the service \(owner)")
            }
        },
    ]
}
