import Archive
import ArgumentParser
import Containers
import Glibc
import Netfilter
import Registry
import Runs

/// The one table of exit codes (docs/exit-codes.md), and how an error is said.
enum ExitStatus {
    static let failed: Int32 = 1
    static let pending: Int32 = 2
    static let partial: Int32 = 3
    static let damaged: Int32 = 4
    static let usage: Int32 = 64
    static let refused: Int32 = 65
    static let busy: Int32 = 75
    static let configuration: Int32 = 78
    static let cancelled: Int32 = 130

    /// What an error ends the process with.
    static func code(_ error: any Error) -> Int32 {
        switch error {
        case let error as RunError: code(error.code)
        case let error as ArchiveError: code(error.code)
        case let error as RegistryError: code(error.code)
        case let error as NetfilterError: error.code == .invalid ? configuration : failed
        case let error as ExitCode: error.rawValue
        case is CancellationError: cancelled
        default: failed
        }
    }

    private static func code(_ code: RunError.Code) -> Int32 {
        switch code {
        case .failed: failed
        case .partial: partial
        case .damaged: damaged
        case .usage: usage
        case .refused: refused
        case .busy: busy
        case .configuration: configuration
        case .cancelled: cancelled
        }
    }

    private static func code(_ code: ArchiveError.Code) -> Int32 {
        switch code {
        case .refused: refused
        case .damaged: damaged
        case .key: configuration
        case .system, .notFound, .exists: failed
        case .cancelled: cancelled
        }
    }

    private static func code(_ code: RegistryError.Code) -> Int32 {
        switch code {
        case .manifest: refused
        case .configuration: configuration
        case .notFound, .system: failed
        }
    }

    /// Every fault of a file has a line of its own; any other error is one.
    private static func lines(_ error: any Error) -> [String] {
        guard let faults = (error as? RegistryError)?.faults, faults.count > 1 else { return ["\(error)"] }
        return faults.map { fault in fault.description + (fault.rule.map { " [\($0)]" } ?? "") }
    }

    /// Says the error on standard error, unless it only carries a code; returns the code.
    static func report(_ error: any Error) -> Int32 {
        if error is ExitCode || error is CancellationError { return code(error) }
        if error is ValidationError || error is CleanExit { PICJobs.exit(withError: error) }
        for line in lines(error) { Output.talk("picjobs: error: \(line)") }
        return code(error)
    }
}
