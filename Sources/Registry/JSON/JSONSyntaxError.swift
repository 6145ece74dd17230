/// Why bytes are not the strict JSON we accept, and where.
struct JSONSyntaxError: Error, Equatable {
    /// Bytes from the start of the file.
    let offset: Int
    /// Lines and columns count from 1; a column is one byte.
    let line: Int
    let column: Int
    /// The innermost value that was being read.
    let pointer: JSONPointer
    /// The reason without the place.
    let reason: String
    /// The rule that is broken: one of the four strict ones, or JSON itself.
    let rule: RuleID

    init(
        _ reason: String, rule: RuleID = "json.syntax", at offset: Int, in bytes: [UInt8],
        pointer: JSONPointer = JSONPointer()
    ) {
        self.reason = reason
        self.rule = rule
        self.offset = offset
        self.pointer = pointer
        var line = 1
        var start = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            start = index + 1
        }
        self.line = line
        self.column = offset - start + 1
    }

    /// `line 3, column 7: expected ":" after a key`
    var message: String { "line \(line), column \(column): \(reason)" }
}
