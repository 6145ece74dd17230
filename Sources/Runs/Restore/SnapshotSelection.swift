internal import Archive
internal import Registry

/// Finds the snapshot, the archives and the volumes that a restore is about, and refuses what nobody vouches for.
struct SnapshotSelection: Sendable {
    let store: SnapshotStore
    let key: SnapshotKey?
    let options: RestoreOptions
    /// The named snapshot, or the newest.
    let snapshot: StoredSnapshot
    /// A sentence where authenticity was waived.
    let notes: [String]

    init(_ store: SnapshotStore, key: SnapshotKey?, _ options: RestoreOptions) throws {
        self.store = store
        self.key = key
        self.options = options
        let id: SnapshotID
        if options.snapshot == "latest" {
            guard let latest = try store.latest() else {
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
        snapshot = try store.open(id, key: key)
        notes = try Self.judge(snapshot, options.acceptUnauthenticated)
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
        for service in snapshot.document.services
        where options.services.isEmpty || options.services.contains(service.id) {
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
        let known = snapshot.document.services.map(\.id)
        for name in options.services where !known.contains(name) {
            throw RunError(
                .failed, "snapshot \(snapshot.id) has no service \(name); it has \(known.joined(separator: ", "))")
        }
        if let volume = options.volume, choices.isEmpty {
            throw RunError(.failed, "snapshot \(snapshot.id) has no volume \(volume) in what was selected")
        }
        if !options.paths.isEmpty, choices.count != 1 {
            throw RunError(.usage, "--path needs one volume: name it with --service and --volume")
        }
        return choices
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
