import FoundationEssentials
import Glibc

/// Data to standard output, talk to standard error.
enum Output {
    /// A line of data.
    static func data(_ line: String) { write(line + "\n", STDOUT_FILENO) }

    /// A line for a person; line breaks inside become blanks, so that an error stays one line.
    static func talk(_ line: String) {
        write(line.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n", STDERR_FILENO)
    }

    /// One JSON object with sorted keys.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        data(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    static func write(_ text: String, _ descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}
