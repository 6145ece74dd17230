/// `install.sh` as a review looks at it (guide, section 9). A script can hide what it does: this finds what is said
/// openly, and the sandbox that it runs in is what holds.
struct InstallScript {
    private let bytes: [UInt8]
    private var found: [(rule: RuleID, message: String)] = []
    /// The pipelines that run what they download; that they download need not be said.
    private var run: Set<Int> = []

    /// Everything that is found, in the order of the lines.
    static func findings(_ bytes: [UInt8]) -> [(rule: RuleID, message: String)] {
        var script = InstallScript(bytes: bytes)
        script.checkText()
        if script.found.isEmpty {
            let commands = ShellScript(bytes).commands
            script.run = Set(commands.filter { Self.runs($0) != nil }.map(\.group))
            for command in commands { script.check(command) }
        }
        return script.found
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func add(_ rule: RuleID, _ line: Int, _ message: String) {
        found.append((rule, "install.sh, line \(line), \(message)"))
    }

    private mutating func checkText() {
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
            found.append(("install.text", "install.sh is no UTF-8 text"))
            return
        }
        if let end = bytes.firstIndex(of: 0x0d) {
            let line = 1 + bytes[..<end].count { $0 == 0x0a }
            add("install.text", line, "ends with a carriage return, which a shell takes for part of a word")
        }
    }

    private mutating func check(_ command: ShellScript.Command) {
        let name = command.name
        if Self.packageManagers.contains(name) {
            add("install.packages", command.line, "calls \(quoted(name)), which changes the system")
        }
        if Self.downloaders.contains(name) {
            let isRun = command.outer.contains { Self.interpreters.contains($0) }
            if isRun {
                add("install.pipe", command.line, "runs what \(quoted(name)) brings")
            } else if !run.contains(command.group) {
                add("install.download", command.line, "calls \(quoted(name))")
            }
        }
        if let source = Self.runs(command) {
            add("install.pipe", command.line, "pipes what \(quoted(source)) brings into \(quoted(name))")
        }
        for place in command.targets + Self.written(command) where Self.isOutside(place) {
            add("install.outside", command.line, "writes to \(quoted(place)), which is not in the cell")
        }
    }

    /// The downloader whose output the command runs; nil when it runs none.
    private static func runs(_ command: ShellScript.Command) -> String? {
        interpreters.contains(command.name) ? command.pipeline.first(where: downloaders.contains) : nil
    }

    private static let packageManagers: Set<String> = [
        "apt", "apt-get", "aptitude", "dpkg", "yum", "dnf", "microdnf", "rpm", "zypper", "pacman", "apk", "emerge",
        "snap", "flatpak", "brew", "nix-env", "pip", "pip3", "pipx", "npm", "gem", "cpan",
    ]

    private static let downloaders: Set<String> = ["curl", "wget", "fetch", "aria2c", "lwp-download"]

    private static let interpreters: Set<String> = [
        "sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "source", ".", "eval", "python", "python3", "perl",
        "ruby",
        "node", "php", "lua",
    ]

    /// The arguments that a command writes to.
    private static func written(_ command: ShellScript.Command) -> [String] {
        let places = command.arguments.filter { !$0.hasPrefix("-") }
        switch command.name {
        case "cp", "ln", "install", "rsync", "scp": return places.last.map { [$0] } ?? []
        case "mv", "mkdir", "touch", "rm", "rmdir", "chmod", "chown", "chgrp", "tee", "truncate", "mkfifo", "mknod",
            "setfacl", "chattr":
            return places
        case "sed" where command.arguments.contains(where: { $0.hasPrefix("-i") || $0.hasPrefix("--in-place") }):
            // The first one is the script.
            return Array(places.dropFirst())
        case "dd": return places.filter { $0.hasPrefix("of=") }.map { String($0.dropFirst(3)) }
        default: return []
        }
    }

    /// Absolute, in a home, or climbing; what a variable stands for is not known. `/dev/null` and the like are no files.
    private static func isOutside(_ place: String) -> Bool {
        if ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"].contains(place) { return false }
        return ["/", "~", "$HOME", "${HOME"].contains { place.hasPrefix($0) }
            || place.split(separator: "/").contains("..")
    }
}

extension ManifestReport {
    /// The report with what a review says about the package's `install.sh`; nothing is added when there is none.
    public func adding(installScript bytes: [UInt8]?) -> ManifestReport {
        guard let bytes else { return self }
        var counts: [RuleID: Int] = [:]
        var findings: [Finding] = []
        let found = InstallScript.findings(bytes)
        for (id, message) in found {
            counts[id, default: 0] += 1
            guard counts[id, default: 0] <= 100, let rule = RuleBook.manifests[id] else { continue }
            findings.append(
                Finding(
                    rule: id, severity: rule.severity, pointer: JSONPointer(), message: message, remedy: rule.remedy))
        }
        return adding(findings, omitted: found.count - findings.count)
    }
}
