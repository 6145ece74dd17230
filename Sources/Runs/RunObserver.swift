public import Archive

/// Is told what a run does, to show it; every call may come from another thread.
public protocol RunObserver: Sendable {
    /// A volume's bytes begin to flow; `progress` counts them, `expected` is how many there may be (bytes of the tar
    /// stream of the last snapshot), nil where nothing is known.
    func began(_ what: String, volume: VolumePlace, progress: TransferProgress, expected: UInt64?)
    /// They have ended.
    func ended(volume: VolumePlace)
    /// Something a person should know, in one line.
    func note(_ line: String)
    /// Something that a person should know who wants to hear of nothing else, in one line.
    func warn(_ line: String)
}

extension RunObserver {
    /// As a note.
    public func warn(_ line: String) { note(line) }
}

/// Shows nothing.
public struct SilentObserver: RunObserver {
    /// Makes one.
    public init() {}
    /// Does nothing.
    public func began(_ what: String, volume: VolumePlace, progress: TransferProgress, expected: UInt64?) {}
    /// Does nothing.
    public func ended(volume: VolumePlace) {}
    /// Does nothing.
    public func note(_ line: String) {}
}
