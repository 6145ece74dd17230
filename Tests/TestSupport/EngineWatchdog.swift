internal import Glibc
internal import Subprocess
internal import SystemPackage

/// The process beside the tests that starts the engine and outlives them just long enough to end it.
enum EngineWatchdog {
    /// Starts engine and watchdog; they end when this process does.
    /// - Throws: ``Tool/Failure`` when it can't be started, and `Errno`.
    static func start(name: String, directory: String) async throws {
        let (asked, asking) = try cloexecPipe()
        let (ended, ending) = try cloexecPipe()
        // A session of its own: Ctrl-C at the tests must not end it before the engine. By Subprocess, which leaves its
        // child nothing but these: a watchdog that held the pipe of another test's command would never let that test
        // see the command's end.
        let result = try await Subprocess.run(
            .name("setsid"), arguments: ["--fork", "sh", "-c", script, "watchdog", name, directory],
            input: .fileDescriptor(asked, closeAfterSpawningProcess: true),
            output: .fileDescriptor(ending, closeAfterSpawningProcess: true), error: .discarded)
        guard result.terminationStatus.isSuccess else {
            throw Tool.Failure(description: "setsid, for the test engine: \(result.terminationStatus)")
        }
        // The pipe stays open on purpose; an orderly end also waits, so that nothing is left when the tests return.
        pipes = (asking.rawValue, ended.rawValue)
        atexit {
            close(EngineWatchdog.pipes.asking)
            var end = pollfd(fd: EngineWatchdog.pipes.ended, events: Int16(POLLIN), revents: 0)
            poll(&end, 1, 60_000)
        }
    }

    // Written once before atexit reads it.
    nonisolated(unsafe) private static var pipes: (asking: Int32, ended: Int32) = (-1, -1)

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
