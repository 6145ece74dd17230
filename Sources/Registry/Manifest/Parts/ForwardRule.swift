/// A rule of `iptables_rules`: what peers may reach. As written; its rules are those of installation.
public struct ForwardRule: Sendable, Encodable, Equatable {
    /// The transport protocol.
    public enum Proto: String, Sendable, Codable, CaseIterable {
        case tcp, udp
    }

    /// The verdict; the guide allows `ACCEPT`.
    public let type: String
    /// The destination; the guide allows `${SERVICE_IP}`.
    public let destIP: String
    /// The destination port.
    public let destPort: Int
    /// `tcp` when the manifest does not say.
    public let proto: Proto

    enum CodingKeys: String, CodingKey {
        case type
        case destIP = "dest_ip"
        case destPort = "dest_port"
        case proto
    }

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        let type = field["type"].required("\"ACCEPT\"") { $0.string() }
        let destIP = field["dest_ip"].required("\"${SERVICE_IP}\"") { $0.string() }
        let destPort = field["dest_port"].required("a port from 1 to 65535") { $0.integer() }
        proto = field["proto"].optional { $0.choice(Proto.self, rule: "iptables_rules.proto") } ?? .tcp
        guard let type, let destIP, let destPort else { return nil }
        self.type = type
        self.destIP = destIP
        self.destPort = destPort
    }
}
