internal import Synchronization
internal import SystemPackage

/// Descriptors that a caller gave away, closed exactly once whatever happens.
final class GivenDescriptors: Sendable {
    private let open: Mutex<[FileDescriptor]>

    init(_ descriptors: [FileDescriptor]) {
        open = Mutex(descriptors)
    }

    /// Closes what is still open.
    func close() {
        let descriptors = open.withLock { open in
            defer { open = [] }
            return open
        }
        for descriptor in descriptors {
            // Our copy of a pipe's end: nothing is buffered in it that a failing close could lose.
            do { try descriptor.close() } catch { continue }
        }
    }
}
