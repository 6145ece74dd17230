/// What an extraction onto the host is allowed to make (rule 11 of docs/archives.md).
public struct HostRules: Sendable {
    /// Make devices, fifos and links that point outside, and keep setuid: only for a recorded, authenticated archive.
    public var asRecorded: Bool
    /// Give files their recorded owners; needs root.
    public var owners: Bool

    /// A hostile archive may come here: nothing special, nobody's files but one's own.
    public static let strict = HostRules(asRecorded: false, owners: false)

    /// Makes a set of rules.
    public init(asRecorded: Bool, owners: Bool) {
        self.asRecorded = asRecorded
        self.owners = owners
    }

    func check(_ entry: TarEntry) throws(ArchiveError) {
        guard !asRecorded else { return }
        let violation: Violation? =
            switch entry.type {
            case .characterDevice, .blockDevice:
                refuse(.hostDevice, entry, "devices are not made on the host")
            case .fifo: refuse(.hostFIFO, entry, "fifos are not made on the host")
            case .symlink where Self.pointsOutside(entry):
                refuse(
                    .hostLinkOutside, entry,
                    "the link points outside the extracted tree, to \"\(ByteText.escape(entry.linkTarget))\"")
            default: nil
            }
        if let violation { throw ArchiveError(violation: violation) }
    }

    private func refuse(_ rule: Rule, _ entry: TarEntry, _ message: String) -> Violation {
        Violation(rule, at: entry.offset, entry: entry.path.description, message)
    }

    /// Absolute, or more steps up than there are directories above the link. A step up behind a name could climb out
    /// through another link, so it counts as outside too.
    static func pointsOutside(_ entry: TarEntry) -> Bool {
        guard entry.linkTarget.first != UInt8(ascii: "/") else { return true }
        var depth = entry.path.components.count - 1
        var sawName = false
        for component in entry.linkTarget.split(separator: UInt8(ascii: "/")) where component != [0x2E] {
            if component == [0x2E, 0x2E] {
                depth -= 1
                if sawName || depth < 0 { return true }
            } else {
                sawName = true
            }
        }
        return false
    }

    /// The mode a file gets: setuid and setgid only as recorded.
    func mode(_ entry: TarEntry) -> UInt32 {
        if asRecorded { return entry.mode }
        return entry.mode & (entry.type == .directory ? 0o3777 : 0o1777)
    }

    /// Attributes that give rights are for recorded archives.
    func allows(_ attribute: ExtendedAttribute) -> Bool {
        asRecorded || attribute.name.starts(with: "user.".utf8)
    }
}

/// The first pass: finds what the rules do not allow, before anything is written.
///
/// The finding waits for the end of the walk: a broken structure is the graver fault and is named first.
final class HostRulesSink: TarSink {
    private let rules: HostRules
    private let selection: EntrySelection
    /// The first thing that is not allowed.
    private(set) var finding: ArchiveError?

    init(_ rules: HostRules, _ selection: EntrySelection) {
        self.rules = rules
        self.selection = selection
    }

    func begin(_ entry: TarEntry) throws(ArchiveError) {
        guard finding == nil, selection.includes(entry) else { return }
        do throws(ArchiveError) {
            try selection.checkLink(entry)
            try rules.check(entry)
        } catch {
            finding = error
        }
    }

    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}
    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {}
}
