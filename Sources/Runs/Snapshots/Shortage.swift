internal import Archive

extension Error {
    /// Whether the process or the machine had too little of something (open files, memory): that says nothing about
    /// what was to be read.
    var isShortage: Bool {
        switch self {
        case let error as ArchiveError: error.isShortage
        case let error as RunError: error.underlying?.isShortage ?? false
        default: false
        }
    }
}
