internal import Archive
internal import Containers
internal import SystemPackage

/// What a volume's own directory must be in the end: renames inside it and the staging directory change its time.
public struct VolumeRoot: Sendable, Codable {
    /// Permission bits.
    public let mode: UInt32
    /// Numeric owner.
    public let uid: UInt32
    /// Numeric group.
    public let gid: UInt32
    /// Seconds since 1970 and nanoseconds.
    public let modified: [Int64]
    /// Extended attributes, hex; only where there are some.
    let attributes: [String: String]?
    /// ACLs, access and default, in text form; empty where there is none.
    let acls: [String]?

    init(_ entry: TarEntry) {
        mode = entry.mode
        uid = entry.uid
        gid = entry.gid
        modified = [entry.modified.seconds, Int64(entry.modified.nanoseconds)]
        attributes =
            entry.xattrs.isEmpty
            ? nil
            : Dictionary(
                entry.xattrs.map { (Hex.encode($0.name), Hex.encode($0.value)) },
                uniquingKeysWith: { first, _ in first })
        acls =
            entry.accessACL == nil && entry.defaultACL == nil
            ? nil : [entry.accessACL, entry.defaultACL].map { String(decoding: $0 ?? [], as: UTF8.self) }
    }

    /// Whether mode and owner are the same.
    func isLike(_ other: VolumeRoot) -> Bool { (mode, uid, gid) == (other.mode, other.uid, other.gid) }

    /// As an entry of a tar stream.
    var entry: TarEntry {
        var entry = TarEntry(
            path: .root, type: .directory, mode: mode, uid: uid, gid: gid,
            modified: Timestamp(
                seconds: modified.first ?? 0, nanoseconds: UInt32(clamping: modified.dropFirst().first ?? 0)),
            offset: 0)
        for (name, value) in (attributes ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let name = Hex.decode(name), let value = Hex.decode(value) else { continue }
            entry.xattrs.append(ExtendedAttribute(name: name, value: value))
        }
        if let acls, acls.count == 2 {
            entry.accessACL = acls[0].isEmpty ? nil : Array(acls[0].utf8)
            entry.defaultACL = acls[1].isEmpty ? nil : Array(acls[1].utf8)
        }
        return entry
    }
}

extension VolumeStream {
    /// What the volume's own directory is now; nil where the container has no `stat`: then its time stays as it comes.
    func currentRoot() async throws -> VolumeRoot? {
        let result = try await runtime.exec(
            ContainerCommand(["stat", "-c", "%a %u %g %Y %y", path]), in: container)
        let fields = String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard result.status.isSuccess, fields.count >= 6, let mode = UInt32(fields[0], radix: 8),
            let uid = UInt32(fields[1]), let gid = UInt32(fields[2]), let seconds = Int64(fields[3])
        else { return nil }
        // %y ends its clock time in a fraction, where the container's stat knows it.
        let fraction = fields[5].split(separator: ".").dropFirst().first?.prefix(9) ?? "0"
        let digits = fraction + String(repeating: "0", count: 9 - fraction.count)
        return VolumeRoot(
            TarEntry(
                path: .root, type: .directory, mode: mode, uid: uid, gid: gid,
                modified: Timestamp(seconds: seconds, nanoseconds: UInt32(digits) ?? 0), offset: 0))
    }

    /// Makes the volume's own directory what the archive says.
    func setRoot(_ root: VolumeRoot?) async throws {
        guard let root else { return }
        let bytes = dialect.emitter.headers(root.entry) + TarEmitter.end
        try await write(to: path, progress: TransferProgress()) { descriptor in try descriptor.writeAll(bytes) }
    }

    /// Gives the volume's own directory back the time that our renames in it have changed; mode, owner and attributes
    /// stay.
    func setTime(_ root: VolumeRoot?) async throws {
        guard let root, let seconds = root.modified.first else { return }
        var time = "@\(seconds)"
        if dialect.properties.nanoseconds, let nanoseconds = root.modified.dropFirst().first, nanoseconds > 0 {
            let digits = String(nanoseconds)
            time += "." + String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
        }
        // A touch that does not know this form leaves the time as it is: nothing depends on it.
        _ = try await attempt(["touch", "-c", "-d", time, path])
    }
}
