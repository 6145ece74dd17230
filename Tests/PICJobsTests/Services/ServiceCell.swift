import FoundationEssentials
import Registry
import SystemPackage
import TestSupport

@testable import Archive
@testable import Runs

/// A cell of the local runtime, and a package `pages` that can be installed in it.
struct ServiceCell {
    let cell: JobCell
    let pages: ServiceID

    /// - Parameter hasNotes: Leaves the cell's notes, whose site nobody serves here.
    init(_ directory: FilePath, hasNotes: Bool = false) throws {
        cell = try JobCell(directory)
        if !hasNotes { try FileManager.default.removeItem(atPath: cell.path + "/data/services/notes") }
        // As this program writes it: a change that is taken back leaves the same bytes.
        let config = try CellConfig(of: cell.open().layout)
        try cell.write(
            "config/cell_config.json", String(decoding: JSONValue.object(config.document).serialized(), as: UTF8.self))
        guard let id = ServiceID("pages") else { throw Errno.invalidArgument }
        pages = id
        try cell.write(
            "config/picjobs.yml",
            "runtime: local\ncontainers:\n  cell-notes: data/containers/cell-notes\n"
                + "  cell-pages: data/containers/cell-pages\n")
    }

    /// The package; its one setting `title` has to be given.
    static func manifest(_ version: String = "1.0.0", configPaths: String = #"["config/pages"]"#) -> String {
        """
        {"schema_version": 3, "id": "pages", "name": "Pages", "description": "Serves pages.", "version": "\(version)",
         "author": "pic", "kind": "store",
         "capabilities": {"has_subdomain": false, "has_accounts": false, "has_admin_config": true, "has_storage": true,
                          "has_egress": false, "has_api_hooks": false},
         "containers": ["cell-pages"],
         "config_schema": {"title": {"type": "string", "label": "Title", "required": true}},
         "backup": {"volumes": [{"container": "cell-pages", "path": "/data", "name": "pages_data"}],
                    "config_paths": \(configPaths)},
         "storage": {"primary_path": "data/pages", "quota_mb": null},
         "image": "git.pic.ngo/roof/pic-pages:\(version)", "container_name": "cell-pages",
         "volumes": [{"name": "pages-data", "mount": "/data"}], "env": [], "iptables_rules": [], "compose": null}
        """
    }

    static func package(_ version: String = "1.0.0", subdomain: String? = nil) -> FetchedPackage {
        let template = """
            services:
              cell-pages:
                image: git.pic.ngo/roof/pic-pages:\(version)
                container_name: cell-pages
                environment:
                  TITLE: "${PIC_CFG_TITLE}"
                  KEY: "${PIC_SECRET_KEY}"
                networks:
                  cell-network:
                    ipv4_address: "${SERVICE_IP}"
            networks:
              cell-network:
                external: true
            """
        var manifest = manifest(version)
        if let subdomain {
            manifest.replace(#""has_subdomain": false"#, with: #""has_subdomain": true"#)
            manifest.replace(
                #""compose": null"#,
                with: #""subdomain": "\#(subdomain)", "backend": "cell-pages:80", "compose": null"#)
        }
        return FetchedPackage(
            StorePackage(manifest: Array(manifest.utf8), composeTemplate: Array(template.utf8)),
            origin: "pages-\(version).zip")
    }

    func changes() throws -> ServiceChanges {
        ServiceChanges(try cell.open(), observer: SilentObserver()) { _ in 1 }
    }

    @discardableResult
    func install(_ settings: [String] = ["title=Mine"]) async throws -> ServiceOutcome {
        var options = ServiceOptions()
        options.settings = settings
        return try await changes().install(pages, from: Self.package(), options)
    }

    @discardableResult
    func update(_ settings: [String]) async throws -> ServiceOutcome {
        var options = ServiceOptions()
        options.settings = settings
        return try await changes().update(pages, from: Self.package(), options)
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: cell.path + "/" + name, encoding: .utf8) }

    /// Every path of the cell but what runs and locks leave, with modes and contents' digests; a JSON file that holds an
    /// empty object counts as none.
    func listing() async throws -> String {
        try await Tool.run([
            "bash", "-euc",
            "cd \"$1\"; find . -path ./data/runs -prune -o -name '*.lock' -o -path ./data/backups -prune "
                + "-o -path ./data/keys -prune -o -size -4c -name '*.json' -o -printf '%p %m\\n' | LC_ALL=C sort; "
                + "find config data/services data/*.json -type f -size +3c -exec sha256sum {} + | LC_ALL=C sort",
            "bash", cell.path,
        ])
    }
}
