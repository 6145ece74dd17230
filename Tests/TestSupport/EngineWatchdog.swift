internal import Glibc
internal import SystemPackage

/// The process beside the tests that starts the engine and outlives them just long enough to end it.
enum EngineWatchdog {
    /// Starts engine and watchdog; they end when this process does.
    static func start(name: String, directory: String) throws {
        let (reading, writing) = try FileDescriptor.pipe()
        // Neither end may reach another child: the watchdog would wait for that one, too.
        _ = fcntl(reading.rawValue, F_SETFD, FD_CLOEXEC)
        _ = fcntl(writing.rawValue, F_SETFD, FD_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, reading.rawValue, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // A session of its own: Ctrl-C at the tests must not end it before the engine.
        let arguments = ["setsid", "sh", "-c", script, "watchdog", name, directory]
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, "setsid", &actions, nil, &pointers, environ)
        try reading.close()
        guard failure == 0 else { throw Errno(rawValue: failure) }
        // The pipe stays open on purpose; an orderly end also waits, so that nothing is left when the tests return.
        watched = (process, writing.rawValue)
        atexit {
            close(EngineWatchdog.watched.pipe)
            var status: Int32 = 0
            waitpid(EngineWatchdog.watched.process, &status, 0)
        }
    }

    // Written once before atexit reads it.
    nonisolated(unsafe) private static var watched: (process: pid_t, pipe: Int32) = (0, -1)

    private static let script = """
        PATH=$PATH:/usr/sbin:/sbin; name=$1; directory=$2
        trap '' INT TERM HUP
        mkdir -p "$directory"; cd /
        ip netns add "$name"; ip -n "$name" link set lo up
        export DOCKER_HOST="unix://$directory/docker.sock"
        start() {
            nsenter --net="/run/netns/$name" dockerd -H "$DOCKER_HOST" --data-root "$directory/data" \
                --exec-root "$directory/exec" --pidfile "$directory/pid" --iptables=false --bridge=none \
                --storage-driver "$1" </dev/null >"$directory/log" 2>&1 &
            engine=$!
        }
        start overlay2
        for round in 1 2 3 4 5 6; do
            sleep 0.5
            kill -0 $engine 2>/dev/null || { start vfs; break; }
            [ -S "$directory/docker.sock" ] && break
        done
        read -r nothing
        containers=$(docker ps -aq 2>/dev/null)
        [ -z "$containers" ] || docker rm -f -v $containers >/dev/null 2>&1
        kill $engine 2>/dev/null
        for round in $(seq 1 100); do kill -0 $engine 2>/dev/null || break; sleep 0.1; done
        kill -9 $engine 2>/dev/null
        wait $engine
        ip netns del "$name"
        grep -o " $directory/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l 2>/dev/null
        rm -rf "$directory"
        """
}
