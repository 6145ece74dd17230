/// A service's `docker-compose.yml`: the template filled in, completed and judged.
///
///     let template = try ComposeTemplate(bytes, for: manifest)
///     secrets.ensure(template.secretNames, for: manifest.id)
///     try leases.allocate(template.containers(of: manifest), for: manifest.id, inUse: addresses)
///     let rendering = ComposeRendering(manifest, template, config: config, secrets: secrets, leases: leases, cell: cell)
///     try write(rendering.composeFile())
///
/// The same parts give the same bytes. The file holds secrets: write it with mode 0600.
public struct ComposeRendering: Sendable {
    /// Every breach of a rule; there is no file while there is one.
    public let violations: [ComposeViolation]
    /// The bind mounts, to be looked at on the disk before the containers start.
    public let binds: [ComposeBind]
    /// The file's name in messages.
    private let file: String
    /// The whole document.
    let document: ComposeNode

    /// Renders a template; `file` names it in messages. Faults become ``violations``.
    public init(
        _ manifest: Manifest, _ template: ComposeTemplate, config: MergedConfig, secrets: ServiceSecrets,
        leases: AddressLeases, cell: ComposeCell, file: String = "compose-template.yml"
    ) {
        let main = template.containers(of: manifest).first ?? manifest.containerName
        let variables = ComposeVariables(
            service: manifest.id, config: config, secrets: secrets, cell: cell,
            serviceAddress: leases.address(of: main, in: manifest.id))
        var refusals: [ComposeViolation] = []
        let filled = template.root.mapTexts { text, place in
            variables.replaced(text, at: place) { refusal in
                refusals.append(ComposeViolation(.variable, at: place, refusal.message, remedy: refusal.remedy))
            }
        }
        document = ComposeCompletion(manifest: manifest, leases: leases, cell: cell).completed(filled)
        var policy = ComposePolicy(manifest: manifest, config: config, leases: leases, cell: cell)
        policy.checkDocument(document)
        violations = refusals + policy.violations
        binds = policy.binds
        self.file = file
    }

    /// Renders a template's bytes, or the document that stands for a missing one.
    /// - Throws: `RegistryError` with code `.manifest` and all faults when the template can't be read.
    public init(
        manifest: Manifest, template: [UInt8]?, config: MergedConfig, secrets: ServiceSecrets, leases: AddressLeases,
        cell: ComposeCell, file: String = "compose-template.yml"
    ) throws(RegistryError) {
        self.init(
            manifest, try ComposeTemplate(template, for: manifest, file: file), config: config, secrets: secrets,
            leases: leases, cell: cell, file: file)
    }

    /// The images of the containers, each once.
    public var images: [String] {
        let services = document.mapping?["services"]?.mapping ?? ComposeMapping()
        return Set(services.keys.compactMap { services[$0]?.mapping?["image"]?.text }).sorted()
    }

    /// The bytes of `docker-compose.yml`.
    /// - Throws: `RegistryError` with code `.manifest` and all faults when there are ``violations``.
    public func composeFile() throws(RegistryError) -> [UInt8] {
        guard violations.isEmpty else {
            throw RegistryError(.manifest, faults: violations.map { $0.fault(in: file) })
        }
        return Array("# Made by picjobs from the manifest and the template; changes here are lost.\n".utf8)
            + document.serialized()
    }
}

extension ComposeTemplate {
    /// The template of a package: its `compose-template.yml`, or what stands for it when there is none.
    /// - Throws: `RegistryError` with code `.manifest` and all faults.
    public init(
        _ bytes: [UInt8]?, for manifest: Manifest, file: String = "compose-template.yml"
    ) throws(RegistryError) {
        if let bytes {
            try self.init(parsing: bytes, file: file)
        } else {
            self.init(canonicalFor: manifest)
        }
    }
}
