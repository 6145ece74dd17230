/// The attributes of a reply, one after the other; every length is checked against what is there.
struct NetlinkAttributes {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Calls `body` with the number (without the flags for nested and network order) and the value of each.
    /// - Throws: ``NetfilterError`` `.malformed` when a length leads outside.
    func forEach(
        _ body: (UInt16, NetlinkValue) throws(NetfilterError) -> Void
    ) throws(NetfilterError) {
        var start = 0
        while start < bytes.count {
            guard start + 4 <= bytes.count else { throw .attributes }
            let length = Int(bytes.loadUnaligned(fromByteOffset: start, as: UInt16.self))
            let type = bytes.loadUnaligned(fromByteOffset: start + 2, as: UInt16.self)
            guard length >= 4, start + length <= bytes.count else { throw .attributes }
            try body(type & 0x3fff, NetlinkValue(UnsafeRawBufferPointer(rebasing: bytes[start + 4..<start + length])))
            start += (length + 3) & ~3
        }
    }
}

/// The value of one attribute; valid only while the reply is.
struct NetlinkValue {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// A number in host order of exactly this width.
    /// - Throws: ``NetfilterError`` `.malformed`.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws(NetfilterError) -> Number {
        guard bytes.count == MemoryLayout<Number>.size else { throw .attributes }
        return bytes.loadUnaligned(as: Number.self)
    }

    /// Text up to its final zero.
    var text: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    /// An address of 4 or 16 bytes.
    /// - Throws: ``NetfilterError`` `.malformed`.
    func address() throws(NetfilterError) -> IPAddress {
        guard let address = IPAddress(bytes: Array(bytes)) else { throw .attributes }
        return address
    }
}

extension NetfilterError {
    static let attributes = NetfilterError(.malformed, "the kernel's answer holds an attribute of a wrong length")
}
