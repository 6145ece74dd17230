import Registry

extension RuleFixture {
    static let blocks: [RuleFixture] = [
        RuleFixture("config_schema.key", "notes", ("\"storage_path\": {", "\"storage-path\": {")),
        RuleFixture("config_schema.key", "notes", ("\"storage_path\": {", "\"päth\": {")),
        RuleFixture("config_schema.key.repeated", "notes", ("\"storage_path\": {", "\"PORT\": {")),
        RuleFixture("config_schema.type", "notes", ("\"type\": \"integer\"", "\"type\": \"float\"")),
        RuleFixture(
            "config_schema.bounds.type", "notes",
            ("\"default\": \"/data/notes\"", "\"default\": \"/data/notes\", \"min\": 1")),
        RuleFixture(
            "config_schema.bounds.order", "notes", ("\"default\": 8080,", ""), ("\"min\": 1,", "\"min\": 65536,")),
        RuleFixture("config_schema.default.type", "notes", ("\"default\": 8080", "\"default\": \"8080\"")),
        RuleFixture("config_schema.default.type", "notes", ("\"default\": \"/data/notes\"", "\"default\": true")),
        RuleFixture("config_schema.default.type", "email", ("\"default\": true", "\"default\": 1")),
        RuleFixture("config_schema.default.bounds", "notes", ("\"default\": 8080", "\"default\": 0")),
        RuleFixture("config_schema.default.bounds", "notes", ("\"default\": 8080", "\"default\": 65536")),
        RuleFixture("config_schema.label.case", "notes", ("Internal HTTP port", "internal HTTP port")),
        RuleFixture(
            "config_schema.label.case", "notes", ("Data directory inside container", "Data Directory Inside Container")),
        RuleFixture("accounts.manager", "notes", ("\"manager\": \"http\"", "\"manager\": \"ldap_manager\"")),
        RuleFixture("accounts.credentials.pattern", "notes", ("\"password\"\n    ]", "\"password\", \"a.b\"\n    ]")),
        RuleFixture(
            "accounts.credentials.repeated", "notes", ("\"password\"\n    ]", "\"password\", \"password\"\n    ]")),
        RuleFixture(
            "accounts.credentials.empty", "notes", ("\"password\"\n    ]", "]"),
            ("\"password\": \"{peer.service_credentials.notes.password}\"", "\"password\": \"\"")),
        RuleFixture(
            "accounts.email_domain", "email", ("\"domain\": {", "\"mail_domain\": {"),
            ("{config.domain}", "{config.mail_domain}")),
        RuleFixture("accounts.email_domain", "notes", ("\"manager\": \"http\"", "\"manager\": \"email_manager\"")),
        RuleFixture(
            "accounts.port.range", "notes", ("\"manager\": \"http\",", "\"manager\": \"http\", \"port\": 70000,")),
        RuleFixture(
            "accounts.port.required", "notes", ("\"has_subdomain\": true", "\"has_subdomain\": false"),
            ("\"subdomain\": \"notes\",", ""), ("\"backend\": \"cell-notes:8080\",", ""),
            ("\"caddy_route\": {\n    \"subdomain\": \"notes\"\n  },", "")),
        RuleFixture("peer_config_template.token", "notes", ("{domain}", "{Domain}")),
        RuleFixture("peer_config_template.token", "notes", ("{peer.username}", "{peer.name}")),
        RuleFixture(
            "peer_config_template.token", "notes",
            ("{peer.service_credentials.notes.password}", "{peer.service_credentials.password}")),
        RuleFixture("peer_config_template.token", "notes", ("{domain}", "{{domain}}")),
        RuleFixture(
            "peer_config_template.service", "notes",
            ("{peer.service_credentials.notes.password}", "{peer.service_credentials.email.password}")),
        RuleFixture(
            "peer_config_template.credential", "notes",
            ("{peer.service_credentials.notes.password}", "{peer.service_credentials.notes.pin}")),
        RuleFixture(
            "peer_config_template.config", "notes",
            ("https://notes.{domain}/", "https://notes.{domain}:{config.ports}/")),
        RuleFixture("backup.unknown", "notes", ("\"config_paths\": [", "\"config_path\": [")),
        RuleFixture(
            "backup.empty", "homepage", ("\"has_storage\": false", "\"has_storage\": true"),
            (
                "\"compose\"",
                "\"backup\": {\"volumes\": []}, \"storage\": {\"primary_path\": \"data/homepage\"}, \"compose\""
            )),
        RuleFixture("backup.container.pattern", "notes", ("\"container\": \"cell-notes\"", "\"container\": \"-v\"")),
        RuleFixture("backup.container.own", "notes", ("\"container\": \"cell-notes\"", "\"container\": \"cell-mail\"")),
        RuleFixture("backup.path.pattern", "notes", ("\"path\": \"/data/notes\"", "\"path\": \"/data/../etc\"")),
        RuleFixture("backup.name.pattern", "notes", ("\"name\": \"notes_data\"", "\"name\": \"../notes\"")),
        RuleFixture(
            "backup.name.unique", "notes",
            (
                "\"volumes\": [\n      {",
                "\"volumes\": [\n {\"container\": \"cell-notes\", \"path\": \"/x\", \"name\": \"Notes_Data\"}, {"
            )),
        RuleFixture("backup.config_paths.pattern", "notes", ("\"config/notes\"", "\"config/../data/keys\"")),
        RuleFixture("backup.config_paths.cell", "notes", ("\"config/notes\"", "\"data/service_secrets.json\"")),
        RuleFixture("backup.config_paths.cell", "notes", ("\"config/notes\"", "\"config/caddy/Caddyfile\"")),
        RuleFixture("egress.exit", "notes", ("\"openvpn\"", "\"carrier-pigeon\"")),
        RuleFixture("egress.default.allowed", "files", ("\"default\": \"default\"", "\"default\": \"tor\"")),
        RuleFixture(
            "egress.allowed.default", "notes", ("\"default\": \"default\"", "\"default\": \"tor\""),
            ("\"default\",\n      \"wireguard_ext\"", "\"wireguard_ext\"")),
        RuleFixture(
            "storage.primary_path.pattern", "notes",
            ("\"primary_path\": \"data/notes\"", "\"primary_path\": \"/data/notes\"")),
        RuleFixture(
            "storage.primary_path.pattern", "notes",
            ("\"primary_path\": \"data/notes\"", "\"primary_path\": \"data/../..\"")),
        RuleFixture(
            "storage.primary_path.cell", "notes",
            ("\"primary_path\": \"data/notes\"", "\"primary_path\": \"data/services/notes\"")),
        RuleFixture("storage.quota_mb.range", "notes", ("\"quota_mb\": null", "\"quota_mb\": 0")),
        RuleFixture("description.sentence", "notes", ("full-text search.", "full-text search. It also has tags.")),
        RuleFixture("description.marketing", "notes", ("Self-hosted Markdown", "The ultimate Markdown")),
        RuleFixture("description.marketing", "notes", ("full-text search.", "full-text search!")),
    ]

    static let store: [RuleFixture] =
        [
            RuleFixture(
                "image.registry", "notes", ("git.pic.ngo/roof/pic-notes:latest", "docker.io/library/nginx:latest")),
            RuleFixture(
                "image.registry", "notes",
                ("git.pic.ngo/roof/pic-notes:latest", "git.pic.ngo.evil.example/roof/pic-notes:1")),
            RuleFixture(
                "image.registry", "notes", ("git.pic.ngo/roof/pic-notes:latest", "git.pic.ngo/roofs/pic-notes:1")),
            RuleFixture("image.format", "notes", ("git.pic.ngo/roof/pic-notes:latest", "git.pic.ngo/roof/pic-notes")),
            RuleFixture("image.format", "notes", ("git.pic.ngo/roof/pic-notes:latest", "git.pic.ngo/roof/../evil/x:1")),
            RuleFixture("image.format", "notes", ("git.pic.ngo/roof/pic-notes:latest", "git.pic.ngo/roof/a/b:1")),
            RuleFixture(
                "image.format", "notes", ("git.pic.ngo/roof/pic-notes:latest", "git.pic.ngo/roof/pic-notes:latest\\n")),
            RuleFixture(
                "image.format", "notes", ("git.pic.ngo/roof/pic-notes:latest", "git.pic.ngo/roof/pic-notes@sha256:abc")),
            RuleFixture("volumes.name.pattern", "notes", ("\"name\": \"notes-data\"", "\"name\": \"/etc\"")),
            RuleFixture("volumes.mount.pattern", "notes", ("\"mount\": \"/data/notes\"", "\"mount\": \"data/notes\"")),
            RuleFixture(
                "volumes.mount.pattern", "notes", ("\"mount\": \"/data/notes\"", "\"mount\": \"/data/../etc\"")),
            RuleFixture(
                "volumes.mount.repeated", "notes",
                (
                    "\"mount\": \"/data/notes\"\n    }",
                    "\"mount\": \"/data/notes\"\n    }, {\"name\": \"b\", \"mount\": \"/data//notes/\"}"
                )),
            RuleFixture("env.key.pattern", "notes", ("\"env\": []", "\"env\": [{\"key\": \"A-B\", \"value\": \"\"}]")),
            RuleFixture("env.key.pattern", "notes", ("\"env\": []", "\"env\": [{\"key\": \"1A\", \"value\": \"\"}]")),
            RuleFixture("env.key.pattern", "notes", ("\"env\": []", "\"env\": [{\"key\": \"A\\n\", \"value\": \"\"}]")),
            RuleFixture(
                "env.key.forbidden", "notes",
                ("\"env\": []", "\"env\": [{\"key\": \"LD_PRELOAD\", \"value\": \"/x.so\"}]")),
            RuleFixture(
                "env.key.forbidden", "notes", ("\"env\": []", "\"env\": [{\"key\": \"DOCKER_HOST\", \"value\": \"\"}]")),
            RuleFixture(
                "env.key.forbidden", "notes", ("\"env\": []", "\"env\": [{\"key\": \"COMPOSE_FILE\", \"value\": \"\"}]")
            ),
            RuleFixture(
                "env.key.repeated", "notes",
                ("\"env\": []", "\"env\": [{\"key\": \"A\", \"value\": \"\"}, {\"key\": \"A\", \"value\": \"1\"}]")),
            RuleFixture(
                "env.value.pattern", "notes",
                ("\"env\": []", "\"env\": [{\"key\": \"A\", \"value\": \"${PIC_SECRET_X}\"}]")),
            RuleFixture(
                "env.value.pattern", "notes", ("\"env\": []", "\"env\": [{\"key\": \"A\", \"value\": \"a\\n\"}]")),
            RuleFixture("env.value.pattern", "notes", ("\"env\": []", "\"env\": [{\"key\": \"A\", \"value\": \"٣\"}]")),
            RuleFixture("iptables_rules.type", "notes", ("\"type\": \"ACCEPT\"", "\"type\": \"DROP\"")),
            RuleFixture(
                "iptables_rules.dest_ip", "notes", ("\"dest_ip\": \"${SERVICE_IP}\"", "\"dest_ip\": \"0.0.0.0/0\"")),
            RuleFixture("iptables_rules.dest_port", "notes", ("\"dest_port\": 8080", "\"dest_port\": 0")),
            RuleFixture("iptables_rules.dest_port", "notes", ("\"dest_port\": 8080", "\"dest_port\": 65536")),
            RuleFixture("iptables_rules.proto", "notes", ("\"proto\": \"tcp\"", "\"proto\": \"icmp\"")),
        ]
        + forbiddenMounts.map {
            RuleFixture("volumes.mount.forbidden", "notes", ("\"mount\": \"/data/notes\"", "\"mount\": \"\($0)\""))
        }

    static let forbiddenMounts = [
        "/", "//", "/.", "/var", "/var/", "/app", "/./app", "/etc", "/etc/ssl", "/proc", "/proc/1", "/sys", "/sys/fs",
        "/dev",
        "/dev/shm", "/run", "/run/docker.sock", "/boot", "//boot//grub", "/srv", "/srv/cell", "/srv//cell/",
    ]

    static let neighbours: [RuleFixture] = [
        RuleFixture("id.taken", "homepage", ("\"id\": \"homepage\"", "\"id\": \"notes\"")),
        RuleFixture(
            "subdomain.taken", "homepage", ("\"subdomain\": \"home\"", "\"subdomain\": \"notes\""),
            ("\"caddy_route\": {\n    \"subdomain\": \"home\"\n  },", "")),
        RuleFixture("subdomain.taken", "homepage", ("\"extra_subdomains\": []", "\"extra_subdomains\": [\"webmail\"]")),
        RuleFixture(
            "subdomain.taken", "homepage",
            ("\"extra_subdomains\": []", "\"extra_backends\": {\"webdav\": \"cell-homepage:80\"}")),
        RuleFixture("containers.taken", "homepage", ("\"containers\": [", "\"containers\": [\"cell-rainloop\",")),
        RuleFixture("paths.taken", "notes", ("\"config/notes\"", "\"config/mail/postfix\"")),
        RuleFixture("paths.taken", "notes", ("\"primary_path\": \"data/notes\"", "\"primary_path\": \"data/files\"")),
    ]
}
