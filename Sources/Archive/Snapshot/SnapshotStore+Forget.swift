extension SnapshotStore {
    /// What ``forget(_:directory:configPaths:key:)`` did.
    public struct Forgotten: Sendable {
        /// Snapshots that hold the rest now.
        public var rewritten: [SnapshotID] = []
        /// Snapshots that held nothing else.
        public var deleted: [SnapshotID] = []
        /// Snapshots that hold it still, because the key does not vouch for them.
        public var left: [SnapshotID] = []
    }

    /// Takes a service out of every snapshot: its archives, the copies of its configuration paths and of its own
    /// directory. What is left of a snapshot is sealed anew; one that held nothing but this service, and no state of the
    /// cell, is deleted. Can be done again after a kill.
    ///
    /// - Parameters:
    ///   - directory: where the cell keeps the service's manifest.
    ///   - configPaths: the service's configuration paths, for a snapshot whose record does not name them any more.
    public func forget(
        _ service: String, directory place: RelativePath, configPaths: [RelativePath] = [], key: SnapshotKey
    ) throws(ArchiveError) -> Forgotten {
        var result = Forgotten()
        let archives = RelativePath("service_data").appending(Array(service.utf8))
        for snapshot in try list(key: key).snapshots {
            var document = snapshot.document
            let archived = try snapshot.directory.status(archives) != nil
            guard archived || document.services.contains(where: { $0.id == service }) else { continue }
            guard snapshot.authenticity == .authentic else {
                result.left.append(snapshot.id)
                continue
            }
            var roots =
                [RelativePath("cell").appending(place)] + configPaths.map { RelativePath("project").appending($0) }
            for part in document.services where part.id == service {
                for path in part.configPaths {
                    roots.append(RelativePath("project").appending(try RelativePath(escaped: path.path)))
                }
            }
            document.services.removeAll { $0.id == service }
            var kept: [SnapshotFile] = []
            for file in document.files {
                let path = try file.relativePath()
                if !roots.contains(where: { path.isWithin($0) }) { kept.append(file) }
            }
            document.files = kept
            if document.services.isEmpty, !kept.contains(where: { $0.path.hasPrefix("cell/") }) {
                try delete(snapshot.id)
                result.deleted.append(snapshot.id)
                continue
            }
            // First the record, so that it never names what is gone.
            try snapshot.directory.removeTemporaries()
            try snapshot.directory.writeAtomically(Self.document, try document.sealed(with: key), mode: 0o600)
            for root in roots + [archives] { try snapshot.directory.removeTree(root) }
            try snapshot.directory.sync()
            result.rewritten.append(snapshot.id)
        }
        return result
    }
}
