internal import Archive
internal import Containers
internal import SystemPackage

extension VolumeStream {
    /// Tar headers (hex) with what the volume's own directory is now: renames inside it and the staging directory
    /// change its time. Nil where the container has no `stat`; then its time is left as it comes.
    func currentRoot() async throws -> String? {
        let result = try await runtime.exec(
            ContainerCommand(["stat", "-c", "%a %u %g %Y %y", path]), in: container)
        let fields = String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard result.status.isSuccess, fields.count >= 6, let mode = UInt32(fields[0], radix: 8),
            let uid = UInt32(fields[1]), let gid = UInt32(fields[2]), let seconds = Int64(fields[3])
        else { return nil }
        let fraction = fields[5].split(separator: ".").dropFirst().first?.prefix(9) ?? "0"
        let digits = fraction + String(repeating: "0", count: 9 - fraction.count)
        let entry = TarEntry(
            path: .root, type: .directory, mode: mode, uid: uid, gid: gid,
            modified: Timestamp(seconds: seconds, nanoseconds: UInt32(digits) ?? 0), offset: 0)
        return rootHeaders(entry)
    }

    /// Tar headers (hex) that make the volume's own directory what an entry says.
    func rootHeaders(_ entry: TarEntry) -> String { Hex.encode(dialect.emitter.headers(entry)) }

    /// Applies what ``currentRoot()`` or ``rootHeaders(_:)`` gave.
    func setRoot(_ headers: String?) async throws {
        guard let headers else { return }
        guard let bytes = Hex.decode(headers) else { throw RunError(.failed, "\(place): bad headers in a journal") }
        try await write(to: path, progress: TransferProgress()) { descriptor in
            try descriptor.writeAll(bytes + TarEmitter.end)
        }
    }
}
