import Containers
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

/// A cell of the local runtime whose one volume can be backed up, changed, restored and compared.
struct RestoreCell {
    let cell: JobCell
    let volume: String

    static let place = VolumePlace(service: "notes", name: "notes_data", container: "cell-notes", path: "/data/notes")

    init(_ directory: FilePath) throws {
        cell = try JobCell(directory)
        volume = directory.string + "/data/containers/cell-notes/data/notes"
    }

    /// Directories, links, odd names, modes, times and owners as far as this user may set them.
    func fill() async throws {
        try await sh(
            #"""
            mkdir -p d/e .hidden; printf one > d/one; printf two > d/two; printf deep > d/e/deep; ln d/one d/hard
            ln -s ../nowhere d/soft; mkfifo d/pipe; chmod 4750 d/two; : > "$(printf 'new\nline')"; : > -- '-rf'
            truncate -s 300000 holes; printf end >> holes; chmod 2755 d/e
            setfattr -n user.comment -v text d/one || true
            [ "$(id -u)" != 0 ] || chown -h 3000000:1001 d/two d/soft
            find . -exec touch -hd '2023-01-02 03:04:05.678901234 UTC' {} +
            """#)
    }

    @discardableResult
    func sh(_ script: String) async throws -> String {
        try await Tool.run(["bash", "-euc", "cd \"$1\"; " + script, "bash", volume])
    }

    /// Everything a restore must bring back.
    func listing() async throws -> String {
        try await sh(
            "find . -printf '%p|%y|%m|%U:%G|%s|%n|%T@|%l\\n' | sed -E 's/^([^|]*\\|d\\|[^|]*\\|[^|]*)\\|[0-9]+/\\1/' | LC_ALL=C sort;"
                + " find . -type f -exec sha256sum {} + | LC_ALL=C sort; getfattr -Rd . 2>/dev/null || true")
    }

    @discardableResult
    func backUp() async throws -> SnapshotID {
        let report = try await perform(.backup) { session in
            try await BackupRun(session, kind: .manual).run()
        }
        #expect(report.verdict == .ok)
        return try #require(report.document?.id)
    }

    func restore(
        _ snapshot: String = "latest", _ change: (inout RestoreOptions) -> Void = { _ in }
    ) async throws -> RestoreReport {
        var options = RestoreOptions(snapshot: snapshot)
        options.all = true
        change(&options)
        let chosen = options
        return try await perform(.restore) { session in try await RestoreRun(session, chosen).run() }
    }

    func perform<Value>(
        _ kind: RunKind, observer: any RunObserver = SilentObserver(), _ work: (RunSession) async throws -> Value
    ) async throws -> Value {
        try await RunSession.perform(try cell.open(), kind: kind, observer: observer, exitCode: { _ in 1 }) { session in
            (try await work(session), RunSession.Ending(exitCode: 0, result: "done"))
        }
    }
}
