/// A stretch of bytes that several threads read and none changes after it was filled.
///
/// The memory is owned by the object and freed with it.
final class Chunk: @unchecked Sendable {
    // Invariant behind @unchecked: `fill` runs while one thread owns the object; once shared it is only read.
    private let storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int) {
        storage = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    }

    /// A copy of bytes.
    init(_ bytes: [UInt8]) {
        storage = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 64)
        storage.copyBytes(from: bytes)
        count = bytes.count
    }

    deinit { storage.deallocate() }

    /// Lets `body` write into the whole capacity; it returns how many bytes are valid.
    func fill<Failure: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int) throws(Failure) {
        count = try body(storage)
    }

    /// The valid bytes; the pointer lives as long as the object.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }
}
