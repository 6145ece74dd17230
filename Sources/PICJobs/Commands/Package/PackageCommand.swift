import ArgumentParser

struct PackageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "package", abstract: "Packages of services, for those who make them.",
        subcommands: [PackageBuild.self, PackageCheckCommand.self])
}
