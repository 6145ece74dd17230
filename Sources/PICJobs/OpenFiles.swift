import Glibc
import Runs

/// How many files the process may have open at once.
enum OpenFiles {
    /// What a run may need at the same time. With less it would fail in its middle: that is said before it begins.
    static let least: UInt = 128

    /// As much as is taken of a higher limit. A child may close every number up to its limit, so it is not the highest;
    /// one that uses select(2) has no such numbers, for it inherits none of our files.
    static let enough: UInt = 65_536

    /// Raises the soft limit towards the hard one; children have it, too.
    /// - Throws: ``RunError`` where the limit is too low to work with.
    static func raise() throws {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        let wanted = min(UInt(limit.rlim_max), enough)
        if UInt(limit.rlim_cur) < wanted {
            limit.rlim_cur = rlim_t(wanted)
            setrlimit(resource, &limit)
            getrlimit(resource, &limit)
        }
        guard UInt(limit.rlim_cur) >= least else {
            throw RunError(
                .failed,
                "only \(limit.rlim_cur) files may be open at once, \(least) are needed: raise the limit (LimitNOFILE= of "
                    + "the unit, or ulimit -n)")
        }
    }
}
