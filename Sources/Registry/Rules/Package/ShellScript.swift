/// The commands of a shell script as far as they can be seen without running it: what a reviewer looks for, no proof.
struct ShellScript {
    /// One simple command.
    struct Command: Equatable {
        /// The line it begins in, from 1.
        var line: Int
        /// The words without their quotes; what a variable stands for is not known.
        var words: [String] = []
        /// The files that it is told to write by `>` and its kin.
        var targets: [String] = []
        /// The number of its pipeline.
        var group = 0
        /// The names of the commands before it in its pipeline.
        var pipeline: [String] = []
        /// The names of the commands around it: those that take its output as words or as a file.
        var outer: [String] = []

        /// The command's name without its directory, behind assignments and words such as `if` and `sudo`.
        var name: String { String(call.first?.split(separator: "/").last ?? "") }
        /// What stands behind the name.
        var arguments: [String] { Array(call.dropFirst()) }

        private var call: ArraySlice<String> {
            var rest = words[...]
            var isBehindPrefix = false
            while let word = rest.first,
                Self.prefixes.contains(word) || Self.isAssignment(word) || (isBehindPrefix && word.hasPrefix("-"))
            {
                isBehindPrefix = true
                rest = rest.dropFirst()
            }
            return rest
        }

        private static let prefixes: Set<String> = [
            "!", "{", "}", "if", "then", "else", "elif", "fi", "while", "until", "do", "done", "time", "exec",
            "command", "builtin", "sudo", "doas", "env", "nohup", "nice", "ionice", "setsid", "xargs",
        ]

        private static func isAssignment(_ word: String) -> Bool {
            guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return false }
            return word[..<equals].utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
        }
    }

    /// How many commands around one, and before it in its pipeline, are remembered.
    private static let deepest = 100

    /// The commands in the order of their ends.
    private(set) var commands: [Command] = []

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var word: [UInt8]?
    private var current = Command(line: 1)
    private var groups = 0
    private var isTarget = false
    private var isQuoted = false
    /// What goes on when a substitution has ended: the command, its half-read word, whether it was in double quotes,
    /// and the byte that ends the inner one.
    private var stack: [(command: Command, word: [UInt8]?, isTarget: Bool, isQuoted: Bool, end: UInt8)] = []
    /// Delimiters of here-documents that begin behind this line.
    private var delimiters: [[UInt8]] = []
    private var expectsDelimiter = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        while position < bytes.count { step() }
        while !stack.isEmpty { leave() }
        endCommand()
    }

    private mutating func step() {
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\\"): escape()
        case UInt8(ascii: "'") where !isQuoted: singleQuoted()
        case UInt8(ascii: "\""):
            isQuoted.toggle()
            word = word ?? []
        case UInt8(ascii: "$") where next == UInt8(ascii: "("):
            position += 1
            enter(until: UInt8(ascii: ")"))
        case (let end) where end == stack.last?.end && !isQuoted: leave()
        case UInt8(ascii: "`"): enter(until: byte)
        case 0x0a:
            line += 1
            if isQuoted { add(byte) } else { newLine() }
        case _ where isQuoted: add(byte)
        default: unquoted(byte)
        }
    }

    private mutating func unquoted(_ byte: UInt8) {
        switch byte {
        case 0x20, 0x09, 0x0d: endWord()
        case UInt8(ascii: "#") where word == nil:
            while let next, next != 0x0a { position += 1 }
        case UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: ")"): endCommand()
        case UInt8(ascii: "|"):
            // `|` and `|&` hand on, `||` does not.
            let isPipe = next != byte
            if !isPipe || next == UInt8(ascii: "&") { position += 1 }
            endCommand(isPipe: isPipe)
        case UInt8(ascii: "<") where next == UInt8(ascii: "("), UInt8(ascii: ">") where next == UInt8(ascii: "("):
            position += 1
            enter(until: UInt8(ascii: ")"))
        case UInt8(ascii: "("): endCommand()
        case UInt8(ascii: "<"):
            endWord()
            guard next == byte else { return }
            position += 1
            if next == byte {
                position += 1
            } else {
                if next == UInt8(ascii: "-") { position += 1 }
                expectsDelimiter = true
            }
        case UInt8(ascii: ">"):
            // The number of a descriptor is no word.
            if word?.allSatisfy(ASCII.isDigit) == true { word = nil }
            endWord()
            if next == byte || next == UInt8(ascii: "|") { position += 1 }
            if next == UInt8(ascii: "&") { position += 1 } else { isTarget = true }
        default: add(byte)
        }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func add(_ byte: UInt8) {
        if word == nil { word = [] }
        word?.append(byte)
    }

    private mutating func escape() {
        guard let escaped = next else { return }
        position += 1
        if escaped == 0x0a { line += 1 } else { add(escaped) }
    }

    private mutating func singleQuoted() {
        word = word ?? []
        while let byte = next, byte != UInt8(ascii: "'") {
            if byte == 0x0a { line += 1 }
            add(byte)
            position += 1
        }
        position += 1
    }

    private mutating func endWord() {
        guard let bytes = word else { return }
        word = nil
        let text = String(decoding: bytes, as: UTF8.self)
        if expectsDelimiter {
            expectsDelimiter = false
            delimiters.append(bytes)
        } else if isTarget {
            isTarget = false
            current.targets.append(text)
        } else {
            if current.words.isEmpty { current.line = line }
            current.words.append(text)
        }
    }

    private mutating func endCommand(isPipe: Bool = false) {
        endWord()
        isTarget = false
        let ended = current
        // A pipeline goes on behind a line's end.
        if ended.words.isEmpty, ended.targets.isEmpty, !ended.pipeline.isEmpty, !isPipe { return }
        if !ended.words.isEmpty || !ended.targets.isEmpty { commands.append(ended) }
        current = Command(line: line, group: isPipe ? ended.group : newGroup(), outer: ended.outer)
        if isPipe { current.pipeline = (ended.pipeline + [ended.name]).suffix(Self.deepest) }
    }

    private mutating func newGroup() -> Int {
        groups += 1
        return groups
    }

    private mutating func newLine() {
        endCommand()
        for delimiter in delimiters {
            while position < bytes.count {
                let end = bytes[position...].firstIndex(of: 0x0a) ?? bytes.endIndex
                let text = bytes[position..<end].drop { $0 == 0x09 }
                position = min(end + 1, bytes.count)
                line += 1
                if text.elementsEqual(delimiter) { break }
            }
        }
        delimiters = []
    }

    private mutating func enter(until end: UInt8) {
        // A script that nests hundreds deep is read as one that does not.
        guard stack.count < Self.deepest else { return endCommand() }
        stack.append((current, word, isTarget, isQuoted, end))
        let name = current.words.isEmpty ? String(decoding: word ?? [], as: UTF8.self) : current.name
        current = Command(line: line, group: newGroup(), outer: current.outer + [name])
        (word, isTarget, isQuoted) = (nil, false, false)
    }

    private mutating func leave() {
        endCommand()
        guard let outer = stack.popLast() else { return }
        // What it stands for is not known; it makes a word all the same.
        (current, word, isTarget, isQuoted) = (outer.command, outer.word ?? [], outer.isTarget, outer.isQuoted)
        add(UInt8(ascii: "$"))
    }
}
