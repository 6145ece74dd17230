/// `data/service_secrets.json`: what `${PIC_SECRET_<NAME>}` stands for in each service.
///
///     {"notes": {"DB_PASSWORD": "pWUl3bWcK8t0Vp5oVvTtJ0m4iIYpGd5c"}}
///
/// A secret is made once and kept until the service is purged. Whoever reads and writes the file sees to its mode, 0600.
public struct ServiceSecrets: Sendable, Equatable {
    /// Services and their secrets in the order of the file.
    private var document = JSONObject()

    /// The largest file that is read, in bytes.
    public static let sizeLimit = 4 << 20

    /// No secret at all.
    public init() {}

    /// Reads the file's bytes; `file` names them in messages, which never show a value.
    /// - Throws: `RegistryError` with code `.configuration` and all faults.
    public init(parsing bytes: [UInt8], file: String = "data/service_secrets.json") throws(RegistryError) {
        document = try JSONParser.document(bytes, file: file) { root in
            for (_, service) in root.members ?? [] {
                for (_, secret) in service.members ?? [] { _ = secret.string() }
            }
        }.document
    }

    /// The secret of that name; nil when there is none.
    public func secret(_ name: String, of service: ServiceID) -> String? {
        document[service.rawValue]?.object?[name]?.string
    }

    /// The names of a service's secrets, in the order of the file.
    public func names(of service: ServiceID) -> [String] {
        document[service.rawValue]?.object?.keys ?? []
    }

    /// Makes the secrets that a service has not got yet, each of 24 random bytes; those it has stay, also the ones that are not named.
    /// - Returns: Whether one was made, and the file must be written.
    @discardableResult
    public mutating func ensure(_ names: [String], for service: ServiceID) -> Bool {
        var generator = SystemRandomNumberGenerator()
        return ensure(names, for: service, using: &generator)
    }

    /// The same, with randomness from elsewhere.
    @discardableResult
    public mutating func ensure(
        _ names: [String], for service: ServiceID, using generator: inout some RandomNumberGenerator
    ) -> Bool {
        var secrets = document[service.rawValue]?.object ?? JSONObject()
        var isChanged = false
        for name in names where secrets[name] == nil {
            secrets[name] = .string(Password.make(bytes: 24, using: &generator))
            isChanged = true
        }
        if isChanged { document[service.rawValue] = .object(secrets) }
        return isChanged
    }

    /// Forgets the secrets of a service that are not among these: those that an undone change had made.
    public mutating func keep(_ names: [String], of service: ServiceID) {
        guard var secrets = document[service.rawValue]?.object else { return }
        for name in secrets.keys where !names.contains(name) { secrets[name] = nil }
        document[service.rawValue] = secrets.members.isEmpty ? nil : .object(secrets)
    }

    /// Forgets the secrets of a service that is purged.
    public mutating func remove(_ service: ServiceID) {
        document[service.rawValue] = nil
    }

    /// The file's bytes.
    public func serialized() -> [UInt8] {
        JSONValue.object(document).serialized()
    }
}

extension ServiceSecrets: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// How many services have secrets; never a secret.
    public var description: String { "secrets of \(document.members.count) services" }

    /// The same.
    public var debugDescription: String { description }

    /// Nothing, so that a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
