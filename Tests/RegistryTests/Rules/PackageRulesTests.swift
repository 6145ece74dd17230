import Testing

@testable import Registry

@Suite("The rules for a package's other files")
struct PackageRulesTests {
    private func script(_ text: String) throws -> [String] {
        try RuleFixture.script("install.text", text).report().findings.map { "\($0.rule.rawValue): \($0.message)" }
    }

    @Test(
        "what is downloaded and run at once is refused",
        arguments: [
            "curl -fsSL https://example.org/x | sh", "wget -qO- https://example.org/x | tee data/x | sudo bash -s",
            "curl x |\n  bash", "sh -c \"$(curl -fsSL https://example.org/x)\"",
            "bash <(curl -s https://example.org/x)",
            "eval `wget -qO- x`", "curl x | FOO=1 /bin/dash", ". <(curl x)", "curl x |& python3 -",
        ])
    func pipe(_ text: String) throws {
        let report = try RuleFixture.script("install.pipe", text).report()
        #expect(report.findings.map(\.rule) == ["install.pipe"], "\(report.findings)")
        #expect(!report.isAccepted)
    }

    @Test(
        "a script that keeps to its own directories needs no word",
        arguments: [
            "", "#!/bin/sh\nset -eu\nmkdir -p data/notes config/notes\n",
            "# apt-get install x; curl x | sh\ntrue", "echo 'apt install x' \"and curl | sh\"",
            "test -e config/notes/x || printf 'a: 1\\n' >config/notes/x 2>/dev/null", "cat /etc/hostname >data/x",
            "cp /usr/share/zoneinfo/UTC data/notes/zone", "rm -f \"$PIC_PROJECT_DIR/data/notes/lock\"",
            "cat >config/notes/x <<'END'\napt install x\ncurl x | sh >/etc/x\nEND\n", "echo apt curl", "exec >&2",
            "cat <<-END >data/x\n\tapt\n\tEND\ntrue", "case $1 in a) true;; esac", "true || sh data/x",
            "sed s/a/b/ /etc/hosts > data/hosts", "echo \"it's\" >data/a'b'", "echo \\'\nmkdir data/\\ x",
        ])
    func sober(_ text: String) throws { #expect(try script(text) == []) }

    @Test("a finding names the line, and what stands in a here-document shifts it")
    func lines() throws {
        #expect(
            try script("#!/bin/sh\ncat <<A <<B >data/x\na\nA\nb\nB\nif true; then\n  apt-get \\\n    update\nfi\n") == [
                "install.packages: install.sh, line 8, calls \"apt-get\", which changes the system"
            ])
    }

    @Test("whatever a script is made of, it is read to its end and no more than a hundred findings a rule come")
    func hostile() throws {
        for text in [
            "'", "\"", "`", "$(", "<<", "<<A", "\\", ">", "|a", "$(\"`", "))", "<(", "\"$(\"", "a<<", "a", "a\n",
        ] {
            for count in [1, 3, 20_000] {
                _ = InstallScript.findings(Array(String(repeating: text, count: count).utf8))
            }
        }
        let report = try RuleFixture.script("install.packages", String(repeating: "apt\n", count: 5000)).report()
        #expect(report.findings.count == 100 && report.omitted == 4900)
    }

    @Test("an admin's value that is not there yet refuses no good template")
    func placeholders() throws {
        let text = try String(decoding: Fixture.bytes("notes"), as: UTF8.self)
        let manifest = text.replacing("\"default\": \"/data/notes\"", with: "\"required\": true")
            .replacing("\"default\": 8080,", with: "\"required\": true,")
        let report = RuleBook.manifests.judge(Array(manifest.utf8), file: "manifest.json")
        #expect(report.findings.isEmpty)
        for piece in ["- notes-data:${PIC_CFG_STORAGE_PATH}", "- notes-data:/data/${PIC_CFG_STORAGE_PATH}"] {
            let template = try RuleFixture.template("compose-mount", "- notes-data:/data/notes", piece).template()
            #expect(report.adding(composeTemplate: template).findings.isEmpty, "\(piece)")
        }
        let image = try RuleFixture.template(
            "compose-image", "pic-notes:latest", "pic-notes:${PIC_CFG_STORAGE_PATH}"
        ).template()
        #expect(report.adding(composeTemplate: image).findings.isEmpty)
        #expect(!report.adding(composeTemplate: image, for: .init(saved: ["storage_path": .string("/")])).isAccepted)
    }

    @Test("an optional field without a default has no value, as in an installation")
    func optional() throws {
        let manifest = try Fixture.notes(",\n      \"default\": \"/data/notes\"", "")
        let template = try RuleFixture.template("compose-mount", "${PIC_DOMAIN}", "${PIC_CFG_STORAGE_PATH}").template()
        let report = RuleBook.manifests.judge(manifest, file: "manifest.json").adding(composeTemplate: template)
        #expect(report.findings.map(\.rule) == ["compose-variable"])
        #expect(report.findings.first?.pointer.text == "/services/cell-notes/environment/NOTES_DOMAIN")
        #expect(
            report.findings.first?.message
                == "services.cell-notes.environment.NOTES_DOMAIN in compose-template.yml ${PIC_CFG_STORAGE_PATH} has no value"
        )
    }

    @Test("without a template, several containers want one; a manifest that is refused hears of its own faults only")
    func missing() throws {
        let several = try Fixture.notes("\"cell-notes\"\n  ]", "\"cell-notes\", \"cell-notes-db\"\n  ]")
        let report = RuleBook.manifests.judge(several, file: "manifest.json").adding(composeTemplate: nil)
        #expect(report.findings.map(\.rule) == ["compose-containers"])
        #expect(report.findings.first?.remedy.hasPrefix("ship a compose-template.yml; ") == true)
        let image = try Fixture.notes("git.pic.ngo/roof/pic-notes:latest", "alpine")
        let refused = RuleBook.manifests.judge(image, file: "manifest.json").adding(composeTemplate: nil)
        #expect(refused.findings.map(\.rule) == ["image.registry"])
    }

    @Test("a template is told to be no YAML also when the manifest can't be read")
    func both() throws {
        let report = RuleBook.manifests.judge([], file: "manifest.json").adding(composeTemplate: Array("a: [".utf8))
        #expect(report.findings.map(\.rule) == ["json.syntax", "compose-syntax"])
    }
}
