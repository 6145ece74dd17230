/// One site that Caddy serves for a service: a subdomain and where its requests go.
public struct Site: Sendable, Hashable {
    /// Whose it is.
    public let service: ServiceID
    public let subdomain: Subdomain
    public let backend: Backend

    /// A site of checked parts.
    public init(service: ServiceID, subdomain: Subdomain, backend: Backend) {
        self.service = service
        self.subdomain = subdomain
        self.backend = backend
    }
}

extension ServiceRegistry {
    /// The sites of all installed services with `has_subdomain`, by subdomain, and what is wrong with those left out.
    ///
    /// A bad entry drops only itself: the other entries of the service stay, and so do all other services. Of two
    /// services that want one subdomain, the first by id has it.
    public func sites() -> (sites: [Site], faults: [Fault]) {
        var sites: [Subdomain: Site] = [:]
        var faults: [Fault] = []
        for service in services where service.capabilities.hasSubdomain {
            for wish in service.siteWishes {
                if let site = wish.site(of: service, taken: sites, &faults) { sites[site.subdomain] = site }
            }
        }
        return (sites.values.sorted { $0.subdomain < $1.subdomain }, faults)
    }
}

/// A subdomain as a manifest asks for it.
struct SiteWish {
    let pointer: JSONPointer
    let subdomain: String
    let backend: String?

    /// The site that it becomes; nil, and a fault, when it can't be one.
    func site(of service: Manifest, taken: [Subdomain: Site], _ faults: inout [Fault]) -> Site? {
        func refuse(_ message: String) -> Site? {
            faults.append(Fault(file: "data/services/\(service.id)/manifest.json", pointer: pointer, message))
            return nil
        }
        guard let name = Subdomain(subdomain) else { return refuse("\(quoted(subdomain)) is not \(Subdomain.rule)") }
        if name.isReserved { return refuse("\(quoted(subdomain)) is reserved for the cell; choose another") }
        guard let target = backend.flatMap({ Backend($0) }) else {
            return refuse("\(quoted(backend ?? "")) is not \(Backend.rule)")
        }
        guard service.allContainers.contains(target.host) else {
            let names = service.allContainers.map(\.rawValue).joined(separator: ", ")
            return refuse("\(quoted(target.host.rawValue)) is no container of this service; it has \(names)")
        }
        if let owner = taken[name]?.service {
            let whose = owner == service.id ? "this service already" : "the service \(owner)"
            return refuse("\(quoted(subdomain)) belongs to \(whose); choose another")
        }
        return Site(service: service.id, subdomain: name, backend: target)
    }
}

extension Manifest {
    /// What it asks for, the primary subdomain first; `extra_backends` name subdomains of their own.
    var siteWishes: [SiteWish] {
        var wishes: [SiteWish] = []
        if let subdomain {
            wishes.append(
                SiteWish(pointer: JSONPointer().appending("subdomain"), subdomain: subdomain, backend: backend))
        }
        for (index, extra) in extraSubdomains.enumerated() where extraBackends[extra] == nil {
            wishes.append(
                SiteWish(
                    pointer: JSONPointer().appending("extra_subdomains").appending(index), subdomain: extra,
                    backend: backend))
        }
        for (name, backend) in extraBackends.sorted(by: { $0.key < $1.key }) {
            wishes.append(
                SiteWish(
                    pointer: JSONPointer().appending("extra_backends").appending(name), subdomain: name,
                    backend: backend))
        }
        return wishes
    }
}
