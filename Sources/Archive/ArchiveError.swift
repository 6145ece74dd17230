internal import SystemPackage

/// What went wrong in the Archive room: a code to act on, a sentence that names the object and the remedy, and the cause.
public struct ArchiveError: Error, Sendable {
    /// The kind of failure; the executable maps it to an exit code (docs/exit-codes.md).
    public enum Code: String, Sendable {
        /// The input breaks a rule of docs/archives.md; nothing was written (exit 65).
        case refused
        /// A snapshot that is recorded differs from its record (exit 4).
        case damaged
        /// A system call failed (exit 1).
        case system
        /// The snapshot's key is missing, foreign or unsafe (exit 65 for a wrong authentication code, 78 for the key).
        case key
        /// The named object does not exist (exit 1).
        case notFound
        /// The object exists already and is never overwritten (exit 1).
        case exists
        /// The work was cancelled (exit 130 or 143).
        case cancelled
    }

    public let code: Code
    /// One line: which object, why, and what to do.
    public let message: String
    /// Where and which rule, when `code` is `.refused`.
    public let violation: Violation?
    /// The error of the layer below, if there is one.
    public let underlying: (any Error)?

    public init(_ code: Code, _ message: String, violation: Violation? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.violation = violation
        self.underlying = underlying
    }
}

extension ArchiveError {
    /// Whether the process or the machine had too little of something, or was called away: that says nothing about what
    /// was to be read.
    public var isShortage: Bool {
        switch underlying {
        case let errno as Errno:
            [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .interrupted].contains(errno)
        case let error as ArchiveError: error.isShortage
        default: false
        }
    }
}

extension ArchiveError: CustomStringConvertible {
    public var description: String { message }
}
