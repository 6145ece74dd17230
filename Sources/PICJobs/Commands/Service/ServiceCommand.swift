import ArgumentParser

struct ServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "The services of a cell and their manifests.",
        subcommands: [ServiceList.self, ServiceValidate.self])
}
