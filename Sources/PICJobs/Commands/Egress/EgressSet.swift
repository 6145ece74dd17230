import ArgumentParser
import Runs

struct EgressSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Choose another exit for a service.",
        discussion: """
            The choice is saved in config/cell_config.json, the kernel is changed, and flows that began by the old exit \
            are cut. An exit that is not active leaves the service closed. Exit codes: 0 ok, 1 failed, or no such \
            service, 3 a service is closed that should not be, 64 no such exit, 65 the manifest does not allow it, 75 \
            another run changes the network, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Argument(help: "default, wireguard_ext, openvpn or tor.")
    var exit: String

    @Flag(help: "Only check whether the choice is allowed.")
    var dryRun = false

    mutating func run() async throws {
        let cell = try global.openCell()
        let egress = EgressRun(cell, observer: global.observer(), exitCode: ExitStatus.code)
        if dryRun {
            try egress.check(service, exit: exit)
            if !global.json, !global.quiet { Output.data("\(service) may leave by \(exit); nothing was changed") }
            if global.json { try Output.json(["service": service, "exit": exit]) }
            return
        }
        let (run, outcome) = try await egress.set(service, exit: exit)
        try EgressView(outcome, run: run).show(global, unchanged: "\(service) leaves by \(exit) already")
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }
}
