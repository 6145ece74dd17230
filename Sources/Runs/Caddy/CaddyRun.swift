internal import Archive
internal import Registry
internal import Web

/// Writes the sites of services for Caddy, their names for DNS, and has Caddy serve them.
public struct CaddyRun: Sendable {
    private let cell: Cell
    private let observer: any RunObserver
    private let exitCode: @Sendable (any Error) -> Int32

    /// What was made of the installed services.
    public struct Rendering: Sendable {
        var fragment: CaddyFragment
        /// Caddy's address, for the names.
        let address: String
        /// What keeps a site from being served, a sentence each.
        public internal(set) var faults: [String]

        /// `services.caddy`.
        public var caddyfile: String { fragment.text }
        /// `services.hosts`.
        public var hosts: String { HostsFile(fragment, address: address).text }
    }

    /// What an apply did.
    public struct Outcome: Sendable {
        /// Hosts that are new, gone or lead elsewhere.
        public internal(set) var changed: [String] = []
        /// What keeps a site from being served, a sentence each.
        public internal(set) var faults: [String] = []
        /// 0, or 3 when a site is missing.
        public var exitCode: Int32 { faults.isEmpty ? 0 : 3 }
    }

    /// Sets it up; nothing is done yet.
    public init(_ cell: Cell, observer: any RunObserver, exitCode: @escaping @Sendable (any Error) -> Int32) {
        self.cell = cell
        self.observer = observer
        self.exitCode = exitCode
    }

    /// The files as they would be written.
    /// - Throws: ``RunError`` `.configuration` when the cell has no domain.
    public func render() throws -> Rendering {
        let registry = try ServiceRegistry(loading: cell.layout)
        let (sites, faults) = registry.sites()
        let written = try CellConfig(of: cell.layout).identity.domain
        guard let domain = written.flatMap({ Domain($0) }) else {
            throw RunError(
                .configuration,
                "config/cell_config.json: identity.domain must be \(Domain.rule); services are subdomains of it")
        }
        let config = cell.config.caddy
        return Rendering(
            fragment: CaddyFragment(sites: sites, domain: domain, tls: config.tls), address: config.address,
            faults: registry.faults.map { "\($0.service): \($0.reason)" } + faults.map(\.description))
    }

    /// Whether what is written is not what would be; without any site, and without a file, nothing is.
    /// - Throws: ``RunError`` `.configuration` when there are sites and the cell has no domain.
    func isPending() throws -> Bool {
        let (sites, file) = (try ServiceRegistry(loading: cell.layout).sites().sites, try written(Self.sites))
        if sites.isEmpty, file.isEmpty { return false }
        let rendering = try render()
        return try rendering.caddyfile != file || rendering.hosts != written(Self.names)
    }

    /// Asks whether an apply could be done: the cell has a domain, its own Caddyfile can be used, and Caddy answers.
    /// - Throws: ``RunError``.
    func check() async throws {
        _ = try render()
        _ = try CellCaddyfile(cell)
        _ = try await CaddyAdmin(cell.config.caddy.admin).config()
    }

    private static let sites: RelativePath = "config/caddy/services.caddy"
    private static let names: RelativePath = "config/dns/services.hosts"

    /// Brings Caddy to the installed services, on record. A service whose site Caddy refuses loses only that; when Caddy
    /// does not serve a changed host afterwards, everything is as before.
    /// - Throws: ``RunError``.
    public func apply() async throws -> Outcome {
        try await RunSession.perform(cell, kind: .caddyApply, observer: observer, exitCode: exitCode) { session in
            let outcome = try await work(session)
            let result =
                outcome.changed.isEmpty ? "nothing changed" : "changed " + outcome.changed.joined(separator: ", ")
            return (
                outcome,
                .init(exitCode: outcome.exitCode, result: ([result] + outcome.faults).joined(separator: "; "))
            )
        }
    }

    private func work(_ session: RunSession) async throws -> Outcome {
        try session.record.begin(RunStep(.caddy))
        let own = try CellCaddyfile(cell)
        let admin = CaddyAdmin(cell.config.caddy.admin)
        let before = try await admin.config()
        var rendering = try render()
        if let refusal = try await admin.refusal(of: own.whole(with: rendering.caddyfile)) {
            rendering = try await withoutRefused(rendering, own, admin, refusal)
        }
        let changed = changedHosts(from: try written(Self.sites), to: rendering)
        try await admin.load(caddyfile: own.whole(with: rendering.caddyfile))
        do {
            for host in rendering.fragment.hosts where changed.contains(host) { try await probe(host) }
        } catch {
            try await admin.load(json: before)
            throw error
        }
        _ = try cell.root.createDirectories("config/caddy", mode: 0o755)
        _ = try cell.root.createDirectories("config/dns", mode: 0o755)
        try write(Self.sites, rendering.caddyfile)
        try write(Self.names, rendering.hosts)
        return Outcome(changed: changed, faults: rendering.faults)
    }

    /// Leaves out every service whose sites Caddy refuses; when the cell's own part is what it refuses, that is told.
    private func withoutRefused(
        _ rendering: Rendering, _ own: CellCaddyfile, _ admin: CaddyAdmin, _ refusal: String
    ) async throws -> Rendering {
        if let reason = try await admin.refusal(of: own.whole(with: "")) {
            throw RunError(.configuration, "\(cell.config.caddy.caddyfile): Caddy refuses it: \(reason)")
        }
        var left = rendering
        left.fragment.sites = []
        let sites = Dictionary(grouping: rendering.fragment.sites, by: \.service)
        for (service, sites) in sites.sorted(by: { $0.key < $1.key }) {
            var alone = rendering.fragment
            alone.sites = sites
            if let reason = try await admin.refusal(of: own.whole(with: alone.text)) {
                left.faults.append("\(service): Caddy refuses its site: \(reason)")
            } else {
                left.fragment.sites += sites
            }
        }
        left.fragment.sites.sort { $0.subdomain < $1.subdomain }
        if let reason = try await admin.refusal(of: own.whole(with: left.caddyfile)) {
            throw RunError(.failed, "Caddy refuses the sites of services together: \(reason) (all of them: \(refusal))")
        }
        return left
    }

    /// Asks one host; any answer will do. A new host's certificate is made only after the load, so a handshake that
    /// fails is tried again for a while. An authority on the internet may take longer than that: then Caddy has answered.
    private func probe(_ host: String) async throws {
        let config = cell.config.caddy
        let scheme = config.tls == .off ? "http" : "https"
        var request = WebRequest("GET", "\(scheme)://\(host):\(config.sitePort)/")
        request.connectTo = "\(host):\(config.sitePort):\(config.address):\(config.sitePort)"
        // Caddy's own authority is none that this machine knows.
        request.checksCertificate = false
        request.limit = 16 << 20
        let end = ContinuousClock.now + Self.patience
        while true {
            do {
                _ = try await WebClient().send(request)
                return
            } catch let error as WebError where error.code == .tooLarge {
                return
            } catch let error as WebError {
                let isHandshake = error.code == .certificate
                if isHandshake, ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(100))
                    continue
                }
                if isHandshake, config.tls == .acme { return }
                throw RunError(
                    .failed, "Caddy does not serve \(host) after the change (\(error)); everything is as before",
                    underlying: error)
            }
        }
    }

    /// How long a new certificate of Caddy's own authority may take.
    private static let patience = Duration.seconds(10)

    /// Hosts whose block differs.
    private func changedHosts(from old: String, to rendering: Rendering) -> [String] {
        func blocks(_ text: String) -> [String: String] {
            var found: [String: String] = [:]
            for block in text.split(separator: "\n\n") {
                let lines = block.split(separator: "\n")
                guard let head = lines.first(where: { $0.hasSuffix(" {") }) else { continue }
                found[String(head.dropLast(2)).replacing("http://", with: "")] = String(block)
            }
            return found
        }
        let (before, after) = (blocks(old), blocks(rendering.caddyfile))
        return Set(before.keys).union(after.keys).filter { before[$0]?.trimmedEnd != after[$0]?.trimmedEnd }.sorted()
    }

    private func written(_ place: RelativePath) throws -> String {
        do throws(ArchiveError) {
            return String(decoding: try cell.root.readFile(place, limit: 16 << 20), as: UTF8.self)
        } catch {
            guard error.code == .notFound else { throw error }
            return ""
        }
    }

    private func write(_ place: RelativePath, _ text: String) throws {
        guard try written(place) != text else { return }
        try cell.root.writeAtomically(place, Array(text.utf8), mode: 0o644)
    }
}

extension String {
    fileprivate var trimmedEnd: Substring {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
