internal import SystemPackage

/// One message from the kernel; valid only until the socket receives again.
struct NetlinkReply {
    /// The whole message with its header, exactly `length` bytes.
    let bytes: UnsafeRawBufferPointer

    /// Takes the first message of `rest`; `nil` when it is cut short.
    init?(_ rest: UnsafeRawBufferPointer) {
        guard rest.count >= 16 else { return nil }
        let length = Int(rest.loadUnaligned(as: UInt32.self))
        guard length >= 16, length <= rest.count else { return nil }
        bytes = UnsafeRawBufferPointer(rebasing: rest[..<length])
    }

    var length: Int { bytes.count }
    var type: UInt16 { bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self) }
    var flags: NetlinkMessage.Flags { .init(rawValue: bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self)) }
    var sequence: UInt32 { bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self) }
    /// The socket whose request made the change, in a message to listeners; 0 for the kernel itself.
    var port: UInt32 { bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self) }
    /// What stands behind the header.
    var payload: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[16...]) }

    /// NLMSG_ERROR (which is also the positive answer) or NLMSG_DONE.
    var isEnd: Bool { type == 2 || type == 3 }

    /// A fixed header of `size` bytes and the attributes behind it.
    /// - Throws: ``NetfilterError`` `.malformed`.
    func split(
        _ size: Int
    ) throws(NetfilterError) -> (header: UnsafeRawBufferPointer, attributes: NetlinkAttributes) {
        guard payload.count >= size else {
            throw NetfilterError(.malformed, "the kernel's answer is shorter than its header")
        }
        return (
            UnsafeRawBufferPointer(rebasing: payload[..<size]),
            NetlinkAttributes(UnsafeRawBufferPointer(rebasing: payload[size...]))
        )
    }

    /// The error this message reports about `message`; `nil` when it says that all is well.
    /// - Throws: ``NetfilterError`` `.malformed` when it is no such message.
    func acknowledgement(of message: NetlinkMessage) throws(NetfilterError) -> NetfilterError? {
        guard isEnd, payload.count >= 4 else {
            throw NetfilterError(.malformed, "cannot \(message.subject): the kernel's answer is not understood")
        }
        let number = payload.loadUnaligned(as: Int32.self)
        guard number < 0 else { return nil }
        // Behind the number stands the header of our message (20 bytes in all, NETLINK_CAP_ACK), or nothing (DONE).
        let start = type == 2 ? 20 : 4
        var words: String?
        var place: String?
        if flags.rawValue & 0x200 != 0, payload.count > start {
            let attributes = NetlinkAttributes(UnsafeRawBufferPointer(rebasing: payload[start...]))
            try attributes.forEach { (type, value) throws(NetfilterError) in
                switch type {
                case 1: words = value.text
                case 2: place = message.names.path(at: Int(try value.number(UInt32.self)), in: message.body)
                case 5: place = "missing " + message.names.name(of: try value.number(UInt32.self))
                default: break
                }
            }
        }
        let detail = [words.map { "the kernel says: \($0)" }, place.map { "at \($0)" }].compactMap { $0 }
        return .system(
            Errno(rawValue: -number), message.subject, detail: detail.isEmpty ? nil : detail.joined(separator: ", "))
    }
}

extension AttributeNames {
    /// The name of a number at the top level.
    func name(of number: UInt32) -> String {
        UInt16(exactly: number).flatMap { names[$0] } ?? "attribute \(number)"
    }
}
