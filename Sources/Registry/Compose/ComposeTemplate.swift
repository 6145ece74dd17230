/// A service's `compose-template.yml`, read and not yet filled in; or the document that stands for it when the package
/// has none.
public struct ComposeTemplate: Sendable, Equatable {
    /// The document with its variables, commands taken apart.
    let root: ComposeNode

    /// Reads a template's bytes; `file` names them in messages.
    /// - Throws: `RegistryError` with code `.manifest` and all faults: what ``ComposeRule/syntax`` forbids.
    public init(parsing bytes: [UInt8], file: String = "compose-template.yml") throws(RegistryError) {
        let (template, violations) = Self.read(bytes)
        guard violations.isEmpty else {
            throw RegistryError(.manifest, faults: violations.map { $0.fault(in: file) })
        }
        self = template
    }

    /// The template, which is of no use when there are violations.
    static func read(_ bytes: [UInt8]) -> (template: ComposeTemplate, violations: [ComposeViolation]) {
        var (root, violations) = ComposeReader.read(bytes)
        if violations.isEmpty { root = takingCommandsApart(root, &violations) }
        return (ComposeTemplate(root: root), violations)
    }

    init(root: ComposeNode) {
        self.root = root
    }

    /// The names of the secrets that the template uses, in the order of their first use; make them before rendering.
    public var secretNames: [String] {
        variables.compactMap { ComposeVariables.name($0, behind: ComposeVariables.secretPrefix) }
    }

    /// Every variable that the template uses, each once.
    var variables: [String] {
        var names: [String] = []
        _ = root.mapTexts { text, _ in
            for case .variable(let name) in ComposeText.pieces(text) where !names.contains(name) { names.append(name) }
            return text
        }
        return names
    }

    /// The containers that need an address: the one that the template gives `${SERVICE_IP}` first, else the manifest's
    /// `container_name`; then the manifest's others in their order.
    public func containers(of manifest: Manifest) -> [ContainerName] {
        let declared = manifest.allContainers
        let services = root.mapping?["services"]?.mapping ?? ComposeMapping()
        let main = declared.first { container in
            let network = services[container.rawValue]?.mapping?["networks"]?.mapping?[ComposeCell.networkKey]
            let address = network?.mapping?["ipv4_address"]?.text ?? ""
            return ComposeText.pieces(address).contains(.variable("SERVICE_IP"))
        }
        guard let main else { return declared }
        return [main] + declared.filter { $0 != main }
    }

    /// Compose splits a command that is one text into words itself, after variables are replaced; here it is done before.
    private static func takingCommandsApart(
        _ root: ComposeNode, _ violations: inout [ComposeViolation]
    ) -> ComposeNode {
        guard var document = root.mapping, var services = document["services"]?.mapping else { return root }
        for name in services.keys {
            guard var service = services[name]?.mapping else { continue }
            for key in ["command", "entrypoint"] {
                guard let text = service[key]?.text else { continue }
                if let words = CommandWords.split(text) {
                    service[key] = .sequence(words.map { .text($0) })
                } else {
                    let place = JSONPointer([.key("services"), .key(name), .key(key)])
                    violations.append(
                        ComposeViolation(
                            .syntax, at: place, "has a quote that is not closed", remedy: "write the command as a list")
                    )
                }
            }
            services[name] = .mapping(service)
        }
        document["services"] = .mapping(services)
        return .mapping(document)
    }
}
