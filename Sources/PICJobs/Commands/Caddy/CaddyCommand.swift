import ArgumentParser

struct CaddyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caddy", abstract: "The sites of services: what Caddy is to serve, and having it served.",
        subcommands: [CaddyRender.self, CaddyApply.self])
}
