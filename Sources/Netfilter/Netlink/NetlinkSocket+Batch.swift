extension NetlinkSocket {
    /// Sends the messages of a batch in one datagram and waits for the answer to the last of them.
    ///
    /// Kernels before 6.10 never acknowledge the end of a batch, but acknowledge the last change once all of it is
    /// committed. If the commit fails, that error comes first; so does that of a bad message, with its own sequence
    /// number, by which it is named.
    /// - Throws: ``NetfilterError``, about the first message that is refused.
    mutating func transact(
        _ begin: NetlinkMessage, _ messages: [NetlinkMessage], _ end: NetlinkMessage
    ) throws(NetfilterError) {
        guard !messages.isEmpty else { return }
        let first = nextSequence(messages.count + 2)
        let last = UInt32(messages.count)
        outgoing.removeAll(keepingCapacity: true)
        begin.encode(sequence: first, adding: .request, into: &outgoing)
        for index in messages.indices {
            let number = UInt32(index + 1)
            messages[index].encode(
                sequence: first + number, adding: number == last ? [.request, .ack] : .request, into: &outgoing)
        }
        end.encode(sequence: first + last + 1, adding: .request, into: &outgoing)
        try send(outgoing, begin.subject)
        let accept = { (reply: NetlinkReply) throws(NetfilterError) -> Bool in
            guard reply.sequence >= first, reply.sequence <= first + last + 1 else { return true }
            let number = reply.sequence - first
            let message = number == 0 ? begin : number > last ? end : messages[Int(number) - 1]
            if let error = try reply.acknowledgement(of: message) { throw error }
            return number != last
        }
        while try receive(begin.subject, accept) {}
    }

    /// Sends a request that has one answer, and hands that to `body`.
    mutating func ask(
        _ message: NetlinkMessage, _ body: (NetlinkReply) throws(NetfilterError) -> Void
    ) throws(NetfilterError) {
        let number = nextSequence()
        var bytes: [UInt8] = []
        message.encode(sequence: number, adding: .request, into: &bytes)
        try send(bytes, message.subject)
        let accept = { (reply: NetlinkReply) throws(NetfilterError) -> Bool in
            guard reply.sequence == number else { return true }
            if reply.isEnd {
                if let error = try reply.acknowledgement(of: message) { throw error }
            } else {
                try body(reply)
            }
            return false
        }
        while try receive(message.subject, accept) {}
    }

    /// Asks for one number: the first attribute of a subsystem's answer, in network order.
    /// - Throws: ``NetfilterError`` `.malformed` when the answer has none.
    mutating func askNumber(_ message: NetlinkMessage) throws(NetfilterError) -> UInt32 {
        var found: UInt32?
        try ask(message) { (reply) throws(NetfilterError) in
            try reply.split(4).attributes.forEach { (type, value) throws(NetfilterError) in
                if type == 1 { found = UInt32(bigEndian: try value.number(UInt32.self)) }
            }
        }
        guard let found else {
            throw NetfilterError(.malformed, "cannot \(message.subject): the kernel's answer holds no number")
        }
        return found
    }
}
