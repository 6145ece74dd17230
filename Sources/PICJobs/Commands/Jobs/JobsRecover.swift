import ArgumentParser
import Runs

struct JobsRecover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Finish or undo what killed runs left; for the boot.",
        discussion: """
            Every command that changes a cell begins with this. By itself it is for the boot, after a power cut in the \
            middle of a restore: the containers that were stopped for it start again only then. Exit codes: 0 nothing is \
            left, 1 failed, 3 something could not be settled, 75 another run holds the cell, 78 configuration.
            """)

    @OptionGroup var global: GlobalOptions

    private struct Object: Encodable {
        let unsettled: [String: String]
        let exit_code: Int32
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let unsettled = try await RecoveryRun.perform(
            cell, observer: global.observer(), exitCode: ExitStatus.code)
        let code: Int32 = unsettled.isEmpty ? 0 : 3
        if global.json {
            try Output.json(Object(unsettled: unsettled, exit_code: code))
        } else if unsettled.isEmpty, !global.quiet {
            Output.data("nothing is left of an earlier run")
        }
        if code != 0 { throw ExitCode(code) }
    }
}
