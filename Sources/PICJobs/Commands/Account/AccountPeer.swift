import ArgumentParser
import Runs

struct AccountPeer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peer", abstract: "Everything of one peer.",
        subcommands: [AccountPeerShow.self, AccountPeerRemove.self])
}

struct AccountPeerShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What a peer's device is told: the filled template of each of its services.",
        discussion: "Always JSON. Exit codes: 0 ok, 1 failed, 64 usage, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The peer's user name.")
    var peer: String

    private struct Object: Encodable {
        let peer: String
        let services: [String: [String: String]]
    }

    mutating func run() async throws {
        try Output.json(
            Object(peer: peer, services: try AccountManager(try global.openCell()).information(for: peer)))
    }
}

struct AccountPeerRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a peer's accounts on every service; goes on after a failure.",
        discussion:
            "Exit codes: 0 ok, 1 failed, 3 an account could not be removed, 64 usage, 75 busy, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The peer's user name.")
    var peer: String

    mutating func run() async throws {
        let result = try await AccountManager(try global.openCell()).deprovision(everythingOf: peer)
        let failed = result.compactMapValues { $0 }
        for (service, reason) in failed.sorted(by: { $0.key < $1.key }) {
            Output.talk("picjobs: error: \(service): \(reason)")
        }
        if global.json {
            try Output.json(result.mapValues { $0 == nil })
        } else if !global.quiet {
            for (service, reason) in result.sorted(by: { $0.key < $1.key }) {
                Output.data("\(service): \(reason == nil ? "removed" : "still pending")")
            }
        }
        if !failed.isEmpty { throw ExitCode(ExitStatus.partial) }
    }
}
