import Netfilter
import TestSupport

/// The error of a call that is expected to fail; `#expect(throws:)` can't hold a non-copyable socket.
func failure(_ body: () throws(NetfilterError) -> Void) -> NetfilterError? {
    do throws(NetfilterError) {
        try body()
        return nil
    } catch {
        return error
    }
}

extension ScratchNamespace {
    /// Opens it as the library does.
    func open() throws -> NetworkNamespace { try NetworkNamespace(path: path) }
}
