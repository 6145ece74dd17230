internal import Containers
public import Registry

/// What is installed in a cell and what a store offers, side by side.
public struct ServiceOverview: Sendable {
    /// One service, installed, offered, or both.
    public struct Service: Sendable {
        public let id: ServiceID
        public let name: String
        /// The installed version; nil when it is not installed.
        public let installed: String?
        /// The store's version; nil when it does not offer the service, or was not asked.
        public let offered: String?
        /// How the two stand to each other; nil when the store was not asked.
        public let state: StoreState?
        public let containers: [Container]
    }

    /// One container of an installed service.
    public struct Container: Sendable {
        public let name: String
        /// `running`, `paused`, `stopped` or `missing`; nil when nobody could be asked.
        public let state: String?
    }

    /// The services by id.
    public let services: [Service]
    /// Installed services whose manifest can't be used.
    public let faults: [ServiceFault]
    /// What else is worth knowing: entries of the store that were left out, an engine that does not answer.
    public let notes: [String]

    /// Looks at the cell, asks the containers' engine, and the store when it is given.
    /// - Throws: ``RunError`` when the store has no usable index. An engine that does not answer is a note.
    public init(_ cell: Cell, store: Store?) async throws {
        let registry = try ServiceRegistry(loading: cell.layout)
        let index = try await store?.index()
        var question = ContainerQuestion(runtime: cell.runtime(run: RunID()))
        var services: [Service] = []
        for manifest in registry.services {
            let entry = index?[manifest.id]
            services.append(
                Service(
                    id: manifest.id, name: manifest.name, installed: manifest.version, offered: entry?.versionText,
                    state: index == nil ? nil : entry?.state(installed: manifest.version) ?? .installed,
                    containers: await question.containers(of: manifest)))
        }
        // One that is installed and can't be used is not offered as if it were not there.
        let known = Set(services.map(\.id.rawValue) + registry.faults.map(\.service))
        for entry in index?.entries ?? [] where !known.contains(entry.id.rawValue) {
            services.append(
                Service(
                    id: entry.id, name: entry.name, installed: nil, offered: entry.versionText,
                    state: entry.state(installed: nil), containers: []))
        }
        self.services = services.sorted { $0.id < $1.id }
        faults = registry.faults
        notes = (index?.faults ?? []).map { "left out of the store: \($0)" } + question.notes
    }
}

/// Asks an engine for the states of containers, until it does not answer.
private struct ContainerQuestion {
    let runtime: any ContainerRuntime
    private(set) var notes: [String] = []
    private var isAnswering = true

    init(runtime: any ContainerRuntime) { self.runtime = runtime }

    mutating func containers(of manifest: Manifest) async -> [ServiceOverview.Container] {
        var containers: [ServiceOverview.Container] = []
        for name in manifest.allContainers {
            containers.append(.init(name: name.rawValue, state: await state(name.rawValue)))
        }
        return containers
    }

    private mutating func state(_ name: String) async -> String? {
        guard isAnswering, let name = Containers.ContainerName(name) else { return nil }
        do {
            let info = try await runtime.inspect(name)
            return info.isPaused ? "paused" : info.isRunning ? "running" : "stopped"
        } catch let error as ContainerError where error.code == .notFound {
            return "missing"
        } catch let error as ContainerError where error.code == .notRunning {
            return "stopped"
        } catch {
            isAnswering = false
            notes.append("the states of containers are not known: \(error)")
            return nil
        }
    }
}
