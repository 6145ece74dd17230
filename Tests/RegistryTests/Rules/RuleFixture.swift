import Registry
import SystemPackage
import Testing

/// A reference manifest with one edit that breaks one rule and no other.
struct RuleFixture: CustomTestStringConvertible, Sendable {
    let rule: RuleID
    let base: String
    let edits: [(piece: String, replacement: String)]
    /// The edits are those of the Compose template.
    var isTemplate = false
    /// The package's install.sh.
    var script: String?

    init(_ rule: RuleID, _ base: String = "notes", _ edits: (String, String)...) {
        self.rule = rule
        self.base = base
        self.edits = edits.map { (piece: $0.0, replacement: $0.1) }
    }

    /// A template with one edit.
    static func template(_ rule: RuleID, _ piece: String, _ replacement: String) -> RuleFixture {
        var fixture = RuleFixture(rule, "notes", (piece, replacement))
        fixture.isTemplate = true
        return fixture
    }

    static func script(_ rule: RuleID, _ script: String) -> RuleFixture {
        var fixture = RuleFixture(rule)
        fixture.script = script
        return fixture
    }

    var testDescription: String { "\(rule): \(script ?? edits.map(\.replacement).joined(separator: ", "))" }

    func bytes() throws -> [UInt8] { try isTemplate ? Fixture.bytes(base) : edited(Fixture.bytes(base)) }

    /// The template of the base, which the homepage has none of.
    func template() throws -> [UInt8]? {
        guard base != "homepage" else { return nil }
        let bytes = try Fixture.readAll(Fixture.services().appending(base).appending("compose-template.yml"))
        return try isTemplate ? edited(bytes) : bytes
    }

    private func edited(_ bytes: [UInt8]) throws -> [UInt8] {
        try edits.reduce(String(decoding: bytes, as: UTF8.self)) { text, edit in
            let parts = text.split(separator: edit.piece, maxSplits: 1, omittingEmptySubsequences: false)
            try #require(parts.count == 2, "\(base) no longer holds \(edit.piece)")
            return parts[0] + edit.replacement + parts[1]
        }.utf8.map { $0 }
    }

    /// The other four reference services are installed, in a cell at `/srv/cell`.
    func report() throws -> ManifestReport {
        let others = try Fixture.names.filter { $0 != base }.map { try Fixture.manifest($0) }
        let context = RuleContext(projectRoot: "/srv/cell", neighbours: Neighbours(others))
        let report = RuleBook.manifests.judge(
            try bytes(), file: Fixture.file(base), directory: rule == "id.taken" ? nil : ServiceID(base), in: context)
        guard isTemplate || script != nil else { return report }
        return report.adding(composeTemplate: try template()).adding(installScript: script.map { Array($0.utf8) })
    }
}

extension RuleFixture {
    static let all: [RuleFixture] = file + identity + routing + blocks + store + neighbours + templates + scripts

    static let file: [RuleFixture] = [
        RuleFixture("json.size", "notes", ("{", "{" + repeated(" ", 1 << 20))),
        RuleFixture("json.encoding", "notes", ("{", "\u{feff}{")),
        RuleFixture("json.syntax", "notes", ("\"compose\": null", "\"compose\": null,")),
        RuleFixture("json.nul", "notes", ("\"Notes\"", "\"Notes\\u0000\"")),
        RuleFixture("json.nul", "notes", ("\"Notes\"", "\"Notes\0\"")),
        RuleFixture("json.duplicate", "notes", ("\"id\":", "\"id\": \"notes\", \"id\":")),
        RuleFixture(
            "json.depth", "notes", ("\"compose\": null", "\"compose\": " + repeated("[", 64) + repeated("]", 64))),
        RuleFixture("field.required", "notes", ("\"author\": \"pic\",", "")),
        RuleFixture("field.required", "notes", ("\"schema_version\": 3,", "")),
        RuleFixture("field.required", "notes", ("\"image\": \"git.pic.ngo/roof/pic-notes:latest\"", "\"image\": null")),
        RuleFixture("field.required", "notes", ("\"label\": \"Internal HTTP port\",", "")),
        RuleFixture("field.required", "notes", ("\"mount\": \"/data/notes\"", "\"mount\": null")),
        RuleFixture("field.type", "notes", ("\"author\": \"pic\"", "\"author\": 7")),
        RuleFixture("field.type", "notes", ("\"env\": []", "\"env\": \"\"")),
        RuleFixture("field.type", "notes", ("\"dest_port\": 8080", "\"dest_port\": 8080.5")),
        RuleFixture("field.type", "notes", ("\"quota_mb\": null", "\"quota_mb\": 99999999999999999999")),
        RuleFixture("field.unknown", "notes", ("\"compose\": null", "\"compose\": null, \"composer\": 1")),
        RuleFixture("field.unknown", "notes", ("\"dest_port\": 8080,", "\"dest_port\": 8080, \"source\": \"\",")),
        RuleFixture(
            "field.unknown", "notes", ("\"has_storage\": true,", "\"has_storage\": true, \"has_store\": true,")),
        RuleFixture("text.empty", "notes", ("\"name\": \"Notes\"", "\"name\": \" \"")),
        RuleFixture("text.empty", "notes", ("\"Internal HTTP port\"", "\"\"")),
        RuleFixture("text.control", "notes", ("\"author\": \"pic\"", "\"author\": \"pic\\u001b[2J\"")),
        RuleFixture("text.control", "notes", ("\"name\": \"Notes\"", "\"name\": \"No\\u202etes\"")),
    ]

    static let identity: [RuleFixture] = [
        RuleFixture("schema_version.supported", "notes", ("\"schema_version\": 3", "\"schema_version\": 2")),
        RuleFixture("id.pattern", "homepage", ("\"id\": \"homepage\"", "\"id\": \"Homepage\"")),
        RuleFixture("id.directory", "homepage", ("\"id\": \"homepage\"", "\"id\": \"home-page\"")),
        RuleFixture("version.semver", "notes", ("\"version\": \"1.0.0\"", "\"version\": \"1.0\"")),
        RuleFixture("version.semver", "notes", ("\"version\": \"1.0.0\"", "\"version\": \"v1.0.0\"")),
        RuleFixture("kind.store", "notes", ("\"kind\": \"store\"", "\"kind\": \"builtin\"")),
        RuleFixture(
            "min_pic_version.format", "notes", ("\"min_pic_version\": \"1.0\"", "\"min_pic_version\": \"new\"")),
        RuleFixture(
            "min_pic_version.supported", "notes", ("\"min_pic_version\": \"1.0\"", "\"min_pic_version\": \"1.1\"")),
        RuleFixture(
            "min_pic_version.supported", "notes", ("\"min_pic_version\": \"1.0\"", "\"min_pic_version\": \"1.0.1\"")),
        RuleFixture(
            "min_pic_version.supported", "notes", ("\"min_pic_version\": \"1.0\"", "\"min_pic_version\": \"2\"")),
        RuleFixture("compose.null", "notes", ("\"compose\": null", "\"compose\": {}")),
        RuleFixture("capabilities.flags", "notes", ("\"has_egress\": true,", "")),
        RuleFixture("capabilities.api_hooks", "notes", ("\"has_api_hooks\": false", "\"has_api_hooks\": true")),
        RuleFixture("capabilities.unused", "notes", ("\"has_egress\": true", "\"has_egress\": false")),
        RuleFixture("capabilities.unused", "notes", ("\"has_admin_config\": true", "\"has_admin_config\": false")),
        RuleFixture("subdomain.required", "notes", ("\"subdomain\": \"notes\",", "")),
        RuleFixture("backend.required", "notes", ("\"backend\": \"cell-notes:8080\",", "")),
        RuleFixture(
            "accounts.required", "homepage", ("\"has_accounts\": false", "\"has_accounts\": true"),
            ("\"compose\"", "\"peer_config_template\": {\"a\": \"b\"}, \"compose\"")),
        RuleFixture(
            "config_schema.required", "homepage", ("\"has_admin_config\": false", "\"has_admin_config\": true")),
        RuleFixture(
            "config_schema.required", "homepage", ("\"has_admin_config\": false", "\"has_admin_config\": true"),
            ("\"compose\"", "\"config_schema\": {}, \"compose\"")),
        RuleFixture("egress.required", "homepage", ("\"has_egress\": false", "\"has_egress\": true")),
        RuleFixture(
            "storage.required", "notes",
            ("\"storage\": {\n    \"primary_path\": \"data/notes\",\n    \"quota_mb\": null\n  },", "")),
        RuleFixture(
            "backup.required", "homepage", ("\"has_storage\": false", "\"has_storage\": true"),
            ("\"compose\"", "\"storage\": {\"primary_path\": \"data/homepage\"}, \"compose\"")),
        RuleFixture(
            "peer_config_template.required", "homepage", ("\"has_accounts\": false", "\"has_accounts\": true"),
            ("\"compose\"", "\"accounts\": {\"manager\": \"http\", \"credentials\": [\"password\"]}, \"compose\"")),
    ]

    static let routing: [RuleFixture] = [
        RuleFixture(
            "subdomain.pattern", "notes", ("\"subdomain\": \"notes\"", "\"subdomain\": \"no_tes\""),
            ("\"caddy_route\": {\n    \"subdomain\": \"notes\"\n  },", "")),
        RuleFixture("subdomain.pattern", "notes", ("\"extra_subdomains\": []", "\"extra_subdomains\": [\"memo-\"]")),
        RuleFixture("subdomain.pattern", "notes", ("\"extra_subdomains\": []", "\"extra_subdomains\": [\"memo\\n\"]")),
        RuleFixture(
            "subdomain.pattern", "notes",
            ("\"extra_subdomains\": []", "\"extra_backends\": {\"m.emo\": \"cell-notes:1\"}")),
        RuleFixture(
            "subdomain.reserved", "notes", ("\"subdomain\": \"notes\"", "\"subdomain\": \"www\""),
            ("\"caddy_route\": {\n    \"subdomain\": \"notes\"\n  },", "")),
        RuleFixture("subdomain.reserved", "notes", ("\"extra_subdomains\": []", "\"extra_subdomains\": [\"ns1\"]")),
        RuleFixture(
            "subdomain.reserved", "notes",
            ("\"extra_subdomains\": []", "\"extra_backends\": {\"api\": \"cell-notes:1\"}")),
        RuleFixture(
            "subdomain.repeated", "notes", ("\"extra_subdomains\": []", "\"extra_subdomains\": [\"memo\", \"memo\"]")),
        RuleFixture("subdomain.repeated", "notes", ("\"extra_subdomains\": []", "\"extra_subdomains\": [\"notes\"]")),
        RuleFixture(
            "subdomain.repeated", "notes",
            ("\"extra_subdomains\": []", "\"extra_backends\": {\"notes\": \"cell-notes:1\"}")),
        RuleFixture("backend.format", "notes", ("\"backend\": \"cell-notes:8080\"", "\"backend\": \"cell-notes:0\"")),
        RuleFixture(
            "backend.format", "notes", ("\"backend\": \"cell-notes:8080\"", "\"backend\": \"cell-notes:8080\\n\"")),
        RuleFixture("backend.format", "notes", ("\"backend\": \"cell-notes:8080\"", "\"backend\": \"cell-notes:٨٠\"")),
        RuleFixture(
            "backend.format", "notes", ("\"backend\": \"cell-notes:8080\"", "\"backend\": \"http://cell-notes:8080\"")),
        RuleFixture(
            "backend.format", "notes", ("\"extra_subdomains\": []", "\"extra_backends\": {\"memo\": \"cell-notes\"}")),
        RuleFixture(
            "backend.container", "notes", ("\"backend\": \"cell-notes:8080\"", "\"backend\": \"cell-api:8080\"")),
        RuleFixture(
            "backend.container", "notes",
            ("\"extra_subdomains\": []", "\"extra_backends\": {\"memo\": \"cell-mail:1\"}")),
        RuleFixture(
            "caddy_route.pattern", "notes",
            ("\"caddy_route\": {\n    \"subdomain\": \"notes\"", "\"caddy_route\": {\n    \"subdomain\": \"Notes\"")),
        RuleFixture(
            "caddy_route.reserved", "notes",
            ("\"caddy_route\": {\n    \"subdomain\": \"notes\"", "\"caddy_route\": {\n    \"subdomain\": \"git\"")),
        RuleFixture(
            "caddy_route.equal", "notes",
            ("\"caddy_route\": {\n    \"subdomain\": \"notes\"", "\"caddy_route\": {\n    \"subdomain\": \"memo\"")),
        RuleFixture(
            "caddy_route.unused", "homepage", ("\"has_subdomain\": true", "\"has_subdomain\": false"),
            ("\"subdomain\": \"home\",", ""), ("\"backend\": \"cell-homepage:80\",", "")),
        RuleFixture(
            "container_name.pattern", "notes", ("\"container_name\": \"cell-notes\"", "\"container_name\": \"notes\"")),
        RuleFixture(
            "containers.name", "notes", ("\"container_name\": \"cell-notes\"", "\"container_name\": \"--cell\"")),
        RuleFixture("containers.pattern", "notes", ("\"containers\": [", "\"containers\": [ \"cell_notes\",")),
        RuleFixture("containers.name", "notes", ("\"containers\": [", "\"containers\": [ \"a/b\",")),
        RuleFixture("containers.core", "notes", ("\"containers\": [", "\"containers\": [ \"cell-wireguard\",")),
        RuleFixture(
            "containers.core", "notes", ("\"container_name\": \"cell-notes\"", "\"container_name\": \"cell-caddy\"")),
        RuleFixture("containers.repeated", "notes", ("\"containers\": [", "\"containers\": [ \"cell-notes\",")),
    ]
}
