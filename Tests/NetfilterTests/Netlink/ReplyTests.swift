import Testing

@testable import Netfilter

@Suite struct ReplyTests {
    // What iproute2 6.1 sends: strace -e trace=sendmsg -x ip rule add pref 1110 fwmark 0x10/0xff lookup 110 protocol 112
    @Test("A rule is sent in the very bytes that iproute2 sends")
    func golden() {
        let rule = RoutingRule(priority: 1110, .lookup(.wireguard), mark: Exit.wireguard.mark, mask: .mask)
        var bytes: [UInt8] = []
        rule.message(32, [.request, .ack, .create, .exclusive], "add").encode(sequence: 7, into: &bytes)
        #expect(
            bytes == [
                60, 0, 0, 0, 32, 0, 0x05, 0x06, 7, 0, 0, 0, 0, 0, 0, 0,  // nlmsghdr: length, RTM_NEWRULE, flags, 7, 0
                2, 0, 0, 0, 110, 0, 0, 1, 0, 0, 0, 0,  // fib_rule_hdr: AF_INET, table 110, FR_ACT_TO_TBL
                8, 0, 6, 0, 0x56, 0x04, 0, 0,  // FRA_PRIORITY 1110
                8, 0, 10, 0, 0x10, 0, 0, 0,  // FRA_FWMARK
                8, 0, 16, 0, 0xff, 0, 0, 0,  // FRA_FWMASK
                5, 0, 21, 0, 112, 0, 0, 0,  // FRA_PROTOCOL, one byte, padded
            ])
    }

    @Test("An attribute that leads outside the message is an error, wherever it is cut")
    func cut() {
        var message = NetlinkMessage(type: 1, flags: [], subject: "test", names: .none)
        message.put(1, 7 as UInt32)
        message.put(2, text: "name")
        for length in 0...message.body.count {
            message.body.withUnsafeBytes { bytes in
                let part = NetlinkAttributes(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
                let error = failure { () throws(NetfilterError) in try part.forEach { _, _ in } }
                // Whole after 0, 8, and at the end of the text, before its padding.
                #expect((error == nil) == [0, 8, 17, 18, 19, 20].contains(length), "\(length) bytes")
            }
        }
    }

    @Test("A number of another width than expected is an error")
    func width() {
        [1, 2, 3].withUnsafeBytes { bytes in
            let value = NetlinkValue(UnsafeRawBufferPointer(rebasing: bytes[..<3]))
            #expect(failure { () throws(NetfilterError) in _ = try value.number(UInt32.self) }?.code == .malformed)
            #expect(failure { () throws(NetfilterError) in _ = try value.address() }?.code == .malformed)
        }
    }

    @Test(
        "A message that claims to be longer than what came, or shorter than its header, is none",
        arguments: [
            0 as UInt32, 15, 21, 4096, .max,
        ])
    func lengths(length: UInt32) {
        var bytes: [UInt8] = []
        bytes.appendNumber(length)
        bytes += [UInt8](repeating: 0, count: 16)
        bytes.withUnsafeBytes { #expect(NetlinkReply($0) == nil) }
    }

    @Test("An error names the object, the reason, the kernel's words and the attribute")
    func extended() {
        let rule = RoutingRule(priority: 1110, .lookup(.wireguard), mark: Exit.wireguard.mark, mask: .mask)
        let message = rule.message(32, [], "add")
        var bytes: [UInt8] = []
        var acknowledgement = NetlinkMessage(
            type: 2, flags: .init(rawValue: 0x300), subject: "", names: .none,
            // -EINVAL, and the header of our message.
            header: [0xea, 0xff, 0xff, 0xff] + [UInt8](repeating: 0, count: 16))
        acknowledgement.put(1, text: "Invalid table")
        acknowledgement.put(2, 52 as UInt32)
        acknowledgement.encode(sequence: 1, into: &bytes)
        bytes.withUnsafeBytes { bytes in
            guard let reply = NetlinkReply(bytes) else {
                Issue.record("no reply")
                return
            }
            let error = failure { () throws(NetfilterError) in
                if let error = try reply.acknowledgement(of: message) { throw error }
            }
            #expect(
                error?.message
                    == "cannot add the rule 1110: from all fwmark 0x10/0xff lookup 110: the kernel takes it for invalid"
                    + " (the kernel says: Invalid table, at FRA_PROTOCOL)")
        }
    }

    @Test("An error in a nested attribute is named with its way")
    func nested() {
        var message = NetlinkMessage(
            type: 1, flags: [], subject: "", names: .route, header: [UInt8](repeating: 0, count: 12))
        message.put(1, 7 as UInt32)
        message.put(8, bytes: [8, 0, 3, 0, 1, 2, 3, 4, 8, 0, 4, 0, 1, 2, 3, 4, 4, 0, 3, 0])
        #expect(message.names.path(at: 16 + 12, in: message.body) == "RTA_DST")
        #expect(message.names.path(at: 16 + 20, in: message.body) == "RTA_METRICS")
        #expect(message.names.path(at: 16 + 32, in: message.body) == "RTA_METRICS/4")
        #expect(message.names.path(at: 16 + 40, in: message.body) == "RTA_METRICS/3[1]")
        #expect(message.names.path(at: 9999, in: message.body) == nil)
    }
}
