import ArgumentParser
import Runs

struct CaddyRender: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Print services.caddy as it would be written, and write nothing.",
        discussion: "Exit codes: 0 ok, 1 failed, 3 a site is left out, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Print services.hosts, the names for DNS, instead.")
    var hosts = false

    private struct Object: Encodable {
        let caddyfile: String
        let hosts: String
        let faults: [String]
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let rendering = try CaddyRun(cell, observer: global.observer(), exitCode: ExitStatus.code).render()
        for fault in rendering.faults { Output.talk("picjobs: \(fault)") }
        if global.json {
            try Output.json(
                Object(caddyfile: rendering.caddyfile, hosts: rendering.hosts, faults: rendering.faults))
        } else {
            Output.data((hosts ? rendering.hosts : rendering.caddyfile).trimmingLastNewline)
        }
        if !rendering.faults.isEmpty { throw ExitCode(ExitStatus.partial) }
    }
}

extension String {
    /// Without the newline that the printing adds again.
    fileprivate var trimmingLastNewline: String { last == "\n" ? String(dropLast()) : self }
}
