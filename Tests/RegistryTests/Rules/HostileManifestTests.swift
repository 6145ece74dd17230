import Registry
import Testing

@Suite("Hostile manifests")
struct HostileManifestTests {
    private func rules(_ piece: String, _ replacement: String) throws -> Set<RuleID> {
        let bytes = try Fixture.notes(piece, replacement)
        return Set(RuleBook.manifests.judge(bytes, file: "manifest.json").findings.map(\.rule))
    }

    @Test(
        "an id that plays tricks with paths, ends in a newline or has letters and digits of other scripts is refused",
        arguments: [
            "..", "../notes", "notes/../..", "/etc", "notes/", "./notes", "a\\\\b", "notes\\n", "\\nnotes", "notes ",
            "-notes",
            "notes\\u0660", "nоtes", "ｎotes", "ﬁles", "1notes", "Notes", "", "notes.", "n%2e%2e",
        ])
    func ids(_ id: String) throws {
        #expect(try rules("\"id\": \"notes\"", "\"id\": \"\(id)\"").contains("id.pattern"))
    }

    @Test(
        "ends of lines and digits of other scripts pass no pattern",
        arguments: [
            ("backend\": \"cell-notes:8080", "backend\": \"cell-notes:8080\\n", "backend.format"),
            ("backend\": \"cell-notes:8080", "backend\": \"cell-notes:٨٠٨٠", "backend.format"),
            ("backend\": \"cell-notes:8080", "backend\": \"cell-notes:8080\\u2028", "backend.format"),
            ("\"subdomain\": \"notes\"", "\"subdomain\": \"notes\\n\"", "subdomain.pattern"),
            ("\"subdomain\": \"notes\"", "\"subdomain\": \"notes٣\"", "subdomain.pattern"),
            ("pic-notes:latest", "pic-notes:latest\\n", "image.format"),
            ("pic-notes:latest", "pic-notes:١", "image.format"),
            ("\"container_name\": \"cell-notes", "\"container_name\": \"cell-notes\\n", "containers.name"),
            ("\"container_name\": \"cell-notes", "\"container_name\": \"cell-notes٣", "containers.name"),
            ("\"version\": \"1.0.0", "\"version\": \"1.0.0\\n", "version.semver"),
            ("\"version\": \"1.0.0", "\"version\": \"1.0.٣", "version.semver"),
            ("\"env\": []", "\"env\": [{\"key\": \"A٣\", \"value\": \"\"}]", "env.key.pattern"),
            ("\"env\": []", "\"env\": [{\"key\": \"A\", \"value\": \"x\\n\"}]", "env.value.pattern"),
            ("\"name\": \"notes-data", "\"name\": \"notes-data\\n", "volumes.name.pattern"),
            ("\"name\": \"notes_data", "\"name\": \"notes_data\\n", "backup.name.pattern"),
        ])
    func tails(_ piece: String, _ replacement: String, _ rule: String) throws {
        #expect(try rules(piece, replacement).contains(RuleID(rawValue: rule)))
    }

    @Test(
        "huge numbers are no numbers, and no crash",
        arguments: [
            "9223372036854775808", "-9223372036854775809", "1e400", "1E1", repeated("9", 10_000), "0.1", "-0.0",
        ])
    func numbers(_ number: String) throws {
        for piece in ["\"dest_port\": 8080", "\"min\": 1", "\"max\": 65535", "\"schema_version\": 3"] {
            let key = piece.prefix { $0 != " " }
            #expect(try rules(piece, "\(key) \(number)").contains("field.type"))
        }
        #expect(try rules("\"quota_mb\": null", "\"quota_mb\": \(number)").contains("field.type"))
    }

    @Test(
        "the largest and smallest whole numbers are judged", arguments: ["9223372036854775807", "-9223372036854775808"])
    func bounds(_ number: String) throws {
        #expect(try rules("\"dest_port\": 8080", "\"dest_port\": \(number)") == ["iptables_rules.dest_port"])
        let config = try rules("\"min\": 1", "\"min\": \(number)")
        #expect(
            config == (number.hasPrefix("-") ? [] : ["config_schema.bounds.order", "config_schema.default.bounds"]))
    }

    @Test("deep nesting, duplicate keys and NUL are one finding each, wherever they stand")
    func structure() throws {
        #expect(try rules("\"env\": []", "\"env\": " + repeated("[", 500_000)) == ["json.depth"])
        #expect(try rules("\"env\": []", "\"env\": " + repeated("{\"a\":", 100_000)) == ["json.depth"])
        #expect(try rules("\"mount\":", "\"mount\": \"/x\", \"mount\":") == ["json.duplicate"])
        #expect(try rules("\"mount\":", "\"mo\\u0075nt\": \"/x\", \"mount\":") == ["json.duplicate"])
        #expect(try rules("\"/data/notes\"", "\"/data/notes\\u0000\"") == ["json.nul"])
        #expect(try rules("\"/data/notes\"", "\"/data/\0notes\"") == ["json.nul"])
    }

    @Test(
        "the value of a whole file is judged, whatever it is",
        arguments: ["", "null", "[]", "7", "\"x\"", "{}", "\0", "\u{feff}{}"])
    func wholeFiles(_ text: String) {
        let report = RuleBook.manifests.judge(Array(text.utf8), file: "manifest.json")
        #expect(!report.isAccepted && report.manifest == nil && !report.findings.isEmpty)
    }

    @Test(
        "a quarter of a mebibyte of one thing is judged at once, and at most a hundred findings of a rule are kept",
        arguments: [
            ("\"env\": []", "\"env\": [", "{\"key\":\"LD_%\",\"value\":\"$\"},", "7]"),
            ("\"containers\": [", "\"containers\": [", "\"cell-%\",\"cell-api\",", ""),
            ("\"extra_subdomains\": []", "\"extra_subdomains\": [", "\"n%\",\"www\",", "\"x\"]"),
            ("\"extra_subdomains\": []", "\"extra_backends\": {", "\"n%\":\"x%:1\",", "\"x\":\"\"}"),
            (
                "\"config_schema\": {", "\"config_schema\": {",
                "\"k%\":{\"type\":\"integer\",\"label\":\"x\",\"default\":\"\"},", ""
            ),
            ("\"peer_config_template\": {", "\"peer_config_template\": {", "\"k%\":\"{config.k%}{\",", ""),
            ("\"peer_config_template\": {", "\"peer_config_template\": {\"k\":\"", "{%}{", "\","),
            (
                "\"volumes\": [\n      {", "\"volumes\": [", "{\"container\":\"c%\",\"path\":\"/a\",\"name\":\"n\"},",
                "{"
            ),
            ("\"config/notes\"", "", "\"config/%/a/b/c/d/e\",", "\"config/notes\""),
            ("\"compose\": null", "", "\"k%\":0,", "\"compose\": null"),
            ("\"url\":", "", "\"%\":{},", "\"url\":"),
        ])
    func large(_ piece: String, _ head: String, _ entry: String, _ tail: String) throws {
        let length = try Fixture.bytes("notes").count + head.utf8.count + tail.utf8.count
        var entries = ""
        var number = 0
        while entries.utf8.count + length < Manifest.sizeLimit / 4 {
            entries += entry.replacing("%", with: String(number))
            number += 1
        }
        let bytes = try Fixture.notes(piece, head + entries + tail)
        let context = RuleContext(neighbours: Neighbours(try Fixture.names.map { try Fixture.manifest($0) }))
        var report: ManifestReport?
        let time = ContinuousClock().measure {
            report = RuleBook.manifests.judge(bytes, file: "manifest.json", in: context)
        }
        // A debug build on a busy machine; what grows with the square of the entries takes minutes.
        #expect(time < .seconds(20), "\(entry): \(time)")
        let counts = Dictionary(grouping: report?.findings ?? [], by: \.rule).mapValues(\.count)
        #expect(counts.values.allSatisfy { $0 <= 100 })
        #expect(report?.findings.contains { $0.rule == "json.syntax" } == false)
    }
}
