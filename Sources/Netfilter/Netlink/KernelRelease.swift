internal import Glibc

/// The version of a Linux kernel, as far as features depend on it.
struct KernelRelease: Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads the front of `uname -r`, such as `6.1.0-18-amd64`; `nil` when it does not begin with two numbers.
    init?(_ release: some StringProtocol) {
        let parts = release.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]),
            let minor = Int(parts[1].prefix { $0.isASCII && $0.isNumber })
        else { return nil }
        self.init(major, minor)
    }

    /// The kernel that runs (uname(2)).
    static var current: KernelRelease {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return KernelRelease(release) ?? KernelRelease(0, 0)
    }

    /// What is asked of the kernel, and since when it is there; the message of an error names the object.
    private static let features: [(words: String, feature: String, since: KernelRelease)] = [
        ("the table ", "tables that outlive their program (flag persist)", KernelRelease(6, 9)),
        (" of bridge ", "nftables for bridges (CONFIG_NF_TABLES_BRIDGE)", KernelRelease(3, 14)),
        ("the set ", "concatenated sets of nftables", KernelRelease(4, 1)),
        ("the map ", "maps of nftables", KernelRelease(3, 14)),
    ]

    /// The same error, with the feature that is missing and the version it came with.
    func explain(_ error: NetfilterError) -> NetfilterError {
        guard let missing = Self.features.first(where: { error.message.contains($0.words) }) else { return error }
        let remedy =
            self < missing.since
            ? "\(missing.feature) need Linux \(missing.since), this is \(self); Debian has newer kernels in backports"
            : "\(missing.feature) are refused: another program's table of that name stands in the way (nft list tables), "
                + "or the kernel was built without them"
        return NetfilterError(error.code, "\(error.message): \(remedy)", errno: error.errno)
    }

    var description: String { "\(major).\(minor)" }

    static func < (one: KernelRelease, other: KernelRelease) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }
}
