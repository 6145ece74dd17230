/// Why something in or with a container could not be done.
public struct ContainerError: Error, CustomStringConvertible {
    /// The kinds of failure a caller may want to tell apart.
    public enum Code: String, Sendable, Hashable {
        /// The docker CLI is not installed where it was looked for.
        case dockerMissing
        /// The engine can't be reached or does not answer in time.
        case engineUnreachable
        /// The engine refused for a reason of its own.
        case engineRefused
        /// There is no such container, or `config/picjobs.yml` does not name it.
        case notFound
        /// The container is stopped; with the local runtime its directory is missing.
        case notRunning
        /// The container is paused, so nothing can be run in it.
        case paused
        /// The command could not be started: it is missing in the image, or not executable.
        case commandNotStarted
        /// A path leaves the container, or goes through a link.
        case badPath
        /// The command did not end within its ``ContainerCommand/Deadline`` and was ended.
        case timedOut
        /// The command wrote more than the caller's limit.
        case outputTooLong
        /// An answer of the engine could not be understood.
        case badAnswer
        /// Processes of a run are left in the container and can't be ended from here.
        case leftoversRemain
        /// Reading from or writing to the child process failed.
        case transport
    }

    /// The kind of failure.
    public let code: Code
    /// One line that names the container and says what to do.
    public let message: String
    /// The error below this one, where there is one.
    public let underlying: (any Error)?

    /// Makes an error; line breaks in the message become spaces.
    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        self.underlying = underlying
    }

    /// The message.
    public var description: String { message }
}
