/// Adds to a filled-in document what the cell demands and the template need not say, and gives things that can be
/// written in two ways one form. What has a wrong form stays as it is; the policy names it.
struct ComposeCompletion {
    let manifest: Manifest
    let leases: AddressLeases
    let cell: ComposeCell

    func completed(_ root: ComposeNode) -> ComposeNode {
        guard var document = root.mapping else { return root }
        // Obsolete, and to old programs it means another set of keys.
        if document["version"]?.scalarText != nil { document["version"] = nil }
        if document["volumes"] == .null { document["volumes"] = nil }
        if var services = document["services"]?.mapping {
            for name in services.keys {
                if let service = services[name]?.mapping { services[name] = .mapping(completed(service, name)) }
            }
            document["services"] = .mapping(services)
        }
        if var volumes = document["volumes"]?.mapping {
            for name in volumes.keys where volumes[name] == .null { volumes[name] = .mapping(ComposeMapping()) }
            document["volumes"] = .mapping(volumes)
        }
        if document["networks"] == nil || document["networks"] == .null {
            document["networks"] = .mapping(ComposeMapping(entries: [.init(ComposeCell.networkKey, .null)]))
        }
        document["networks"] = networks(document["networks"] ?? .null)
        return .mapping(document)
    }

    private func completed(_ service: ComposeMapping, _ name: String) -> ComposeMapping {
        var service = service
        environment(of: &service, isMain: name == manifest.containerName.rawValue)
        if let user = service["user"]?.scalarText { service["user"] = .text(user) }
        for key in ["command", "entrypoint", "expose", "cap_drop", "tmpfs"] {
            if let text = service[key]?.scalarText, key == "tmpfs" { service[key] = .sequence([.text(text)]) }
            if let list = service[key]?.sequence {
                service[key] = .sequence(list.map { $0.scalarText.map { .text($0) } ?? $0 })
            }
        }
        switch service["cap_drop"] {
        case nil: service["cap_drop"] = .sequence([.text("NET_RAW")])
        case .sequence(let list)? where !list.contains(.text("NET_RAW")):
            service["cap_drop"] = .sequence(list + [.text("NET_RAW")])
        default: break
        }
        if service["dns"] == nil { service["dns"] = .sequence([.text(cell.gateway.rawValue)]) }
        attach(&service, name)
        return service
    }

    /// The list form becomes a mapping, and the main container gets what the manifest's `env` has and the template not.
    private func environment(of service: inout ComposeMapping, isMain: Bool) {
        if let list = service["environment"]?.sequence, let members = Self.members(list) {
            service["environment"] = .mapping(members)
        }
        let declared = service["environment"]
        guard declared == nil || declared?.mapping != nil else { return }
        var members = ComposeMapping()
        for entry in declared?.mapping?.entries ?? [] {
            members[entry.key] = entry.value.scalarText.map { .text($0) } ?? entry.value
        }
        if isMain {
            for variable in manifest.env where members[variable.key] == nil {
                members[variable.key] = .text(variable.value)
            }
        }
        service["environment"] = members.entries.isEmpty ? declared : .mapping(members)
    }

    /// `NAME=value` entries; nil when one is not of that form or a name comes twice.
    private static func members(_ list: [ComposeNode]) -> ComposeMapping? {
        var members = ComposeMapping()
        for element in list {
            guard let text = element.text, let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = String(decoding: text.utf8[..<sign], as: UTF8.self)
            guard members[name] == nil else { return nil }
            members[name] = .text(String(decoding: text.utf8[text.utf8.index(after: sign)...], as: UTF8.self))
        }
        return members
    }

    /// Puts the container on the cell's network, with its lease when no address is given.
    private func attach(_ service: inout ComposeMapping, _ name: String) {
        var networks = ComposeMapping()
        switch service["networks"] {
        case nil: networks[ComposeCell.networkKey] = .null
        case .sequence(let list)?:
            for element in list {
                guard let text = element.text, networks[text] == nil else { return }
                networks[text] = .null
            }
        case .mapping(let given)?: networks = given
        default: return
        }
        if let network = networks[ComposeCell.networkKey], network == .null || network.mapping != nil {
            var settings = network.mapping ?? ComposeMapping()
            if settings["ipv4_address"] == nil, let container = ContainerName(name),
                let address = leases.address(of: container, in: manifest.id)
            {
                settings["ipv4_address"] = .text(address)
            }
            networks[ComposeCell.networkKey] = .mapping(settings)
        }
        service["networks"] = .mapping(networks)
    }

    /// `cell-network` is external, under the name that the cell gives it.
    private func networks(_ node: ComposeNode) -> ComposeNode {
        guard var networks = node.mapping, let network = networks[ComposeCell.networkKey],
            network == .null || network.mapping != nil
        else { return node }
        var settings = network.mapping ?? ComposeMapping()
        if settings["external"] == nil { settings["external"] = .boolean(true) }
        if settings["name"] == nil, cell.network != ComposeCell.networkKey { settings["name"] = .text(cell.network) }
        networks[ComposeCell.networkKey] = .mapping(settings)
        return .mapping(networks)
    }
}
