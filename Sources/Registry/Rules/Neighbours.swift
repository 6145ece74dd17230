/// What other services have already: a look-up costs the same whether there is one of them or a thousand.
public struct Neighbours: Sendable {
    private var ids: Set<ServiceID> = []
    private var subdomains: [String: ServiceID] = [:]
    private var containers: [String: ServiceID] = [:]
    private var paths: [String: ServiceID] = [:]
    private var parents: [String: ServiceID] = [:]

    /// The neighbours of a service: all of these but itself, because an update conflicts with no former self.
    public init(_ manifests: [Manifest] = [], of service: ServiceID? = nil) {
        for manifest in manifests where manifest.id != service { add(manifest) }
    }

    /// One more service; what two of them have belongs to the one that came first.
    public mutating func add(_ manifest: Manifest) {
        let id = manifest.id
        ids.insert(id)
        func claim(_ name: String, _ names: inout [String: ServiceID]) {
            if names[name] == nil { names[name] = id }
        }
        if manifest.capabilities.hasSubdomain {
            for wish in manifest.siteWishes { claim(wish.subdomain, &subdomains) }
        }
        for name in manifest.allContainers { claim(name.rawValue, &containers) }
        let primary = manifest.storage.flatMap { ConfigPath($0.primaryPath) }
        for path in (manifest.backup?.configPaths ?? []) + [primary].compactMap(\.self) {
            claim(path.rawValue, &paths)
            for parent in Self.parents(path.rawValue) { claim(parent, &parents) }
        }
    }

    /// Whether there is a service of that id.
    public func holds(_ id: ServiceID) -> Bool { ids.contains(id) }

    /// Whose the subdomain is; nil when it is free.
    public func owner(ofSubdomain name: String) -> ServiceID? { subdomains[name] }

    /// Whose the container is; nil when the name is free.
    public func owner(ofContainer name: String) -> ServiceID? { containers[name] }

    /// Who declares the path itself, something below it, or something that holds it; nil when nobody does.
    public func owner(ofPath path: ConfigPath) -> ServiceID? {
        if let owner = paths[path.rawValue] ?? parents[path.rawValue] { return owner }
        return Self.parents(path.rawValue).lazy.compactMap { paths[$0] }.first
    }

    /// `a/b` and `a` of `a/b/c`.
    private static func parents(_ path: String) -> [String] {
        let parts = path.split(separator: "/")
        return (1..<max(parts.count, 1)).reversed().map { parts[..<$0].joined(separator: "/") }
    }
}
