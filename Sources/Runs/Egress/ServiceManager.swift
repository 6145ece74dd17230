internal import Glibc

/// sd_notify(3) without its library: tells systemd how the service is, if it asks (NOTIFY_SOCKET).
struct ServiceManager: Sendable {
    private let address: [UInt8]?

    init() {
        guard let place = getenv("NOTIFY_SOCKET") else {
            address = nil
            return
        }
        var bytes = Array(String(cString: place).utf8)
        // '@' stands for the abstract name space.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 } else { bytes.append(0) }
        address = bytes
    }

    /// The service is up.
    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)\nWATCHDOG=1") }

    /// It is alive, and this is what it does.
    func alive(_ status: String) { send("WATCHDOG=1\nSTATUS=\(status)") }

    /// It has begun to end.
    func stopping() { send("STOPPING=1") }

    // Nobody is harmed when the manager does not hear it: it then does what a missing sign of life means.
    private func send(_ text: String) {
        var target = sockaddr_un()
        guard let address, address.count <= MemoryLayout.size(ofValue: target.sun_path) else { return }
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        target.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: address) }
        let isAbstract = address.first == 0
        let length = 2 + address.count - (isAbstract ? 0 : 1)
        let bytes = Array(text.utf8)
        _ = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, socklen_t(length))
            }
        }
    }
}
