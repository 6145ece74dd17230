import Archive
import ArgumentParser
import Registry
import Runs

struct ServiceShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "All about one installed service.",
        discussion: "Exit codes: 0 ok, 1 no such service, 65 its manifest can't be used, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    private struct Object: Encodable {
        let manifest: Manifest
        let install: InstallRecord?
        let containers: [InstalledService.Container]
        let hosts: [String]
        let exit: String
        let storage: InstalledService.Storage?
        let faults: [String]
    }

    mutating func run() async throws {
        let view = try await InstalledService(service, in: try global.openCell())
        if global.json {
            try Output.json(
                Object(
                    manifest: view.manifest, install: view.record, containers: view.containers, hosts: view.hosts,
                    exit: view.exit, storage: view.storage, faults: view.faults))
            return
        }
        guard !global.quiet else { return }
        let manifest = view.manifest
        Output.data("service    \(manifest.id): \(manifest.name), version \(manifest.version)")
        Output.data("           \(manifest.description)")
        if let record = view.record {
            Output.data("installed  \(record.installed) from \(record.origin)")
            if record.updated != record.installed { Output.data("updated    \(record.updated)") }
        }
        for container in view.containers {
            Output.data(
                "container  \(container.name)  \(container.address ?? "no address")  \(container.state)"
                    + (container.image.map { "  \($0)" } ?? ""))
        }
        for host in view.hosts { Output.data("host       \(host)") }
        Output.data("exit       \(view.exit)")
        if let storage = view.storage {
            let used = storage.bytes.map { Amount.bytes($0) } ?? "not there"
            let quota = storage.quota.map { " of \(Amount.bytes($0))" } ?? ""
            Output.data("storage    \(storage.path)  \(used)\(quota)")
        }
        for volume in manifest.backup?.volumes ?? [] {
            Output.data("volume     \(volume.name)  \(volume.container):\(volume.path)")
        }
        for fault in view.faults { Output.data("fault      \(fault)") }
    }
}
