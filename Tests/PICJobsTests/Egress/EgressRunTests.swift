import FoundationEssentials
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("egress: runs", .realRoot, .tags(.root))
struct EgressRunTests {
    @Test("apply brings everything to the plan, on record; then plan has nothing more, and apply changes nothing")
    func apply() async throws {
        try await EgressCell.with { cell in
            let pending = try await cell.run().plan()
            #expect(!pending.changes.isEmpty)
            let (id, outcome) = try await cell.run().apply()
            #expect(outcome.problems == [])
            #expect(outcome.exitCode == 0)
            #expect(try await cell.run().plan().changes == [])
            #expect(try await cell.run().apply().1.changes == [])
            let record = try RunHistory(cell.files.open()).summary(id)
            #expect(record.kind == .egressApply)
            #expect(record.exitCode == 0)
            #expect(record.result == "\(outcome.changes.count) changes")
            #expect(try RunHistory.log(id, of: cell.files.open()).contains { $0.contains("gateway: add the table") })
        }
    }

    @Test("set saves the exit beside everything else in the file, and puts it into the kernel")
    func set() async throws {
        try await EgressCell.with { cell in
            try cell.files.write(
                "config/cell_config.json",
                #"{"identity": {"cell_name": "alice", "domain": "alice.pic.ngo"}, "zone": [1], "services": {}}"#)
            let (id, outcome) = try await cell.run().set("notes", exit: "wireguard_ext")
            #expect(outcome.exitCode == 0)
            #expect(try await cell.map().contains("172.20.0.21 : 0x00000010"))
            let saved = try String(contentsOfFile: cell.files.path + "/config/cell_config.json", encoding: .utf8)
            #expect(saved.contains("\"wireguard_ext\""))
            #expect(saved.contains("\"zone\""))
            #expect(try RunHistory(cell.files.open()).summary(id).kind == .egressSet)
            let since = try EgressHistory.read(cell.files.open()).services["notes"]
            #expect(since?.exit == "wireguard_ext")
            // Another apply keeps the time of the last change.
            _ = try await cell.run().apply()
            #expect(try EgressHistory.read(cell.files.open()).services["notes"] == since)
        }
    }

    @Test("An exit that is none, one that the manifest forbids and a service that is not there change nothing")
    func refused() async throws {
        try await EgressCell.with { cell in
            let manifest = cell.files.path + "/data/services/notes/manifest.json"
            var text = try String(contentsOfFile: manifest, encoding: .utf8)
            text = text.replacing("      \"openvpn\",\n      \"tor\"", with: "      \"openvpn\"")
            try cell.files.write("data/services/notes/manifest.json", text)
            let before = try String(contentsOfFile: cell.files.path + "/config/cell_config.json", encoding: .utf8)
            for (service, exit, code, words) in [
                ("notes", "mullvad", RunError.Code.usage, "mullvad is no exit; there are default"),
                ("notes", "tor", .refused, "its manifest allows default, wireguard_ext, openvpn"),
                ("files", "tor", .failed, "no service files is installed; there are: notes"),
            ] {
                let error = await #expect(throws: RunError.self) { try await cell.run().set(service, exit: exit) }
                #expect(error?.code == code)
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            }
            let after = try String(contentsOfFile: cell.files.path + "/config/cell_config.json", encoding: .utf8)
            #expect(after == before)
            #expect(try RunHistory(cell.files.open()).summaries().isEmpty)
            #expect(try await cell.gateway.nft("list tables") == "")
        }
    }

    @Test("A saved exit that the manifest forbids closes that service, and says how to open it")
    func forbidden() async throws {
        try await EgressCell.with { cell in
            _ = try await cell.run().set("notes", exit: "tor")
            let manifest = cell.files.path + "/data/services/notes/manifest.json"
            let text = try String(contentsOfFile: manifest, encoding: .utf8)
            try cell.files.write(
                "data/services/notes/manifest.json",
                text.replacing("      \"openvpn\",\n      \"tor\"", with: "      \"openvpn\""))
            let outcome = try await cell.run().apply().1
            #expect(outcome.exitCode == 3)
            #expect(outcome.problems.first?.contains("picjobs egress set notes default|wireguard_ext|openvpn") == true)
            #expect(try await cell.map().contains("172.20.0.21") == false)
        }
    }

    @Test(
        "A saved word that is no exit, and one for a service without a choice, close that service and nothing else",
        arguments: [
            (true, "mullvad", "notes must not use the exit mullvad that config/cell_config.json names"),
            (false, "tor", "notes has no choice of exits (has_egress is false in its manifest)"),
        ])
    func strangeChoice(hasEgress: Bool, exit: String, words: String) async throws {
        try await EgressCell.with { cell in
            if !hasEgress {
                let text = try String(
                    contentsOfFile: cell.files.path + "/data/services/notes/manifest.json", encoding: .utf8)
                try cell.files.write(
                    "data/services/notes/manifest.json",
                    text.replacing("\"has_egress\": true", with: "\"has_egress\": false"))
            }
            try cell.files.write(
                "config/cell_config.json",
                #"{"identity": {}, "services": {"notes": {"egress": "\#(exit)"}}}"#)
            let outcome = try await cell.run().apply().1
            #expect(outcome.exitCode == 3)
            #expect(outcome.problems.count == 1)
            #expect(outcome.problems.first?.hasPrefix(words) == true, "\(outcome.problems)")
            #expect(try await cell.map().contains("172.20.0.21") == false)
        }
    }

    @Test("For the boot the guard is laid without asking Docker; without the bridge's name it says what is missing")
    func boot() async throws {
        try await EgressCell.with { cell in
            let docker = "docker: /nowhere/docker\nhost: {namespace: \(cell.host.path)"
            try cell.files.write("config/picjobs.yml", docker + ", bridge: br-cell}\n")
            let outcome = try await cell.run().apply(onlyGuard: true).1
            #expect(outcome.problems == [])
            #expect(outcome.changes.allSatisfy { $0.place == "host" })
            #expect(try await cell.host.nft("list tables").contains("table bridge pic_guard"))
            #expect(try await cell.run().apply(onlyGuard: true).1.changes == [])
            try cell.files.write("config/picjobs.yml", docker + "}\n")
            let error = await #expect(throws: RunError.self) { try await cell.run().apply(onlyGuard: true) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("unless host.bridge names the bridge") == true)
        }
    }

    @Test("A job of the kind egress applies the plan, and its record has the job's name")
    func job() async throws {
        try await EgressCell.with { cell in
            let shipped = try String(contentsOfFile: JobCell.project + "/jobs/egress-reconcile.yml", encoding: .utf8)
            let job = try cell.files.job("egress-reconcile", shipped)
            #expect(job.kind == .egress)
            #expect(job.schedule != nil)
            let (id, outcome) = try await cell.run().apply(job: job.name.text)
            #expect(outcome.exitCode == 0)
            #expect(try RunHistory(cell.files.open()).summary(id).job == "egress-reconcile")
        }
    }

    @Test("reset takes everything away, and the exits are in force since no time any more")
    func reset() async throws {
        try await EgressCell.with { cell in
            _ = try await cell.run().apply()
            #expect(try await cell.run().reset().1.exitCode == 0)
            #expect(try await cell.gateway.nft("list tables") == "")
            #expect(try await cell.host.nft("list tables") == "")
            #expect(try EgressHistory.read(cell.files.open()) == EgressHistory())
        }
    }
}
