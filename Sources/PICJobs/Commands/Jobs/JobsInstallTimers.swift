import ArgumentParser
import Runs

struct JobsInstallTimers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install-timers", abstract: "Write a systemd service and timer for each job with a schedule.",
        discussion: """
            Run it again after a schedule changed. It never replaces a unit that it did not write for this cell, and it \
            starts nothing: it prints the commands to run next. Exit codes: 0 ok, 1 failed, 64 usage, 78 configuration \
            or job file.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Where the units go.", valueName: "dir"))
    var directory = "/etc/systemd/system"

    @Option(help: ArgumentHelp("The program the units start. (default: this one)", valueName: "path"))
    var picjobs: String?

    @Option(help: ArgumentHelp("Part of the units' names, for a machine with several cells.", valueName: "name"))
    var instance: String?

    @Flag(help: "Print the units; write nothing.")
    var dryRun = false

    private struct Object: Encodable {
        struct Unit: Encodable {
            let file: String
            let text: String
        }

        let dry_run: Bool
        let directory: String
        let units: [Unit]
        let unscheduled: [String]
        let leftovers: [String]
        let next: [String]
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let installation = try TimerInstallation(cell, directory: directory, program: picjobs, instance: instance)
        if !dryRun { try installation.write() }
        let leftovers = dryRun ? [] : try installation.leftovers()
        for note in installation.notes { Output.talk("picjobs: warning: \(note)") }
        if global.json {
            try Output.json(
                Object(
                    dry_run: dryRun, directory: directory,
                    units: installation.files.map { .init(file: $0.name, text: $0.text) },
                    unscheduled: installation.unscheduled.map(\.text), leftovers: leftovers,
                    next: installation.nextCommands))
            return
        }
        for file in installation.files {
            if dryRun {
                Output.data("# \(directory)/\(file.name)\n\(file.text)")
            } else if !global.quiet {
                Output.data("wrote \(directory)/\(file.name)")
            }
        }
        guard !global.quiet else { return }
        for job in installation.unscheduled { Output.talk("job \(job) has no schedule and gets no timer") }
        for timer in leftovers {
            Output.talk("\(timer) belongs to no job any more: systemctl disable --now \(timer), then remove its files")
        }
        if installation.units.isEmpty { Output.talk("no job of this cell has a schedule; nothing was written") }
        guard !installation.nextCommands.isEmpty, !dryRun else { return }
        Output.data("next:")
        for command in installation.nextCommands { Output.data("  \(command)") }
    }
}
