import Glibc
import Runs

/// The words that the process was started with, as far as they are text.
enum CommandLineText {
    /// A path with other bytes would come as another path.
    /// - Throws: ``RunError`` `.usage` for a word, or a `PIC_CELL`, that is no UTF-8.
    static func require() throws {
        let words = CommandLine.unsafeArgv
        for index in 0..<Int(CommandLine.argc) {
            guard let word = words[index] else { continue }
            try require(word, "word \(index) of the command line")
        }
        if let cell = getenv("PIC_CELL") { try require(cell, "PIC_CELL") }
    }

    private static func require(_ word: UnsafePointer<CChar>, _ what: String) throws {
        guard String(validatingCString: word) == nil else { return }
        throw RunError(
            .usage, "\(what) is no UTF-8: \(String(cString: word)); give the file or directory another name")
    }
}
