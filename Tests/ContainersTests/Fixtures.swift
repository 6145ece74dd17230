import Containers
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A name that is known to be good.
func name(_ text: String) throws -> ContainerName {
    try #require(ContainerName(text))
}

/// Writes a script that stands in for the docker CLI.
func fakeDocker(in directory: FilePath, _ script: String) throws -> String {
    let path = directory.appending("docker")
    let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWriteExecute])
    try file.closeAfter { _ = try file.writeAll("#!/bin/sh\n\(script)\n".utf8) }
    return path.string
}

/// The processes whose command line contains `mark`, which every test chooses for itself.
func processes(marked mark: String) async throws -> [String] {
    try await Tool.run(["ps", "-eo", "pid,ppid,pgid,stat,args"]).split(separator: "\n").map(String.init)
        .filter { $0.contains(mark) && !$0.contains("ps -eo") }
}

/// Waits until no process has `mark`, for at most two seconds, and returns those that stayed.
func remaining(marked mark: String) async throws -> [String] {
    for _ in 0..<40 {
        if try await processes(marked: mark).isEmpty { return [] }
        try await Task.sleep(for: .milliseconds(50))
    }
    return try await processes(marked: mark)
}

/// The descriptors this process has open and what they are.
func openDescriptors() async throws -> [String] {
    try await Tool.run(["sh", "-c", "ls -l /proc/\(getpid())/fd"]).split(separator: "\n").map(String.init)
}

/// A pipe whose ends no child inherits.
func cloexecPipe() throws -> (reading: FileDescriptor, writing: FileDescriptor) {
    let (reading, writing) = try FileDescriptor.pipe()
    _ = fcntl(reading.rawValue, F_SETFD, FD_CLOEXEC)
    _ = fcntl(writing.rawValue, F_SETFD, FD_CLOEXEC)
    return (reading, writing)
}

/// Reads a descriptor to its end on a thread of its own: a blocking read would hold up every task on a small machine.
func readAll(_ descriptor: FileDescriptor) async throws -> [UInt8] {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(
                with: Result {
                    try descriptor.closeAfter {
                        var all: [UInt8] = []
                        var buffer = [UInt8](repeating: 0, count: 65536)
                        while true {
                            let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                            if count == 0 { return all }
                            all.append(contentsOf: buffer.prefix(count))
                        }
                    }
                })
        }
    }
}
