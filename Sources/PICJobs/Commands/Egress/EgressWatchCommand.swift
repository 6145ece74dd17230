import ArgumentParser
import Runs

struct EgressWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Keep the network as planned until it is told to end.",
        discussion: """
            Reconciles whenever a link, a container or somebody else changes what was programmed, and says who did. \
            When it ends, what is programmed stays. Exit codes: 1 failed, 75 the cell has a watcher already, 78 \
            configuration, 130/143 ended by a signal.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "Seconds between two looks without a reason.")
    var interval = 30

    mutating func validate() throws {
        guard (1...3600).contains(interval) else { throw ValidationError("--interval must be 1 to 3600 seconds") }
    }

    mutating func run() async throws {
        try await EgressWatch(try global.openCell(), interval: interval, observer: global.observer()).run()
    }
}
