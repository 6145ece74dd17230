import Archive
import ArgumentParser
import Glibc
import Runs
import SystemPackage

struct ArchiveExtract: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract", abstract: "Extract a .tar.gz into a new or empty directory.",
        discussion: """
            A file of a snapshot is compared with its snapshot.json first. Any other needs --unrecorded: then it is \
            extracted under strict limits, as your own files, without devices, fifos, outward links, setuid and \
            security attributes. Exit codes: 0 ok, 1 failed, 65 refused (nothing was written).
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A .tar.gz.")
    var file: String

    @Option(help: ArgumentHelp("A new or empty directory.", valueName: "dir"))
    var to: String?

    @Flag(help: "Accept a file that no snapshot records.")
    var unrecorded = false

    mutating func run() async throws {
        let (file, global, isUnrecorded) = (file, global, unrecorded)
        guard let target = to else { throw ValidationError("name a new directory with --to DIR") }
        let record = try RecordedArchive.find(file)
        guard record != nil || isUnrecorded else {
            throw RunError(
                .refused,
                "\(file): no snapshot records this file; check where it comes from, then extract it with --unrecorded")
        }
        let limits = record?.limits ?? .unrecorded
        let rules = HostRules(asRecorded: false, owners: record != nil && geteuid() == 0)
        let (summary, warnings) = try await RefusalObject.reporting(file, global) { progress in
            try HostExtractor(limits: limits, rules: rules).extract(
                try ArchiveFile(path: file), to: FilePath(target), progress: progress
            ) { summary throws(ArchiveError) in
                try record?.compare(summary)
            }
        }
        for warning in warnings { Output.talk("picjobs: warning: \(warning)") }
        var object = SummaryObject(file, summary)
        object.target = target
        object.warnings = warnings
        if global.json {
            try Output.json(object)
        } else if !global.quiet {
            Output.data("\(target): \(object.line)")
        }
    }
}
