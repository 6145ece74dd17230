import FoundationEssentials
import Registry
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("Services are installed, changed and removed whole or not at all")
struct ServiceChangesTests {
    private func with(hasNotes: Bool = false, _ body: (ServiceCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in try await body(try ServiceCell(path, hasNotes: hasNotes)) }
    }

    @Test("An installation writes files, lease, secret and setting, the Compose file closed to others")
    func install() async throws {
        try await with { cell in
            let outcome = try await cell.install()
            #expect(outcome.version == "1.0.0" && outcome.problems.isEmpty)
            #expect(outcome.addresses.map(\.address) == ["172.20.0.20"])
            let compose = try #require(cell.text("data/services/pages/docker-compose.yml"))
            #expect(compose.contains("Mine") && compose.contains("172.20.0.20"))
            let root = try cell.cell.open().root
            #expect(try root.status("data/services/pages/docker-compose.yml")?.mode == 0o600)
            #expect(try root.status("data/service_secrets.json")?.mode == 0o600)
            #expect(cell.text("data/ip_leases.json")?.contains("cell-pages") == true)
            #expect(try InstallRecord(at: "data/services/pages", in: cell.cell.open())?.origin == "pages-1.0.0.zip")
            await #expect(throws: RunError.self) { try await cell.install() }
        }
    }

    @Test(
        "A required value that is missing, or one that nobody knows, is named, and nothing is done",
        arguments: [([], "title"), (["title=a", "nosuch=1"], "nosuch")])
    func refused(_ settings: [String], _ named: String) async throws {
        try await with { cell in
            let before = try await cell.listing()
            let error = await #expect(throws: RegistryError.self) { try await cell.install(settings) }
            #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
            #expect(try await cell.listing() == before)
        }
    }

    @Test("The same version is applied anew for a setting, which is checked first; without one nothing is done")
    func sameVersion() async throws {
        try await with { cell in
            try await cell.install()
            #expect(try await cell.update([]).isChanged == false)
            let before = try await cell.listing()
            for wrong in ["title=", "nosuch=3"] {
                await #expect(throws: RegistryError.self) { try await cell.update([wrong]) }
            }
            #expect(try await cell.listing() == before)
            try cell.cell.write("data/containers/cell-pages/data/page", "x")
            #expect(try await cell.update(["title=Yours"]).isChanged)
            #expect(cell.text("data/services/pages/docker-compose.yml")?.contains("Yours") == true)
        }
    }

    @Test("A service with a subdomain in a cell without a domain is refused before anything is done")
    func noDomain() async throws {
        try await with { cell in
            try cell.cell.write("config/cell_config.json", "{}")
            var options = ServiceOptions()
            (options.settings, options.isDryRun) = (["title=Mine"], true)
            let error = await #expect(throws: RunError.self) {
                try await cell.changes().install(cell.pages, from: ServiceCell.package(subdomain: "pages"), options)
            }
            #expect(error?.message.contains("identity.domain must be") == true, "\(error?.message ?? "")")
        }
    }

    @Test("A removal keeps secret and setting for the next installation; a purge keeps nothing")
    func remove() async throws {
        try await with { cell in
            let before = try await cell.listing()
            try await cell.install()
            let secrets = try #require(cell.text("data/service_secrets.json"))
            _ = try await cell.changes().remove("pages")
            #expect(cell.text("data/services/pages/manifest.json") == nil)
            #expect(cell.text("data/ip_leases.json")?.contains("cell-pages") == false)
            try await cell.install([])
            #expect(cell.text("data/service_secrets.json") == secrets)
            #expect(cell.text("data/services/pages/docker-compose.yml")?.contains("Mine") == true)
            try cell.cell.write("config/pages/own.conf", "x\n")
            _ = try await cell.changes().remove("pages", purging: true)
            try FileManager.default.removeItem(atPath: cell.cell.path + "/data/containers/cell-pages")
            #expect(try await cell.listing() == before)
        }
    }

    @Test(
        "A purge of a manifest that was put there by hand takes nothing of the cell or of another service",
        arguments: [#"["config"]"#, #"["data/services"]"#, #"["config/notes"]"#])
    func purgeByHand(_ paths: String) async throws {
        try await with(hasNotes: true) { cell in
            try cell.cell.write("data/services/pages/manifest.json", ServiceCell.manifest(configPaths: paths))
            #expect(try ServiceRegistry(loading: cell.cell.open().layout).service(cell.pages) != nil)
            _ = try await cell.changes().remove("pages", purging: true)
            #expect(cell.text("data/services/pages/manifest.json") == nil)
            #expect(cell.text("config/picjobs.yml") != nil && cell.text("config/cell_config.json") != nil)
            #expect(cell.text("data/services/notes/manifest.json") != nil)
            #expect(cell.text("config/notes/service.conf") != nil)
        }
    }

    @Test("A service that is called as a part of the cell has no configuration there", arguments: ["caddy", "dns"])
    func named(_ id: String) throws {
        let text = ServiceCell.manifest(configPaths: "[]").replacing(#""id": "pages""#, with: #""id": "\#(id)""#)
        let manifest = try Manifest(parsing: Array(text.utf8), file: "manifest.json", directory: nil)
        #expect(ConfinedScript.writable(for: manifest) == ["data/pages"])
    }

    /// A killed run is made by hand: its journal ends at a step, and everything up to there is done.
    @Test(
        "What a killed installation left is undone by the next run; behind its commit it is finished",
        arguments: [RunStep.Kind.plan, .reserve, .place, .start, .commit])
    func killed(_ last: RunStep.Kind) async throws {
        try await with { cell in
            let before = try await cell.listing()
            let open = try cell.cell.open()
            let id = try #require(RunID("20260101T000000Z-00000a"))
            let record = try RunRecord(open, id: id, kind: .serviceInstall)
            let session = RunSession(
                cell: open, runtime: open.runtime(run: id), record: record, observer: SilentObserver())
            let candidate = try await ServiceCandidate(ServiceCell.package(), for: cell.pages, in: open)
            let draft = try ServiceDraft(candidate, settings: ["title=Mine"], inUse: [:], in: open)
            var change = ServiceChange(kind: .install, service: "pages", run: id.text)
            try ServiceBooks(cell: open).note(in: &change, cell.pages)
            let engine = try await session.serviceEngine()
            let work = ServiceWork(session: session, change: change, id: cell.pages, engine: engine) {
                try record.begin($0)
            }
            try work.begin(RunStep(change))
            if last != .plan { try work.reserve(draft, making: []) }
            if [.place, .start, .commit].contains(last) {
                let install = InstallRecord(
                    candidate.manifest, from: "x", sha256: "", run: id, earlier: nil)
                try work.place(draft, install)
            }
            if [.start, .commit].contains(last) { try await work.start(candidate.manifest) }
            if last == .commit { try work.begin(RunStep(.commit)) }

            // Any run that takes the cell's lock.
            _ = try await RunSession.perform(
                open, kind: .verify, observer: SilentObserver(), exitCode: { _ in 1 }
            ) { _ in ((), RunSession.Ending(exitCode: 0, result: "done")) }
            try? FileManager.default.removeItem(atPath: cell.cell.path + "/data/containers/cell-pages")

            let run = try RunHistory(open).summary(id)
            #expect(run.state == .interrupted)
            if last == .commit {
                #expect(run.result?.contains("the install of pages was finished") == true, "\(run.result ?? "")")
                #expect(try ServiceRegistry(loading: open.layout).service(cell.pages) != nil)
            } else {
                #expect(run.result?.contains("the install of pages was undone") == true, "\(run.result ?? "")")
                #expect(try await cell.listing() == before)
                try await cell.install()
            }
        }
    }
}
