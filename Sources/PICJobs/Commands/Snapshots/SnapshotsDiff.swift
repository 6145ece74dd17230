import Archive
import ArgumentParser
import Runs

struct SnapshotsDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Entries that were added, removed or changed between two snapshots.",
        discussion: "Exit codes: 0 ok (also when they differ), 1 failed, 64 usage, 65 an archive is refused.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The older one: an id, or latest.")
    var first: String

    @Argument(help: "The newer one: an id, or latest.")
    var second: String

    private struct Object: Encodable {
        struct Volume: Encodable {
            let service: String
            let name: String
            let remark: String?
            let changes: [ChangeObject]
        }

        let first: String
        let second: String
        let volumes: [Volume]
    }

    mutating func run() async throws {
        let open = try OpenStore(global)
        let (old, new) = (try open.snapshot(first), try open.snapshot(second))
        let volumes = try await Runs.SnapshotDiff(old, new).run()
        if global.json {
            try Output.json(
                Object(
                    first: "\(old.id)", second: "\(new.id)",
                    volumes: volumes.map { volume in
                        .init(
                            service: volume.volume.service, name: volume.volume.name, remark: volume.remark,
                            changes: volume.changes.map(ChangeObject.init))
                    }))
            return
        }
        guard !global.quiet else { return }
        for volume in volumes {
            Output.data("\(volume.volume): \(volume.remark ?? ChangeObject.summary(volume.changes))")
            for change in volume.changes { Output.data("  " + ChangeObject(change).line) }
        }
    }
}

/// One change in JSON and as a line: `+ added`, `- removed`, `M changed (content, time)`.
struct ChangeObject: Encodable {
    let kind: String
    let path: String
    let properties: [String]

    init(_ change: TreeChange) {
        kind = change.kind.rawValue
        path = EscapedName.encode(change.path.isRoot ? Array(".".utf8) : change.path.bytes)
        properties = change.properties
    }

    var line: String {
        switch kind {
        case TreeChange.Kind.added.rawValue: "+ \(path)"
        case TreeChange.Kind.removed.rawValue: "- \(path)"
        default: "M \(path) (\(properties.joined(separator: ", ")))"
        }
    }

    static func summary(_ changes: [TreeChange]) -> String {
        guard !changes.isEmpty else { return "no difference" }
        let counts = [TreeChange.Kind.added, .removed, .changed].map { kind in
            "\(changes.filter { $0.kind == kind }.count) \(kind.rawValue)"
        }
        return counts.joined(separator: ", ")
    }
}
