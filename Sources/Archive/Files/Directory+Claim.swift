internal import Glibc
internal import SystemPackage

/// Directories that a run makes and fills, and that another run may only remove when a kill left them: while the
/// maker has one open, it holds flock(2) on it.
extension Directory {
    /// Locks a directory that was just made.
    ///
    /// - Throws: `.io` where the file system knows no locks, or another process was faster.
    public func claim() throws(ArchiveError) {
        try Self.check(Self.retry { flock(descriptor.rawValue, LOCK_EX | LOCK_NB) }, "lock", path)
    }

    /// Whether a directory below this one was claimed by no process that lives.
    ///
    /// - Parameter seconds: for so long after it was made it counts as claimed: its maker may be about to do so.
    public func isAbandoned(_ place: RelativePath, after seconds: Int64 = 0) throws(ArchiveError) -> Bool {
        guard let status = try status(place), status.kind == .directory,
            // Without a limit the clock, which may have gone back since, has no say.
            seconds == 0 || status.modified.seconds <= Timestamp.now.seconds - seconds,
            let directory = try directoryIfPresent(place)
        else { return false }
        switch Self.retry({ flock(directory.descriptor.rawValue, LOCK_EX | LOCK_NB) }) {
        case .success: return true
        case .failure(.wouldBlock): return false
        case .failure(let errno): throw ArchiveError.system(errno, "lock", directory.path)
        }
    }
}
