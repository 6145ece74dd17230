import FoundationEssentials
import Glibc

/// Reads commands from standard input, a line each, and answers each with a line of JSON: lists of seconds by name.
///
///     egress-bench NAMESPACE
///     program 235 | exchange 2000 | reconcile 20
@main
struct Main {
    static func main() {
        do {
            try answer()
        } catch {
            let line = Array("egress-bench: \(error)\n".utf8)
            _ = write(2, line, line.count)
            exit(1)
        }
    }

    private static func answer() throws {
        guard CommandLine.arguments.count == 2 else { fatalError("usage: egress-bench NAMESPACE") }
        var bench = try Bench(CommandLine.arguments[1])
        while let line = readLine() {
            let words = line.split(separator: " ")
            guard words.count == 2, let count = Int(words[1]) else { fatalError("no command: \(line)") }
            let figures: [String: [Double]]
            switch words[0] {
            case "program": figures = try bench.program(count)
            case "exchange": figures = try bench.exchange(count)
            case "reconcile": figures = try bench.reconcile(count)
            default: fatalError("no command: \(line)")
            }
            print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
            fflush(nil)
        }
    }
}
