import Archive
import ArgumentParser
import Runs

struct JobsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One run: how it ended, its steps, its log.",
        discussion: "Exit codes: 0 ok, 1 there is no such run, 64 that is no run id, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The run's id; jobs history lists them.", valueName: "run"))
    var id: String

    private struct Object: Encodable {
        let run: RunObject
        let steps: [RunStep]
        let unreadable: [String]
        let log: [String]
    }

    mutating func run() async throws {
        let id = try RunID(checking: id)
        let cell = try global.openCell()
        let history = try RunHistory(cell)
        let summary = try history.summary(id)
        let journal = try history.journal(id)
        let object = Object(
            run: RunObject(summary), steps: journal.steps, unreadable: journal.faults.map { "steps.jsonl \($0)" },
            log: try RunHistory.log(id, of: cell))
        if global.json {
            try Output.json(object)
            return
        }
        guard !global.quiet else { return }
        Output.data("run       \(id)")
        Output.data("kind      \(summary.kind.rawValue)\(summary.job.map { ", job \($0)" } ?? "")")
        Output.data("started   \(summary.started)")
        if let finished = summary.finished {
            Output.data("finished  \(finished)\(summary.seconds.map { ", \(Amount.seconds($0))" } ?? "")")
        }
        Output.data("state     \(summary.standing(alive: RunningRun.ids(cell)))")
        if let snapshot = summary.snapshot { Output.data("snapshot  \(snapshot)") }
        if let result = summary.result { Output.data("result    \(result)") }
        for step in object.steps {
            let place = step.volume.map { " \($0)" } ?? step.snapshot.map { " \($0)" } ?? ""
            Output.data("step      \(step.time) \(step.step.rawValue)\(place)")
        }
        for line in object.unreadable { Output.data("unread    \(line)") }
        for line in object.log { Output.data("log       \(line)") }
    }
}
