internal import CArchive
internal import Glibc
internal import SystemPackage

/// Owner, mode and times of open files; never by name.
extension Directory {
    /// The modification time; the access time stays (futimens(2)).
    func setTimes(_ descriptor: FileDescriptor, _ modified: Timestamp, _ path: RelativePath) throws(ArchiveError) {
        let times = [
            timespec(tv_sec: 0, tv_nsec: carchive_utime_omit),
            timespec(tv_sec: Int(modified.seconds), tv_nsec: Int(modified.nanoseconds)),
        ]
        try Self.check(Self.retry { futimens(descriptor.rawValue, times) }, "set the time of", message(path))
    }

    /// Owner first, then mode: a change of owner clears setuid and setgid (fchown(2), fchmod(2)).
    func setOwner(
        _ descriptor: FileDescriptor, uid: UInt32, gid: UInt32, mode: UInt32, _ path: RelativePath
    ) throws(ArchiveError) {
        let status = try status(of: descriptor, path)
        if status.uid != uid || status.gid != gid {
            try Self.check(
                Self.retry { fchown(descriptor.rawValue, uid, gid) }, "set owner \(uid):\(gid) of", message(path))
        }
        try Self.check(Self.retry { fchmod(descriptor.rawValue, mode_t(mode)) }, "set the mode of", message(path))
    }
}
