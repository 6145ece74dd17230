/// One netlink message to be sent: type, flags, and the bytes behind the 16-byte header.
///
/// The bytes are in host order, as the kernel wants them, except where an attribute says otherwise.
struct NetlinkMessage: Sendable, Equatable {
    /// NLM_F_*: how the kernel is to treat the message.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt16
        static let request = Flags(rawValue: 0x1)
        static let ack = Flags(rawValue: 0x4)
        /// Of a reply: the state changed while it was dumped.
        static let interrupted = Flags(rawValue: 0x10)
        /// NLM_F_ROOT | NLM_F_MATCH.
        static let dump = Flags(rawValue: 0x300)
        static let replace = Flags(rawValue: 0x100)
        static let exclusive = Flags(rawValue: 0x200)
        static let create = Flags(rawValue: 0x400)
        static let append = Flags(rawValue: 0x800)
    }

    let type: UInt16
    var flags: Flags
    /// What the message does, for the sentence of an error: "add the rule 1100: …".
    let subject: String
    /// Which names its attributes have in such a sentence.
    let names: AttributeNames
    private(set) var body: [UInt8]

    init(
        type: UInt16, flags: Flags, subject: String, names: AttributeNames, header: [UInt8] = []
    ) {
        self.type = type
        self.flags = flags
        self.subject = subject
        self.names = names
        body = header
    }

    /// The message as the kernel reads it; `sequence` comes back in the answer.
    func encode(sequence: UInt32, adding more: Flags = [], into buffer: inout [UInt8]) {
        buffer.appendNumber(UInt32(16 + body.count))
        buffer.appendNumber(type)
        buffer.appendNumber(flags.union(more).rawValue)
        buffer.appendNumber(sequence)
        buffer.appendNumber(0 as UInt32)
        buffer += body
        buffer.pad()
    }

    /// Adds an attribute with these bytes as its value.
    mutating func put(_ attribute: UInt16, bytes: [UInt8]) {
        body.appendAttributeHeader(attribute, length: 4 + bytes.count)
        body += bytes
        body.pad()
    }

    /// Adds a number in host order.
    mutating func put<Number: FixedWidthInteger>(_ attribute: UInt16, _ number: Number) {
        body.appendAttributeHeader(attribute, length: 4 + MemoryLayout<Number>.size)
        body.appendNumber(number)
        body.pad()
    }

    /// Adds a text with its final zero.
    mutating func put(_ attribute: UInt16, text: String) {
        put(attribute, bytes: Array(text.utf8) + [0])
    }
}

extension [UInt8] {
    /// Appends the bytes of a number in host order.
    mutating func appendNumber<Number: FixedWidthInteger>(_ number: Number) {
        Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
    }

    /// Appends what stands before the value of an attribute; `length` counts these four bytes, too, but no padding.
    mutating func appendAttributeHeader(_ number: UInt16, length: Int) {
        appendNumber(UInt16(length))
        appendNumber(number)
    }

    /// The bytes of one attribute: length, number, value, and zeros up to a multiple of four.
    static func attribute(_ number: UInt16, _ value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendAttributeHeader(number, length: 4 + value.count)
        bytes += value
        bytes.pad()
        return bytes
    }

    /// Appends zeros up to a multiple of four (NLMSG_ALIGNTO).
    mutating func pad() {
        while !count.isMultiple(of: 4) { append(0) }
    }
}
