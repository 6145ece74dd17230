import ArgumentParser

struct ServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "The services of a cell: install, update, look at, remove.",
        subcommands: [
            ServiceList.self, ServiceShow.self, ServiceInstall.self, ServiceUpdate.self, ServiceReconfigure.self,
            ServiceConfig.self, ServiceRestart.self, ServiceLogsCommand.self, ServiceRemove.self, ServiceValidate.self,
        ])
}
