extension Manifest {
    /// Reads a manifest's bytes, strictly (see docs of the JSON reader: no duplicate keys, no NUL, UTF-8, at most 64
    /// levels and ``sizeLimit`` bytes) and completely: every fault of the file is found, not only the first.
    ///
    /// `file` names the bytes in messages; `directory`, when given, is the id the manifest must have. Keys that the guide
    /// does not name are ignored, except in `backup`, where a misspelt one would lose data in silence.
    /// - Throws: `RegistryError` with code `.manifest` and all faults.
    public init(parsing bytes: [UInt8], file: String, directory: ServiceID? = nil) throws(RegistryError) {
        let faults = FaultList(file: file)
        guard let root = Self.document(bytes, faults),
            let manifest = Manifest(Field(root: root, faults: faults), directory: directory), faults.faults.isEmpty
        else {
            throw RegistryError(.manifest, faults: faults.faults)
        }
        self = manifest
    }

    /// The bytes as strict JSON; nil and one fault when they are none.
    static func document(_ bytes: [UInt8], _ faults: FaultList) -> JSONValue? {
        guard bytes.count <= sizeLimit else {
            faults.add(
                "is larger than 1 MiB; a manifest declares, it holds no data", at: JSONPointer(), rule: "json.size")
            return nil
        }
        do throws(JSONSyntaxError) {
            return try JSONParser.parse(bytes)
        } catch {
            faults.add(error.message, at: error.pointer, rule: error.rule)
            return nil
        }
    }

    /// Nil only together with at least one fault; a fault does not always mean nil.
    init?(_ field: Field, directory: ServiceID?) {
        guard field.isObject else { return nil }
        let schemaVersion = Self.schemaVersion(field["schema_version"])
        if field["schema_version"].value?.integer != nil, schemaVersion == nil { return nil }
        let id = field["id"].required("the service's id") { $0.checked(ServiceID.self, rule: "id.pattern") }
        if let id, let directory, id != directory {
            field["id"].fault(
                "\(quoted(id.rawValue)) is not \(quoted(directory.rawValue)), which its directory or the command names",
                rule: "id.directory")
        }
        let name = field["name"].required("the name for people") { $0.string() }
        let description = field["description"].required("one sentence") { $0.string() }
        let version = field["version"].required("the package's version, e.g. \"1.0.0\"") { $0.string() }
        let author = field["author"].required("a name or organisation") { $0.string() }
        let kind = field["kind"].required("\"store\"") { $0.choice(ServiceKind.self, rule: "kind.store") }
        let capabilities = field["capabilities"].required("an object with the six flags", Capabilities.init)
        minPICVersion = field["min_pic_version"].optional { $0.string() }

        subdomain = field["subdomain"].optional { $0.string() }
        extraSubdomains = field["extra_subdomains"].optional { $0.array { $0.string() } } ?? []
        backend = field["backend"].optional { $0.string() }
        extraBackends = field["extra_backends"].optional { $0.texts() } ?? [:]

        containers = field["containers"].optional { $0.array { $0.checked(rule: "containers.name") } } ?? []
        configSchema = field["config_schema"].optional(ConfigSchema.init) ?? ConfigSchema(fields: [])
        peerConfigTemplate = field["peer_config_template"].optional { $0.texts() }
        accounts = field["accounts"].optional(AccountsDeclaration.init)
        if field["compose"].isPresent {
            field["compose"].fault(
                "must be null; compose configuration comes from compose-template.yml", rule: "compose.null")
        }
        // The flag itself: when another one is broken there are no capabilities, and this fault would stay unseen.
        let hasStorage = field["capabilities"]["has_storage"].value == .bool(true)
        backup = Self.backup(field["backup"], demanded: hasStorage)
        egress = field["egress"].optional(EgressDeclaration.init)
        storage = field["storage"].optional(StorageInfo.init)

        let image = field["image"].required("the image to pull") { $0.string() }
        let containerName = field["container_name"].required("the container's name") {
            $0.checked(ContainerName.self, rule: "containers.name")
        }
        volumes = field["volumes"].optional { $0.array(VolumeMount.init) } ?? []
        env = field["env"].optional { $0.array(EnvironmentVariable.init) } ?? []
        iptablesRules = field["iptables_rules"].optional { $0.array(ForwardRule.init) } ?? []
        caddyRoute = field["caddy_route"].optional(CaddyRoute.init)

        guard let schemaVersion, let id, let name, let description, let version, let author, let kind, let capabilities,
            let image,
            let containerName
        else { return nil }
        self.schemaVersion = schemaVersion
        self.id = id
        self.name = name
        self.description = description
        self.version = version
        self.author = author
        self.kind = kind
        self.capabilities = capabilities
        self.image = image
        self.containerName = containerName
    }

    /// Another version means other fields: nothing more is read then.
    private static func schemaVersion(_ field: Field) -> Int? {
        guard let version = field.required("the number \(supportedVersion)", { $0.integer() }) else { return nil }
        guard version == supportedVersion else {
            field.fault(
                "\(version) is not supported; this program reads version \(supportedVersion)",
                rule: "schema_version.supported")
            return nil
        }
        return version
    }

    /// The backup block, which `has_storage` demands.
    private static func backup(_ field: Field, demanded: Bool) -> BackupDeclaration? {
        if demanded, !field.isPresent {
            field.fault("missing; capabilities.has_storage is true, so say what to back up", rule: "backup.required")
        }
        guard let backup = field.optional(BackupDeclaration.init) else { return nil }
        let (volumes, paths) = (field["volumes"].value, field["config_paths"].value ?? .array([]))
        if demanded, volumes == .array([]), paths == .array([]) {
            field.fault(
                "names no volume and no config path, but capabilities.has_storage is true", rule: "backup.empty")
        }
        return backup
    }
}
