internal import Glibc
internal import Subprocess
internal import SystemPackage

/// One child process in a session of its own, watched until it and its group are gone.
struct ChildProcess: Sendable {
    /// A name to look up in PATH, or a path when it has a slash.
    var executable: String
    var arguments: [String]
    /// The whole environment; nothing is inherited.
    var environment: [String: String]
    var workingDirectory: FilePath?
    var input: ContainerCommand.Input
    var output: ContainerCommand.Output
    /// How long the group has between SIGTERM and SIGKILL.
    static let grace = Duration.milliseconds(500)

    /// Starts the process, gives it the descriptors, reads what it writes, and reaps it.
    ///
    /// - Throws: `CancellationError`, `SubprocessError` when it could not be started, ``ContainerError`` when it wrote
    ///   more than wanted.
    func run(given: GivenDescriptors) async throws -> ExecResult {
        defer { given.close() }
        BrokenPipe.ignore()
        try Task.checkCancellation()
        do {
            let result =
                switch input {
                case .none: try await run(NoInput.none, given)
                case .bytes: try await run(CustomWriteInput.inputWriter, given)
                case .descriptor(let descriptor):
                    try await run(
                        FileDescriptorInput.fileDescriptor(descriptor, closeAfterSpawningProcess: false), given)
                }
            try Task.checkCancellation()
            return result
        } catch  where Task.isCancelled {
            throw CancellationError()
        }
    }

    private func run<Input: InputProtocol>(_ input: Input, _ given: GivenDescriptors) async throws -> ExecResult {
        switch output {
        case .collect(let limit):
            try await spawn(input, SequenceOutput.sequence, given) { execution in
                try await Self.collect(execution.standardOutput, limit: limit, of: executable)
            }
        case .descriptor(let descriptor):
            try await spawn(
                input, FileDescriptorOutput.fileDescriptor(descriptor, closeAfterSpawningProcess: false), given
            ) { _ in [] }
        }
    }

    private func spawn<Input: InputProtocol, Output: OutputProtocol>(
        _ input: Input, _ output: Output, _ given: GivenDescriptors,
        collect: @escaping @Sendable (Execution<Input, Output, SequenceOutput>) async throws -> [UInt8]
    ) async throws -> ExecResult {
        let result = try await Subprocess.run(configuration, input: input, output: output, error: .sequence) {
            execution in
            // The child has its copies: a pipe's reader must see the end when the child has ended.
            given.close()
            // In a task of its own, because a cancelled reader would stop reading while the child is being ended.
            return try await Task {
                async let messages = Self.drain(execution.standardError)
                async let fed: Void = feed(execution)
                let leader = execution.processIdentifier.value
                do {
                    let collected = try await collect(execution)
                    let captured = try await messages
                    await fed
                    await Self.endGroup(of: leader)
                    return (collected, captured)
                } catch {
                    // Not reaped yet, so the number is still the group's; nobody will read its output any more.
                    _ = kill(-leader, SIGKILL)
                    throw error
                }
            }.value
        }
        let (collected, captured) = result.closureResult
        return ExecResult(status: ExitStatus(result.terminationStatus), output: collected, errorText: captured)
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: Self.grace)
        ]
        let variables = Dictionary(
            uniqueKeysWithValues: environment.compactMap { key, value in
                Environment.Key(rawValue: key).map { ($0, value) }
            })
        return Configuration(
            executable: place.map { .path(FilePath($0)) } ?? .name(executable),
            arguments: Arguments(arguments), environment: .custom(variables), workingDirectory: workingDirectory,
            platformOptions: options)
    }

    /// Where the program is, by the child's PATH: the library would fork once for each directory of it.
    private var place: String? {
        guard !executable.contains("/") else { return executable }
        return (environment["PATH"] ?? "").split(separator: ":").lazy.map { "\($0)/\(executable)" }.first { path in
            var status = stat()
            return path.hasPrefix("/") && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
                && access(path, X_OK) == 0
        }
    }

    /// Writes the input's bytes; a child that closes its end early has seen enough.
    private func feed<Input, Output>(_ execution: Execution<Input, Output, SequenceOutput>) async {
        guard case .bytes(let bytes) = input,
            let execution = execution as? Execution<CustomWriteInput, Output, SequenceOutput>
        else { return }
        do {
            _ = try await execution.standardInputWriter.write(bytes)
            try await execution.standardInputWriter.finish()
        } catch {
            // EPIPE. Whether the child did its work says its exit status.
        }
    }

    private static func drain(_ stream: SubprocessOutputSequence) async throws -> StderrCapture {
        var capture = StderrCapture()
        for try await buffer in stream {
            buffer.withUnsafeBytes { capture.append($0) }
        }
        return capture
    }

    private static func collect(
        _ stream: SubprocessOutputSequence, limit: Int, of executable: String
    ) async throws -> [UInt8] {
        var collected: [UInt8] = []
        for try await buffer in stream {
            guard collected.count + buffer.count <= limit else {
                throw ContainerError(.outputTooLong, "\(executable) wrote more than the expected \(limit) bytes")
            }
            buffer.withUnsafeBytes { collected.append(contentsOf: $0) }
        }
        return collected
    }

    /// Waits until the leader has ended and kills what is left of its group.
    ///
    /// The leader is not reaped yet, so its number can't belong to anybody else.
    private static func endGroup(of leader: pid_t) async {
        var pause = Duration.microseconds(200)
        while true {
            var info = siginfo_t()
            let answer = waitid(P_PID, id_t(leader), &info, WEXITED | WNOHANG | WNOWAIT)
            if answer == 0, info.si_signo == SIGCHLD { break }
            if answer != 0, errno != EINTR { return }
            do { try await Task.sleep(for: pause) } catch { return }
            pause = min(pause * 2, .milliseconds(20))
        }
        _ = kill(-leader, SIGKILL)
    }
}

extension ExitStatus {
    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code)
        case .signaled(let signal): self = .signaled(signal)
        }
    }
}
