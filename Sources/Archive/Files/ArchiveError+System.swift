public import SystemPackage

extension ArchiveError {
    /// One sentence for a failed system call: what was tried on which path, why it failed, what to do.
    ///
    /// ENOENT gives `.notFound`, EEXIST and ENOTEMPTY `.exists`, a link or a wrong type on the way `.refused`, all else
    /// `.system`. `needed` and `free` are bytes, told when the device is full.
    public static func system(
        _ errno: Errno, _ action: String, _ path: String, needed: UInt64? = nil, free: UInt64? = nil
    ) -> ArchiveError {
        var (code, reason) = explain(errno)
        if errno == .noSpace || errno == .diskQuotaExceeded {
            let figures = [needed.map { "\($0) bytes were to be written" }, free.map { "\($0) bytes are free" }]
            reason += figures.compactMap { $0 }.map { ", " + $0 }.joined()
            reason += ": free some space, prune snapshots or move backup_root"
        }
        return ArchiveError(code, "cannot \(action) \(path): \(reason)", underlying: errno)
    }

    private static func explain(_ errno: Errno) -> (Code, String) {
        switch errno {
        case .noSuchFileOrDirectory: (.notFound, "it does not exist")
        case .fileExists: (.exists, "it exists already and is never overwritten")
        case .directoryNotEmpty: (.exists, "the directory is not empty")
        case .tooManySymbolicLinkLevels:
            (
                .refused,
                "a symbolic link stands where a file or directory should be; replace the link by what it points to"
            )
        case .improperLink: (.refused, "it lies on another file system or leads outside its directory")
        case .notDirectory: (.refused, "something that is not a directory stands where a directory should be")
        case .isDirectory: (.refused, "a directory stands where a file should be")
        case .permissionDenied: (.system, "permission denied; run as root or as the owner")
        case .notPermitted: (.system, "not permitted; run as root, and look for an immutable flag (lsattr)")
        case .noSpace: (.system, "no space left on the device")
        case .diskQuotaExceeded: (.system, "the disk quota is used up")
        case .readOnlyFileSystem: (.system, "the file system is read-only; remount it or use another directory")
        case .ioError: (.system, "the device reports an input/output error; check the medium (dmesg)")
        case .tooManyOpenFiles: (.system, "too many open files; raise the limit (LimitNOFILE= or ulimit -n)")
        case .tooManyOpenFilesInSystem: (.system, "the system has too many open files; raise fs.file-max")
        case .fileNameTooLong: (.system, "the name is too long for the file system")
        case .resourceBusy: (.system, "it is in use, perhaps a mount point; unmount it first")
        case .noLocks: (.system, "the file system has no locks to give (an NFS without lockd?); use a local one")
        case .noMemory: (.system, "the machine is out of memory")
        case .fileTooLarge: (.system, "the file would exceed the size limit of the file system or of ulimit -f")
        case .staleNFSFileHandle: (.system, "the network file system lost it; mount it anew")
        case .notSupportedOnSocket:
            (.system, "the file system can't rename without replacing (NFS can't); use a local one for backup_root")
        case .noFunction: (.system, "the kernel lacks openat2 or renameat2; Linux 5.6 or later is needed")
        default: (.system, String(describing: errno))
        }
    }
}
