/// Images made on the spot from this machine's own programs, so that tests download nothing.
public enum TestImage: String, Sendable, CaseIterable {
    /// busybox-static with all its applets.
    case busybox
    /// GNU tar and findutils with their libraries, dash as sh, attr tools, find, xargs, grep, coreutils; no busybox.
    case gnu
    /// Nothing but sleep, sh and cat: a container without tar.
    case bare

    /// The image's name in the engine.
    public var reference: String { "picjobs-test-\(rawValue):latest" }

    /// A script that builds the tree and imports it; DOCKER_HOST names the engine.
    var script: String {
        let tree =
            switch self {
            case .busybox:
                """
                mkdir -p "$t/bin"
                cp -L "$(command -v busybox)" "$t/bin/busybox"
                for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$t/bin/$applet"; done
                """
            case .gnu:
                Self.copy(
                    "tar sh find xargs grep mv cp ln mkdir rm rmdir cat stat ls sleep touch chmod chown dd head tail env"
                        + " true false sha256sum sort test kill mkfifo mknod getfattr setfattr getfacl setfacl")
            case .bare: Self.copy("sleep sh cat")
            }
        return """
            t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
            \(tree)
            mkdir -p "$t/data" "$t/proc" "$t/sys" "$t/dev" "$t/etc" "$t/tmp"; chmod 1777 "$t/tmp"
            tar -C "$t" -c . | docker import -c 'ENV PATH=/usr/bin:/bin' - \(reference)
            """
    }

    private static func copy(_ programs: String) -> String {
        """
        mkdir -p "$t/usr/bin" "$t/usr/lib" "$t/usr/lib64"
        ln -s usr/bin "$t/bin"; ln -s usr/lib "$t/lib"; ln -s usr/lib64 "$t/lib64"
        for program in \(programs); do
            file=$(env which "$program" || true); [ -n "$file" ] || continue
            cp -L "$file" "$t/usr/bin/$program"
            for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true); do
                mkdir -p "$t$(dirname "$library")"; cp -L "$library" "$t$library"
            done
        done
        """
    }
}
