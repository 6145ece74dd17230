/// `data/peer_service_credentials.json` (guide, section 4): what each peer was given on each service, in plain text,
/// because a device asks for it verbatim. Keys of other programs keep their place.
///
///     {"email": {"alice": {"password": "…"}}}
public struct PeerCredentials: Sendable, Equatable {
    private var document: JSONObject

    /// The largest file that is read, in bytes.
    public static let sizeLimit = 16 << 20

    /// Nobody has an account.
    public init() { document = JSONObject() }

    /// Reads the file's bytes; `file` names them in messages.
    /// - Throws: `RegistryError` with code `.configuration` and all faults.
    public init(
        parsing bytes: [UInt8], file: String = "data/peer_service_credentials.json"
    ) throws(RegistryError) {
        document = try JSONParser.document(bytes, file: file) { root in
            for (_, service) in root.members ?? [] {
                for (_, peer) in service.members ?? [] {
                    for (_, value) in peer.members ?? [] { _ = value.string() }
                }
            }
        }.document
    }

    /// The file's bytes.
    public func serialized() -> [UInt8] { JSONValue.object(document).serialized() }

    /// The peers with an account on a service, by name.
    public func peers(of service: ServiceID) -> [PeerName] {
        (document[service.rawValue]?.object?.keys ?? []).compactMap { PeerName($0) }.sorted()
    }

    /// The services that a peer has an account on, by id.
    public func services(of peer: PeerName) -> [ServiceID] {
        document.members.filter { $0.value.object?[peer.rawValue] != nil }.compactMap { ServiceID($0.key) }.sorted()
    }

    /// One peer's credentials on one service by the names of the fields; nil when it has no account there. Setting nil
    /// removes the account, and the service with its last account.
    public subscript(service: ServiceID, peer: PeerName) -> [String: String]? {
        get {
            guard let fields = document[service.rawValue]?.object?[peer.rawValue]?.object else { return nil }
            return Dictionary(
                fields.members.compactMap { member in member.value.string.map { (member.key, $0) } }
            ) { first, _ in first }
        }
        set {
            var accounts = document[service.rawValue]?.object ?? JSONObject()
            accounts[peer.rawValue] = newValue.map { fields in
                var object = JSONObject()
                for (name, value) in fields.sorted(by: { $0.key < $1.key }) { object[name] = .string(value) }
                return .object(object)
            }
            document[service.rawValue] = accounts.members.isEmpty ? nil : .object(accounts)
        }
    }
}
