internal import CArchive
internal import Glibc
internal import SystemPackage

/// The few shapes in which this room calls the kernel.
extension Directory {
    /// Calls again after EINTR; a negative result is the errno.
    static func retry(_ call: () -> Int32) -> Result<Int32, Errno> {
        while true {
            let result = call()
            if result >= 0 { return .success(result) }
            let errno = Errno(rawValue: Glibc.errno)
            if errno != .interrupted { return .failure(errno) }
        }
    }

    /// The value, or the errno as a sentence.
    @discardableResult
    static func check<Value>(
        _ result: Result<Value, Errno>, _ action: String, _ path: String
    ) throws(ArchiveError) -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let errno): throw ArchiveError.system(errno, action, path)
        }
    }

    /// openat2(2) beneath this directory, no links on the way and none at the end.
    func open(_ path: RelativePath, flags: Int32, mode: UInt32 = 0, within: UInt64 = 0) -> Result<Int32, Errno> {
        path.withCString { text in
            while true {
                let result = carchive_openat2(
                    descriptor.rawValue, text, UInt64(flags), UInt64(mode), carchive_resolve_beneath | within)
                if result >= 0 { return .success(result) }
                // EAGAIN: a rename raced with the walk and the kernel could not be sure (openat2(2)).
                if result != -EINTR && result != -EAGAIN { return .failure(Errno(rawValue: -result)) }
            }
        }
    }

    /// Runs an *at call on the descriptor of `path`'s parent and its last component.
    func at(
        _ path: RelativePath, _ action: String, _ call: (Int32, UnsafePointer<CChar>) -> Int32
    ) throws(ArchiveError) {
        let result: Result<Int32, Errno>
        if let parent = path.parent {
            let opened = open(parent, flags: carchive_open_path | O_DIRECTORY | O_CLOEXEC)
            let descriptor = try Self.check(opened, action, message(path))
            defer { Glibc.close(descriptor) }
            result = RelativePath.withCString(path.name) { name in Self.retry { call(descriptor, name) } }
        } else {
            result = RelativePath.withCString(path.name) { name in Self.retry { call(self.descriptor.rawValue, name) } }
        }
        try Self.check(result, action, message(path))
    }
}
