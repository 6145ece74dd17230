import Archive
import ArgumentParser
import Netfilter
import Runs

struct EgressStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Where each service's packets go right now, and why they don't.",
        discussion: "Exit codes: 0 read, whatever the answer, 1 failed, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    private struct Object: Encodable {
        struct Gateway: Encodable {
            let programmed: Bool
            /// Exit → why it can't be used.
            let closed_exits: [String: String]
        }

        struct Service: Encodable {
            let service: String
            let container: String
            let address: String?
            let exit: String?
            let usable: Bool
            let why: String?
            let mapped: Bool
            let steered: Bool
            let guarded: Bool
            let dropped: UInt64
            let last_change: Timestamp?
            let problems: [String]
        }

        let gateway: Gateway
        let services: [Service]
        let counters: [String: UInt64]
        let findings: [String]
    }

    mutating func run() async throws {
        let overview = try await EgressOverview(try global.openCell())
        if global.json {
            try Output.json(object(overview))
        } else if !global.quiet {
            show(overview)
        }
    }

    private func object(_ overview: EgressOverview) -> Object {
        let status = overview.status
        return Object(
            gateway: .init(
                programmed: status.isGatewayProgrammed,
                closed_exits: Dictionary(status.closedExits.map { ($0.key.rawValue, $0.value) }) { first, _ in first }),
            services: status.containers.map { container in
                .init(
                    service: container.service, container: container.name, address: container.address?.description,
                    exit: container.exit?.rawValue, usable: container.whyNot == nil, why: container.whyNot,
                    mapped: container.isMapped, steered: container.isSteered, guarded: container.isGuarded,
                    dropped: container.dropped, last_change: overview.since[container.service],
                    problems: container.problems)
            }, counters: status.counters, findings: overview.findings)
    }

    private func show(_ overview: EgressOverview) {
        func mark(_ flag: Bool) -> String { flag ? "yes" : "NO" }
        var table = Table([
            ("service", .left), ("container", .left), ("address", .left), ("exit", .left), ("usable", .left),
            ("mapped", .left), ("steered", .left), ("guarded", .left), ("dropped", .right), ("last change", .left),
        ])
        for container in overview.status.containers {
            table.add([
                container.service, container.name, container.address?.description ?? "–",
                container.exit?.rawValue ?? "none", mark(container.whyNot == nil), mark(container.isMapped),
                mark(container.isSteered), mark(container.isGuarded), "\(container.dropped)",
                overview.since[container.service].map { "\($0)" } ?? "–",
            ])
        }
        table.print()
        for container in overview.status.containers {
            if let reason = container.whyNot {
                Output.data("\(container.name) is \(container.isOpen ? "OPEN" : "offline"): \(reason)")
            }
            for problem in container.problems where problem != container.whyNot {
                Output.data("\(container.name): \(problem)")
            }
        }
        for finding in overview.findings { Output.data("note: \(finding)") }
    }
}
