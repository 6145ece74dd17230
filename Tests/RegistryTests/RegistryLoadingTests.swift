import FoundationEssentials
import Glibc
import Registry
import SystemPackage
import Testing

@Suite("The services of a cell")
struct RegistryLoadingTests {
    @Test("all fixtures load in the order of their ids, and the plan holds those with storage")
    func plan() throws {
        let cell = try ScratchCell()
        for name in Fixture.names.reversed() { try cell.install(name) }
        let registry = try ServiceRegistry(loading: cell.layout)
        #expect(registry.faults.isEmpty)
        #expect(registry.services.map(\.id.rawValue) == Fixture.names)
        let notes = try #require(ServiceID("notes"))
        #expect(registry.service(notes)?.name == "Notes")
        #expect(try registry.service(#require(ServiceID("absent"))) == nil)
        let plan = registry.backupPlan()
        #expect(plan.faults.isEmpty)
        #expect(plan.services.map(\.service.rawValue) == ["calendar", "email", "files", "notes"])
        #expect(plan.services.last?.volumes.map(\.path.rawValue) == ["/data/notes"])
        #expect(plan.services.last?.configPaths.map(\.rawValue) == ["config/notes"])
        #expect(plan.services[1].volumes.map(\.name.rawValue) == ["maildata", "mailconfig", "rainloop"])
    }

    @Test("a bad service is a fault of its own; the others are still planned")
    func badServices() throws {
        let cell = try ScratchCell()
        try cell.install("notes")
        try cell.write("data/services/broken/manifest.json", Array("{".utf8))
        try cell.makeDirectory("data/services/empty")
        try cell.write("data/services/memos/manifest.json", Fixture.bytes("notes"))
        try cell.write("data/services/Bad Name/manifest.json", Fixture.bytes("notes"))
        try cell.makeDirectory("data/services/tree/manifest.json")
        try cell.write("data/services/huge/manifest.json", [UInt8](repeating: 0x20, count: 2 << 20))
        let plan = try ServiceRegistry(loading: cell.layout).backupPlan()
        #expect(plan.services.map(\.service.rawValue) == ["notes"])
        #expect(
            plan.faults.map(\.reason) == [
                "data/services/Bad Name: the name is not \(ServiceID.rule)",
                "data/services/broken/manifest.json: line 1, column 2: the file ends here; expected a key in double "
                    + "quotes",
                "data/services/empty/manifest.json: is missing; install the service again or remove its directory",
                "data/services/huge/manifest.json: is larger than 1 MiB; a manifest declares, it holds no data",
                "data/services/memos/manifest.json: /id: \"notes\" is not \"memos\", which its directory or the command names",
                "data/services/tree/manifest.json: is no regular file; put a regular file in its place",
            ])
        #expect(plan.faults.map(\.service) == ["Bad Name", "broken", "empty", "huge", "memos", "tree"])
    }

    @Test("links in place of a directory or a manifest are refused, and a fifo does not block")
    func links() throws {
        let cell = try ScratchCell()
        try cell.install("calendar")
        try cell.write("elsewhere/notes/manifest.json", Fixture.bytes("notes"))
        try cell.link("data/services/notes", to: cell.path("elsewhere/notes"))
        try cell.makeDirectory("data/services/files")
        try cell.link("data/services/files/manifest.json", to: cell.path("elsewhere/notes/manifest.json"))
        try cell.makeDirectory("data/services/email")
        #expect(mkfifo(cell.path("data/services/email/manifest.json"), 0o600) == 0)
        let registry = try ServiceRegistry(loading: cell.layout)
        #expect(registry.services.map(\.id.rawValue) == ["calendar"])
        #expect(
            registry.faults.map(\.reason) == [
                "data/services/email/manifest.json: is no regular file; put a regular file in its place",
                "data/services/files/manifest.json: is a symbolic link; put the file itself in its place",
                "data/services/notes: is a symbolic link; put the directory itself in its place",
            ])
    }

    @Test("files and hidden names beside the services are left alone")
    func bystanders() throws {
        let cell = try ScratchCell()
        try cell.install("notes")
        try cell.write("data/services/README", [])
        try cell.write("data/services/.notes.tmp/manifest.json", [])
        let registry = try ServiceRegistry(loading: cell.layout)
        #expect(registry.services.count == 1)
        #expect(registry.faults.isEmpty)
    }

    @Test("a directory name with hostile bytes is shown escaped")
    func hostileName() throws {
        let cell = try ScratchCell()
        try cell.makeDirectory("data/services")
        let made = cell.path("data/services/").withCString { base in
            var bytes = Array(UnsafeBufferPointer(start: base, count: strlen(base)))
            bytes += [0x1b, -1, 0x0a, 0]
            return mkdir(bytes, 0o700)
        }
        #expect(made == 0)
        let faults = try ServiceRegistry(loading: cell.layout).faults
        #expect(
            faults.map(\.reason) == ["data/services/\\u{1b}\u{fffd}\\u{a}: the name is not \(ServiceID.rule)"])
    }

    @Test("a cell without services has an empty plan; no cell is an error that names it")
    func noServices() throws {
        let cell = try ScratchCell()
        #expect(try ServiceRegistry(loading: cell.layout).services.isEmpty)
        let error = #expect(throws: RegistryError.self) {
            try ServiceRegistry(loading: CellLayout(root: cell.path("absent")))
        }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix(cell.path("absent") + ": no cell there") == true)
        try cell.write("data/services", [])
        let listing = #expect(throws: RegistryError.self) { try ServiceRegistry(loading: cell.layout) }
        #expect(listing?.code == .system)
    }

    @Test("a plan for some services keeps their order and faults, and names what it does not know")
    func only() throws {
        let cell = try ScratchCell()
        for name in Fixture.names { try cell.install(name) }
        try cell.makeDirectory("data/services/empty")
        let plan = try ServiceRegistry(loading: cell.layout).backupPlan()
        let part = try plan.only(["notes", "empty", "calendar"])
        #expect(part.services.map(\.service.rawValue) == ["calendar", "notes"])
        #expect(part.faults.map(\.service) == ["empty"])
        let error = #expect(throws: RegistryError.self) { try plan.only(["homepage"]) }
        #expect(error?.code == .notFound)
        #expect(
            error?.message == "no installed service \"homepage\" has anything to back up; this cell backs up calendar, "
                + "email, empty, files, notes")
    }
}
