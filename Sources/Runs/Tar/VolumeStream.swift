internal import Archive
internal import Containers
internal import Dispatch
internal import Glibc
internal import Registry
internal import SystemPackage

/// One volume in its running container: what tar is there, and its bytes in both directions.
struct VolumeStream: Sendable {
    let place: VolumePlace
    let runtime: any ContainerRuntime
    let container: Containers.ContainerName
    let info: ContainerInfo
    let dialect: TarDialect
    /// The volume's path as commands in the container take it, with every link in it followed.
    let path: String
    /// Seconds without a byte after which a stream counts as hung.
    let stallTimeout: Int
    /// What of the volume is the cell's own, relative to ``path``, and never read.
    var leftOut: [String] = []

    /// Asks the container.
    ///
    /// - Parameter path: the path as an earlier stream of the same volume has found it; nil asks the container. A stand-in
    ///   need not have the links that the container has.
    /// - Throws: `ContainerError` where it does not run, has no tar, or can't be reached.
    init(
        _ place: VolumePlace, _ runtime: any ContainerRuntime, stallTimeout: Int, path known: String? = nil
    ) async throws {
        guard let container = Containers.ContainerName(place.container) else {
            throw RunError(.refused, "\(place): \(place.container) is no container name")
        }
        self.place = place
        self.runtime = runtime
        self.container = container
        self.stallTimeout = stallTimeout
        info = try await runtime.requireRunning(container)
        let named = try runtime.path(place.path, in: container)
        if let known {
            path = known
        } else {
            path = try await Self.resolved(named, runtime, container)
        }
        dialect = try await TarDialect.probe(runtime, container)
    }

    /// Where a path leads: commands that do not follow links, and the table of mounts, know only this form.
    ///
    /// A container with neither a shell nor `readlink` nor `realpath` has its path as it is written.
    static func resolved(
        _ path: String, _ runtime: any ContainerRuntime, _ container: Containers.ContainerName
    ) async throws -> String {
        let ways = [["sh", "-c", "cd -- \"$1\" && pwd -P", "sh"], ["readlink", "-f"], ["realpath"]]
        for way in ways {
            let result = try await runtime.exec(ContainerCommand(way + [path]), in: container)
            if let failure = result.transportFailure {
                guard failure.code == .commandNotStarted else { throw failure }
                continue
            }
            guard result.status.isSuccess, result.output.last == 0x0A,
                let text = String(validating: result.output.dropLast(), as: UTF8.self), text.hasPrefix("/")
            else { continue }
            return text
        }
        return path
    }

    /// The programs besides tar that a restore into the container needs, and that it does not have.
    func missingPrograms() async throws -> [String] {
        let needed = ["find", "mkdir", "mv", "rm"] + (runtime.lifecycle == nil ? [] : ["sleep"])
        // Not `command -v`: busybox' shell names its own applets, too, which only it can run.
        let script =
            "IFS=:; for p; do f=; for d in $PATH; do [ ! -x \"$d/$p\" ] || f=1; done; [ -n \"$f\" ] || echo \"$p\"; done"
        let result = try await runtime.exec(ContainerCommand(["sh", "-c", script, "sh"] + needed), in: container)
        if let failure = result.transportFailure {
            guard failure.code == .commandNotStarted else { throw failure }
            return ["sh"]
        }
        return String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    /// The path where it is not the one that the manifest declares.
    var resolvedPath: String? {
        guard runtime.kind != "local" else { return nil }
        let plain = "/" + place.path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return path == plain ? nil : path
    }

    /// Commands in a container run as root, those of the local runtime as whoever runs this.
    var isUnprivileged: Bool { runtime.kind == "local" && geteuid() != 0 }

    /// What came out of a volume.
    struct Reading: Sendable {
        let outcome: ArchiveIntake.Outcome
        /// How tar ended; nil where it was ended because the stream hung or was refused.
        let result: ExecResult?
    }

    /// Streams a directory of the container (the volume, unless another is named) through `take`, which runs on a
    /// thread of its own and reads the descriptor to its end.
    ///
    /// - Parameters:
    ///   - sparse: false to read every byte, whatever the file system says of holes.
    ///   - listed: names, each with a NUL behind it: only these files are streamed, and every byte of them.
    ///   - progress: a cancelled task cancels it.
    func read<Value: Sendable>(
        _ directory: String? = nil, sparse: Bool = true, listed: [UInt8]? = nil, progress: TransferProgress,
        _ take: @escaping @Sendable (FileDescriptor) throws -> Value
    ) async throws -> (value: Value, result: ExecResult) {
        let pipe = try WidePipe()
        let none = ContainerCommand.Input.none
        let command = ContainerCommand(
            listed == nil
                ? dialect.create(directory ?? path, leavingOut: directory == nil ? leftOut : [], sparse: sparse)
                : dialect.createListed(directory ?? path),
            input: listed.map { .bytes($0) } ?? none, output: .descriptor(pipe.writing))
        let (runtime, container) = (runtime, container)
        let writer = Task { try await runtime.exec(command, in: container) }
        return try await withTaskCancellationHandler {
            let value: Value
            do {
                value = try await blocking {
                    defer { close(pipe.reading.rawValue) }
                    return try take(pipe.reading)
                }
            } catch {
                // Nobody reads any more: tar would wait for ever.
                writer.cancel()
                let ended = await writer.result
                if Task.isCancelled { throw CancellationError() }
                // A tar that could not be started is why the stream makes no sense.
                if case .failure(let reason) = ended, !(reason is CancellationError) { throw reason }
                throw error
            }
            return (value, try await end(of: writer))
        } onCancel: {
            progress.cancel()
            writer.cancel()
        }
    }

    /// A tar whose stream has ended has nothing more to do: one that does not end is ended.
    private func end(of writer: Task<ExecResult, any Error>) async throws -> ExecResult {
        let patience = stallTimeout
        let watch = Task {
            try await Task.sleep(for: .seconds(patience))
            writer.cancel()
        }
        defer { watch.cancel() }
        do {
            return try await writer.value
        } catch is CancellationError where !Task.isCancelled {
            throw RunError(
                .failed, "\(place): tar in \(container) did not end within \(patience) seconds after its stream had")
        }
    }

    /// Streams a tar into a directory of the container; `emit` runs on a thread of its own and writes to the
    /// descriptor.
    ///
    /// What tar says while it ends with 0 is no error: only a comparison knows what it was worth.
    /// - Throws: ``NoRoom`` where the file system is full.
    func write(
        to directory: String, progress: TransferProgress, _ emit: @escaping @Sendable (FileDescriptor) throws -> Void
    ) async throws {
        let pipe = try WidePipe()
        let command = ContainerCommand(dialect.extract(directory), input: .descriptor(pipe.reading))
        let (runtime, container) = (runtime, container)
        let reader = Task { try await runtime.exec(command, in: container) }
        let watchdog = StallWatchdog(progress, seconds: stallTimeout) { reader.cancel() }
        defer { watchdog.stop() }
        let emission: Result<Void, any Error> = await withTaskCancellationHandler {
            do {
                try await blocking {
                    defer { close(pipe.writing.rawValue) }
                    try emit(pipe.writing)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            progress.cancel()
            reader.cancel()
        }
        let result: ExecResult
        do {
            // A reader that dies is the better explanation of a broken pipe; any other failure of ours ends it.
            if case .failure(let error) = emission, !Self.isBrokenPipe(error) { reader.cancel() }
            result = try await reader.value
        } catch {
            if watchdog.hasFired {
                throw RunError(.failed, "\(place): tar in \(container) took no byte for \(stallTimeout) seconds")
            }
            if Task.isCancelled { throw CancellationError() }
            if case .failure(let fault) = emission, !Self.isBrokenPipe(fault) { throw fault }
            throw error
        }
        if let failure = result.transportFailure { throw failure }
        let lines = result.errorText.lines
        guard result.status.isSuccess else {
            let reason = lines.isEmpty ? "no message" : ByteText.escape(Array(Self.reason(lines).utf8), limit: 480)
            if NoRoom.explains(reason) { throw NoRoom(message: reason) }
            throw RunError(
                .failed, "\(place): tar in \(container) did not take the archive (\(result.status)): \(reason)")
        }
        try emission.get()
    }

    /// The first line, and the first that names a full disk: GNU tar says so only of the next file.
    private static func reason(_ lines: [String]) -> String {
        let full = lines.dropFirst().first { NoRoom.explains($0) && !NoRoom.explains(lines[0]) }
        return [lines[0], full].compactMap { $0 }.joined(separator: "; ")
    }

    private static func isBrokenPipe(_ error: any Error) -> Bool {
        ((error as? ArchiveError)?.underlying ?? error) as? Errno == .brokenPipe
    }

    /// Runs a small command in the container and insists that it succeeds.
    ///
    /// - Throws: ``NoRoom`` where the file system is full.
    @discardableResult
    func run(_ arguments: [String], _ purpose: String) async throws -> [UInt8] {
        let result = try await runtime.exec(
            ContainerCommand(arguments, output: .collect(limit: 64 << 20)), in: container)
        if let failure = result.transportFailure { throw failure }
        guard result.status.isSuccess else {
            let reason = result.errorText.lines.first.map { ByteText.escape(Array($0.utf8)) } ?? "\(result.status)"
            if NoRoom.explains(reason) { throw NoRoom(message: reason) }
            throw RunError(.failed, "\(place): cannot \(purpose) in \(container): \(reason)")
        }
        return result.output
    }

    /// Runs a small command in the container; whether it succeeded.
    /// - Throws: `ContainerError` where it could not be run.
    func attempt(_ arguments: [String]) async throws -> Bool {
        let result = try await runtime.exec(
            ContainerCommand(arguments, output: .collect(limit: 64 << 20)), in: container)
        if let failure = result.transportFailure { throw failure }
        return result.status.isSuccess
    }

    /// Waits until all that was written to the volume's file system is on its medium, renames included.
    ///
    /// A rename may be there after a power cut when the data of the file that it names are not: ext4 shows an empty file.
    func sync() async throws {
        // Old versions of busybox take no option; they write back every file system.
        for arguments in [["sync", "-f", path], ["sync"]] {
            let result = try await runtime.exec(ContainerCommand(arguments), in: container)
            if let failure = result.transportFailure {
                guard failure.code == .commandNotStarted else { throw failure }
                continue
            }
            if result.status.isSuccess { return }
            let words = result.errorText.lines.first ?? "\(result.status)"
            // An option that is not known is no error of the medium.
            guard words.contains("option") || words.contains("sage:") else {
                throw RunError(
                    .failed,
                    "\(place): what was written is not safe on its medium: \(ByteText.escape(Array(words.utf8)))")
            }
        }
        // sync(2) of this host: the engine's, unless it is remote.
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "picjobs.sync").async {
                Glibc.sync()
                continuation.resume()
            }
        }
    }

    /// A killed docker CLI leaves its tar in the container: ends what carries this run's mark there.
    func endLeftovers(of run: RunID, _ observer: any RunObserver) async {
        do {
            _ = try await runtime.endLeftovers(run: run.text, in: container)
        } catch {
            observer.warn("\(place): a process of this run may be left in \(container): \(error)")
        }
    }

    /// Mount points strictly below the volume's path (proc(5), mountinfo, field 5).
    func nestedMounts() async throws -> [String] {
        let result = try await runtime.exec(
            ContainerCommand(["cat", "/proc/self/mountinfo"], output: .collect(limit: 16 << 20)), in: container)
        guard result.status.isSuccess, result.transportFailure == nil else { return [] }
        // Mount points are told with every link followed, and so is `path`.
        let base = path.hasSuffix("/") ? path : path + "/"
        return String(decoding: result.output, as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4 else { return nil }
            let point = Self.unescape(fields[4])
            return point.hasPrefix(base) ? place.path + "/" + point.dropFirst(base.count) : nil
        }
    }

    /// mountinfo writes blank, tab, line feed and backslash as three octal digits.
    private static func unescape(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let first = rest.first {
            if first == 0x5C, rest.count >= 4,
                let value = UInt8(String(decoding: rest.dropFirst().prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(4)
            } else {
                bytes.append(first)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
