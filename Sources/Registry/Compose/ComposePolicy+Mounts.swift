extension ComposePolicy {
    /// One entry of a service's `volumes`, short or long.
    private struct Mount {
        var isBind: Bool
        var source: String
        var target: String
    }

    mutating func checkMounts(_ node: ComposeNode, of name: String, at place: JSONPointer) {
        for (place, element) in elements(node, at: place) ?? [] {
            guard let mount = element.text.map({ short($0, at: place) }) ?? long(element, at: place) else { continue }
            if let refusal = MountTarget.refusal(of: mount.target, project: cell.projectComponents) {
                refuse(.mount, at: place, "\(quoted(mount.target)) \(refusal)")
            }
            if mount.isBind {
                checkBind(mount, of: name, at: place)
            } else if !volumes.contains(mount.source) {
                refuse(.volume, at: place, "\(quoted(mount.source)) is not declared below the top-level volumes")
            }
        }
    }

    /// `source:target[:ro|rw]`
    private mutating func short(_ text: String, at place: JSONPointer) -> Mount? {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard (2...3).contains(parts.count), parts.count == 2 || ["ro", "rw"].contains(parts[2]) else {
            refuse(
                .volume, at: place, "\(quoted(text)) is not SOURCE:TARGET, SOURCE:TARGET:ro or SOURCE:TARGET:rw",
                remedy: "name a volume and where it is mounted; other options are not allowed")
            return nil
        }
        // Docker takes a name without these signs as that of a volume.
        let isBind =
            parts[0].utf8.contains(UInt8(ascii: "/")) || [".", "~"].contains { parts[0].utf8.starts(with: $0.utf8) }
        return Mount(isBind: isBind, source: parts[0], target: parts[1])
    }

    /// `{type: volume|bind, source, target, read_only}`
    private mutating func long(_ node: ComposeNode, at place: JSONPointer) -> Mount? {
        guard let members = members(node, at: place) else { return nil }
        var mount = Mount(isBind: false, source: "", target: "")
        for entry in members.entries {
            let place = place.appending(entry.key)
            switch (entry.key, entry.value) {
            case ("type", .text("volume")): mount.isBind = false
            case ("type", .text("bind")): mount.isBind = true
            case ("type", _):
                refuse(.value, at: place, "is not volume or bind")
                return nil
            case ("source", .text(let text)): mount.source = text
            case ("target", .text(let text)): mount.target = text
            case ("source", _), ("target", _): refuse(.value, at: place, "is \(entry.value.kind), must be a text")
            case ("read_only", .boolean): break
            case ("read_only", _): refuse(.value, at: place, "is not true or false")
            default: refuse(.key, at: place, "is no key that a mount may have")
            }
        }
        for key in ["type", "source", "target"] where members[key] == nil {
            refuse(.volume, at: place, "has no \(key)", remedy: "give the key")
            return nil
        }
        return mount
    }

    private mutating func checkBind(_ mount: Mount, of name: String, at place: JSONPointer) {
        let project = cell.projectComponents
        guard mount.source.utf8.first == UInt8(ascii: "/"), let parts = PathText.components(mount.source) else {
            refuse(.bind, at: place, "\(quoted(mount.source)) is no absolute path without \"..\"")
            return
        }
        let inner = parts.dropFirst(project.count).joined(separator: "/")
        guard MountTarget.isBeneath(parts, project), let source = ConfigPath(inner) else {
            refuse(.bind, at: place, "\(quoted(mount.source)) is not below the project root")
            return
        }
        let primary = manifest.storage.flatMap { ConfigPath($0.primaryPath) }
        let allowed = (manifest.backup?.configPaths ?? []) + [primary].compactMap(\.self)
        let components = PathText.components(source.rawValue) ?? []
        guard allowed.contains(where: { MountTarget.isBeneath(components, PathText.components($0.rawValue) ?? []) })
        else {
            let paths = allowed.map(\.rawValue).joined(separator: ", ")
            refuse(
                .bind, at: place,
                "\(quoted(source.rawValue)) is not declared" + (paths.isEmpty ? "" : " (declared are \(paths))"))
            return
        }
        // A manifest that declares "config" for its backup gets no hand on the cell's own files by that.
        for reserved in Self.reserved.compactMap(PathText.components)
        where MountTarget.isBeneath(components, reserved) || MountTarget.isBeneath(reserved, components) {
            refuse(
                .bind, at: place, "\(quoted(source.rawValue)) holds files of the cell itself",
                remedy: "use a directory of the service's own, such as config/\(manifest.id)")
            return
        }
        binds.append(ComposeBind(container: name, source: source, target: mount.target))
    }

    /// What belongs to the cell and to no service; keys and backups are no ``ConfigPath`` at all.
    private static let reserved = [
        "config/cell_config.json", "config/picjobs.yml", "config/caddy", "config/dns", "data/services", "data/runs",
        "data/service_secrets.json", "data/peer_service_credentials.json", "data/ip_leases.json", "data/egress.sock",
        "data/egress.lock", "jobs",
    ]

    /// `target[:options]`, a list of them. /run is where programs keep their sockets, so it is allowed here.
    mutating func checkTemporary(_ node: ComposeNode, at place: JSONPointer) {
        for (place, element) in elements(node, at: place) ?? [] {
            let parts = (element.text ?? "").utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            let options = parts.dropFirst().joined(separator: ":").utf8
            let isPlain = options.allSatisfy {
                ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ",")
            }
            guard parts.count <= 2, isPlain else {
                refuse(.value, at: place, "is not PATH or PATH:OPTIONS")
                continue
            }
            let components = PathText.components(parts.first ?? "") ?? []
            if components.first == "run", parts.first?.utf8.first == UInt8(ascii: "/") { continue }
            if let refusal = MountTarget.refusal(of: parts.first ?? "", project: cell.projectComponents) {
                refuse(.mount, at: place, "\(quoted(parts.first ?? "")) \(refusal)")
            }
        }
    }
}
