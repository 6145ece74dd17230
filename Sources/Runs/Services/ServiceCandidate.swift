internal import Archive
internal import Netfilter
internal import Registry
internal import SystemPackage

/// A package that obeys every rule, beside the services that are installed.
struct ServiceCandidate {
    let package: StorePackage
    /// Where its template is, for messages.
    let templateFile: String
    let manifest: Manifest
    let template: ComposeTemplate
    /// What the rules advise against, a sentence each.
    let advice: [String]

    /// Holds a package against every rule.
    ///
    /// - Parameter id: The service that it must be.
    /// - Throws: `RegistryError` `.manifest` with every fault of the manifest, or of the template.
    init(_ fetched: FetchedPackage, for id: ServiceID, in cell: Cell) async throws {
        let installed = try ServiceRegistry(loading: cell.layout).services.filter { $0.id != id }
        let source = ManifestSource(
            file: fetched.place(of: StorePackage.manifestName), bytes: fetched.package.manifest, directory: id)
        let reports = await RuleBook.manifests.judge(
            [source], beside: installed, in: RuleContext(projectRoot: cell.layout.root.string))
        guard let report = reports.first else { throw RunError(.refused, "\(fetched.origin) holds no manifest") }
        manifest = try report.accepted()
        templateFile = fetched.place(of: StorePackage.composeTemplateName)
        template = try ComposeTemplate(fetched.package.composeTemplate, for: manifest, file: templateFile)
        advice = report.findings(.warning).map { "\($0.pointer): \($0.message); \($0.remedy)" }
        package = fetched.package
    }
}

/// What a service is to be: its files, and what the cell's common files are to hold of it. Nothing is written yet.
struct ServiceDraft {
    let candidate: ServiceCandidate
    let config: [ConfigAssignment]
    let leases: AddressLeases
    let secrets: ServiceSecrets
    let composeFile: [UInt8]
    let binds: [ComposeBind]
    let images: [String]

    var manifest: Manifest { candidate.manifest }

    /// Works it out.
    ///
    /// - Parameters:
    ///   - settings: `KEY=VALUE` words of a command line.
    ///   - inUse: addresses that something else has, with its name.
    /// - Throws: `RegistryError` `.configuration` for a value that is missing, of the wrong type or out of bounds, or for
    ///   a pool without a free address; `.manifest` for a template that breaks the policy.
    init(_ candidate: ServiceCandidate, settings: [String], inUse: [String: String], in cell: Cell) throws {
        let manifest = candidate.manifest
        let books = ServiceBooks(cell: cell)
        let saved = try CellConfig(of: cell.layout)
        let assignments = try ConfigAssignment.parse(settings, for: manifest)
        let merged = try MergedConfig(manifest, saved: saved.service(manifest.id).config.setting(assignments))
        var secrets = try books.secrets()
        secrets.ensure(candidate.template.secretNames, for: manifest.id)

        let egress = cell.config.egress
        let gateway =
            egress.gatewayAddress?.description ?? inUse.first { $0.value == egress.gatewayContainer }?.key
            ?? EgressConfig.usualGateway.description
        guard let pool = AddressPool("\(egress.pool.first)-\(egress.pool.last)"),
            let resolver = ServiceAddress(gateway)
        else {
            throw RunError(.configuration, "config/picjobs.yml: network.pool and gateway.address don't go together")
        }
        var leases = try books.leases()
        try leases.allocate(
            candidate.template.containers(of: manifest), for: manifest.id, from: pool,
            inUse: Set(inUse.keys.compactMap { ServiceAddress($0) } + [resolver]))
        let rendering = ComposeRendering(
            manifest, candidate.template, config: merged, secrets: secrets, leases: leases,
            cell: try ComposeCell(
                domain: saved.identity.domain, name: saved.identity.cellName,
                projectDirectory: try cell.absoluteRoot.string, gateway: resolver, network: egress.network),
            file: candidate.templateFile)
        composeFile = try rendering.composeFile()
        binds = rendering.binds
        images = rendering.images
        config = assignments
        self.candidate = candidate
        self.leases = leases
        self.secrets = secrets
    }

    /// Directories that do not exist yet, each with the first one on the way that is to be made: sources of bind
    /// mounts, and what a script may write.
    /// - Throws: ``ArchiveError`` for one that is reached through a link.
    func missingDirectories(
        for script: ConfinedScript?, in cell: Cell
    ) throws -> [(directory: RelativePath, first: RelativePath)] {
        let paths = binds.map(\.source.rawValue) + (script == nil ? [] : ConfinedScript.writable(for: manifest))
        return try paths.compactMap { path in
            let directory = try RelativePath(path)
            guard try cell.root.status(directory) == nil else { return nil }
            var first = directory
            while let parent = first.parent, try cell.root.status(parent) == nil { first = parent }
            return (directory, first)
        }
    }
}
