/// A generated password or secret.
public enum Password {
    /// As `secrets.token_urlsafe(bytes)` makes it (guide, section 4): random bytes in URL-safe base64 without padding.
    ///
    /// - Parameters:
    ///   - count: How many random bytes; 16 make 22 characters.
    ///   - generator: Where the bytes come from; the system's generator (getrandom(2)) when none is given.
    public static func make(bytes count: Int = 16, using generator: inout some RandomNumberGenerator) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var (bits, left): (UInt32, Int) = (0, 0)
        for _ in 0..<count {
            bits = bits << 8 | UInt32(UInt8.random(in: 0...255, using: &generator))
            left += 8
            while left >= 6 {
                left -= 6
                text.append(alphabet[Int(bits >> UInt32(left) & 63)])
            }
        }
        if left > 0 { text.append(alphabet[Int(bits << UInt32(6 - left) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// As the other one, from the system's generator.
    public static func make(bytes count: Int = 16) -> String {
        var generator = SystemRandomNumberGenerator()
        return make(bytes: count, using: &generator)
    }
}
