/// Rules of others that decide about our packets, too. They are told, not fought.
enum Strangers {
    /// One sentence for each foreign base chain that drops what it does not know, and one for iptables-legacy.
    static func find(
        _ nftables: inout NftSocket, _ namespace: NetworkNamespace, except ours: [NftTable]
    ) throws(NetfilterError) -> [String] {
        var found: [String] = []
        for (table, chain) in try nftables.baseChains() where !ours.contains(where: table.isNamed) {
            guard let base = chain.base, base.policy == .drop, base.hook != .output else { continue }
            found.append(
                "the chain \(chain.name) of the table \(table) drops what it does not accept itself (policy drop, hook "
                    + "\(base.hook)): it decides about services' packets, too; nft list table \(table)")
        }
        for version in ["ip", "ip6"] {
            let tables = try namespace.lines(of: "/proc/thread-self/net/\(version)_tables_names")
            guard !tables.isEmpty else { continue }
            found.append(
                "iptables-legacy is in use beside our table (\(tables.sorted().joined(separator: ", "))): its rules decide "
                    + "about services' packets, too; \(version == "ip" ? "iptables" : "ip6tables")-legacy-save shows them"
            )
        }
        return found
    }
}
