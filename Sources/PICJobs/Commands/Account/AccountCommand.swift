import ArgumentParser
import Registry
import Runs

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Accounts of peers on services.",
        subcommands: [
            AccountList.self, AccountAdd.self, AccountRemove.self, AccountShow.self, AccountPeer.self,
            AccountReconcile.self,
        ])
}

struct AccountList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The peers that have an account on a service.",
        discussion: "Exit codes: 0 ok, 1 no such service, 65 the service has no accounts, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    private struct Object: Encodable {
        let service_id: String
        let accounts: [String]
    }

    mutating func run() async throws {
        let peers = try AccountManager(try global.openCell()).list(service).map(\.rawValue)
        if global.json {
            try Output.json(Object(service_id: service, accounts: peers))
        } else {
            for peer in peers { Output.data(peer) }
        }
    }
}

struct AccountShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A peer's stored credentials on a service, in plain text.",
        discussion: "Exit codes: 0 ok, 1 no such account, 64 usage, 65 the service has no accounts, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Argument(help: "The peer's user name.")
    var peer: String

    mutating func run() async throws {
        let values = try AccountManager(try global.openCell()).credentials(service, peer)
        if global.json {
            try Output.json(values.merging(["service_id": service, "username": peer]) { own, _ in own })
        } else {
            for (name, value) in values.sorted(by: { $0.key < $1.key }) { Output.data("\(name)  \(value)") }
        }
    }
}

struct AccountReconcile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Finish what a killed command began, and compare the stored credentials with the services.",
        discussion: "Exit codes: 0 all agree, 1 failed, 3 something was settled or does not agree, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let found = try await AccountManager(try global.openCell()).reconcile()
        if global.json {
            try Output.json(["findings": found])
        } else {
            for line in found { Output.data(line) }
            if found.isEmpty, !global.quiet { Output.data("all agree") }
        }
        if !found.isEmpty { throw ExitCode(ExitStatus.partial) }
    }
}
