import Archive
import FoundationEssentials
import Runs
import TestSupport
import Testing

struct JobDefinitionTests {
    @Test("The shipped job file says what docs/jobs.md shows")
    func shippedFile() async throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let shipped = try String(
                contentsOfFile: JobCell.project + "/jobs/nightly-backup.yml", encoding: .utf8)
            let job = try cell.job("nightly-backup", shipped)
            #expect(job.kind == .backup)
            #expect(job.schedule == "*-*-* 02:30:00")
            #expect(job.randomDelay == 1800)
            #expect(job.services == nil)
            #expect(job.verify == .published)
            #expect(
                job.retention
                    == RetentionPolicy(
                        keepLast: 3, keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 3, keepSafety: 3))
        }
    }

    @Test("Only kind is required; without retention everything stays")
    func defaults() throws {
        try TemporaryDirectory.with { path in
            let job = try JobCell(path).job("a", "kind: backup\n")
            #expect(job.schedule == nil)
            #expect(job.randomDelay == 0)
            #expect(job.services == nil)
            #expect(job.verify == .published)
            #expect(job.retention == nil)
        }
    }

    @Test("Services, delays and verify: none are taken as written")
    func values() throws {
        try TemporaryDirectory.with { path in
            let job = try JobCell(path)
                .job("a", "kind: backup\nservices: [notes, files]\nrandom_delay: 2h\nverify: none\nretention: {}\n")
            #expect(job.services == ["notes", "files"])
            #expect(job.randomDelay == 7200)
            #expect(job.verify == .none)
            #expect(job.retention == RetentionPolicy())
        }
    }

    @Test(
        "Each fault is named with its key",
        arguments: [
            ("description: x", "kind is missing"),
            ("kind: restore", "kind must be backup or egress"),
            ("kind: egress\nservices: all", "services is no key of a job of the kind egress"),
            ("retention: {}\nkind: egress", "retention is no key of a job of the kind egress"),
            ("kind: backup\ndescription: 5", "description must be a text"),
            ("kind: backup\nschedule: 5", "schedule must be"),
            ("kind: backup\nschedule: \"daily\\nExecStart=/bin/sh\"", "schedule must be"),
            ("kind: backup\nschedule: \"%h\"", "schedule must be"),
            ("kind: backup\nrandom_delay: 30", "random_delay must be"),
            ("kind: backup\nrandom_delay: 25h", "random_delay must be"),
            ("kind: backup\nrandom_delay: -1m", "random_delay must be"),
            ("kind: backup\nservices: notes", "services must be all or a list"),
            ("kind: backup\nservices: []", "services must be all or a list"),
            ("kind: backup\nservices: [../x]", "services: ../x is not a service id"),
            ("kind: backup\nservices: [notes, notes]", "services names notes twice"),
            ("kind: backup\nverify: yes", "verify must be published or none"),
            ("kind: backup\nretention: 3", "retention must be a table"),
            ("kind: backup\nretention: {keep_all: 1}", "retention: keep_all is no rule"),
            ("kind: backup\nretention: {keep_last: -1}", "retention: keep_last must be a number"),
            ("kind: backup\nretention: {keep_last: true}", "retention: keep_last must be a number"),
            ("kind: backup\nretain: {}", "retain is no key of a job"),
            ("- kind", "must be a mapping"),
            ("", "must be a mapping"),
            ("kind: backup\nkind: backup", "stands twice"),
            ("kind: [", "is no YAML"),
            ("kind: backup\ndescription: {{ x }}", "line 2, column 15: a key must be a simple text"),
            ("{{ x }}: 1", "a key must be a simple text"),
            ("kind: backup\n[a, b]: 1", "a key must be a simple text"),
            ("kind: &a backup\ndescription: *a", "anchors and aliases are not allowed"),
            ("kind: backup\n<<: {verify: none}", "merge keys are not allowed"),
            ("kind: !x backup", "tags are not allowed"),
            ("kind: backup\nretention: {keep_last: 99999999999999999999}", "keep_last must be a number"),
            ("kind: backup\nretention: \n  keep_last: 07", "line 3, column 3: retention: keep_last must be a number"),
        ])
    func fault(yaml: String, message: String) throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let error = #expect(throws: RunError.self) { try cell.job("a", yaml) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
            #expect(error?.message.hasPrefix("jobs/a.yml") == true)
        }
    }

    @Test("All faults of a file are named at once")
    func allAtOnce() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let error = #expect(throws: RunError.self) {
                try cell.job("a", "kind: x\nverify: x\nretention: {keep_last: x, keep_x: 1}\nextra: 1\n")
            }
            for part in ["kind must", "verify must", "keep_last must", "keep_x is", "extra is"] {
                #expect(error?.message.contains(part) == true, "\(part)")
            }
        }
    }

    @Test("A job file that is a link is refused")
    func link() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            try cell.write("elsewhere.yml", "kind: backup\n")
            try cell.write("jobs/good.yml", "kind: backup\n")
            try FileManager.default.createSymbolicLink(
                atPath: cell.path + "/jobs/a.yml", withDestinationPath: "../elsewhere.yml")
            let error = #expect(throws: RunError.self) { try JobDefinition(JobName(checking: "a"), of: cell.open()) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("symbolic link") == true)
        }
    }

    @Test("A job that is not there is answered with those that are")
    func missing() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            try cell.write("jobs/good.yml", "kind: backup\n")
            let error = #expect(throws: RunError.self) { try JobDefinition(JobName(checking: "a"), of: cell.open()) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("it has good") == true)
        }
    }

    @Test("The list holds good and faulty files, and passes over what is no job file")
    func list() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            #expect(try JobFile.all(of: cell.open()).isEmpty)
            for name in ["b.yml", "Upper.yml", "c.yaml", ".hidden.yml", "README.md"] {
                try cell.write("jobs/" + name, "kind: backup\n")
            }
            try cell.write("jobs/a.yml", "kind: x\n")
            let files = try JobFile.all(of: cell.open())
            #expect(files.map(\.file) == ["jobs/Upper.yml", "jobs/a.yml", "jobs/b.yml", "jobs/c.yaml"])
            let good = files.filter { file in
                if case .success = file.definition { return true }
                return false
            }
            #expect(good.map(\.name?.text) == ["b"])
        }
    }

    @Test("Names are short, lower-case and never a path", arguments: ["", "-a", "A", "a/b", "..", "a.b", "ä", "a\n"])
    func badName(text: String) { #expect(JobName(text) == nil) }

    @Test("A name has at most 63 characters")
    func longName() {
        #expect(JobName(String(repeating: "a", count: 63)) != nil)
        #expect(JobName(String(repeating: "a", count: 64)) == nil)
    }
}
