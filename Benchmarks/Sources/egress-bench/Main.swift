import FoundationEssentials
import Glibc
import Netfilter

/// Reads commands from standard input, a line each, and answers each with a line of JSON: lists of seconds by name.
///
///     egress-bench NAMESPACE
///     program 235 | exchange 2000 | reconcile 20 | move 172.20.0.21 default tor
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
            print(try answer(line.split(separator: " "), &bench))
            fflush(nil)
        }
    }

    private static func answer(_ words: [Substring], _ bench: inout Bench) throws -> String {
        if words.count == 4, words[0] == "move", let address = IPv4Address(words[1]),
            let before = Exit(rawValue: String(words[2])), let after = Exit(rawValue: String(words[3]))
        {
            return try json(bench.move(address, from: before, to: after))
        }
        guard words.count == 2, let count = Int(words[1]) else { fatalError("no command: \(words)") }
        switch words[0] {
        case "program": return try json(bench.program(count))
        case "exchange": return try json(bench.exchange(count))
        case "reconcile": return try json(bench.reconcile(count))
        default: fatalError("no command: \(words)")
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}
