import ArgumentParser
import Runs

struct CaddyApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Have Caddy serve every installed service.",
        discussion: """
            The sites go in at the line "import services.caddy" of the cell's own Caddyfile, whose core sites stay as they \
            are. Caddy keeps what it had when it refuses the new, and gets it back when a changed host is not served \
            afterwards. Exit codes: 0 ok, 1 failed, and everything is as before, 3 a site is left out, 75 another apply \
            runs, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    private struct Object: Encodable {
        let changed: [String]
        let faults: [String]
        let exit_code: Int32
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let outcome = try await CaddyRun(cell, observer: global.observer(), exitCode: ExitStatus.code).apply()
        for fault in outcome.faults { Output.talk("picjobs: \(fault)") }
        if global.json {
            try Output.json(Object(changed: outcome.changed, faults: outcome.faults, exit_code: outcome.exitCode))
        } else if !global.quiet {
            Output.data(
                outcome.changed.isEmpty
                    ? "nothing changed" : outcome.changed.map { "changed \($0)" }.joined(separator: "\n"))
        }
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }
}
