/// The `KEY=value` strings a process was started with, `environ` of proc(5).
struct ProcessEnvironment {
    private let variables: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8]) {
        variables = bytes.split(separator: 0)
    }

    var isEmpty: Bool { variables.isEmpty }

    /// Whether a variable has exactly this value.
    func has(_ key: String, _ value: String) -> Bool {
        variables.contains { $0.elementsEqual("\(key)=\(value)".utf8) }
    }

    /// Whether the process belongs to a command, or where none is named to a run; `*` means to any run.
    func marks(run: String, command: String? = nil) -> Bool {
        if let command { return has(ContainerCommand.commandVariable, command) }
        let prefix = "\(ContainerCommand.runVariable)=".utf8
        return run == "*"
            ? variables.contains { $0.starts(with: prefix) && $0.count > prefix.count }
            : has(ContainerCommand.runVariable, run)
    }
}
