/// One entry of a directory, as readdir(3) gives it.
public struct DirectoryEntry: Sendable, Hashable {
    /// The name's bytes, unescaped.
    public let name: [UInt8]
    public let kind: FileStatus.Kind
    /// The name as a path of one component.
    public var path: RelativePath { RelativePath(checked: [name]) }
}
