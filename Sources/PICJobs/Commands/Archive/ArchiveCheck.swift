import Archive
import ArgumentParser

struct ArchiveCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read a .tar.gz to its last byte and hold it to every rule.",
        discussion: """
            A file of a snapshot is also compared with its snapshot.json. Exit codes: 0 it is whole and safe, 1 it can't \
            be read, 65 it breaks a rule (named).
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A .tar.gz.")
    var file: String

    mutating func run() async throws {
        let (file, global) = (file, global)
        let summary = try await RefusalObject.reporting(file, global) { progress in
            try GivenArchive(file).walk(progress: progress)
        }
        let object = SummaryObject(file, summary)
        if global.json {
            try Output.json(object)
        } else if !global.quiet {
            Output.data("\(file): ok, \(object.line)")
        }
    }
}
