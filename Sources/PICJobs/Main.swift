import Archive
import ArgumentParser
import Dispatch
import Glibc
import Runs

/// `picjobs`: parse → call → render → exit code.
@main
struct Main {
    static func main() async {
        // A reader that went away is an error of a write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        FreedMemory.returnLargeBlocks()
        Output.occupyStandardFiles()
        do {
            try CommandLineText.require()
            try OpenFiles.raise()
        } catch {
            exit(ExitStatus.report(error))
        }
        let arguments = GlobalOptions.movedBehindCommand(Array(CommandLine.arguments.dropFirst()))
        let work = Task { try await run(arguments) }
        let interruption = Interruption { work.cancel() }
        do {
            try await work.value
            if let failure = Output.failure {
                Output.talk("picjobs: error: cannot write to standard output: \(failure)")
                exit(ExitStatus.failed)
            }
            exit(0)
        } catch {
            exit(interruption.exitCode ?? ExitStatus.report(error))
        }
    }

    private static func run(_ arguments: [String]) async throws {
        var command: any ParsableCommand
        do {
            command = try PICJobs.parseAsRoot(arguments)
        } catch {
            // Also the way out of --help and --version.
            PICJobs.exit(withError: error)
        }
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
            return
        }
        // Ours are all asynchronous: this is the parser's own `help`.
        do {
            try command.run()
        } catch {
            PICJobs.exit(withError: error)
        }
    }
}

/// SIGINT, SIGTERM and SIGHUP (a lost terminal) cancel the work instead of killing the process: what was begun is undone
/// first.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let received: SignalBox

    init(_ cancel: @escaping @Sendable () -> Void) {
        let received = SignalBox()
        self.received = received
        sources = [SIGINT, SIGTERM, SIGHUP].filter { $0 != SIGHUP || !Self.isIgnored($0) }.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                received.set(number)
                cancel()
            }
            source.resume()
            return source
        }
    }

    /// Whether the signal was ignored when the program was started, as nohup does it: then it means nothing.
    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// 130 or 143 once a signal came, a lost terminal counting as SIGTERM; nil otherwise.
    var exitCode: Int32? { received.number.map { 128 + ($0 == SIGHUP ? SIGTERM : $0) } }
}

/// `picjobs` itself: only what holds its commands together.
struct PICJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "picjobs",
        abstract: "Backups of a Personal Internet Cell that can be trusted, and exits that its services keep to.",
        discussion: """
            Exit codes: 0 ok (warnings included), 1 failed, 2 changes pending, 3 partial, 4 a recorded snapshot is \
            damaged, 64 usage, 65 input refused, 75 busy, try later, 78 configuration, 130/143 cancelled.
            """,
        version: "picjobs \(picjobsVersion)",
        subcommands: [
            Backup.self, Restore.self, Snapshots.self, ArchiveCommand.self, KeyCommand.self, Jobs.self,
            ServiceCommand.self, PackageCommand.self, EgressCommand.self, CaddyCommand.self, AccountCommand.self,
        ])

    @OptionGroup var global: GlobalOptions
}
