internal import Glibc
internal import SystemPackage

extension NetworkNamespace {
    /// The values of settings inside the namespace.
    /// - Throws: ``NetfilterError``; `.notFound` also when a setting's link is gone.
    public func values(of settings: [Sysctl]) throws(NetfilterError) -> [Sysctl: Int] {
        try run { () throws(NetfilterError) in
            var values: [Sysctl: Int] = [:]
            for setting in settings { values[setting] = try Self.read(setting) }
            return values
        }
    }

    /// The lines of a file of `/proc` as the namespace shows it; none when there is no such file.
    /// - Throws: ``NetfilterError``.
    func lines(of path: String) throws(NetfilterError) -> [String] {
        try run { () throws(NetfilterError) in
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                if errno == ENOENT { return [] }
                throw .system(.last, "open \(path)")
            }
            defer { close(descriptor) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 16 << 10)
            while true {
                let count = Glibc.read(descriptor, &chunk, chunk.count)
                guard count >= 0 else { throw .system(.last, "read \(path)") }
                if count == 0 { break }
                bytes += chunk[..<count]
            }
            return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Writes the settings that differ, in this order, reads each back, and returns those that were written.
    /// - Throws: ``NetfilterError`` at the first that can't be written or does not hold; earlier ones stay.
    @discardableResult
    public func set(_ settings: [(setting: Sysctl, value: Int)]) throws(NetfilterError) -> [Sysctl] {
        if settings.isEmpty { return [] }
        return try run { () throws(NetfilterError) in
            var written: [Sysctl] = []
            for (setting, value) in settings where try Self.read(setting) != value {
                try Self.write(setting, value)
                guard try Self.read(setting) == value else {
                    throw NetfilterError(.system, "\(setting) does not take the value \(value)")
                }
                written.append(setting)
            }
            return written
        }
    }

    private static func read(_ setting: Sysctl) throws(NetfilterError) -> Int {
        let descriptor = open(setting.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.last, "open the setting \(setting)") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw .system(.last, "read the setting \(setting)") }
        let digits = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }
        guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
            throw NetfilterError(.malformed, "the setting \(setting) is not a number")
        }
        return value
    }

    private static func write(_ setting: Sysctl, _ value: Int) throws(NetfilterError) {
        let descriptor = open(setting.path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let errno = Errno.last
            let detail = errno == .readOnlyFileSystem ? "/proc/sys is read-only in a container" : nil
            throw .system(errno, "change the setting \(setting)", detail: detail)
        }
        defer { close(descriptor) }
        let text = Array("\(value)\n".utf8)
        guard Glibc.write(descriptor, text, text.count) == text.count else {
            throw .system(.last, "set \(setting) to \(value)")
        }
    }
}
