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
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONParser.parse(bytes)
        } catch {
            throw RegistryError(.configuration, faults: [Fault(file: file, pointer: error.pointer, error.message)])
        }
        let faults = FaultList(file: file)
        for (_, service) in Field(root: root, faults: faults).members ?? [] {
            for (_, secret) in service.members ?? [] { _ = secret.string() }
        }
        guard faults.faults.isEmpty, let document = root.object else {
            throw RegistryError(.configuration, faults: faults.faults)
        }
        self.document = document
    }

    /// The secret of that name; nil when there is none.
    public func secret(_ name: String, of service: ServiceID) -> String? {
        document[service.rawValue]?.object?[name]?.string
    }

    /// The names of a service's secrets, in the order of the file.
    public func names(of service: ServiceID) -> [String] {
        document[service.rawValue]?.object?.keys ?? []
    }

    /// Makes the secrets that a service has not got yet; those it has stay, also the ones that are not named.
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
            secrets[name] = .string(Self.secret(using: &generator))
            isChanged = true
        }
        if isChanged { document[service.rawValue] = .object(secrets) }
        return isChanged
    }

    /// Forgets the secrets of a service that is purged.
    public mutating func remove(_ service: ServiceID) {
        document[service.rawValue] = nil
    }

    /// The file's bytes.
    public func serialized() -> [UInt8] {
        JSONValue.object(document).serialized()
    }

    /// 24 random bytes as URL-safe base64 without padding (RFC 4648, section 5): 32 characters, what the guide's
    /// `secrets.token_urlsafe(24)` gives.
    static func secret(using generator: inout some RandomNumberGenerator) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for _ in 0..<8 {
            let three = UInt32.random(in: 0..<1 << 24, using: &generator)
            for shift in [18, 12, 6, 0] { text.append(alphabet[Int(three >> UInt32(shift)) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
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
