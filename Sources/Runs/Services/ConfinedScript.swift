internal import Archive
internal import Containers
internal import Registry
internal import SystemPackage

/// A package's `install.sh` (guide, section 9): run only when that is asked for, once the service is up.
///
/// It sees the host read-only, but for the service's own directories; no network, no processes of others, nothing of
/// `/run`, and none of root's rights but those over files.
struct ConfinedScript {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Its digest, hex.
    var sha256: String { "\(SHA256.hash(bytes))" }

    /// What it may write, relative to the cell; all of it must exist when it runs.
    static func writable(for manifest: Manifest) -> [String] {
        manifest.ownPaths(hasScript: true).map(\.rawValue)
    }

    /// Runs it to its end.
    /// - Returns: its digest, and the last line it wrote, when it wrote anything; a sentence each.
    /// - Throws: ``RunError`` `.failed` with its status and last words.
    func run(in cell: Cell, for manifest: Manifest) async throws -> [String] {
        let root = try cell.absoluteRoot
        let result = try await HostCommand(
            "/usr/bin/unshare",
            [
                "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc", "--",
                "/bin/sh", "-c",
            ]
                + [Self.confinement, "confine", root.string]
                + Self.writable(for: manifest).map { root.appending($0).string },
            environment: [
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "PIC_SERVICE_ID": manifest.id.rawValue,
                "PIC_PROJECT_DIR": root.string,
            ], input: bytes
        ).run()
        let words = String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isNewline).last
        guard result.status.isSuccess else {
            throw RunError(.failed, "install.sh of \(manifest.id) failed (\(result.status)): \(result.lastMessage)")
        }
        return ["install.sh (sha256 \(sha256)) was run"] + (words.map { ["install.sh: \($0)"] } ?? [])
    }

    /// `$1` is where it works, the others are what it may write. Everything that is mounted is made read-only: the
    /// writable ones are mounts of their own first. util-linux, in every Debian.
    private static let confinement = """
        set -eu
        cd "$1"; shift
        mount --make-rprivate /
        for place in "$@"; do mount --bind "$place" "$place"; done
        mount -t tmpfs -o mode=755 tmpfs /run
        mount -t tmpfs -o mode=1777 tmpfs /tmp
        cut -d' ' -f5 /proc/self/mountinfo | sort -u | while read -r point; do
            point=$(printf "$(printf '%s' "$point" | sed 's/%/%%/g')")
            for place in "$@" /tmp /dev; do [ "$point" != "$place" ] || continue 2; done
            # Below what was covered just now.
            case $point in /run/*|/tmp/*) continue ;; esac
            mount -o remount,bind,ro "$point"
        done
        exec setpriv --no-new-privs --inh-caps=-all \\
            --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid /bin/sh -s
        """
}
