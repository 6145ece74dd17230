internal import Glibc
public import Testing

/// Tests that need something the machine may lack say so; `PICJOBS_REQUIRE_REAL=1` turns every such skip into a failure.
public enum Requirement {
    /// Whether tests must run for real, as in continuous integration.
    public static var isStrict: Bool { variable("PICJOBS_REQUIRE_REAL") == "1" }
    /// Whether this process is root.
    public static var isRoot: Bool { geteuid() == 0 }
    /// What is missing for a Docker engine of our own; `nil` when nothing is.
    public static var missingForDocker: String? {
        if !isRoot { return "not root" }
        let missing = ["dockerd", "docker", "busybox", "ip", "nsenter"].filter { !isInstalled($0) }
        return missing.isEmpty ? nil : "not installed: \(missing.joined(separator: ", "))"
    }

    private static func isInstalled(_ tool: String) -> Bool {
        ((variable("PATH") ?? "") + ":/usr/sbin:/sbin").split(separator: ":").contains { directory in
            access("\(directory)/\(tool)", X_OK) == 0
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs only as root with dockerd installed; prints why it skips.
    public static var realDocker: Self {
        .enabled(
            if: Requirement.isStrict || Requirement.missingForDocker == nil,
            "needs a Docker engine of its own: \(Requirement.missingForDocker ?? "")")
    }

    /// Runs only as root; prints why it skips.
    public static var realRoot: Self {
        .enabled(if: Requirement.isStrict || Requirement.isRoot, "needs root")
    }
}

extension Tag {
    /// Uses a real Docker engine.
    @Tag public static var docker: Self
    /// Needs root.
    @Tag public static var root: Self
    /// Takes more than a few seconds.
    @Tag public static var slow: Self
}
