/// Judges a filled-in and completed Compose document: an allow-list of keys at every level, and a rule for each value.
/// It goes on after a breach, so that all are found.
struct ComposePolicy {
    let manifest: Manifest
    let config: MergedConfig
    let leases: AddressLeases
    let cell: ComposeCell
    /// The volumes declared at the top level.
    var volumes: Set<String> = []
    var violations: [ComposeViolation] = []
    var binds: [ComposeBind] = []

    init(manifest: Manifest, config: MergedConfig, leases: AddressLeases, cell: ComposeCell) {
        self.manifest = manifest
        self.config = config
        self.leases = leases
        self.cell = cell
    }

    /// The manifest's containers, the main one first.
    var declared: [String] {
        [manifest.containerName.rawValue] + manifest.containers.filter { $0 != manifest.containerName }.map(\.rawValue)
    }

    mutating func refuse(_ rule: ComposeRule, at place: JSONPointer, _ message: String, remedy: String? = nil) {
        violations.append(ComposeViolation(rule, at: place, message, remedy: remedy))
    }

    /// The members of a mapping; nil and a violation for anything else.
    mutating func members(_ node: ComposeNode, at place: JSONPointer) -> ComposeMapping? {
        if let mapping = node.mapping { return mapping }
        refuse(.value, at: place, "is \(node.kind), must be a mapping")
        return nil
    }

    /// The elements of a list; nil and a violation for anything else.
    mutating func elements(_ node: ComposeNode, at place: JSONPointer) -> [(place: JSONPointer, node: ComposeNode)]? {
        guard let sequence = node.sequence else {
            refuse(.value, at: place, "is \(node.kind), must be a list")
            return nil
        }
        return sequence.enumerated().map { (place.appending($0), $1) }
    }

    mutating func checkDocument(_ root: ComposeNode) {
        let top = JSONPointer()
        guard let document = members(root, at: top) else { return }
        for entry in document.entries where !["services", "volumes", "networks"].contains(entry.key) {
            refuse(.key, at: top.appending(entry.key), "is no key of a service's Compose file")
        }
        if let node = document["volumes"] { checkVolumes(node, at: top.appending("volumes")) }
        let place = top.appending("services")
        guard let node = document["services"] else {
            refuse(.containers, at: place, "is missing")
            return
        }
        if let services = members(node, at: place) { checkServices(services, at: place) }
        if let node = document["networks"] { checkNetworks(node, at: top.appending("networks")) }
    }

    private mutating func checkServices(_ services: ComposeMapping, at place: JSONPointer) {
        for name in declared where services[name] == nil {
            refuse(.containers, at: place, "has no \(quoted(name)), which the manifest declares")
        }
        for entry in services.entries {
            let place = place.appending(entry.key)
            if !declared.contains(entry.key) {
                refuse(
                    .containers, at: place, "is none of the manifest's containers (\(declared.joined(separator: ", ")))"
                )
            }
            if let service = members(entry.value, at: place) { checkService(service, entry.key, at: place) }
        }
    }

    /// Docker makes these volumes, below the project's name; nothing else may be said about them.
    private mutating func checkVolumes(_ node: ComposeNode, at place: JSONPointer) {
        for entry in members(node, at: place)?.entries ?? [] {
            let place = place.appending(entry.key)
            guard Self.isVolumeName(entry.key) else {
                refuse(
                    .volume, at: place, "is no name of a volume",
                    remedy: "use 2 to 64 letters, digits, \"_\", \".\" and \"-\"")
                continue
            }
            volumes.insert(entry.key)
            for inner in members(entry.value, at: place)?.keys ?? [] {
                refuse(.volume, at: place.appending(inner), "is no key of a named volume", remedy: "remove the key")
            }
        }
    }

    private mutating func checkNetworks(_ node: ComposeNode, at place: JSONPointer) {
        for entry in members(node, at: place)?.entries ?? [] {
            let place = place.appending(entry.key)
            guard entry.key == ComposeCell.networkKey else {
                refuse(.network, at: place, "is another network than \(ComposeCell.networkKey)")
                continue
            }
            for inner in members(entry.value, at: place)?.entries ?? [] {
                let place = place.appending(inner.key)
                switch inner.key {
                case "external" where inner.value == .boolean(true): break
                case "external":
                    refuse(.network, at: place, "is not true", remedy: "write \"external: true\"")
                case "name" where inner.value == .text(cell.network): break
                case "name":
                    refuse(
                        .network, at: place, "names another network than \(quoted(cell.network))", remedy: "remove it")
                default: refuse(.key, at: place, "is no key of the cell's network")
                }
            }
        }
    }

    /// `[A-Za-z0-9][A-Za-z0-9_.-]{1,63}`, as Docker has it. A name of one letter before a colon would be a drive of
    /// Windows to Compose.
    static func isVolumeName(_ text: String) -> Bool { text.utf8.count > 1 && ContainerName(text) != nil }
}
