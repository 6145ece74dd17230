import ArgumentParser
import Runs

struct JobsSettle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settle",
        abstract: "Deal with a run that was killed and could not be undone, or is not understood.",
        discussion: """
            --undo tries once more to finish or undo what the run has begun, and says what it did. --forget says what is \
            left where, and takes the run for dealt with: look at its volumes first. Exit codes: 0 the run is settled, \
            1 it is not, 64 that is no run id, 75 another run holds the cell, 78 configuration.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The run's id; jobs history lists them.", valueName: "run"))
    var id: String

    @Flag(help: "Try to finish or undo it once more.") var undo = false
    @Flag(help: "Nothing is undone: a person has looked at what is left.") var forget = false

    func validate() throws {
        guard undo != forget else { throw ValidationError("name one of --undo and --forget") }
    }

    private struct Object: Encodable {
        let run: RunObject
        let left: [String]
        let result: String
    }

    mutating func run() async throws {
        let id = try RunID(checking: id)
        let settlement = RunSettlement(try global.openCell(), id, observer: global.observer())
        let report =
            undo
            ? try await settlement.undo(exitCode: ExitStatus.code)
            : try await settlement.forget(exitCode: ExitStatus.code)
        if global.json {
            try Output.json(Object(run: RunObject(report.run), left: report.left, result: report.result))
            return
        }
        guard !global.quiet else { return }
        for line in report.left { Output.data("left      \(line)") }
        Output.data("run \(id): \(report.result)")
    }
}
