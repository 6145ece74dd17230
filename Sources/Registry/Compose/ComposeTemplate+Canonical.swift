extension ComposeTemplate {
    /// The template of a package that has none: one container with the manifest's image, name, volumes and environment,
    /// on the cell's network with the leased address (guide, section 7).
    public init(canonicalFor manifest: Manifest) {
        let name = manifest.containerName.rawValue
        var service = ComposeMapping(entries: [
            .init("image", .text(Self.literal(manifest.image))),
            .init("container_name", .text(name)),
            .init("restart", .text("unless-stopped")),
        ])
        if !manifest.env.isEmpty { service["environment"] = .mapping(Self.environment(of: manifest)) }
        if !manifest.volumes.isEmpty {
            service["volumes"] = .sequence(
                manifest.volumes.map { volume in
                    .mapping(
                        ComposeMapping(entries: [
                            .init("type", .text("volume")), .init("source", .text(Self.literal(volume.name))),
                            .init("target", .text(Self.literal(volume.mount))),
                        ]))
                })
        }
        service["networks"] = .mapping(
            ComposeMapping(entries: [
                .init(
                    ComposeCell.networkKey,
                    .mapping(ComposeMapping(entries: [.init("ipv4_address", .text("${SERVICE_IP}"))])))
            ]))
        var document = ComposeMapping(entries: [
            .init("services", .mapping(ComposeMapping(entries: [.init(name, .mapping(service))])))
        ])
        var volumes = ComposeMapping()
        for volume in manifest.volumes { volumes[volume.name] = .mapping(ComposeMapping()) }
        if !volumes.entries.isEmpty { document["volumes"] = .mapping(volumes) }
        self.init(root: .mapping(document))
    }

    /// The manifest's `env` as template texts.
    static func environment(of manifest: Manifest) -> ComposeMapping {
        var environment = ComposeMapping()
        for variable in manifest.env { environment[variable.key] = .text(literal(variable.value)) }
        return environment
    }

    /// A template text that stands for exactly this text.
    static func literal(_ text: String) -> String {
        String(decoding: text.utf8.flatMap { $0 == UInt8(ascii: "$") ? [$0, $0] : [$0] }, as: UTF8.self)
    }
}
