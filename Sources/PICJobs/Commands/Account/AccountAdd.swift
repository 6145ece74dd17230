import ArgumentParser
import Runs

struct AccountAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make an account for a peer on a service.",
        discussion: """
            The password is generated and stored; account show tells it. Exit codes: 0 ok, 1 the service did not make it, \
            64 usage, 65 there is one already, or the service has no accounts, 75 busy, 78 configuration.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Argument(help: "The peer's user name.")
    var peer: String

    @Flag(help: "Read the password from standard input, one line.")
    var passwordStdin = false

    private struct Object: Encodable {
        let service_id: String
        let username: String
        let provisioned: Bool
    }

    mutating func run() async throws {
        let password = passwordStdin ? readLine() ?? "" : nil
        try await AccountManager(try global.openCell()).provision(service, peer, password: password)
        if global.json {
            try Output.json(Object(service_id: service, username: peer, provisioned: true))
        } else if !global.quiet {
            Output.data("\(peer) has an account on \(service)")
        }
    }
}

struct AccountRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a peer's account on a service.",
        discussion: """
            Exit codes: 0 ok, 1 there is none, or the service did not remove it (it stays pending), 64 usage, 65 the \
            service has no accounts, 75 busy, 78 configuration.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Argument(help: "The peer's user name.")
    var peer: String

    mutating func run() async throws {
        try await AccountManager(try global.openCell()).deprovision(service, peer)
        if global.json {
            try Output.json(["message": "\(peer) has no account on \(service) any more"])
        } else if !global.quiet {
            Output.data("\(peer) has no account on \(service) any more")
        }
    }
}
