internal import SystemPackage

extension NftSocket {
    /// The same error with what the kernel does not say: whose the table is, or which version it lacks.
    mutating func explain(_ error: NetfilterError) throws(NetfilterError) -> NetfilterError {
        switch error.errno {
        case .notPermitted?, .permissionDenied?:
            // Without the right to look, nobody is to be named either.
            guard let owned = try? ownedTables() else { return error }
            for (table, owner) in owned {
                guard let owner, owner != socket.portID, error.message.contains("\(table)") else { continue }
                return NetfilterError(
                    .notPermitted,
                    "\(error.message); the table belongs to \(NetlinkEvent.Writer(of: owner)): ask that, or end it",
                    errno: error.errno)
            }
            return error
        case .notSupported?: return KernelRelease.current.explain(error)
        default: return error
        }
    }
}
