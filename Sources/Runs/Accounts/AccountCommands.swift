internal import Registry

/// The commands by which a manager of accounts works inside a service's container; `accounts:` in `config/picjobs.yml`
/// changes them. `{user}`, `{domain}` and the like are replaced inside each word; a password comes on standard input and
/// never stands in a word.
public struct AccountCommands: Sendable, Equatable {
    /// The container; the service's main one when it is nil.
    public var container: String?
    public var add: [String]
    public var remove: [String]
    /// Prints one account a line; the part before an `@` or a blank is the user.
    public var list: [String]
    /// How often the password is written to standard input, each on a line of its own: some tools ask twice.
    public var passwordLines = 1

    /// What is used when the configuration says nothing, by the manager's name.
    ///
    /// `email_manager`: docker-mailserver. `calendar_manager`: Radicale with htpasswd and bcrypt. `file_manager`: WebDAV
    /// with the same.
    public static let usual: [String: AccountCommands] = [
        "email_manager": AccountCommands(
            add: ["setup", "email", "add", "{user}@{domain}"],
            remove: ["setup", "email", "del", "-y", "{user}@{domain}"],
            list: ["setup", "email", "list"], passwordLines: 2),
        "calendar_manager": htpasswd("/data/users", in: nil),
        "file_manager": htpasswd("/var/lib/dav/users", in: "cell-webdav"),
    ]

    /// The password goes to `htpasswd -i`; a file that is not there yet is made for its owner alone.
    private static func htpasswd(_ file: String, in container: String?) -> AccountCommands {
        let script = { (work: String) in
            ["sh", "-c", "umask 077; test -e \"$0\" || : >\"$0\"; \(work)", file, "{user}"]
        }
        return AccountCommands(
            container: container, add: script(#"exec htpasswd -iB "$0" "$1""#),
            remove: script(#"exec htpasswd -D "$0" "$1""#), list: script(#"exec cut -d : -f 1 "$0""#))
    }

    /// The words of a command for one account.
    func words(_ command: [String], user: String, domain: String) -> [String] {
        command.map { $0.replacing("{user}", with: user).replacing("{domain}", with: domain) }
    }

    /// Whether it needs the merged configuration's `domain`.
    var needsDomain: Bool { (add + remove + list).contains { $0.contains("{domain}") } }
}
