internal import Archive
internal import Dispatch
internal import FoundationEssentials
internal import Glibc
internal import Registry
internal import SystemPackage

/// `data/egress.sock`: how a command asks the watcher, to whose sockets the tables belong, to do the work.
///
/// One line with the request, one JSON object with the answer, then the connection ends.
enum EgressSocket {
    private static let name = "egress.sock"

    /// What comes back.
    private struct Answer: Codable {
        var outcome: EgressOutcome?
        var error: String?
    }

    /// Whether the cell has a watcher that can be asked.
    /// - Throws: ``RunError``.
    static func hasWatcher(_ cell: Cell) throws -> Bool {
        do {
            guard let connection = try UnixSocket.connect(name, in: cell.layout.place("data").string) else {
                return false
            }
            close(connection.rawValue)
            return true
        } catch {
            throw RunError(.failed, "cannot reach data/\(name): \(error)", underlying: error)
        }
    }

    /// Asks the watcher of a cell; nil when there is none.
    /// - Throws: ``RunError`` `.failed` with the watcher's own error, or when it does not answer.
    static func ask(_ cell: Cell, _ request: EgressRequest) async throws -> EgressOutcome? {
        let directory = cell.layout.place("data").string
        return try await blocking {
            let answer: Answer
            do {
                guard let connection = try UnixSocket.connect(name, in: directory) else { return nil }
                defer { close(connection.rawValue) }
                UnixSocket.limit(connection, seconds: 120)
                try connection.writeAll(Array("\(request.rawValue)\n".utf8))
                let bytes = try UnixSocket.readAll(connection, limit: 64 << 20)
                answer = try JSONDecoder().decode(Answer.self, from: Data(bytes))
            } catch {
                throw RunError(
                    .failed,
                    "egress watch of this cell does not answer (\(error)); restart it: its service is "
                        + "picjobs-egress-watch", underlying: error)
            }
            if let error = answer.error { throw RunError(.failed, "egress watch: \(error)") }
            return answer.outcome
        }
    }

    /// One request, to be answered exactly once.
    struct Question: Sendable {
        let request: EgressRequest
        fileprivate let connection: FileDescriptor

        /// Sends the outcome; a client that is gone has its answer in the next `egress status`.
        func answer(_ result: Result<EgressOutcome, any Error>) {
            defer { close(connection.rawValue) }
            var answer = Answer()
            switch result {
            case .success(let outcome): answer.outcome = outcome
            case .failure(let error): answer.error = "\(error)"
            }
            do { try connection.writeAll(Array(try JSONEncoder().encode(answer))) } catch { return }
        }
    }

    /// The watcher's side: accepts until ``stop()``.
    final class Server: Sendable {
        private let listener: FileDescriptor
        private let path: String

        /// - Throws: ``RunError`` `.busy` when another watcher has the cell.
        init(_ cell: Cell, _ ask: @escaping @Sendable (Question) -> Void) throws {
            _ = try cell.root.createDirectories("data", mode: 0o755)
            let directory = cell.layout.place("data").string
            path = directory + "/" + name
            do {
                listener = try UnixSocket.listen(name, in: directory)
            } catch let error as Errno where error == .addressInUse {
                throw RunError(.busy, "another egress watch has the cell \(cell.layout.root)")
            } catch {
                throw RunError(.failed, "cannot listen on \(path): \(error)", underlying: error)
            }
            let listener = listener
            DispatchQueue(label: "picjobs.egress.socket").async { Self.accept(listener, ask) }
        }

        /// Accepts no more; the file goes.
        func stop() {
            shutdown(listener.rawValue, Int32(SHUT_RDWR))
            unlink(path)
        }

        private static func accept(_ listener: FileDescriptor, _ ask: @Sendable (Question) -> Void) {
            defer { close(listener.rawValue) }
            while true {
                let number = Glibc.accept(listener.rawValue, nil, nil)
                if number < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                let connection = FileDescriptor(rawValue: number)
                _ = fcntl(number, F_SETFD, FD_CLOEXEC)
                UnixSocket.limit(connection, seconds: 5)
                guard let request = request(connection) else {
                    close(number)
                    continue
                }
                ask(Question(request: request, connection: connection))
            }
        }

        private static func request(_ connection: FileDescriptor) -> EgressRequest? {
            do {
                let user = try UnixSocket.peer(of: connection)
                guard user == 0 || user == geteuid() else { return nil }
                let line = try UnixSocket.readAll(connection, limit: 64, untilLineEnd: true)
                return EgressRequest(rawValue: String(decoding: line.prefix { $0 != 0x0A }, as: UTF8.self))
            } catch {
                return nil
            }
        }
    }
}
