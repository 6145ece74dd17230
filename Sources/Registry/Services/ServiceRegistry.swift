internal import SystemPackage

/// The services installed in a cell: the single source of what is backed up, routed and shown.
public struct ServiceRegistry: Sendable {
    /// The services whose manifest can be used, by id.
    public let services: [Manifest]
    /// The services that can't be used, by directory name.
    public let faults: [ServiceFault]

    /// A registry of manifests that were read elsewhere; it sorts them.
    public init(services: [Manifest], faults: [ServiceFault] = []) {
        self.services = services.sorted { $0.id < $1.id }
        self.faults = faults.sorted { $0.service.utf8.lexicographicallyPrecedes($1.service.utf8) }
    }

    /// Loads `data/services/<id>/manifest.json` of every service.
    ///
    /// A service that can't be loaded becomes a ``ServiceFault``, never an error: a missing or bad manifest, a link in
    /// place of the directory or the file, a directory name that is no service id. Files and hidden names beside the
    /// directories are left alone. A cell without `data/services` has no services.
    /// - Throws: `RegistryError` when the cell is no directory or `data/services` can't be listed.
    public init(loading layout: CellLayout) throws(RegistryError) {
        do throws(Errno) {
            self = try Self.loadAll(layout)
        } catch {
            try Self.requireNoServices(layout, error)
            self.init(services: [])
        }
    }

    /// Passes when the services can't be listed because there are none.
    static func requireNoServices(_ layout: CellLayout, _ error: Errno) throws(RegistryError) {
        guard error == .noSuchFileOrDirectory else {
            throw RegistryError(
                .system, "\(layout.services): can't be listed (\(error)); it must be a directory that you may read",
                underlying: error)
        }
        try requireCell(layout)
    }

    /// The names of the directories in `data/services`, sorted, whatever is in them; none when a cell has no services.
    /// - Throws: `RegistryError` when the cell is no directory or `data/services` can't be listed.
    public static func directoryNames(in layout: CellLayout) throws(RegistryError) -> [String] {
        do throws(Errno) {
            let services = try Directory(path: layout.services)
            var names: [String] = []
            for name in try services.names() where !isHidden(name) {
                if ![.other, .absent].contains(try services.kind(name)) { names.append(name) }
            }
            return names.sorted()
        } catch {
            try requireNoServices(layout, error)
            return []
        }
    }

    private static func isHidden(_ name: String) -> Bool { name.utf8.starts(with: ".".utf8) }

    /// The installed service, or nil when there is none of that id or it has faults.
    public func service(_ id: ServiceID) -> Manifest? {
        services.first { $0.id == id }
    }

    private static func loadAll(_ layout: CellLayout) throws(Errno) -> ServiceRegistry {
        var services: [Manifest] = []
        var (sources, faults) = try sources(layout)
        for source in sources {
            do throws(RegistryError) {
                services.append(
                    try Manifest(parsing: source.bytes, file: source.file, directory: source.directory))
            } catch {
                faults.append(ServiceFault(service: source.directory?.rawValue ?? "", faults: error.faults))
            }
        }
        return ServiceRegistry(services: services, faults: faults)
    }

    /// The manifests of all services, unread, and those that there is nothing to read of.
    static func sources(_ layout: CellLayout) throws(Errno) -> ([ManifestSource], [ServiceFault]) {
        let directory = try Directory(path: layout.services)
        var sources: [ManifestSource] = []
        var faults: [ServiceFault] = []
        for name in try directory.names() where !isHidden(name) {
            do throws(RegistryError) {
                if let source = try source(name, from: directory, layout) { sources.append(source) }
            } catch {
                faults.append(ServiceFault(service: name, faults: error.faults, isUnread: error.code == .system))
            }
        }
        return (sources, faults)
    }

    private static func requireCell(_ layout: CellLayout) throws(RegistryError) {
        do throws(Errno) {
            _ = try Directory(path: layout.root)
        } catch {
            throw RegistryError(
                .configuration, "\(layout.root): no cell there (\(error)); name the cell with --cell or PIC_CELL",
                underlying: error)
        }
    }

    /// Nil for what is no service: a file beside the directories, or a directory that has just been removed.
    private static func source(
        _ name: String, from services: borrowing Directory, _ layout: CellLayout
    ) throws(RegistryError) -> ManifestSource? {
        let place = layout.relative(layout.services).string + "/" + name.unicodeScalars.map(shown).joined()
        func refused(_ file: String, _ message: String, _ code: RegistryError.Code = .manifest) -> RegistryError {
            RegistryError(code, faults: [Fault(file: file, message)])
        }
        let kind: Directory.Kind
        do throws(Errno) {
            kind = try services.kind(name)
        } catch {
            throw refused(place, error.readingFault, error.isOfSystem ? .system : .manifest)
        }
        if kind == .other { return nil }
        // A name with bytes that are not UTF-8 comes as one that does not exist; it is no id either way.
        guard let id = ServiceID(name) else { throw refused(place, "the name is not \(ServiceID.rule)") }
        if kind == .absent { return nil }
        if kind == .link { throw refused(place, "is a symbolic link; put the directory itself in its place") }
        let file = place + "/manifest.json"
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try services.directory(name).read("manifest.json", limit: Manifest.sizeLimit)
        } catch {
            let remedy = error == .noSuchFileOrDirectory ? "; install the service again or remove its directory" : ""
            throw refused(file, error.readingFault + remedy, error.isOfSystem ? .system : .manifest)
        }
        return ManifestSource(file: file, bytes: bytes, directory: id)
    }
}
