import Registry
import Testing

@Suite("The rules for manifests")
struct RuleBookTests {
    @Test("each fixture breaks its rule and no other", arguments: RuleFixture.all)
    func fixture(_ fixture: RuleFixture) throws {
        let report = try fixture.report()
        #expect(Set(report.findings.map(\.rule)) == [fixture.rule], "\(report.findings)")
        let rule = try #require(RuleBook.manifests[fixture.rule])
        #expect(report.isAccepted == (rule.severity == .warning))
        #expect((report.manifest == nil) == (rule.stage == .reading), "what reads is a manifest")
        for finding in report.findings {
            #expect(rule.stage == .template ? !finding.remedy.isEmpty : finding.remedy == rule.remedy)
            #expect(!finding.message.isEmpty && !finding.message.utf8.contains { $0 < 0x20 })
        }
    }

    @Test("every rule has a fixture, and every name is one of a rule")
    func everyRule() {
        let broken = Set(RuleFixture.all.map(\.rule))
        let known = RuleBook.manifests.rules.map(\.id)
        #expect(Set(known).count == known.count, "a name is given twice")
        // A fixture can't break what only a running service can.
        let live = RuleBook.manifests.rules.filter { $0.stage == .live }.map(\.id)
        #expect(Set(known).subtracting(broken) == Set(live), "no fixture breaks these")
        #expect(broken.subtracting(known).isEmpty, "no rule has these names")
    }

    @Test("the reference services break no rule, alone and together", arguments: Fixture.names)
    func references(_ name: String) throws {
        let others = try Fixture.names.filter { $0 != name }.map { try Fixture.manifest($0) }
        for neighbours in [Neighbours(), Neighbours(others)] {
            let context = RuleContext(projectRoot: "/srv/cell", neighbours: neighbours)
            let report = RuleBook.manifests.judge(
                try Fixture.bytes(name), file: Fixture.file(name), directory: ServiceID(name), in: context)
            #expect(report.findings.isEmpty)
            #expect(try report.accepted() == Fixture.manifest(name))
            #expect(try report.adding(composeTemplate: RuleFixture("id.pattern", name).template()).findings.isEmpty)
        }
    }

    @Test("a manifest that breaks many rules hears of all of them, in the order of the file")
    func all() throws {
        let fixture = RuleFixture(
            "id.pattern", "notes", ("\"id\": \"notes\"", "\"id\": \"../notes\""),
            ("\"version\": \"1.0.0\"", "\"version\": \"1\""),
            ("\"backend\": \"cell-notes:8080\"", "\"backend\": \"x\""),
            ("\"env\": []", "\"env\": [{\"key\": \"LD_X\", \"value\": \"$\"}, 7]"),
            ("\"mount\": \"/data/notes\"", "\"mount\": \"/etc\""), ("\"author\": \"pic\",", ""))
        let report = try fixture.report()
        #expect(
            report.findings.map { "\($0.rule) \($0.pointer)" } == [
                "id.pattern /id", "version.semver /version", "backend.format /backend",
                "volumes.mount.forbidden /volumes/0/mount", "field.type /env/1", "env.key.forbidden /env/0/key",
                "env.value.pattern /env/0/value", "field.required /author",
            ])
        #expect(report.manifest == nil)
        let error = #expect(throws: RegistryError.self) { try report.accepted() }
        #expect(error?.code == .manifest)
        #expect(error?.faults.count == 8)
    }

    @Test("a broken field hides no fault of another one")
    func hidden() throws {
        let storage = try RuleFixture(
            "backup.required", "homepage", ("\"has_storage\": false", "\"has_storage\": true"),
            ("\"has_egress\": false", "\"has_egress\": 7")
        ).report()
        #expect(
            Set(storage.findings.map(\.rule)) == ["backup.required", "storage.required", "field.type"])
        let token = try RuleFixture(
            "id.pattern", "notes", ("\"id\": \"notes\"", "\"id\": \"No\""), ("notes.password}", "notes.pin}")
        ).report()
        #expect(token.findings.map(\.rule) == ["id.pattern", "peer_config_template.credential"])
    }

    @Test("of two in conflict the later id breaks the rule, whatever the order they came in")
    func conflicts() async throws {
        let home = try RuleFixture(
            "subdomain.taken", "homepage", ("\"extra_subdomains\": []", "\"extra_subdomains\": [\"notes\"]")
        ).bytes()
        let sources = [
            ManifestSource(file: "b", bytes: try Fixture.bytes("notes")), ManifestSource(file: "a", bytes: home),
            ManifestSource(file: "c", bytes: Array("{".utf8)),
        ]
        for sources in [sources, sources.reversed()] {
            let reports = await RuleBook.manifests.judge(sources)
            #expect(reports.map(\.file) == ["a", "b", "c"])
            #expect(reports.map { $0.findings.map(\.rule) } == [[], ["subdomain.taken"], ["json.syntax"]])
            #expect(reports[1].findings.map(\.message) == ["\"notes\" belongs to the service homepage"])
        }
    }

    @Test("of many in conflict all but the first break the rule, and name the first")
    func manyConflicts() async throws {
        let sources = try (10..<60).reversed().map { number in
            let fixture = RuleFixture(
                "subdomain.taken", "homepage", ("\"id\": \"homepage\"", "\"id\": \"home\(number)\""))
            return ManifestSource(file: "\(number)", bytes: try fixture.bytes())
        }
        let reports = await RuleBook.manifests.judge(sources)
        #expect(reports.map(\.file) == (10..<60).map(String.init))
        for (number, report) in reports.enumerated() {
            let taken = report.findings.filter { $0.rule == "subdomain.taken" }
            #expect(taken.map(\.message) == (number == 0 ? [] : ["\"home\" belongs to the service home10"]))
        }
    }

    @Test("an update conflicts with no former self")
    func update() throws {
        let installed = try Fixture.names.map { try Fixture.manifest($0) }
        let context = RuleContext(neighbours: Neighbours(installed, of: ServiceID("notes")))
        let report = RuleBook.manifests.judge(try Fixture.bytes("notes"), file: "manifest.json", in: context)
        #expect(report.findings.isEmpty)
    }

    @Test("an extra subdomain may have a backend of its own")
    func extraBackend() throws {
        let report = try RuleFixture(
            "subdomain.repeated", "notes",
            (
                "\"extra_subdomains\": []",
                "\"extra_subdomains\": [\"memo\"], \"extra_backends\": {\"memo\": \"cell-notes:1\"}"
            )
        ).report()
        #expect(report.findings.isEmpty)
    }

    @Test(
        "what may be mounted",
        arguments: ["/data", "/var/lib/dav", "/app/data", "/etcetera", "/srv/cell/data", "/home"])
    func mounts(_ mount: String) throws {
        let report = try RuleFixture(
            "volumes.mount.forbidden", "notes", ("\"mount\": \"/data/notes\"", "\"mount\": \"\(mount)\"")
        ).report()
        #expect(report.findings.isEmpty)
    }

    @Test(
        "prose that needs no word",
        arguments: [
            "Mail, e.g. IMAP and SMTP, with a client", "Notes with search", "Version 2.0 of a wiki.",
            "Backs up to S3. quickly",
        ])
    func prose(_ text: String) throws {
        let report = try RuleFixture(
            "description.sentence", "notes", ("Self-hosted Markdown notes with full-text search.", text)
        ).report()
        #expect(report.findings.isEmpty)
    }
}
