internal import FoundationEssentials

extension SnapshotDocument {
    /// The largest `snapshot.json` that is read: 64 MiB.
    public static let byteLimit = 64 << 20

    /// The file's exact bytes, authenticated with `key` (readable JSON with sorted keys and a newline at its end).
    public func sealed(with key: SnapshotKey) throws(ArchiveError) -> [UInt8] {
        guard let zeros = SHA256Digest(bytes: [UInt8](repeating: 0, count: 32)) else { fatalError("32 bytes") }
        var document = self
        document.authentication = Authentication(keyID: key.id, hmacSHA256: zeros)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var bytes: [UInt8]
        do { bytes = Array(try encoder.encode(document)) } catch {
            throw ArchiveError(.system, "cannot write snapshot.json of \(id): \(error)", underlying: error)
        }
        bytes.append(UInt8(ascii: "\n"))
        guard bytes.count <= Self.byteLimit else {
            throw ArchiveError(.system, "snapshot.json of \(id) would be \(bytes.count) bytes, more than is ever read")
        }
        guard let field = SnapshotSeal.field(in: bytes) else {
            throw ArchiveError(.system, "snapshot.json of \(id) has no single place for its authentication code")
        }
        bytes.replaceSubrange(field, with: Array(key.authenticate(bytes).hex.utf8))
        return bytes
    }

    /// Reads the bytes of a `snapshot.json`, without judging their authenticity (see ``SnapshotSeal``).
    ///
    /// Throws `.damaged`, with a sentence of its own for a format newer than ``currentFormat``.
    public init(parsing bytes: [UInt8]) throws(ArchiveError) {
        struct Version: Decodable { let format: Int }
        guard bytes.count <= Self.byteLimit else {
            throw ArchiveError(.damaged, "snapshot.json has \(bytes.count) bytes, at most \(Self.byteLimit) are read")
        }
        do {
            let data = Data(bytes)
            let format = try JSONDecoder().decode(Version.self, from: data).format
            if format > Self.currentFormat {
                throw ArchiveError(
                    .damaged, "snapshot.json has format \(format), it was written by a newer picjobs: update this one")
            }
            if format < 1 { throw ArchiveError(.damaged, "snapshot.json has format \(format), which never existed") }
            self = try JSONDecoder().decode(Self.self, from: data)
        } catch let error as ArchiveError {
            throw error
        } catch let error as DecodingError {
            throw ArchiveError(.damaged, "snapshot.json cannot be read: \(Self.explain(error))", underlying: error)
        } catch {
            throw ArchiveError(.damaged, "snapshot.json cannot be read: \(error)", underlying: error)
        }
        guard authentication != nil else {
            throw ArchiveError(.damaged, "snapshot.json has no authentication: it is not as picjobs wrote it")
        }
        try checkNames()
    }

    /// Services and archives name files and directories: a document may be anybody's, and so may its names.
    private func checkNames() throws(ArchiveError) {
        var seen: Set<SnapshotVolume> = []
        for service in services {
            for archive in service.archives {
                for name in [service.id, archive.name] where !Self.isPlain(name) {
                    throw ArchiveError(
                        .damaged, "snapshot.json names \"\(EscapedName.encode(Array(name.utf8)))\", which names no file"
                    )
                }
                guard seen.insert(SnapshotVolume(service: service.id, name: archive.name)).inserted else {
                    throw ArchiveError(.damaged, "snapshot.json has \(service.id)/\(archive.name) twice")
                }
            }
        }
    }

    /// What service ids and archive names are made of: letters, digits, `.`, `_`, `-`, the first a letter or digit.
    private static func isPlain(_ name: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        return name.utf8.count <= 64 && name.utf8.first.map(isAlphanumeric) ?? false
            && name.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    /// `services.0.archives.1.size: expected to decode UInt64 but found a string`
    private static func explain(_ error: DecodingError) -> String {
        let (context, missing): (DecodingError.Context, String?) =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context, nil)
            case .keyNotFound(let key, let context): (context, key.stringValue)
            @unknown default: (.init(codingPath: [], debugDescription: "\(error)"), nil)
            }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        let reason = missing.map { "key \"\($0)\" is missing" } ?? context.debugDescription
        return EscapedName.encode(Array((path.isEmpty ? reason : "\(path): \(reason)").utf8))
    }
}
