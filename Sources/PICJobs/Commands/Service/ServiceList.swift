import ArgumentParser
import Registry
import Runs

struct ServiceList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The installed services, and what the store has.",
        discussion: """
            Exit codes: 0 ok, also when the containers' engine does not answer, 1 the store can't be reached, 3 the \
            manifest of an installed service can't be used, 65 the store's index is refused, 78 configuration.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Also what the store offers, and which updates there are.")
    var available = false

    private struct Object: Encodable {
        struct Service: Encodable {
            let id: String
            let name: String
            let version: String?
            let available: String?
            let state: String?
            let containers: [Container]
        }

        struct Container: Encodable {
            let name: String
            let state: String?
        }

        struct Unreadable: Encodable {
            let service: String
            let error: String
        }

        let services: [Service]
        let unreadable: [Unreadable]
        let notes: [String]
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let overview = try await ServiceOverview(cell, store: available ? Store(cell.config.store) : nil)
        if global.json {
            try Output.json(object(overview))
        } else if !global.quiet {
            table(overview).print()
        }
        for note in overview.notes { Output.talk("picjobs: note: \(note)") }
        for fault in overview.faults { Output.talk("picjobs: error: \(fault.service): \(fault.reason)") }
        if !overview.faults.isEmpty { throw ExitCode(ExitStatus.partial) }
    }

    private func object(_ overview: ServiceOverview) -> Object {
        Object(
            services: overview.services.map { service in
                .init(
                    id: service.id.rawValue, name: service.name, version: service.installed,
                    available: service.offered, state: service.state?.rawValue,
                    containers: service.containers.map { .init(name: $0.name, state: $0.state) })
            },
            unreadable: overview.faults.map { .init(service: $0.service, error: $0.reason) }, notes: overview.notes)
    }

    private func table(_ overview: ServiceOverview) -> Table {
        let store: [(String, Table.Alignment)] = available ? [("available", .left), ("state", .left)] : []
        var table = Table(
            [("service", .left), ("name", .left), ("version", .left)] + store + [("containers", .left)])
        for service in overview.services {
            let containers = service.containers.map { "\($0.name) \($0.state ?? "?")" }.joined(separator: ", ")
            let offer = available ? [service.offered ?? "-", service.state?.rawValue ?? "-"] : []
            table.add(
                [service.id.rawValue, service.name, service.installed ?? "-"] + offer
                    + [containers.isEmpty ? "-" : containers])
        }
        return table
    }
}
