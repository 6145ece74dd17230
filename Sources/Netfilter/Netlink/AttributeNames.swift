/// The names of the attributes of one kind of message, for sentences: number at the top level, then nested.
struct AttributeNames: Sendable, Equatable {
    /// The size of the fixed header between the netlink header and the first attribute.
    let headerSize: Int
    /// Number → the kernel's name.
    let names: [UInt16: String]

    static let none = AttributeNames(headerSize: 0, names: [:])

    static let link = AttributeNames(headerSize: 16, names: [3: "IFLA_IFNAME", 4: "IFLA_MTU", 18: "IFLA_LINKINFO"])

    static let address = AttributeNames(
        headerSize: 8, names: [1: "IFA_ADDRESS", 2: "IFA_LOCAL", 3: "IFA_LABEL", 4: "IFA_BROADCAST"])

    static let route = AttributeNames(
        headerSize: 12,
        names: [
            1: "RTA_DST", 4: "RTA_OIF", 5: "RTA_GATEWAY", 6: "RTA_PRIORITY", 7: "RTA_PREFSRC", 8: "RTA_METRICS",
            15: "RTA_TABLE",
        ])

    static let rule = AttributeNames(
        headerSize: 12,
        names: [
            1: "FRA_DST", 2: "FRA_SRC", 3: "FRA_IIFNAME", 6: "FRA_PRIORITY", 10: "FRA_FWMARK",
            14: "FRA_SUPPRESS_PREFIXLEN", 15: "FRA_TABLE", 16: "FRA_FWMASK", 17: "FRA_OIFNAME", 21: "FRA_PROTOCOL",
        ])

    /// The attribute that begins at `offset` of the message (counted from its netlink header), with the numbers of
    /// those around it: "FRA_TABLE", "NFTA_RULE_EXPRESSIONS/1[3]/2"; `nil` when none begins there. A number in brackets
    /// counts, from 0, the attributes before it in a list of the same kind.
    func path(at offset: Int, in body: [UInt8]) -> String? {
        find(offset - 16, in: body, headerSize..<body.count, isTop: true)
    }

    private func find(_ place: Int, in body: [UInt8], _ span: Range<Int>, isTop: Bool) -> String? {
        var start = span.lowerBound
        var seen: [UInt16: Int] = [:]
        while start + 4 <= span.upperBound {
            let length = Int(body[start]) | Int(body[start + 1]) << 8
            guard length >= 4, start + length <= span.upperBound else { return nil }
            let number = (UInt16(body[start + 2]) | UInt16(body[start + 3]) << 8) & 0x3fff
            let position = seen[number, default: 0]
            seen[number] = position + 1
            let name =
                isTop ? names[number] ?? "attribute \(number)" : "\(number)\(position > 0 ? "[\(position)]" : "")"
            if start == place { return name }
            if place > start, place < start + length {
                return find(place, in: body, start + 4..<start + length, isTop: false).map { "\(name)/\($0)" } ?? name
            }
            start += (length + 3) & ~3
        }
        return nil
    }
}
