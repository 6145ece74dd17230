extension Rule {
    /// The rules for a package's Compose template, which ``ComposePolicy`` finds the breaches of.
    static let composeTemplate: [Rule] = ComposeRule.allCases.map { rule in
        Rule(
            stage: .template, RuleID(rawValue: rule.rawValue), .error, "3", rule.text, remedy: rule.remedy)
    }

    /// What a review says about `install.sh` (guide, section 9), which ``InstallScript`` finds the breaches of.
    static let installScript: [Rule] = [
        Rule(
            stage: .package, "install.text", .error, "9",
            "`install.sh` is UTF-8 text without NUL bytes and carriage returns.",
            remedy: "save it as UTF-8 with line feeds alone"),
        Rule(
            stage: .package, "install.packages", .error, "9",
            "`install.sh` calls no package manager: apt, dpkg, yum, dnf, apk, snap, pip, npm and their kin.",
            remedy: "put what the service needs into its image"),
        Rule(
            stage: .package, "install.pipe", .error, "9",
            "`install.sh` runs nothing that it has just downloaded: no `curl … | sh`, no `sh -c \"$(curl …)\"`.",
            remedy: "put what it does into the image or into install.sh itself"),
        Rule(
            stage: .package, "install.download", .warning, "9", "`install.sh` downloads nothing.",
            remedy: "put the file into the image"),
        Rule(
            stage: .package, "install.outside", .error, "9",
            "`install.sh` writes nothing outside the cell: no absolute path, no `~`, no `..`.",
            remedy: "write below the cell's directory, where it runs, with relative paths"),
    ]

    /// What a review tries with the running service (guide, section 9, "Correctness"); who can reach it finds the breaches.
    static let live: [Rule] = [
        Rule(
            stage: .live, "live.accounts", .error, "4",
            "With the manager `http`, the service makes, lists and removes an account, and answers 404 for one that is "
                + "not there.",
            remedy: "answer as section 4 of the guide says"),
        Rule(
            stage: .live, "live.container", .error, "9", "The container of every entry in `backup.volumes` runs.",
            remedy: "start it, or correct the container's name"),
        Rule(
            stage: .live, "live.path", .error, "9",
            "The `path` of every entry in `backup.volumes` is a directory there.",
            remedy: "correct the path, or make the image create it"),
    ]
}
