import ArgumentParser
import Glibc
import Runs

/// The options that every command has; they may stand before or behind the command's name.
struct GlobalOptions: ParsableArguments {
    @Option(help: "The cell's root directory. (default: $PIC_CELL, else the current directory)")
    var cell: String?

    @Flag(help: "One JSON object on standard output instead of text.")
    var json = false

    @Flag(name: .shortAndLong, help: "Say more on standard error.")
    var verbose = false

    @Flag(help: "No progress and no tables; errors and warnings stay.")
    var quiet = false

    /// Where the cell lies.
    var cellPath: String {
        if let cell { return cell }
        guard let variable = getenv("PIC_CELL"), variable.pointee != 0 else { return "." }
        return String(cString: variable)
    }

    /// Opens the cell.
    func openCell(backupRoot: String? = nil) throws -> Cell { try Cell(path: cellPath, backupRoot: backupRoot) }

    /// Shows progress as this terminal, pipe or person wants it.
    func observer() -> any RunObserver {
        if quiet { return Warnings() }
        return isatty(STDERR_FILENO) == 1 ? TerminalProgress() : PlainProgress(verbose: verbose)
    }

    /// The parser wants a command's options behind its name: moves those in front of it to the end.
    static func movedBehindCommand(_ arguments: [String]) -> [String] {
        var leading: [String] = []
        var rest = arguments[...]
        while let first = rest.first, first.hasPrefix("-") {
            let takesValue = first == "--cell"
            guard takesValue || first.hasPrefix("--cell=") || ["--json", "-v", "--verbose", "--quiet"].contains(first)
            else { return arguments }
            leading += rest.prefix(takesValue ? 2 : 1)
            rest = rest.dropFirst(takesValue ? 2 : 1)
        }
        guard !rest.isEmpty, rest.first != "help" else { return arguments }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return Array(rest[..<end]) + leading + Array(rest[end...])
    }
}
