import Registry
import Testing

extension FixtureTests {
    /// The flags in the order of the guide.
    func check(_ flags: Capabilities, _ expected: [Bool], at place: SourceLocation = #_sourceLocation) {
        let found = [
            flags.hasSubdomain, flags.hasAccounts, flags.hasAdminConfig, flags.hasStorage, flags.hasEgress,
            flags.hasAPIHooks,
        ]
        #expect(found == expected, sourceLocation: place)
    }

    /// All fixtures issue a password and name no port.
    func check(_ accounts: AccountsDeclaration?, _ manager: String, at place: SourceLocation = #_sourceLocation) {
        #expect(accounts?.manager == manager, sourceLocation: place)
        #expect(accounts?.credentials == ["password"], sourceLocation: place)
        #expect(accounts?.port == nil, sourceLocation: place)
    }

    /// Volumes as `container:path:name`.
    func check(
        _ backup: BackupDeclaration?, _ volumes: [String], _ paths: [String],
        at place: SourceLocation = #_sourceLocation
    ) {
        #expect(backup?.volumes.map { "\($0.container):\($0.path):\($0.name)" } == volumes, sourceLocation: place)
        #expect(backup?.configPaths.map(\.rawValue) == paths, sourceLocation: place)
    }

    func check(
        _ field: ConfigField?, _ type: ConfigField.ValueType, _ label: String, _ fallback: ConfigValue? = nil,
        _ min: Int? = nil, _ max: Int? = nil, required: Bool = false, at place: SourceLocation = #_sourceLocation
    ) {
        #expect(field?.type == type, sourceLocation: place)
        #expect(field?.label == label, sourceLocation: place)
        #expect(field?.default == fallback, sourceLocation: place)
        #expect(field?.min == min, sourceLocation: place)
        #expect(field?.max == max, sourceLocation: place)
        #expect(field?.required == required, sourceLocation: place)
    }

    /// Mounts as `name:mount`.
    func check(_ volumes: [VolumeMount], _ expected: [String], at place: SourceLocation = #_sourceLocation) {
        #expect(volumes.map { "\($0.name):\($0.mount)" } == expected, sourceLocation: place)
    }

    /// All fixtures accept TCP to the service's own address.
    func check(_ rules: [ForwardRule], _ ports: [Int], at place: SourceLocation = #_sourceLocation) {
        #expect(rules.map(\.destPort) == ports, sourceLocation: place)
        for rule in rules {
            #expect(rule.type == "ACCEPT", sourceLocation: place)
            #expect(rule.destIP == "${SERVICE_IP}", sourceLocation: place)
            #expect(rule.proto == .tcp, sourceLocation: place)
        }
    }
}
