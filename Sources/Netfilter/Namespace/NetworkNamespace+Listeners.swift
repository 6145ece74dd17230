extension NetworkNamespace {
    /// Whether a program in the namespace accepts connections on a port that reach it from other machines.
    /// - Throws: ``NetfilterError``.
    func hasListener(tcpPort port: UInt16) throws(NetfilterError) -> Bool {
        let suffix =
            ":" + String(repeating: "0", count: 4 - String(port, radix: 16).count)
            + String(port, radix: 16).uppercased()
        for file in ["tcp", "tcp6"] {
            // sl local_address rem_address st …; 0A is TCP_LISTEN.
            for line in try lines(of: "/proc/thread-self/net/\(file)") {
                let words = line.split(separator: " ")
                guard words.count > 3, words[3] == "0A", words[1].hasSuffix(suffix) else { continue }
                // 127.0.0.1 hears nothing of what is redirected.
                if !words[1].hasPrefix("0100007F:") { return true }
            }
        }
        return false
    }
}
