internal import CCrypto

/// An incremental SHA-256 by libcrypto (EVP_sha256), which uses the processor's SHA instructions where it has them.
///
/// Not thread-safe: one owner at a time, which `~Copyable` enforces.
public struct SHA256: ~Copyable {
    // Non-nil from init to deinit; EVP_MD_CTX_new fails only when memory is exhausted.
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto cannot provide SHA-256: out of memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds the bytes; an empty buffer is no change.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        EVP_DigestUpdate(context, base, bytes.count)
    }

    /// Adds the bytes; an empty array is no change.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of all that was added; the state starts anew.
    public mutating func finish() -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &bytes, nil)
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
        guard let digest = SHA256Digest(bytes: bytes) else { fatalError("a SHA-256 has 32 bytes") }
        return digest
    }

    /// The digest of one buffer.
    public static func hash(_ bytes: [UInt8]) -> SHA256Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}

/// HMAC-SHA256 (RFC 2104) by libcrypto.
public enum HMACSHA256 {
    /// 32 bytes over `message` with `key`.
    public static func authenticate(_ message: [UInt8], key: [UInt8]) -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &bytes, &count)
        guard let digest = SHA256Digest(bytes: bytes) else { fatalError("an HMAC-SHA256 has 32 bytes") }
        return digest
    }

    /// Compares in constant time (CRYPTO_memcmp).
    public static func equal(_ left: SHA256Digest, _ right: SHA256Digest) -> Bool {
        CRYPTO_memcmp(left.bytes, right.bytes, 32) == 0
    }
}
