import FoundationEssentials
import Glibc
import Synchronization
import SystemPackage

/// Data to standard output, talk to standard error.
enum Output {
    /// A line of data.
    static func data(_ line: String) { write(escaped(line) + "\n", STDOUT_FILENO) }

    /// A line for a person; line breaks inside become blanks, so that an error stays one line.
    static func talk(_ line: String) {
        write(escaped(line.split(whereSeparator: \.isNewline).joined(separator: " ")) + "\n", STDERR_FILENO)
    }

    /// Without control characters: a record may be anybody's, and a terminal obeys what it is shown.
    private static func escaped(_ line: String) -> String {
        guard line.unicodeScalars.contains(where: isControl) else { return line }
        return String(
            line.unicodeScalars.map { isControl($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined())
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII, scalar.value >= 0x20, scalar.value < 0x7f { return false }
        // A tab is harmless, and a line feed comes from where we put it.
        return scalar != "\t" && scalar != "\n" && [.control, .format].contains(scalar.properties.generalCategory)
    }

    /// One JSON object with sorted keys.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        write(jsonEscaped(text) + "\n", STDOUT_FILENO)
    }

    /// As `escaped`, with JSON's own escapes (RFC 8259, section 7): such characters stand only inside its strings.
    private static func jsonEscaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            guard isControl(scalar) else { return result.unicodeScalars.append(scalar) }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
    }

    /// What kept data from standard output; nil when all of it was taken.
    static var failure: Errno? {
        let code = fault.load(ordering: .acquiring)
        return code == 0 ? nil : Errno(rawValue: code)
    }

    private static let fault = Atomic<Int32>(0)

    /// Opens what the caller has closed of the three standard files: else the first file that is opened, an archive
    /// perhaps, would have one of their numbers, and talk would be written into it.
    static func occupyStandardFiles() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDWR)
        }
    }

    static func write(_ text: String, _ descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&waiting, 1, -1)
                    continue
                }
                // A reader that has seen enough (`| head`) is no fault.
                if descriptor == STDOUT_FILENO, errno != EPIPE { fault.store(errno, ordering: .releasing) }
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}
