extension NetlinkSocket {
    /// Sends messages in one datagram and waits for the answer to the last but one.
    ///
    /// The last is the end of a batch. Kernels before 6.10 never acknowledge that, but acknowledge the last change
    /// once all of it is committed. If the commit fails, that error comes first; so does that of a bad message, with
    /// its own sequence number, by which it is named.
    /// - Throws: ``NetfilterError``, about the first message that is refused.
    mutating func transact(_ messages: [NetlinkMessage]) throws(NetfilterError) {
        var messages = messages
        guard let first = messages.first, messages.count >= 3 else { return }
        let numbers = messages.map { _ in nextSequence() }
        var bytes: [UInt8] = []
        for index in messages.indices {
            messages[index].flags.insert(.request)
            if index == messages.count - 2 { messages[index].flags.insert(.ack) }
            messages[index].encode(sequence: numbers[index], into: &bytes)
        }
        try send(bytes, first.subject)
        let accept = { (reply: NetlinkReply) throws(NetfilterError) -> Bool in
            guard let index = numbers.firstIndex(of: reply.sequence) else { return true }
            if let error = try reply.acknowledgement(of: messages[index]) { throw error }
            return index != messages.count - 2
        }
        while try receive(first.subject, accept) {}
    }

    /// Sends a request that has one answer, and hands that to `body`.
    mutating func ask(
        _ message: NetlinkMessage, _ body: (NetlinkReply) throws(NetfilterError) -> Void
    ) throws(NetfilterError) {
        var message = message
        message.flags.insert(.request)
        let number = nextSequence()
        var bytes: [UInt8] = []
        message.encode(sequence: number, into: &bytes)
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
}
