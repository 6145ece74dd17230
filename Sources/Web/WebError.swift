/// Why a request had no answer.
public struct WebError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The URL, or a scheme that may not be asked.
        case refused
        /// Nobody answers there.
        case unreachable
        /// It took too long, or nothing came any more.
        case timeout
        /// More came than is taken.
        case tooLarge
        /// The certificate does not prove who it is.
        case certificate
        /// Anything else that curl says.
        case failed
    }

    public let code: Code
    /// One line with the URL and the reason.
    public let message: String

    public var description: String { message }
}
