"""A Docker engine of our own in a network namespace of its own, and containers made from plain trees."""

import json
import os
import shutil
import signal
import subprocess
import time

from .report import Skip, need


class Engine:
    """dockerd on a Unix socket of its own; nothing of the machine's own Docker is touched. Needs root."""

    def __init__(self, scratch):
        need("docker", "dockerd", "ip", "nsenter", root=True)
        self.home = scratch.directory("docker")
        self.namespace = f"picjobs-{os.getpid()}"
        self.socket = os.path.join(self.home, "docker.sock")
        self.daemon = None
        scratch.undo(self.stop)
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "lo", "up"], check=True)
        log = open(os.path.join(self.home, "log"), "wb")
        self.daemon = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", "dockerd",
             "-H", f"unix://{self.socket}", "--data-root", os.path.join(self.home, "data"),
             "--exec-root", os.path.join(self.home, "exec"), "--pidfile", os.path.join(self.home, "pid"),
             "--iptables=false", "--ip6tables=false", "--bridge=none"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        deadline = time.monotonic() + 60
        while subprocess.run(self.command("info"), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.home, "log"), errors="replace") as lines:
                    tail = lines.read()[-600:]
                raise Skip("the private Docker engine did not start: " + tail)
            time.sleep(0.1)

    @property
    def environment(self):
        """The variables that make a docker CLI talk to this engine."""
        return {"DOCKER_HOST": f"unix://{self.socket}"}

    def command(self, *words):
        """A docker command line for this engine."""
        return ["docker", "-H", f"unix://{self.socket}", *words]

    def docker(self, *words, **options):
        """Runs docker, raises when it fails, returns its standard output as text."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, **options)
        if done.returncode != 0:
            raise RuntimeError(f"docker {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def pause(self, name):
        """Pauses a container; on a busy machine the engine's freezer gives up at times, and is asked again."""
        for _ in range(5):
            done = subprocess.run(self.command("pause", name), capture_output=True, text=True)
            if done.returncode == 0:
                return
            if "unable to freeze" not in done.stderr:
                break
            time.sleep(0.25)
        raise RuntimeError(f"docker pause {name}: {done.stderr.strip()}")

    def image(self, name, tree, *changes):
        """Makes an image from a directory; each change is a Dockerfile instruction."""
        flags = [word for change in changes for word in ("--change", change)]
        tar = subprocess.Popen(["tar", "-C", tree, "-cf", "-", "."], stdout=subprocess.PIPE)
        done = subprocess.run(self.command("import", *flags, "-", name), stdin=tar.stdout, capture_output=True)
        tar.stdout.close()
        if tar.wait() != 0 or done.returncode != 0:
            raise RuntimeError(f"import of {name}: {done.stderr.decode(errors='replace')}")

    def start(self, name, image, *words, volumes=(), options=("--network", "none")):
        """Starts a container, without a network unless the options of `docker run` name one.

        `volumes` are pairs of volume name and mount point.
        """
        mounts = [word for volume, mount in volumes for word in ("-v", f"{volume}:{mount}")]
        self.docker("run", "-d", "--name", name, *options, *mounts, image, *words)

    def inspect(self, name):
        """What Docker says about a container."""
        return json.loads(self.docker("inspect", name))[0]

    def pid(self, name):
        """The container's first process on the host; changes with every restart."""
        return self.inspect(name)["State"]["Pid"]

    def path(self, name, inside):
        """A path inside a running container, as root on the host sees it."""
        return f"/proc/{self.pid(name)}/root{inside}"

    def processes(self, name):
        """The command lines that run in a container."""
        return self.docker("top", name, "-eo", "pid,args").splitlines()[1:]

    def stop(self):
        """Removes the containers, ends the engine by its process id, removes the namespace."""
        if self.daemon is not None and self.daemon.poll() is None:
            names = subprocess.run(self.command("ps", "-aq"), capture_output=True, text=True).stdout.split()
            if names:
                subprocess.run(self.command("rm", "-f", *names), capture_output=True)
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)
