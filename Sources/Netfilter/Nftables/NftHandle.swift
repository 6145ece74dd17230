internal import CNetlink
internal import SystemPackage

/// libnftnl's rule; its expressions are freed with it.
struct NftRuleHandle: ~Copyable {
    let pointer: OpaquePointer

    init() throws(NetfilterError) {
        guard let pointer = nftnl_rule_alloc() else { throw .system(.noMemory, "make a rule") }
        self.pointer = pointer
    }

    deinit { nftnl_rule_free(pointer) }

    /// The instructions in the words of `nft --debug=netlink`, one each; counters without their figures.
    func listing() -> [String] {
        var size = 4096
        while true {
            let instructions = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer -> [String]? in
                let length = nftnl_rule_snprintf(buffer.baseAddress, buffer.count, pointer, 0, 0)
                guard length >= 0, Int(length) < buffer.count else { return nil }
                return Self.instructions(
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<Int(length)]))
            }
            if let instructions { return instructions }
            size *= 4
        }
    }

    /// The lines `[ … ]` of a text.
    static func instructions(_ text: some Collection<UInt8>) -> [String] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let line = line.drop { $0 == UInt8(ascii: " ") }
            guard line.starts(with: "[ ".utf8) else { return nil }
            let text = String(decoding: line, as: UTF8.self)
            // Few say more than was meant; to take words apart is slow.
            guard extended.contains(where: line.dropFirst(2).starts) else {
                return text.hasSuffix(" ]") ? text : text.hasSuffix(" ] ") ? String(text.dropLast()) : nil
            }
            var words = text.split(separator: " ")
            guard words.count >= 3, words.last == "]" else { return nil }
            words.removeFirst()
            words.removeLast()
            return "[ " + canonical(words).joined(separator: " ") + " ]"
        }
    }

    private static let extended = ["counter", "lookup", "dynset", "redir", "nat"].map { Array($0.utf8) }

    /// Without figures, and without what the kernel fills in where nothing was said: the flags 0 of a lookup, the
    /// timeout 0 of a dynamic set, and an upper bound that is the register of the lower one.
    private static func canonical(_ words: [Substring]) -> [Substring] {
        switch words.first {
        case "counter": return ["counter"]
        case "lookup" where words.last == "0x0": return Array(words.dropLast())
        case "dynset":
            guard let timeout = words.firstIndex(of: "timeout"), words.dropFirst(timeout + 1).first == "0ms" else {
                return words
            }
            return Array(words[..<timeout] + words[(timeout + 2)...])
        case "redir": return withoutSameBound(words, "proto_min", "proto_max")
        case "nat":
            let rest = withoutSameBound(words, "addr_min", "addr_max")
            // NF_NAT_RANGE_MAP_IPS: there is an address, which addr_min says already.
            return rest.contains("addr_min") && rest.suffix(2) == ["flags", "0x1"] ? rest.dropLast(2) : rest
        default: return words
        }
    }

    private static func withoutSameBound(
        _ words: [Substring], _ lower: Substring, _ upper: Substring
    ) -> [Substring] {
        guard let low = words.firstIndex(of: lower), let high = words.firstIndex(of: upper), high + 2 < words.count,
            low + 2 < words.count, words[low + 2] == words[high + 2]
        else { return words }
        return Array(words[..<high] + words[(high + 3)...])
    }
}

/// libnftnl's table, chain, set or object, with the function that frees it.
struct NftHandle: ~Copyable {
    let pointer: OpaquePointer
    private let release: (OpaquePointer) -> Void

    init(_ pointer: OpaquePointer?, _ release: @escaping (OpaquePointer) -> Void) throws(NetfilterError) {
        guard let pointer else { throw .system(.noMemory, "make an nftables object") }
        self.pointer = pointer
        self.release = release
    }

    deinit { release(pointer) }
}
