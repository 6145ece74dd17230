internal import CArchive

/// What becomes of memory that is freed.
public enum FreedMemory {
    /// Gives large blocks back to the system: the tables of a large tree grow by moving, and would leave holes as large
    /// as themselves.
    public static func returnLargeBlocks() { carchive_return_blocks(1 << 20) }
}
