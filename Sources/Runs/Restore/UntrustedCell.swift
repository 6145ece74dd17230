internal import Archive
internal import SystemPackage

/// What a cell that comes from a medium nobody vouches for may do before a person has read its configuration.
///
/// Closed by default: whatever is not listed here runs something, leads out of the cell, or touches the cell's own
/// files, now or with a later version, and waits.
enum UntrustedCell {
    /// Keys of `config/picjobs.yml` that only set times, sizes, and which runtime's names are meant.
    private static let harmlessKeys: Set<String> = [
        "runtime", "containers", "transport", "stall_timeout", "health_timeout", "command_timeout", "container_wait",
        "compression_level", "keep_runs_days",
    ]
    /// Where `runtime: local` may have its containers: where nothing of the cell's own lies.
    private static let containers: RelativePath = "data/containers"
    /// What acts when a command is run, of the files that are restored.
    private static let acting = ["config/caddy/", "config/dns/", "jobs/"]

    /// Why no volume may be restored yet, a clause each; empty where nothing speaks against it.
    static func reasons(_ config: RunnerConfig, volumes: [VolumePlace]) -> [String] {
        var reasons: [String] = []
        let keys = config.keys.subtracting(harmlessKeys).sorted()
        if !keys.isEmpty { reasons.append("it sets \(keys.joined(separator: ", "))") }
        switch config.runtime {
        case .docker:
            if !volumes.isEmpty {
                reasons.append("the volumes would go into whatever containers of this host have the names it gives")
            }
        case .local:
            for (name, place) in config.containers.sorted(by: { $0.key < $1.key }) where !isHarmless(place) {
                reasons.append("it puts the container \(name) at \(place), not below \(containers)")
            }
        }
        return reasons
    }

    /// Files that a person has to read before commands act on them.
    static func acting(_ files: [String]) -> [String] {
        files.filter { file in
            acting.contains { file.hasPrefix($0) } || file.hasSuffix("/docker-compose.yml")
                || file.hasSuffix("/compose-template.yml") || file.hasSuffix("/manifest.json")
        }
    }

    private static func isHarmless(_ place: String) -> Bool {
        guard let path = try? RelativePath(place) else { return false }
        return path.relative(to: containers) != nil
    }
}
