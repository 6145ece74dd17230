/// How the packets of every service go right now, as read from the kernel.
public struct EgressStatus: Sendable {
    /// One container of a service.
    public struct Container: Sendable {
        public let name: String
        /// The service's id.
        public let service: String
        public let address: IPv4Address?
        /// The exit that was chosen; `nil` when the plan refuses the address.
        public let exit: Exit?
        /// Why its packets can't leave by that exit right now; `nil` when they can.
        public internal(set) var whyNot: String?
        /// The gateway's map has its address with its exit.
        public internal(set) var isMapped = false
        /// Its default route leads to the gateway.
        public internal(set) var isSteered = false
        /// The host's guard lets it use its own address and no other.
        public internal(set) var isGuarded = false
        /// It runs, and neither its route nor the guard keeps it: its packets leave past every exit.
        public var isOpen: Bool { isRunning && !isSteered && !isGuarded }
        /// Its namespace was found.
        public internal(set) var isRunning = false
        /// Packets that the gateway's own chains dropped.
        public internal(set) var dropped: UInt64 = 0
        /// What is wrong with it, a sentence each.
        public internal(set) var problems: [String] = []
    }

    public private(set) var containers: [Container]
    /// Why each exit can't be used; an exit that is not here can.
    public private(set) var closedExits: [Exit: String] = [:]
    /// The gateway holds exactly what was planned.
    public private(set) var isGatewayProgrammed = false
    /// The counters of our tables by name.
    public private(set) var counters: [String: UInt64] = [:]
    /// What a person should know that belongs to no single service, a sentence each.
    public private(set) var findings: [String] = []

    init(_ plan: EgressPlan, _ places: EgressPlaces, _ scene: EgressScene) {
        containers = places.containers.map { place in
            var container = Container(
                name: place.name, service: place.service, address: place.address,
                exit: place.address.flatMap(plan.exit(of:)))
            container.problems = plan.faults.filter { $0.address == place.address && $0.service == place.service }
                .map(\.message)
            if place.namespace == nil {
                container.problems.append("\(place.name) does not run, or its namespace is not known")
            }
            return container
        }
        for exit in Exit.allCases {
            if places.gateway == nil { closedExits[exit] = "the gateway does not run" }
            if exit != .tor, plan.gateway.resolvers[exit] == nil, plan.services.contains(where: { $0.exit == exit }) {
                findings.append(
                    "the exit \(exit) has no resolver (egress.resolvers): names that its services ask the gateway for "
                        + "are not answered")
            }
        }
    }

    mutating func look(at gateway: inout GatewaySockets, _ plan: EgressPlan) throws(NetfilterError) {
        let state = try gateway.read(for: plan)
        isGatewayProgrammed = try plan.change(from: state).isEmpty
        if !isGatewayProgrammed { findings.append("the gateway is not as planned; egress plan says what differs") }
        closedExits = try gateway.closedExits(plan, state)
        let map = state.ruleset.elements[EgressPlan.exitOf.name] ?? []
        let drops = try gateway.drops()
        counters.merge(drops.counters) { _, new in new }
        for index in containers.indices {
            guard let address = containers[index].address else { continue }
            containers[index].dropped = drops.services[address] ?? 0
            guard let exit = containers[index].exit else { continue }
            containers[index].isMapped = map.contains(NftElement(NftValue(address), to: NftValue(exit.mark)))
        }
        findings += try gateway.strangers()
    }

    mutating func look(at host: inout GuardSockets, _ scene: EgressScene) throws(NetfilterError) {
        let isGuarded = try host.guarded()
        for index in containers.indices {
            guard let address = containers[index].address, let port = scene.portOf[containers[index].name] else {
                continue
            }
            containers[index].isGuarded = isGuarded(port, address)
        }
        counters.merge(try host.drops()) { _, new in new }
    }

    mutating func look(
        at service: inout SteeringSockets, _ steered: EgressScene.Steered
    ) throws(NetfilterError) {
        guard let index = containers.firstIndex(where: { $0.name == steered.container.name }) else { return }
        containers[index].isRunning = true
        containers[index].isSteered = try service.pending(steered.plan).isEmpty
        // What the guard drops anyway is no way out.
        containers[index].problems += try service.otherWays(
            steered.plan, families: containers[index].isGuarded ? [.ipv4] : AddressFamily.allCases)
    }

    /// Gives every problem to whom it belongs, and says for every container why its packets do not leave.
    mutating func take(_ problems: [EgressReport.Problem]) {
        if let lost = problems.first(where: { $0.place == "gateway" }) {
            for exit in Exit.allCases where closedExits[exit] == nil { closedExits[exit] = lost.message }
        }
        for problem in problems {
            if let index = containers.firstIndex(where: { $0.name == problem.place }) {
                if !containers[index].problems.contains(problem.message) {
                    containers[index].problems.append(problem.message)
                }
            } else {
                findings.append("\(problem.place): \(problem.message)")
            }
        }
        for index in containers.indices { containers[index].whyNot = why(containers[index]) }
    }

    private func why(_ container: Container) -> String? {
        guard let exit = container.exit else {
            return container.problems.first ?? "it has no address that the plan knows"
        }
        if container.isOpen {
            return
                "nothing leads it to the gateway and no guard holds it: its packets leave as the engine lets them, past "
                + "every exit; run egress apply"
        }
        if let reason = closedExits[exit] { return reason }
        if !container.isMapped { return "the gateway does not know it; run egress apply" }
        if !container.isSteered { return container.problems.first ?? "it is not led to the gateway; run egress apply" }
        return nil
    }
}
