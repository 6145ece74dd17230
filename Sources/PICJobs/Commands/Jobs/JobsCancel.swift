import ArgumentParser
import Runs

struct JobsCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End the run that is under way.",
        discussion: """
            Sends SIGTERM to the process that holds the cell's lock and waits up to ten seconds; the run undoes what it \
            had begun. Exit codes: 0 it ended, or nothing ran; 1 it still runs, or may not be signalled; 78 \
            configuration.
            """)

    @OptionGroup var global: GlobalOptions

    private struct Object: Encodable {
        let run: String?
        let process: Int32?
        let ended: Bool
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        guard let running = try RunningRun.current(cell) else {
            try show(Object(run: nil, process: nil, ended: true), "nothing runs")
            return
        }
        let ended = try await running.cancel()
        let standing = try RunHistory(cell).summary(running.id).standing(alive: ended ? [] : [running.id])
        try show(
            Object(run: running.id.text, process: running.process, ended: ended),
            ended ? "run \(running.id) ended: \(standing)" : nil)
        guard ended else {
            throw RunError(
                .failed,
                "run \(running.id) (process \(running.process)) was told to end ten seconds ago and still runs; look "
                    + "again soon, or kill -9 \(running.process): the next run undoes what it had begun")
        }
    }

    private func show(_ object: Object, _ line: String?) throws {
        if global.json {
            try Output.json(object)
        } else if let line, !global.quiet {
            Output.data(line)
        }
    }
}
