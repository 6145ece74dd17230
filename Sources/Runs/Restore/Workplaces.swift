internal import Archive
internal import Containers

/// Where the commands of a restore run: in a volume's own container while that runs, and otherwise in a stand-in, a
/// container of the same image with the same volumes in which nothing of the service runs.
///
/// No process of the old state may write below a path between the moment at which its old content is moved away and its
/// start on the restored one: a service saves its memory when it is told to stop.
actor Workplaces {
    private let runtime: any ContainerRuntime
    private let cell: Cell
    private let stallTimeout: Int
    private let healthTimeout: Int
    private let run: RunID
    /// Writes a step into the journal of the run whose restore this is.
    private let begin: @Sendable (RunStep) throws -> Void
    private var streams: [VolumePlace: VolumeStream] = [:]
    private var standIns: [ContainerName: ContainerName] = [:]
    private var serial = 0
    /// Journaled, and not started again yet.
    private var stopped: [StoppedContainer] = []
    /// What a person should know.
    private(set) var notes: [String] = []

    /// - Parameter stopped: what an earlier process stopped for the same run.
    init(
        _ session: RunSession, stopped: [StoppedContainer] = [], begin: @escaping @Sendable (RunStep) throws -> Void
    ) {
        runtime = session.runtime
        cell = session.cell
        stallTimeout = session.cell.config.stallTimeout
        healthTimeout = session.cell.config.healthTimeout
        run = session.record.id
        self.stopped = stopped
        self.begin = begin
    }

    /// The containers, with commands for those that are stopped going to their stand-ins.
    var redirected: any ContainerRuntime { RedirectedRuntime(runtime, standIns) }

    /// Opens a volume where its commands can be run now.
    ///
    /// - Throws: `ContainerError`; ``RunError`` where the container does not run and no stand-in could see the path.
    func open(_ place: VolumePlace) async throws -> VolumeStream {
        let name = try Self.name(of: place)
        var known = streams[place]?.path
        if let lifecycle = runtime.lifecycle, standIns[name] == nil {
            let info = try await runtime.inspect(name)
            if info.isPaused { try await runtime.requireRunning(name) }
            if !info.takesCommands {
                // Between two of its ends it can say where a link of its own leads; its stand-in may not have that.
                if info.isRunning { known = try? await VolumeStream.resolved(place.path, runtime, name) }
                try await makeStandIn(for: name, lifecycle)
                if !info.isRunning, !info.isRestarting, !stopped.contains(where: { $0.name == name.text }) {
                    notes.append("\(place.container) does not run; its volumes are restored, and it stays as it is")
                }
            }
        }
        let stream = try await VolumeStream(place, redirected, stallTimeout: stallTimeout, path: known)
        if standIns[name] != nil {
            let info = try await runtime.inspect(name)
            let mount = info.mount(holding: stream.path)
            guard let mount, mount.kind != .tmpfs else {
                // One that has started again at some time, and runs now, can be worked in after all.
                if mount == nil, info.isRunning, !info.isRestarting {
                    standIns[name] = nil
                    let own = try await VolumeStream(place, redirected, stallTimeout: stallTimeout, path: known)
                    streams[place] = own
                    return own
                }
                throw RunError(
                    .failed,
                    "\(place): \(stream.path) lies in no volume of \(name), so it can be reached only while that runs; "
                        + "start it first (docker start \(name)), or restore with --to DIR")
            }
        }
        streams[place] = stream
        return stream
    }

    /// Stops what could write to volumes that are open, and opens them anew where nothing runs. What is stopped stays so
    /// until ``resume()``.
    ///
    /// - Parameter places: volumes that ``open(_:)`` has opened. One in memory is left alone: it would be gone.
    /// - Throws: what kept a container from being stopped; call ``resume()`` then, too.
    func quiesce(_ places: [VolumePlace]) async throws {
        guard let lifecycle = runtime.lifecycle else { return }
        let wanted = try await writers(of: places, lifecycle)
        let new = wanted.filter { one in !stopped.contains { $0.name == one.name } }
        if !new.isEmpty {
            try begin(RunStep(.quiesce, new))
            stopped += new
        }
        // Before anything stops: a volume in memory is gone with the last container that has it.
        for container in stopped where container.way == .stop {
            guard let name = ContainerName(container.name), standIns[name] == nil,
                places.contains(where: { $0.container == container.name })
            else { continue }
            try await makeStandIn(for: name, lifecycle)
        }
        for container in stopped {
            guard let name = ContainerName(container.name) else { continue }
            switch container.way {
            case .stop: try await lifecycle.stop(name)
            case .freeze: try await lifecycle.freeze(name)
            }
        }
        for place in places {
            let name = try Self.name(of: place)
            guard standIns[name] != nil else { continue }
            streams[place] = try await VolumeStream(
                place, redirected, stallTimeout: stallTimeout, path: streams[place]?.path)
        }
    }

    /// Whether nothing of a volume's container runs, so that what stands in the volume stays as it is.
    func isQuiet(_ place: VolumePlace) -> Bool {
        guard let name = ContainerName(place.container) else { return false }
        return standIns[name] != nil || stopped.contains { $0.name == place.container }
    }

    /// The stream of a volume that was opened, where it can be worked on now.
    func stream(_ place: VolumePlace) async throws -> VolumeStream {
        if let stream = streams[place] { return stream }
        return try await open(place)
    }

    /// Starts what was stopped, and waits until it is healthy.
    ///
    /// - Parameter waiting: containers with a volume that is in between: they stay stopped.
    /// - Returns: a sentence for each container that was not started, or does not become healthy.
    func resume(except waiting: Set<String> = []) async -> [String] {
        guard let lifecycle = runtime.lifecycle, !stopped.isEmpty else { return [] }
        var faults: [String] = []
        var started: [ContainerName] = []
        // The one that was stopped first needs the others.
        for container in stopped.reversed() {
            guard let name = ContainerName(container.name) else { continue }
            guard !waiting.contains(container.name) else {
                faults.append(
                    "\(name) stays stopped: the restore of its volume is neither finished nor undone; repair what the "
                        + "error says, then any command finishes it")
                continue
            }
            do {
                if container.way == .freeze { try await lifecycle.kill(name) }
                try await lifecycle.setRestartPolicy(container.policy, of: name)
                try await lifecycle.start(name)
                started.append(name)
            } catch let error as ContainerError where error.code == .notFound {
                faults.append("\(name) was stopped for the restore and is gone since: make it again")
            } catch {
                faults.append(
                    "\(name) was stopped for the restore and could not be started: \(error); the next command tries again"
                )
                continue
            }
            do { try begin(RunStep(.resume, [container])) } catch { faults.append("\(error)") }
            stopped.removeAll { $0.name == container.name }
            standIns[name] = nil
        }
        for name in started {
            do {
                try await HealthWait(within: .seconds(healthTimeout)) { try await lifecycle.conditions(of: $0) }.run([
                    name
                ])
            } catch {
                faults.append("the volumes of \(name) are restored, but: \(error)")
            }
        }
        return faults
    }

    /// Opens a volume's own container again after ``resume()``; its stand-in where it does not run.
    func reopen(_ place: VolumePlace) async throws -> VolumeStream {
        let known = streams[place]?.path
        let stream = try await VolumeStream(place, redirected, stallTimeout: stallTimeout, path: known)
        streams[place] = stream
        return stream
    }

    /// Removes the stand-ins.
    /// - Returns: a sentence where that failed.
    func close() async -> [String] {
        guard let lifecycle = runtime.lifecycle, serial > 0 else { return [] }
        do {
            try await lifecycle.removeStandIns(run: run.text)
            return []
        } catch {
            return ["a container of the restore may be left: \(error); remove it with docker rm -f picjobs-\(run)-1"]
        }
    }

    private func makeStandIn(for name: ContainerName, _ lifecycle: any ContainerLifecycle) async throws {
        serial += 1
        standIns[name] = try await lifecycle.makeStandIn(for: name, serial: serial)
    }

    /// The containers that can write below the paths: the volumes' own, and those of the same service that share them.
    private func writers(
        of places: [VolumePlace], _ lifecycle: any ContainerLifecycle
    ) async throws -> [StoppedContainer] {
        var found: [StoppedContainer] = []
        var roots: [String] = []
        var projects: Set<String> = []
        let members = try cell.containers(of: Set(places.map(\.service)))
        for place in places {
            let name = try Self.name(of: place)
            guard let stream = streams[place] else { continue }
            let info = try await runtime.inspect(name)
            let mount = info.mount(holding: stream.path)
            if let root = mount?.place(of: stream.path) { roots.append(root) }
            if let project = info.project { projects.insert(project) }
            guard info.isRunning || info.isRestarting, mount?.kind != .tmpfs else { continue }
            if info.isRemovedOnStop {
                throw RunError(
                    .failed,
                    "\(place): \(name) is removed when it stops (docker run --rm), so it can't be stopped for a restore; "
                        + "restore with --no-restart, or make it without --rm")
            }
            let way: StoppedContainer.Way = mount == nil ? .freeze : .stop
            if let index = found.firstIndex(where: { $0.name == name.text }) {
                if way == .freeze {
                    found[index] = StoppedContainer(name: name.text, policy: info.restartPolicy, way: way)
                }
            } else {
                found.append(StoppedContainer(name: name.text, policy: info.restartPolicy, way: way))
            }
        }
        let others = roots.isEmpty ? [:] : try await lifecycle.running()
        for (name, info) in others.sorted(by: { $0.key.text < $1.key.text })
        where !found.contains(where: { $0.name == name.text }) && !standIns.values.contains(name) {
            let shares = info.mounts.contains { mount in
                mount.isWritable && !mount.source.isEmpty
                    && roots.contains { ContainerMount.overlap($0, mount.source) }
            }
            guard shares else { continue }
            if members.contains(name.text) || info.project.map({ projects.contains($0) }) ?? false {
                found.append(StoppedContainer(name: name.text, policy: info.restartPolicy, way: .stop))
            } else if !places.contains(where: { $0.container == name.text }) {
                notes.append(
                    "\(name) can write to the same volume and runs on: restart it, so that it sees what was restored")
            }
        }
        return found
    }

    private static func name(of place: VolumePlace) throws -> ContainerName {
        guard let name = ContainerName(place.container) else {
            throw RunError(.refused, "\(place): \(place.container) is no container name")
        }
        return name
    }
}
