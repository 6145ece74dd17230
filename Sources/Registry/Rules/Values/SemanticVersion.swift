/// A version as semver.org 2.0.0 defines it; build metadata counts for nothing in comparisons.
public struct SemanticVersion: Sendable, Hashable {
    /// Three numbers without leading zeros, as digits: they have no largest value.
    private let numbers: [String]
    /// The identifiers behind `-`; empty for a release.
    private let prerelease: [String]

    /// A release by its numbers.
    public init(major: UInt, minor: UInt = 0, patch: UInt = 0) {
        numbers = [major, minor, patch].map { String($0) }
        prerelease = []
    }

    /// Exactly `MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]`, checked byte by byte; nil for anything else.
    public init?(_ text: String) {
        self.init(text, least: 3)
    }

    /// As ``init(_:)``, but missing numbers are 0: `1` and `1.0` are `1.0.0`.
    public init?(padding text: String) {
        self.init(text, least: 1)
    }

    private init?(_ text: String, least: Int) {
        guard text.utf8.count <= 256 else { return nil }
        var core = text.utf8[...]
        if let plus = core.firstIndex(of: UInt8(ascii: "+")) {
            guard Self.identifiers(core[core.index(after: plus)...], numeric: { _ in true }) != nil else { return nil }
            core = core[..<plus]
        }
        var identifiers: [String] = []
        if let dash = core.firstIndex(of: UInt8(ascii: "-")) {
            guard let found = Self.identifiers(core[core.index(after: dash)...], numeric: Self.isNumber) else {
                return nil
            }
            identifiers = found
            core = core[..<dash]
        }
        let parts = core.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (least...3).contains(parts.count), parts.allSatisfy({ $0.allSatisfy(ASCII.isDigit) && Self.isNumber($0) })
        else { return nil }
        numbers = parts.map { String(decoding: $0, as: UTF8.self) } + Array(repeating: "0", count: 3 - parts.count)
        prerelease = identifiers
    }

    private static func isNumber(_ digits: Substring.UTF8View) -> Bool {
        !digits.isEmpty && (digits.count == 1 || digits.first != UInt8(ascii: "0"))
    }

    /// Identifiers joined by dots; those of digits alone must pass `numeric`.
    private static func identifiers(
        _ text: Substring.UTF8View, numeric: (Substring.UTF8View) -> Bool
    ) -> [String]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let fits = parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
                && (!part.allSatisfy(ASCII.isDigit) || numeric(part))
        }
        return fits ? parts.map { String(decoding: $0, as: UTF8.self) } : nil
    }
}

extension SemanticVersion: Comparable, CustomStringConvertible {
    /// The version without build metadata.
    public var description: String {
        numbers.joined(separator: ".") + (prerelease.isEmpty ? "" : "-" + prerelease.joined(separator: "."))
    }

    /// Precedence of semver.org, item 11: a pre-release comes before its release.
    public static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        for (one, two) in zip(left.numbers, right.numbers) where one != two { return precedes(one, two) }
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        for (one, two) in zip(left.prerelease, right.prerelease) where one != two {
            switch (one.utf8.allSatisfy(ASCII.isDigit), two.utf8.allSatisfy(ASCII.isDigit)) {
            case (true, true): return precedes(one, two)
            case (let isNumber, let other) where isNumber != other: return isNumber
            default: return one.utf8.lexicographicallyPrecedes(two.utf8)
            }
        }
        return left.prerelease.count < right.prerelease.count
    }

    /// Order of two numbers without leading zeros.
    private static func precedes(_ one: String, _ two: String) -> Bool {
        one.utf8.count == two.utf8.count
            ? one.utf8.lexicographicallyPrecedes(two.utf8) : one.utf8.count < two.utf8.count
    }
}
