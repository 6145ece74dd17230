extension Rule {
    /// `accounts`.
    static let accounts: [Rule] = [
        Rule(
            "accounts.manager", "2",
            "`accounts.manager` is one of " + managers.map { "`\($0)`" }.joined(separator: ", ") + ".",
            remedy: "use \"http\", and answer the service API of section 4"
        ) { check in
            let field = check["accounts"]["manager"]
            guard let text = field.text, !managers.contains(text) else { return }
            field.fault(quoting: text, "is no account manager; there are \(managers.joined(separator: ", "))")
        },
        Rule(
            "accounts.credentials.pattern", "2",
            "A credential's name matches `^[A-Za-z][A-Za-z0-9_-]{0,62}$`; tokens of `peer_config_template` hold it.",
            remedy: "choose a name such as \"password\""
        ) { check in
            for field in check["accounts"]["credentials"].elements {
                guard let text = field.text, !StoreName.isCredential(text) else { continue }
                field.fault(quoting: text, "is not a letter with at most 62 letters, digits, \"_\" and \"-\" behind it")
            }
        },
        Rule(
            "accounts.credentials.repeated", "2", "`accounts.credentials` names each credential once.",
            remedy: "remove one of the two"
        ) { check in
            check.refuseRepeated(check["accounts"]["credentials"].elements)
        },
        Rule(
            warning: "accounts.credentials.empty", "2", "`accounts.credentials` names at least one credential.",
            remedy: "write [\"password\"]"
        ) { check in
            let field = check["accounts"]["credentials"]
            if field.value == .array([]) { field.fault("is empty: a peer gets nothing to sign in with") }
        },
        Rule(
            warning: "accounts.email_domain", "4",
            "With the manager `email_manager`, `config_schema` has the field `domain`: addresses are made with it.",
            remedy: "declare the field domain in config_schema, a string"
        ) { check in
            let field = check["accounts"]["manager"]
            guard field.text == "email_manager", !check["config_schema"]["domain"].isPresent else { return }
            field.fault("makes no account without the field \"domain\", which config_schema does not declare")
        },
        Rule(
            "accounts.port.range", "4", "`accounts.port` is from 1 to 65535.",
            remedy: "give the port that answers /service-api, or leave it out when it is the backend's"
        ) { check in
            let field = check["accounts"]["port"]
            guard let port = field.number, !(1...65535).contains(port) else { return }
            field.fault("\(port) is no port")
        },
        Rule(
            "accounts.port.required", "4",
            "With the manager `http`, a service without `backend` says at which port its service API answers.",
            remedy: "give accounts.port"
        ) { check in
            guard check["accounts"]["manager"].text == "http", !check["accounts"]["port"].isPresent,
                !check.has("subdomain")
            else { return }
            check["accounts"]["port"].fault("missing: there is no backend whose port could be meant")
        },
    ]

    private static let managers = ["http", "email_manager", "calendar_manager", "file_manager"]

    /// `peer_config_template`.
    static let template: [Rule] = [
        Rule(
            "peer_config_template.token", "2",
            "Every `{…}` is `{domain}`, `{peer.username}`, `{peer.service_credentials.<id>.<field>}` or `{config.<key>}`.",
            remedy: "use a token of the guide"
        ) { check in
            check.eachToken { field, token in
                guard case .unknown(let text) = token else { return }
                field.fault(quoting: "{" + text + "}", "is no token")
            }
        },
        Rule(
            "peer_config_template.service", "2",
            "The `<id>` of `{peer.service_credentials.<id>.<field>}` is the service's own.",
            remedy: "name this service's id; credentials of other services are not told"
        ) { check in
            check.eachToken { field, token in
                guard case .credential(let service, _) = token, let id = check.id, ServiceID(id) != nil, service != id
                else { return }
                field.fault("names credentials of the service \(quoted(service)), but this is \(quoted(id))")
            }
        },
        Rule(
            "peer_config_template.credential", "2",
            "The `<field>` of `{peer.service_credentials.<id>.<field>}` is one of `accounts.credentials`.",
            remedy: "declare the credential, or name a declared one"
        ) { check in
            let declared = Set(check["accounts"]["credentials"].elements.compactMap(\.text))
            check.eachToken { field, token in
                // Without an id of its own to compare, the service has at least no such credential.
                guard case .credential(let service, let name) = token, !declared.contains(name),
                    service == check.id || check.id.flatMap({ ServiceID($0) }) == nil
                else { return }
                field.fault("names the credential \(quoted(name)), which accounts.credentials does not declare")
            }
        },
        Rule(
            "peer_config_template.config", "2", "The `<key>` of `{config.<key>}` is a field of `config_schema`.",
            remedy: "declare the field, or name a declared one"
        ) { check in
            let declared = Set(check["config_schema"].entries.map(\.key))
            check.eachToken { field, token in
                guard case .config(let key) = token, !declared.contains(key) else { return }
                field.fault("names the field \(quoted(key)), which config_schema does not declare")
            }
        },
    ]
}

extension RuleCheck {
    fileprivate func eachToken(_ body: (Field, PeerConfigToken) -> Void) {
        for (_, field) in self["peer_config_template"].entries {
            for token in PeerConfigToken.tokens(in: field.text ?? "") { body(field, token) }
        }
    }
}
