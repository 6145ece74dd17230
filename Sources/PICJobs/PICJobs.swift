import ArgumentParser

@main
struct PICJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "picjobs")
}
