extension ComposePolicy {
    /// The container's place on the network: the cell's alone, at the leased address.
    mutating func checkAttachment(_ node: ComposeNode, of name: String, at place: JSONPointer) {
        guard let networks = members(node, at: place) else { return }
        for entry in networks.entries where entry.key != ComposeCell.networkKey {
            refuse(.network, at: place.appending(entry.key), "is another network than \(ComposeCell.networkKey)")
        }
        guard let network = networks[ComposeCell.networkKey] else {
            refuse(.network, at: place, "does not name \(ComposeCell.networkKey)")
            return
        }
        let place = place.appending(ComposeCell.networkKey)
        guard let settings = members(network, at: place) else { return }
        for key in settings.keys where key != "ipv4_address" {
            refuse(.key, at: place.appending(key), "is no key that a container's network may have")
        }
        let lease = ContainerName(name).flatMap { leases.address(of: $0, in: manifest.id) }
        switch (lease.flatMap { ServiceAddress($0) }, settings["ipv4_address"]) {
        case (nil, _):
            // One that is not declared has been named already.
            guard declared.contains(name) else { return }
            refuse(.address, at: place, "\(name) has no lease", remedy: "allocate its address first")
        case (_, nil): refuse(.address, at: place, "has no ipv4_address")
        case (let lease?, let address?):
            if address != .text(lease.rawValue) {
                let text = quoted(address.scalarText ?? address.kind)
                refuse(
                    .address, at: place.appending("ipv4_address"),
                    "\(text) is not the address leased to \(name), \(lease)")
            }
        }
    }

    /// Names of capabilities, NET_RAW among them: with it a container could forge packets of others.
    mutating func checkDropped(_ node: ComposeNode, at place: JSONPointer) {
        guard let elements = elements(node, at: place) else { return }
        for (place, element) in elements {
            let text = element.text ?? ""
            if !ASCII.matches(
                text, longest: 40, first: ASCII.isLetter, rest: { ASCII.isLetter($0) || $0 == UInt8(ascii: "_") })
            {
                refuse(.value, at: place, "is no name of a capability")
            }
        }
        if !elements.contains(where: { $0.node == .text("NET_RAW") }) {
            refuse(.address, at: place, "keeps NET_RAW")
        }
    }

    /// A list of services, or a mapping with a condition for each.
    mutating func checkDependencies(_ node: ComposeNode, at place: JSONPointer) {
        if node.sequence != nil {
            for (place, element) in elements(node, at: place) ?? [] { checkDependency(element.text, at: place) }
            return
        }
        for entry in members(node, at: place)?.entries ?? [] {
            let place = place.appending(entry.key)
            checkDependency(entry.key, at: place)
            for inner in members(entry.value, at: place)?.entries ?? [] {
                let words = ["service_started", "service_healthy", "service_completed_successfully"]
                if inner.key != "condition" {
                    refuse(.key, at: place.appending(inner.key), "is no key of a dependency")
                } else if !words.contains(inner.value.text ?? "") {
                    refuse(.value, at: place.appending("condition"), "is not one of \(words.joined(separator: ", "))")
                }
            }
        }
    }

    private mutating func checkDependency(_ name: String?, at place: JSONPointer) {
        guard let name, declared.contains(name) else {
            refuse(.containers, at: place, "\(quoted(name ?? "")) is none of the manifest's containers")
            return
        }
    }
}
