internal import Archive
internal import Registry

/// Finds the snapshot, the archives and the volumes that a restore is about, and refuses what nobody vouches for.
struct SnapshotSelection: Sendable {
    let store: SnapshotStore
    let key: SnapshotKey?
    let options: RestoreOptions
    /// The named snapshot, or the newest.
    let snapshot: StoredSnapshot
    /// The services that are asked for, each with the snapshot that has it: with `latest` also an older one, for the
    /// newest backup may have been one of other services.
    let parts: [Part]
    /// A sentence where authenticity was waived, or an older snapshot is taken.
    let notes: [String]
    /// False where authenticity was waived.
    let isTrusted: Bool

    /// One service as one snapshot has it.
    struct Part: Sendable {
        let service: SnapshotService
        let snapshot: StoredSnapshot
    }

    init(_ store: SnapshotStore, key: SnapshotKey?, _ options: RestoreOptions) throws {
        self.store = store
        self.key = key
        self.options = options
        let id: SnapshotID
        if options.snapshot == "latest" {
            guard let latest = try store.latest() else {
                guard try store.names().isEmpty else {
                    throw RunError(
                        .damaged,
                        "no regular snapshot in \(store.directory.path) can be read; picjobs snapshots verify says why")
                }
                throw RunError(.failed, "there is no snapshot in \(store.directory.path); picjobs backup makes one")
            }
            id = latest
        } else {
            guard let named = SnapshotID(options.snapshot) else {
                throw RunError(
                    .usage, "\(options.snapshot) is no snapshot id; picjobs snapshots list shows them, or say latest")
            }
            id = named
        }
        let snapshot = try store.open(id, key: key)
        self.snapshot = snapshot
        let waived = try Self.judge(snapshot, options.acceptUnauthenticated)
        isTrusted = waived.isEmpty
        var (parts, notes) = (snapshot.document.services.map { Part(service: $0, snapshot: snapshot) }, waived)
        if options.snapshot == "latest" {
            parts.removeAll { $0.service.archives.isEmpty && $0.service.error != nil }
            let known = Set(parts.map(\.service.id))
            let missing = Self.installed(snapshot.document).union(options.services).subtracting(known)
            for part in missing.isEmpty ? [] : Self.newest(of: missing, in: try store.list(key: key)) {
                _ = try Self.judge(part.snapshot, options.acceptUnauthenticated)
                parts.append(part)
                notes.append("\(snapshot.id) was made without \(part.service.id); taking \(part.snapshot.id) for it")
            }
            parts.sort { $0.service.id < $1.service.id }
        }
        for name in options.services where !parts.contains(where: { $0.service.id == name }) {
            let known = parts.map(\.service.id).joined(separator: ", ")
            throw RunError(.failed, "snapshot \(snapshot.id) has no service \(name); it has \(known)")
        }
        self.parts = parts.filter { options.services.isEmpty || options.services.contains($0.service.id) }
        self.notes = notes
    }

    /// The services that were installed when a snapshot was made: its copy of the cell's state has their manifests.
    private static func installed(_ document: SnapshotDocument) -> Set<String> {
        Set(
            document.files.compactMap { file in
                let parts = file.path.split(separator: "/")
                guard parts.count == 5, file.path.hasPrefix("cell/data/services/"), parts[4] == "manifest.json" else {
                    return nil
                }
                return String(parts[3])
            })
    }

    /// The newest regular snapshot with something of each service; none for a service that never had anything.
    private static func newest(of services: Set<String>, in listing: SnapshotListing) -> [Part] {
        services.sorted().compactMap { id in
            for snapshot in listing.snapshots.reversed()
            where snapshot.document.kind != .safety && snapshot.authenticity != .wrong {
                let service = snapshot.document.services.first { $0.id == id }
                if let service, service.archives.contains(where: \.isUsable) || !service.configPaths.isEmpty {
                    return Part(service: service, snapshot: snapshot)
                }
            }
            return nil
        }
    }

    /// The copies of config_paths of what is asked for, one a snapshot that has some.
    func configPaths() throws -> [ConfigCopies] {
        let byID = Dictionary(grouping: parts, by: \.snapshot.id)
        return try byID.keys.sorted().compactMap { id in
            guard let parts = byID[id] else { return nil }
            let usable = parts.flatMap(\.service.configPaths).filter { $0.error == nil }
            return ConfigCopies(
                snapshot: parts[0].snapshot, paths: try usable.map { try RelativePath(escaped: $0.path) },
                leftOut: try usable.flatMap { $0.leftOut ?? [] }.map { try RelativePath(escaped: $0.path) })
        }
    }

    /// The copies of config_paths in one snapshot.
    struct ConfigCopies: Sendable {
        let snapshot: StoredSnapshot
        let paths: [RelativePath]
        /// What they are known to lack.
        let leftOut: [RelativePath]

        /// Puts them back beneath a directory.
        func restoration(to target: Directory) throws -> TreeRestore {
            try TreeRestore(
                snapshot.document.files, from: snapshot.directory, below: "project", to: target, paths: paths,
                leftOut: leftOut)
        }
    }

    /// A wrong authentication is always refused; one that can't be checked needs a word.
    static func judge(_ snapshot: StoredSnapshot, _ accepted: Bool) throws -> [String] {
        let why: String
        switch snapshot.authenticity {
        case .authentic: return []
        case .wrong:
            throw RunError(
                .refused,
                "snapshot \(snapshot.id): snapshot.json was changed after it was written (wrong HMAC); it is refused")
        case .missingKey: why = "this cell has no snapshot key"
        case .foreignKey(let id): why = "it was signed with another key (\(id))"
        }
        guard accepted else {
            throw RunError(
                .refused,
                "snapshot \(snapshot.id) cannot be authenticated: \(why); import the key (picjobs key import FILE) or "
                    + "restore with --accept-unauthenticated")
        }
        return ["snapshot \(snapshot.id) is NOT authenticated (\(why)); only its recorded SHA-256s were checked"]
    }

    /// One archive with the snapshot that holds it.
    struct Choice: Sendable {
        let place: VolumePlace
        let snapshot: StoredSnapshot
        let note: String?
    }

    /// The volumes that are asked for, each with its archive: of the named snapshot, or with `latest` the newest usable
    /// one, also from an older snapshot.
    func choices() throws -> [Choice] {
        var choices: [Choice] = []
        for part in parts {
            let (service, snapshot) = (part.service, part.snapshot)
            for archive in service.archives where options.volume == nil || archive.name == options.volume {
                let place = VolumePlace(
                    service: service.id, name: archive.name, container: archive.container, path: archive.path)
                if archive.isUsable || options.snapshot != "latest" {
                    choices.append(Choice(place: place, snapshot: snapshot, note: nil))
                } else {
                    choices.append(try older(place, than: archive))
                }
            }
        }
        if choices.isEmpty, !options.services.isEmpty, options.volume == nil, !options.config {
            throw RunError(
                .failed, "snapshot \(snapshot.id) has no volume of \(options.services.joined(separator: ", "))")
        }
        if let volume = options.volume, choices.isEmpty {
            throw RunError(.failed, "snapshot \(snapshot.id) has no volume \(volume) in what was selected")
        }
        if options.isPartial, choices.count != 1 {
            throw RunError(.usage, "--path needs one volume: name it with --service and --volume")
        }
        return choices
    }

    /// Replacing everything has to be asked for by name.
    ///
    /// - Throws: ``RunError`` `.usage` that lists what would be replaced.
    func requireWord(for choices: [Choice]) throws {
        guard !options.all, options.services.isEmpty, options.volume == nil, !options.isPartial, !choices.isEmpty else {
            return
        }
        let places = choices.map { "\($0.place) (\($0.place.container):\($0.place.path))" }
        let more = places.count > 20 ? " and \(places.count - 20) more" : ""
        throw RunError(
            .usage,
            "restore \(options.snapshot) alone would replace all that is now in \(places.prefix(20).joined(separator: ", "))"
                + "\(more): say --all, or name a part with --service; --dry-run shows the changes")
    }

    private func older(_ place: VolumePlace, than archive: SnapshotArchive) throws -> Choice {
        let volume = SnapshotVolume(service: place.service, name: place.name)
        guard let newest = try store.list(key: key).newestArchive(of: volume) else {
            return Choice(place: place, snapshot: snapshot, note: nil)
        }
        _ = try Self.judge(newest.snapshot, options.acceptUnauthenticated)
        return Choice(
            place: VolumePlace(
                service: place.service, name: place.name, container: newest.archive.container,
                path: newest.archive.path), snapshot: newest.snapshot,
            note: "\(place): its archive in \(snapshot.id) is \(archive.verdict.rawValue); taking \(newest.snapshot.id)"
        )
    }

    /// The archive goes only where the installed manifest of today says that this volume lies.
    static func checkInstalled(_ place: VolumePlace, _ registry: ServiceRegistry) throws {
        if let fault = registry.faults.first(where: { $0.service == place.service }) {
            throw RunError(.failed, "\(place): the installed manifest can't be used: \(fault.reason)")
        }
        let volumes = registry.backupPlan().services.first { $0.service.rawValue == place.service }?.volumes ?? []
        guard let volume = volumes.first(where: { $0.name.rawValue == place.name }) else {
            throw RunError(
                .failed,
                "\(place): no installed service declares this volume; install it first, or restore with --to DIR")
        }
        guard volume.container.rawValue == place.container, volume.path.rawValue == place.path else {
            throw RunError(
                .refused,
                "\(place): the snapshot has it in \(place.container) at \(place.path), the installed manifest in "
                    + "\(volume.container) at \(volume.path); restore with --to DIR and move it yourself")
        }
    }
}
