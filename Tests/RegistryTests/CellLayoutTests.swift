import Registry
import SystemPackage
import Testing

@Suite("Where things lie in a cell")
struct CellLayoutTests {
    @Test("every path is the one of the design")
    func paths() throws {
        let cell = CellLayout(root: "/srv/cell/")
        let notes = try #require(ServiceID("notes"))
        let expected: [(FilePath, FilePath)] = [
            (cell.cellConfig, "/srv/cell/config/cell_config.json"),
            (cell.runnerConfig, "/srv/cell/config/picjobs.yml"),
            (cell.servicesCaddyfile, "/srv/cell/config/caddy/services.caddy"),
            (cell.servicesHosts, "/srv/cell/config/dns/services.hosts"),
            (cell.serviceConfig(notes), "/srv/cell/config/notes"),
            (cell.serviceSecrets, "/srv/cell/data/service_secrets.json"),
            (cell.peerCredentials, "/srv/cell/data/peer_service_credentials.json"),
            (cell.addressLeases, "/srv/cell/data/ip_leases.json"),
            (cell.keys, "/srv/cell/data/keys"),
            (cell.snapshotKey, "/srv/cell/data/keys/snapshot.key"),
            (cell.services, "/srv/cell/data/services"),
            (cell.service(notes), "/srv/cell/data/services/notes"),
            (cell.manifest(notes), "/srv/cell/data/services/notes/manifest.json"),
            (cell.composeTemplate(notes), "/srv/cell/data/services/notes/compose-template.yml"),
            (cell.composeFile(notes), "/srv/cell/data/services/notes/docker-compose.yml"),
            (cell.installRecord(notes), "/srv/cell/data/services/notes/install.json"),
            (cell.backups, "/srv/cell/data/backups"),
            (cell.runs, "/srv/cell/data/runs"),
            (cell.run("20261123T023000Z-1"), "/srv/cell/data/runs/20261123T023000Z-1"),
            (cell.runRecord("20261123T023000Z-1"), "/srv/cell/data/runs/20261123T023000Z-1/run.json"),
            (cell.runSteps("20261123T023000Z-1"), "/srv/cell/data/runs/20261123T023000Z-1/steps.jsonl"),
            (cell.runLog("20261123T023000Z-1"), "/srv/cell/data/runs/20261123T023000Z-1/log"),
            (cell.jobs, "/srv/cell/jobs"),
            (cell.place(try #require(ConfigPath("config/notes"))), "/srv/cell/config/notes"),
        ]
        for (found, wanted) in expected { #expect(found == wanted) }
    }

    @Test("a path in the cell is shown relative to it, another one as it is")
    func relative() {
        let cell = CellLayout(root: "/srv/cell")
        #expect(cell.relative("/srv/cell/data/runs") == "data/runs")
        #expect(cell.relative("/srv/cellar/x") == "/srv/cellar/x")
        #expect(cell.relative("/srv/cell") == "/srv/cell")
        #expect(CellLayout(root: ".").relative(CellLayout(root: ".").cellConfig) == "config/cell_config.json")
    }
}
