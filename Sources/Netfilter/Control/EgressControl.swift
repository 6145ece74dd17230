/// Brings the three kinds of namespace to a plan, in an order that is closed at every moment: the guard closes what is
/// not known, the gateway is programmed and read back, the guard opens the gateway's port, the services are steered.
///
/// It is for one thread at a time.
public final class EgressControl {
    private let isKeeper: Bool
    private var gateway: GatewayBox?
    private var host: HostBox?

    /// - Parameter isKeeper: It is kept while the cell is to be guarded: tables that an earlier program left become its
    ///   own, and nobody else can change them.
    public init(isKeeper: Bool = false) { self.isKeeper = isKeeper }

    /// Does what is to be done.
    public func converge(to plan: EgressPlan, in places: EgressPlaces) -> EgressReport {
        var report = EgressReport()
        let scene = open(plan, places, &report)
        let guarded = guardPlan(plan, scene)
        if let host, let guarded {
            report.attempt("host") { (report) throws(NetfilterError) in
                report.add("host", try host.sockets.converge(to: try host.sockets.closed(guarded)))
            }
        }
        guard convergeGateway(to: plan, &report) else { return report }
        if let host, let guarded {
            report.attempt("host") { (report) throws(NetfilterError) in
                report.add("host", try host.sockets.converge(to: guarded))
            }
        }
        for steering in scene.steered {
            report.attempt(steering.container.name) { (report) throws(NetfilterError) in
                report.add(steering.container.name, try steering.sockets.converge(to: steering.plan))
            }
        }
        return report
    }

    /// Brings back only the gateway, after a change there: a link that is up again, a rule that somebody removed.
    public func convergeGateway(to plan: EgressPlan) -> EgressReport {
        var report = EgressReport()
        _ = convergeGateway(to: plan, &report)
        return report
    }

    /// What would be done.
    public func pending(_ plan: EgressPlan, in places: EgressPlaces) -> EgressReport {
        var report = EgressReport()
        let scene = open(plan, places, &report)
        if let host, let guarded = guardPlan(plan, scene) {
            report.attempt("host") { (report) throws(NetfilterError) in
                report.add("host", try host.sockets.change(to: guarded).batch.lines)
            }
        }
        if let gateway {
            report.attempt("gateway") { (report) throws(NetfilterError) in
                report.add("gateway", try plan.change(from: gateway.sockets.read(for: plan)).lines)
                report.findings += try gateway.sockets.strangers()
            }
        }
        for steering in scene.steered {
            report.attempt(steering.container.name) { (report) throws(NetfilterError) in
                report.add(steering.container.name, try steering.sockets.pending(steering.plan))
            }
        }
        return report
    }

    /// Closes the host before anything runs; what is known already stays as it is.
    public func closeHost(_ plan: EgressPlan, in places: EgressPlaces) -> EgressReport {
        var report = EgressReport()
        openHost(places, &report)
        guard let host, let bridge = places.bridge else { return report }
        report.attempt("host") { (report) throws(NetfilterError) in
            let guarded = plan.guardPlan(bridge: bridge, ports: [], gatewayPort: nil)
            report.add("host", try host.sockets.converge(to: guarded, keepingPorts: true))
        }
        return report
    }

    /// Takes away all that is ours, services first. They leave as Docker lets them afterwards: they are OPEN.
    public func reset(_ plan: EgressPlan, in places: EgressPlaces) -> EgressReport {
        var report = EgressReport()
        let scene = open(plan, places, &report)
        var docker: IPv4Address?
        if let host, let bridge = scene.bridge {
            report.attempt("host") { (_) throws(NetfilterError) in
                docker = try host.sockets.address(of: bridge)?.address.ipv4
            }
        }
        for steering in scene.steered {
            report.attempt(steering.container.name) { (report) throws(NetfilterError) in
                report.add(steering.container.name, try steering.sockets.reset(steering.plan, to: docker))
            }
        }
        if let gateway {
            report.attempt("gateway") { (report) throws(NetfilterError) in
                report.add("gateway", try gateway.sockets.reset())
            }
        }
        if let host {
            report.attempt("host") { (report) throws(NetfilterError) in
                report.add("host", try host.sockets.reset())
            }
        }
        return report
    }

    /// How everything stands.
    public func status(_ plan: EgressPlan, in places: EgressPlaces) -> EgressStatus {
        var report = EgressReport()
        let scene = open(plan, places, &report)
        var status = EgressStatus(plan, places, scene)
        if let gateway {
            report.attempt("gateway") { (_) throws(NetfilterError) in
                try status.look(at: &gateway.sockets, plan)
            }
        }
        if let host {
            report.attempt("host") { (_) throws(NetfilterError) in
                try status.look(at: &host.sockets, scene)
            }
        }
        for steering in scene.steered {
            report.attempt(steering.container.name) { (_) throws(NetfilterError) in
                try status.look(at: &steering.sockets, steering)
            }
        }
        status.take(report.problems)
        return status
    }

    /// The namespaces that are open now, for those who listen in them.
    public var namespaces: (gateway: NetworkNamespace?, host: NetworkNamespace?) {
        (gateway?.sockets.namespace, host?.sockets.namespace)
    }

    private func convergeGateway(to plan: EgressPlan, _ report: inout EgressReport) -> Bool {
        guard let gateway else { return false }
        return report.attempt("gateway") { (report) throws(NetfilterError) in
            report.add("gateway", try gateway.sockets.converge(to: plan))
            report.findings += try gateway.sockets.strangers()
        }
    }

    private func guardPlan(_ plan: EgressPlan, _ scene: EgressScene) -> GuardPlan? {
        scene.bridgeName.map { plan.guardPlan(bridge: $0, ports: scene.ports, gatewayPort: scene.gatewayPort) }
    }
}

extension EgressControl {
    /// Opens what is not open yet or was restarted meanwhile, and finds out who is behind which port.
    private func open(
        _ plan: EgressPlan, _ places: EgressPlaces, _ report: inout EgressReport
    ) -> EgressScene {
        var scene = EgressScene()
        openHost(places, &report)
        openGateway(places, &report)
        if let host, let bridge = places.bridge {
            report.attempt("host") { (_) throws(NetfilterError) in
                try scene.lookAtHost(&host.sockets, bridge)
            }
        }
        if let gateway {
            report.attempt("gateway") { (_) throws(NetfilterError) in
                try scene.lookAtGateway(&gateway.sockets, plan)
            }
        }
        var strangers: Set<UInt64> = [gateway?.identity, host?.identity].reduce(into: []) { set, identity in
            if let identity { set.insert(identity) }
        }
        report.attempt("host") { (_) throws(NetfilterError) in
            strangers.insert(try NetworkNamespace.current().identity())
        }
        for container in places.containers {
            report.attempt(container.name) { (_) throws(NetfilterError) in
                try scene.lookAtContainer(container, plan, others: strangers)
            }
        }
        return scene
    }

    private func openHost(_ places: EgressPlaces, _ report: inout EgressReport) {
        guard places.bridge != nil else {
            host = nil
            return
        }
        report.attempt("host") { (_) throws(NetfilterError) in
            let namespace = try places.openHost()
            if try host?.identity != namespace.identity() { host = try HostBox(namespace) }
            if isKeeper { try host?.sockets.own() }
        }
    }

    private func openGateway(_ places: EgressPlaces, _ report: inout EgressReport) {
        guard let path = places.gateway else {
            gateway = nil
            report.problems.append(
                .init(place: "gateway", message: "the gateway does not run: every service is closed until it does"))
            return
        }
        let isOpen = report.attempt("gateway") { (_) throws(NetfilterError) in
            let namespace = try NetworkNamespace(path: path)
            if try gateway?.identity != namespace.identity() { gateway = try GatewayBox(namespace) }
            if isKeeper { try gateway?.sockets.own() }
        }
        if !isOpen { gateway = nil }
    }
}

/// The sockets of one instance of the gateway.
private final class GatewayBox {
    var sockets: GatewaySockets
    let identity: UInt64

    init(_ namespace: NetworkNamespace) throws(NetfilterError) {
        identity = try namespace.identity()
        sockets = try GatewaySockets(in: namespace)
    }
}

private final class HostBox {
    var sockets: GuardSockets
    let identity: UInt64

    init(_ namespace: NetworkNamespace) throws(NetfilterError) {
        identity = try namespace.identity()
        sockets = try GuardSockets(in: namespace)
    }
}
