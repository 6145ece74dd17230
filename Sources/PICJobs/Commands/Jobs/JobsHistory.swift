import Archive
import ArgumentParser
import Runs

struct JobsHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "All runs on record, of jobs and commands, the newest first.",
        discussion: "Exit codes: 0 ok, 1 failed, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    private struct Object: Encodable {
        let runs: [RunObject]
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let runs = try RunHistory(cell).summaries()
        if global.json {
            try Output.json(Object(runs: runs.map(RunObject.init)))
            return
        }
        guard !global.quiet else { return }
        let alive = RunningRun.ids(cell)
        var table = Table([
            ("run", .left), ("kind", .left), ("job", .left), ("time", .right), ("ended with", .left), ("result", .left),
        ])
        for run in runs {
            table.add([
                run.id.text, run.kind.rawValue, run.job ?? "–", run.seconds.map(Amount.seconds) ?? "–",
                run.standing(alive: alive), Self.short(run.result ?? ""),
            ])
        }
        table.print()
    }

    /// One line of a table; `jobs show` has the whole.
    private static func short(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count <= 100 ? line : line.prefix(99) + "…"
    }
}
