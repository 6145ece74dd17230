import ArgumentParser
import Registry
import Runs

struct ServiceConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show or change a service's configuration.",
        discussion: """
            Changed values take effect with picjobs service reconfigure. Exit codes: 0 ok, 1 no such service, 64 usage, 78 \
            a value is missing, of the wrong type or out of bounds; nothing was saved then.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Argument(help: ArgumentHelp("Values to save; without any, all are shown.", valueName: "KEY=VALUE"))
    var values: [String] = []

    @Option(help: ArgumentHelp("Let a field's default hold again.", valueName: "KEY"))
    var unset: [String] = []

    @Flag(help: "Only check the values.")
    var dryRun = false

    private struct Field: Encodable {
        let value: ConfigValue?
        let saved: Bool
        let type: String
        let label: String
        let required: Bool
        let min: Int?
        let max: Int?
    }

    mutating func run() async throws {
        let config = try ServiceConfiguration(service, in: try global.openCell())
        let isChange = !values.isEmpty || !unset.isEmpty
        if isChange { try config.save(values, unset: unset, isDryRun: dryRun) }
        let merged = try config.merged()
        if global.json {
            let fields = merged.entries.map { entry in
                (
                    entry.field.key,
                    Field(
                        value: entry.value, saved: entry.isSaved, type: entry.field.type.rawValue,
                        label: entry.field.label, required: entry.field.required, min: entry.field.min,
                        max: entry.field.max)
                )
            }
            try Output.json(Dictionary(fields) { first, _ in first })
            return
        }
        guard !global.quiet else { return }
        if isChange {
            Output.data(
                dryRun
                    ? "the values may be saved" : "saved; picjobs service reconfigure \(config.manifest.id) applies it")
            return
        }
        var table = Table([("KEY", .left), ("VALUE", .left), ("SET", .left), ("WHAT IT IS", .left)])
        for entry in merged.entries {
            table.add([
                entry.field.key, entry.value?.text ?? "–", entry.isSaved ? "yes" : "default", entry.field.label,
            ])
        }
        table.print()
    }
}
