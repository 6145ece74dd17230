import FoundationEssentials
import Registry
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("Accounts of peers")
struct AccountManagerTests {
    /// A cell whose e-mail accounts are made by a script that keeps them in a file, and fails while `refuse` is there.
    private func withCell(domain: String? = "mail.example", _ body: (JobCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let manifest = JobCell.project + "/Tests/Fixtures/services/email/manifest.json"
            try cell.write("data/services/email/manifest.json", String(contentsOfFile: manifest, encoding: .utf8))
            let config = domain.map { #"{"config": {"domain": "\#($0)"}}"# } ?? "{}"
            try cell.write(
                "config/cell_config.json",
                #"{"identity": {"cell_name": "alice", "domain": "alice.pic.ngo"}, "services": {"email": \#(config)}}"#)
            try cell.write(
                "tool",
                """
                #!/bin/sh
                cd "\(cell.path)"
                test -e refuse && { echo "no more room" >&2; exit 1; }
                case $1 in
                add) read -r password; echo "$2 $password" >>accounts; echo "$@" >>words;;
                remove) grep -v "^$2 " accounts >left; mv left accounts;;
                list) cat accounts 2>/dev/null || true;;
                esac
                """)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cell.path + "/tool")
            let tool = cell.path + "/tool"
            try cell.write(
                "config/picjobs.yml",
                """
                runtime: local
                containers: {cell-mail: data/containers/cell-mail}
                accounts:
                  email_manager:
                    add: ["\(tool)", add, "{user}@{domain}"]
                    remove: ["\(tool)", remove, "{user}@{domain}"]
                    list: ["\(tool)", list]
                """)
            try cell.write("data/containers/cell-mail/.keep", "")
            try await body(cell)
        }
    }

    /// What is found about e-mail; the service of ``JobCell`` does not run.
    private func findings(_ accounts: AccountManager) async throws -> [String] {
        try await accounts.reconcile().filter { $0.hasPrefix("email") }
    }

    private func text(_ cell: JobCell, _ name: String) throws -> String {
        try String(contentsOfFile: cell.path + "/" + name, encoding: .utf8)
    }

    @Test(
        "An account is made in the service, its password comes by standard input, and the record is the owner's alone")
    func provision() async throws {
        try await withCell { cell in
            let accounts = AccountManager(try cell.open())
            try await accounts.provision("email", "alice")
            let password = try #require(try accounts.credentials("email", "alice")["password"])
            #expect(password.utf8.count == 22)
            #expect(try text(cell, "accounts") == "alice@mail.example \(password)\n")
            #expect(try text(cell, "words").contains(password) == false)
            let file = cell.path + "/data/peer_service_credentials.json"
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try accounts.list("email").map(\.rawValue) == ["alice"])
            let told = try accounts.information(for: "alice")
            #expect(told["email"]?["username"] == "alice@mail.example")
            #expect(told["email"]?["password"] == password)
            let again = await #expect(throws: RunError.self) { try await accounts.provision("email", "alice") }
            #expect(again?.code == .refused)
            try await accounts.provision("email", "bob", password: "s3cret {domain}")
            #expect(try accounts.information(for: "bob")["email"]?["password"] == "s3cret {domain}")
            try await accounts.deprovision("email", "alice")
            #expect(try text(cell, "accounts") == "bob@mail.example s3cret {domain}\n")
            #expect(try await findings(accounts) == [])
            #expect(try await accounts.deprovision(everythingOf: "bob") == ["email": nil])
            #expect(try text(cell, "data/peer_service_credentials.json") == "{}\n")
        }
    }

    @Test("Without the domain of its configuration e-mail is never asked; nor for a name that is none")
    func noDomain() async throws {
        try await withCell(domain: nil) { cell in
            let accounts = AccountManager(try cell.open())
            for (service, peer, code) in [
                ("email", "alice", RunError.Code.configuration), ("email", "../x", .usage),
                ("nobody", "alice", .failed),
            ] {
                do {
                    try await accounts.provision(service, peer)
                    Issue.record("\(service) \(peer) was made")
                } catch let error as RunError {
                    #expect(error.code == code, "\(error)")
                } catch let error as RegistryError {
                    // A required value without one.
                    #expect(error.code == .configuration)
                }
            }
            #expect(FileManager.default.fileExists(atPath: cell.path + "/words") == false)
        }
    }

    @Test("A service that refuses leaves no record of an account, and keeps the record of one it does not remove")
    func refusal() async throws {
        try await withCell { cell in
            let accounts = AccountManager(try cell.open())
            try await accounts.provision("email", "alice")
            try cell.write("refuse", "")
            let made = await #expect(throws: RunError.self) { try await accounts.provision("email", "bob") }
            #expect(made?.message.contains("no more room") == true)
            #expect(try accounts.list("email").map(\.rawValue) == ["alice"])
            let removed = await #expect(throws: RunError.self) { try await accounts.deprovision("email", "alice") }
            #expect(removed?.message.contains("still pending removal") == true)
            #expect(try accounts.list("email").map(\.rawValue) == ["alice"])
            #expect(try await accounts.deprovision(everythingOf: "alice")["email"]??.contains("pending") == true)
            try FileManager.default.removeItem(atPath: cell.path + "/refuse")
            // What was begun is finished, and told.
            #expect(
                try await findings(accounts) == ["email: alice has no account any more"])
            #expect(try await findings(accounts) == [])
            #expect(try text(cell, "accounts") == "")
        }
    }

    @Test("Somebody else's account is neither taken for ours nor given another password")
    func foreign() async throws {
        try await withCell { cell in
            let accounts = AccountManager(try cell.open())
            try cell.write("accounts", "bob@mail.example his\n")
            for _ in 0..<2 {
                let error = await #expect(throws: RunError.self) { try await accounts.provision("email", "bob") }
                #expect(error?.code == .refused)
                #expect(error?.message.contains("was not made here") == true)
            }
            #expect(try text(cell, "accounts") == "bob@mail.example his\n")
            #expect(try await findings(accounts) == ["email: the service has an account bob that is not ours"])
        }
    }

    @Test("A peer that goes loses also the account that a killed run was making")
    func pendingPeer() async throws {
        try await withCell { cell in
            let accounts = AccountManager(try cell.open())
            var book = try AccountBook(cell.open())
            try book.begin(.add(["password": "p"]), try #require(ServiceID("email")), try #require(PeerName("alice")))
            try cell.write("accounts", "alice@mail.example p\n")
            #expect(try await accounts.deprovision(everythingOf: "alice") == ["email": nil])
            #expect(try text(cell, "accounts") == "")
            #expect(try await findings(accounts) == [])
        }
    }

    @Test("A damaged list of what is pending is named, with what to do")
    func damagedPending() async throws {
        try await withCell { cell in
            try cell.write("data/pending_accounts.json", "{")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: cell.path + "/data/pending_accounts.json")
            let error = #expect(throws: RunError.self) { _ = try AccountManager(try cell.open()).list("email") }
            #expect(error?.code == .configuration)
            #expect(error?.message.hasPrefix("data/pending_accounts.json is damaged") == true)
        }
    }

    @Test("What a faulty service keeps from being filled in is told bare, beside the others")
    func faultyNeighbour() async throws {
        try await withCell { cell in
            let accounts = AccountManager(try cell.open())
            try await accounts.provision("email", "alice", password: "p")
            try cell.write("config/cell_config.json", #"{"services": {"email": {"config": {"domain": 5}}}}"#)
            #expect(try AccountManager(try cell.open()).information(for: "alice") == ["email": ["password": "p"]])
        }
    }

    @Test("A password is made and kept also when the manifest names none")
    func noPassword() async throws {
        try await withCell { cell in
            let path = "data/services/email/manifest.json"
            let manifest = try text(cell, path).replacing(
                #/"credentials": *\[[^\]]*\]/#, with: #""credentials": ["token"]"#)
            #expect(manifest.contains(#""token""#))
            try cell.write(path, manifest)
            let accounts = AccountManager(try cell.open())
            try await accounts.provision("email", "alice")
            let password = try #require(try accounts.credentials("email", "alice")["password"])
            #expect(try text(cell, "accounts") == "alice@mail.example \(password)\n")
        }
    }

    @Test("The file manager keeps to the containers of its service")
    func foreignContainer() async throws {
        try await withCell { cell in
            let path = "data/services/email/manifest.json"
            try cell.write(path, try text(cell, path).replacing("email_manager", with: "file_manager"))
            let error = await #expect(throws: RunError.self) {
                try await AccountManager(try cell.open()).provision("email", "alice")
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("cell-webdav, which is none of this service's") == true)
        }
    }

    @Test("What a kill left in the middle is settled by what the service knows")
    func killed() async throws {
        try await withCell { cell in
            let accounts = AccountManager(try cell.open())
            var book = try AccountBook(cell.open())
            let email = try #require(ServiceID("email"))
            // The service made it, and the record was not written any more.
            try book.begin(.add(["password": "p"]), email, try #require(PeerName("alice")))
            // The service never heard of it.
            try book.begin(.add(["password": "q"]), email, try #require(PeerName("bob")))
            try cell.write("accounts", "alice@mail.example p\ncarol@mail.example x\n")
            #expect(
                try await findings(accounts) == [
                    "email: alice has an account now", "email: bob has no account any more",
                    "email: the service has an account carol that is not ours",
                ])
            #expect(try accounts.credentials("email", "alice") == ["password": "p"])
        }
    }
}
