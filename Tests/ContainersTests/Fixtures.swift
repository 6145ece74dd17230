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

/// The processes whose command line contains `mark`, which every test chooses for itself; not those that are older than
/// this one, which an earlier run of the tests may have left when it was killed.
func processes(marked mark: String) async throws -> [String] {
    let own = getpid()
    let lines = try await Tool.run(["ps", "-eo", "etimes,pid,ppid,pgid,stat,args"]).split(separator: "\n")
    func age(_ line: Substring) -> Int { Int(line.split(separator: " ")[0]) ?? 0 }
    let ownAge = lines.first { $0.split(separator: " ")[1] == "\(own)" }.map(age) ?? 0
    return lines.filter { $0.contains(mark) && !$0.contains("ps -eo") && age($0) <= ownAge }.map(String.init)
}

/// Waits until no process has `mark`, for at most ten seconds, and returns those that stayed.
func remaining(marked mark: String) async throws -> [String] {
    for _ in 0..<200 {
        if try await processes(marked: mark).isEmpty { return [] }
        try await Task.sleep(for: .milliseconds(50))
    }
    return try await processes(marked: mark)
}

/// The descriptors this process has open, with what they are; the one used for looking is not counted.
func openDescriptors() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { number in
        var buffer = [CChar](repeating: 0, count: 256)
        guard readlink("/proc/self/fd/\(number)", &buffer, 255) > 0 else { return nil }
        return "\(number) " + String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }.filter { !$0.hasSuffix("/fd") }.sorted()
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
