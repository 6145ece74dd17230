/// What went wrong in the Registry room: a code to act on, a sentence that names the object and the remedy, and the cause.
public struct RegistryError: Error, Sendable {
    /// The kind of failure; the executable maps it to an exit code (docs/exit-codes.md).
    public enum Code: String, Sendable {
        /// A manifest breaks a rule of the service guide (exit 65).
        case manifest
        /// A file of the cell itself, such as `config/cell_config.json`, can't be used (exit 78).
        case configuration
        /// The named service is not installed, or has nothing of what was asked for (exit 1).
        case notFound
        /// A system call failed (exit 1).
        case system
    }

    /// What kind of failure this is.
    public let code: Code
    /// One line: which object, why, and what to do.
    public let message: String
    /// Every fault of the file, in the order of its fields, when `code` is `.manifest` or `.configuration`.
    public let faults: [Fault]
    /// The error of the layer below, if there is one.
    public let underlying: (any Error)?

    /// An error whose message names the object and the remedy.
    public init(_ code: Code, _ message: String, faults: [Fault] = [], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.faults = faults
        self.underlying = underlying
    }

    /// The faults of one file as an error; the message is the first of them and the number of the others.
    init(_ code: Code, faults: [Fault]) {
        self.init(code, Fault.summary(faults), faults: faults)
    }
}

extension RegistryError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
