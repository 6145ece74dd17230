internal import Glibc
internal import SystemPackage

extension Errno {
    /// What the call just made left in `errno`.
    static var last: Errno { Errno(rawValue: errno) }
}
