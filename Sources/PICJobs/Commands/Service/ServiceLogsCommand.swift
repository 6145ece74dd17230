import ArgumentParser
import Glibc
import Runs
import SystemPackage

struct ServiceLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "What a service's containers write.",
        discussion: "Exit codes: 0 ok, 1 failed, 64 it has no such container, 78 configuration, 130/143 cancelled.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Argument(help: "One of its containers; all of them when none is named.")
    var container: String?

    @Option(help: "How many of the last lines of each container.")
    var lines = 100

    @Flag(name: .shortAndLong, help: "Go on with what they write from now on, until Ctrl-C.")
    var follow = false

    mutating func run() async throws {
        let output = dup(STDOUT_FILENO)
        guard output >= 0 else { throw RunError(.failed, "standard output can't be used: \(Errno(rawValue: errno))") }
        try await ServiceLogs.copy(
            service, container: container, lines: lines, follow: follow, from: try global.openCell(),
            to: FileDescriptor(rawValue: output))
    }
}
