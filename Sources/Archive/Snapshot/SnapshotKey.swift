internal import CCrypto

/// The cell's key that authenticates its snapshots: 32 random bytes, printed only by `text`.
public struct SnapshotKey: Sendable {
    private let bytes: [UInt8]

    /// A new key from libcrypto's generator (RAND_bytes).
    public static func generate() throws(ArchiveError) -> SnapshotKey {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard RAND_bytes(&bytes, 32) == 1 else {
            throw ArchiveError(.key, "cannot make a snapshot key: libcrypto has no randomness")
        }
        return SnapshotKey(bytes: bytes)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the text form: one line `picjobs-key-1 <64 lower-case hex digits>`, its newline optional.
    ///
    /// Throws `.key` without showing what it read.
    public init(text: [UInt8]) throws(ArchiveError) {
        let prefix = Array("picjobs-key-1 ".utf8)
        let line = text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...]
        guard line.starts(with: prefix),
            let digest = SHA256Digest(hex: String(decoding: line.dropFirst(prefix.count), as: UTF8.self))
        else {
            throw ArchiveError(.key, "this is no snapshot key: one line \"picjobs-key-1 <64 hex digits>\" is expected")
        }
        bytes = digest.bytes
    }

    /// The text form with its newline, for `key export` and the key's file. A secret.
    public var text: [UInt8] { Array("picjobs-key-1 \(Hex.encode(bytes))\n".utf8) }

    /// The key's public name: the first 16 hex digits of SHA-256("picjobs snapshot key id" + key).
    public var id: String {
        String(SHA256.hash(Array("picjobs snapshot key id".utf8) + bytes).hex.prefix(16))
    }

    /// HMAC-SHA256 of `message`.
    public func authenticate(_ message: [UInt8]) -> SHA256Digest { HMACSHA256.authenticate(message, key: bytes) }
}

extension SnapshotKey: Equatable {
    /// In constant time.
    public static func == (left: SnapshotKey, right: SnapshotKey) -> Bool {
        CRYPTO_memcmp(left.bytes, right.bytes, 32) == 0
    }
}

extension SnapshotKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The id; the key itself never reaches a log by accident.
    public var description: String { "snapshot key \(id)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
