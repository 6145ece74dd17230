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
