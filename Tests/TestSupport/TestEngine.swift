internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A Docker engine in a network namespace of its own, one per test process, gone with the process.
///
/// A watchdog holds the reading end of a pipe whose writing end only this process has: it ends the engine and removes
/// its namespace and directories when the pipe closes, so also after a crash or kill -9 of the tests.
public final class TestEngine: Sendable {
    /// The directory with socket, images and containers.
    public let directory: String
    /// `DOCKER_HOST` for this engine.
    public let host: String
    private let images = Mutex<[TestImage: Task<Void, any Error>]>([:])
    private let serial = Atomic<Int>(0)

    private static let starting = Task { try await TestEngine() }

    /// The engine of this process, started by the first who asks.
    /// - Throws: ``Tool/Failure`` with the engine's log when it does not answer within 30 seconds.
    public static func shared() async throws -> TestEngine {
        try await starting.value
    }

    /// The variables that lead a docker CLI to this engine.
    public var environment: [String: String] { ["DOCKER_HOST": host] }

    private init() async throws {
        let name = "picjobs-\(getpid())"
        directory = "/tmp/\(name)-engine"
        host = "unix://\(directory)/docker.sock"
        try await EngineWatchdog.start(name: name, directory: directory)
        for _ in 0..<300 {
            do {
                try await docker(["version"])
                return
            } catch {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        let log = try await Tool.run(["tail", "-n", "20", "\(directory)/log"])
        throw Tool.Failure(description: "the test engine does not answer; its log ends with:\n\(log)")
    }

    /// Runs a docker command against this engine and returns its output.
    /// - Throws: ``Tool/Failure``.
    @discardableResult
    public func docker(_ arguments: [String]) async throws -> String {
        try await Tool.run(["docker"] + arguments, environment: environment)
    }

    /// Pauses a container. On a busy machine the engine's freezer gives up at times: it is asked again then.
    /// - Throws: ``Tool/Failure``.
    public func pause(_ name: String) async throws {
        for _ in 0..<4 {
            do {
                try await docker(["pause", name])
                return
            } catch let failure as Tool.Failure where failure.description.contains("unable to freeze") {
                try await Task.sleep(for: .milliseconds(250))
            }
        }
        try await docker(["pause", name])
    }

    /// Whether a process runs in a container whose command line contains `words`; one that has ended and that is not
    /// reaped yet, a `[tar] <defunct>`, does not.
    /// - Throws: ``Tool/Failure``.
    public func runs(_ words: String, in container: String) async throws -> Bool {
        try await docker(["top", container, "-eo", "pid,args"]).split(separator: "\n")
            .contains { $0.contains(words) && !$0.hasSuffix("<defunct>") }
    }

    /// Waits until one does.
    /// - Throws: ``Tool/Failure``, also after two minutes without one.
    public func wait(for words: String, in container: String) async throws {
        let end = ContinuousClock.now + .seconds(120)
        while try await !runs(words, in: container) {
            guard .now < end else { throw Tool.Failure(description: "no \(words) runs in \(container)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Makes an image available, once, and returns its reference.
    /// - Throws: ``Tool/Failure``.
    public func reference(of image: TestImage) async throws -> String {
        let making = images.withLock { images in
            if let task = images[image] { return task }
            let task = Task { _ = try await Tool.run(["sh", "-euc", image.script], environment: environment) }
            images[image] = task
            return task
        }
        try await making.value
        return image.reference
    }

    /// Starts a container that sleeps, without a network.
    ///
    /// - Parameters:
    ///   - image: What it is made from.
    ///   - name: Its name; by default a new one.
    ///   - options: Further options of `docker run`, such as `-e TAR_OPTIONS=…`, `-v` or `--user`.
    /// - Returns: The container's name.
    /// - Throws: ``Tool/Failure``.
    public func start(_ image: TestImage, name: String? = nil, options: [String] = []) async throws -> String {
        let name = name ?? "test-\(serial.add(1, ordering: .relaxed).newValue)"
        let network = options.contains("--network") ? [] : ["--network", "none"]
        // -t 0 on stop: the sleeping main process ignores SIGTERM as the first of its namespace.
        try await docker(
            ["run", "-d", "--name", name, "--stop-timeout", "0"] + network + options
                + [try await reference(of: image), "sleep", "infinity"])
        return name
    }

    /// Removes a container, running or not.
    /// - Throws: ``Tool/Failure``.
    public func remove(_ name: String) async throws {
        try await docker(["rm", "-f", "-v", name])
    }

    /// Starts a container for the length of `body`.
    /// - Throws: ``Tool/Failure``, and whatever `body` throws.
    public func withContainer<Result: Sendable>(
        _ image: TestImage, options: [String] = [], _ body: (String) async throws -> Result
    ) async throws -> Result {
        let name = try await start(image, options: options)
        do {
            let result = try await body(name)
            try await remove(name)
            return result
        } catch {
            // The failure of the test is the one to report; the watchdog removes what is left.
            do { try await remove(name) } catch {}
            throw error
        }
    }
}
