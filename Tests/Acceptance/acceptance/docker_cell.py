"""A whole cell with real containers: engine, cell-network, gateway, Caddy, a store, and peers behind the gateway.

    peers 10.66.0.1 ── wg0 ─ cell-wireguard 172.20.0.9 ═╦═ cell-caddy 172.20.0.2
                                                        ╠═ the services that are installed, from 172.20.0.20 on
    the engine's namespace, picjobs, the store 127.0.0.1 ═╝  172.20.0.1

picjobs runs in the engine's network namespace, as on the host of a cell. Everything that can be seen of a service is put
together in `facts`, and all that there is in `listing`: equal listings mean that nothing was done.
"""

import fcntl
import hashlib
import json
import os
import re
import stat
import subprocess

from . import images, kernel
from .cell import Cell
from .engine import Engine
from .parts import Place, Space, pair, until
from .report import need
from .store import Store

GATEWAY, CADDY, HOST, POOL = "172.20.0.9", "172.20.0.2", "172.20.0.1", "172.20.0.20-172.20.0.254"
DOMAIN = "alice.pic.ngo"
APPLETS = ("nc", "wget", "head", "sed", "cut", "printf", "basename", "grep", "sort", "tr", "env", "cmp", "ip")

# Serves one request on standard input and output: the page, its health, and the service API of the guide, section 4.
SERVE = r"""#!/bin/sh
cr=$(printf '\r')
IFS=' ' read -r method path _ || exit 0
length=0
while IFS= read -r line; do
    line=${line%"$cr"}
    [ -n "$line" ] || break
    case $line in [Cc]ontent-[Ll]ength:*) length=$((${line#*:})) ;; esac
done
body=
[ "$length" -eq 0 ] || body=$(head -c "$length")
answer() {
    printf 'HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
        "$1" "$2" "${#3}" "$3"
    exit 0
}
field() { printf %s "$body" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }
accounts=$DATA/accounts
case "$method $path" in
"GET /health") answer "$(cat /etc/health)" text/plain "$(cat /etc/health)" ;;
"GET /service-api/accounts")
    list=
    for file in "$accounts"/*; do
        [ -e "$file" ] && list="$list${list:+, }\"${file##*/}\""
    done
    answer "200 OK" application/json "{\"accounts\": [$list]}" ;;
"POST /service-api/accounts")
    user=$(field username)
    [ -n "$user" ] || answer "400 Bad Request" application/json '{"ok": false, "error": "no username"}'
    [ ! -e "$accounts/$user" ] || answer "409 Conflict" application/json '{"ok": false, "error": "there is one"}'
    mkdir -p "$accounts"
    field password >"$accounts/$user"
    answer "200 OK" application/json '{"ok": true}' ;;
"DELETE /service-api/accounts/"*)
    user=${path##*/}
    [ -e "$accounts/$user" ] || answer "404 Not Found" application/json '{"ok": false, "error": "not found"}'
    rm -f "$accounts/$user"
    answer "200 OK" application/json '{"ok": true}' ;;
"GET /"*) answer "200 OK" text/plain "$(cat /etc/version) $TITLE: $(cat "$DATA/page")" ;;
*) answer "405 Method Not Allowed" text/plain "" ;;
esac
"""
START = r"""#!/bin/sh
mkdir -p "$DATA"
[ ! -e /etc/ends ] || { echo "$(cat /etc/version) ends"; exit 1; }
[ -e "$DATA/page" ] || echo new >"$DATA/page"
echo "$(cat /etc/version) listens at $PORT"
trap 'kill $!; exit 0' TERM INT
nc -ll -p "$PORT" -e /bin/serve &
wait $!
"""


def service_tree(tree, version, health="200 OK", ends=False):
    """The file system of a service with the service API; its version is what its page begins with."""
    images.busybox(tree, more=APPLETS)
    for name, text in (("bin/serve", SERVE), ("bin/start", START), ("etc/version", version), ("etc/health", health)):
        with open(os.path.join(tree, name), "w") as file:
            file.write(text)
        if name.startswith("bin/"):
            os.chmod(os.path.join(tree, name), 0o755)
    if ends:
        open(os.path.join(tree, "etc/ends"), "w").close()


class DockerCell(Cell):
    """The cell. `store` is where it installs from, `engine` what its containers run on, `peers` a place behind wg0."""

    def __init__(self, scratch):
        need("busybox", "caddy", "curl", "nft", root=True)
        self.scratch, self.pool = scratch, POOL
        self.engine = Engine(scratch)
        self.host = Place(f"/run/netns/{self.engine.namespace}")
        self.store = Store(scratch, self.host.path)
        self.socket = os.path.join(scratch.directory("caddy-run"), "admin.sock")
        super().__init__(scratch.directory("cell"), environment=self.engine.environment)
        self.prefix = ("nsenter", f"--net={self.host.path}")
        self.authority = os.path.join(self.scratch.directory("caddy-data"), "caddy/pki/authorities/local/root.crt")
        self.images = set()
        self.configure()
        self.engine.docker("network", "create", "-d", "bridge", "--subnet", "172.20.0.0/16", "--gateway", HOST,
                           "-o", "com.docker.network.bridge.name=br-cell", "cell-network")
        self._gateway()
        self._caddy()

    def configure(self, **changes):
        """Writes config/picjobs.yml; `changes` replace whole top-level keys."""
        self.settings(json.dumps({  # JSON is YAML
            "runtime": "docker", "network": {"name": "cell-network", "pool": self.pool},
            "gateway": {"container": "cell-wireguard"}, "host": {"bridge": "br-cell"},
            "caddy": {"admin": f"unix/{self.socket}", "tls": "internal", "address": CADDY},
            "store": {"index": self.store.index}} | changes, indent=2))

    # Images and the core containers.

    def image(self, name, build, *changes):
        """Makes an image `git.pic.ngo/roof/NAME` of what `build(tree)` puts into a directory."""
        name = "git.pic.ngo/roof/" + name
        if name not in self.images:
            tree = os.path.join(self.scratch.path, "tree-" + re.sub("[^a-z0-9]", "-", name))
            os.makedirs(tree)
            build(tree)
            self.engine.image(name, tree, *changes)
            self.images.add(name)
        return name

    def service_image(self, name, tag, port=8080, data="/data", **behaviour):
        """Makes the image of a service that `service_tree` describes."""
        return self.image(f"{name}:{tag}", lambda tree: service_tree(tree, f"{name.removeprefix('pic-')} {tag}", **behaviour),
                          'CMD ["/bin/start"]', f"ENV PORT={port}", f"ENV DATA={data}", "ENV TITLE=")

    def _gateway(self):
        self.image("pic-core:1", lambda tree: images.busybox(tree, more=APPLETS))
        self.engine.start("cell-wireguard", "git.pic.ngo/roof/pic-core:1", "sleep", "infinity", options=(
            "--network", "cell-network", "--ip", GATEWAY, "--cap-add", "NET_ADMIN", "--stop-signal", "KILL",
            "--sysctl", "net.ipv4.ip_forward=0"))
        self.peers = Space(self.scratch, "peers")
        gateway = self.inside("cell-wireguard")
        pair(self.peers, "wire", gateway, "wg0")
        self.peers.ip("addr add 10.66.0.1/24 dev wire\nlink set wire up\nroute add default via 10.66.0.2\n")
        gateway.ip("addr add 10.66.0.2/24 dev wg0\nlink set wg0 up\n")

    def _caddy(self):
        def build(tree):
            images.busybox(tree)
            images.add(tree, "/usr/bin/caddy")

        self.image("pic-caddy:1", build)
        self.write("config/caddy/Caddyfile", """{
	admin unix//run/caddy/admin.sock
	skip_install_trust
}
https://api.%s {
	tls internal
	respond "core" 200
}
import services.caddy
""" % DOMAIN)
        self.write("config/caddy/services.caddy", "# nothing yet\n")
        self.engine.start(
            "cell-caddy", "git.pic.ngo/roof/pic-caddy:1", "caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter",
            "caddyfile", volumes=((os.path.join(self.path, "config/caddy"), "/etc/caddy"),
                                  (os.path.dirname(self.socket), "/run/caddy"),
                                  (os.path.join(self.scratch.path, "caddy-data"), "/data")),
            options=("--network", "cell-network", "--ip", CADDY, "-e", "XDG_DATA_HOME=/data", "-e", "HOME=/data",
                     "--sysctl", "net.ipv4.tcp_migrate_req=1"))
        if not until(lambda: self.get("api") == (200, "core"), 30, 0.2):
            raise RuntimeError("Caddy does not start: " + self.engine.docker("logs", "--tail", "20", "cell-caddy"))

    # Asking.

    def inside(self, container):
        """The network namespace of a running container."""
        return Place(f"/proc/{self.engine.pid(container)}/ns/net")

    def get(self, name, path="/", method="GET"):
        """Status and text of a request to https://NAME.DOMAIN through Caddy, whose certificate has to be right."""
        host = f"{name}.{DOMAIN}"
        return self._curl(self.host, f"https://{host}{path}", "--cacert", self.authority, "--resolve", f"{host}:443:{CADDY}",
                          "--path-as-is", "-X", method)

    def ask(self, address, port, path="/"):
        """The same for a container's own address, as a peer behind the gateway."""
        return self._curl(self.peers, f"http://{address}:{port}{path}")

    def _curl(self, place, url, *words):
        done = subprocess.run(place.command("curl", "-sS", "--noproxy", "*", "--connect-timeout", "2", "-m", "10",
                                            "-w", "\n%{http_code}", *words, url), capture_output=True, text=True)
        if done.returncode != 0:
            return done.stderr.strip(), ""
        text, _, code = done.stdout.rpartition("\n")
        return int(code), text.strip()

    def serves(self, name, beginning, seconds=5):
        """Whether a service's page begins with this through Caddy, within some seconds."""
        return until(lambda: self.get(name)[0] == 200 and self.get(name)[1].startswith(beginning), seconds, 0.2)

    def json_file(self, name):
        """A JSON file of the cell; an empty object when it is not there."""
        try:
            with open(os.path.join(self.path, name)) as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def text(self, name):
        """A file of the cell; nothing when it is not there."""
        try:
            with open(os.path.join(self.path, name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def volumes(self, service):
        """The volumes of a service's Compose project."""
        return [name for name in self.engine.docker("volume", "ls", "-q").split() if name.startswith(f"pic-{service}_")]

    def project(self, service):
        """The containers of a service's Compose project, running or not: name → (state, image)."""
        lines = self.engine.docker("ps", "-a", "--filter", f"label=com.docker.compose.project=pic-{service}",
                                   "--format", "{{.Names}}\t{{.State}}\t{{.Image}}").splitlines()
        return {name: (state, image) for name, state, image in (line.split("\t") for line in lines)}

    def inbound(self):
        """What peers may reach, as the gateway's set says it."""
        objects = kernel.ruleset(_Asking(self), "gateway")
        found = kernel.elements(objects, "inet", "pic_egress", "set", "inbound")
        return sorted(".".join(str(part) for part in e["concat"]) for e in found or [])

    def run_in(self, short, *words, check=True, text=None):
        place = self.host if short == "host" else self.inside("cell-wireguard")
        done = subprocess.run(place.command(*words), input=text, capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(f"{short}: {' '.join(words)}: {done.stderr.strip()}")
        return done

    # Commands that are to work, and commands that are to do nothing.

    def does(self, result, what, *words, statuses=(0,)):
        """Runs a command that is to work; the cell's own site has to be served after it. The finished command."""
        done = self.run(*words)
        result.check(f"{what}: exit {done.status} ({done.seconds:.1f} s)", done.status in statuses, done)
        result.tally(f"{what}: the core site is served", self.get("api") == (200, "core"), self.get("api"))
        result.tally(f"{what}: no lock is held and nothing temporary left", not self.locked() + self.temporaries(),
                     self.locked() + self.temporaries())
        return done

    def refuses(self, result, what, *words, statuses, says=()):
        """Runs a command that is to fail with one clear line, or one for each fault of a file with its place there, and
        to leave everything as it was. The finished command."""
        before = self.listing()
        done = self.run(*words)
        result.check(f"{what}: exit {done.status}, says {', '.join(says) or 'why'}",
                     done.status in statuses and done.err.strip() and all(text in done.err for text in says), done)
        errors = done.error_lines
        result.tally(f"{what}: one line is the error, or one each fault",
                     len(errors) == 1 or len(set(errors)) == len(errors) > 0 and all(": /" in line for line in errors),
                     done)
        lines = difference(before, self.listing())
        result.check(f"{what}: nothing has changed", not lines, "\n".join(lines))
        result.tally(f"{what}: no lock is held", not self.locked(), self.locked())
        return done

    # What there is of a service, and of everything.

    def facts(self, service):
        """What there is of a service, by place; a value that is false means nothing."""
        manifest = self.json_file(f"data/services/{service}/manifest.json")
        compose = os.path.join(self.path, f"data/services/{service}/docker-compose.yml")
        leases = self.json_file("data/ip_leases.json").get(service, {})
        addresses = tuple(leases.values())
        return {
            "manifest": manifest.get("version"),
            "compose file": oct(stat.S_IMODE(os.stat(compose).st_mode)) if os.path.exists(compose) else None,
            "install record": os.path.exists(os.path.join(self.path, f"data/services/{service}/install.json")),
            "lease": leases,
            "containers": self.project(service),
            "route": f"# {service}\n" in self.text("config/caddy/services.caddy"),
            "rule": [element for element in self.inbound() if any(element.startswith(a) for a in addresses)],
        }

    def settled(self, service):
        """`absent`, `installed` with its version, or the sentence that says what does not fit."""
        facts = self.facts(service)
        if not any(facts.values()) and not os.path.exists(os.path.join(self.path, "data/services", service)):
            return "absent"
        bad = [name for name, value in facts.items() if not value]
        if facts["compose file"] not in (None, "0o600"):
            bad.append("compose file's mode")
        bad += [f"{name} is {state}" for name, (state, _) in facts["containers"].items() if state != "running"]
        images_of = [image for _, image in facts["containers"].values()]
        compose = self.text(f"data/services/{service}/docker-compose.yml")
        bad += [f"{image} is not in the compose file" for image in images_of if image not in compose]
        versions = {image.rpartition(":")[2] for image in images_of}
        if versions - {facts["manifest"], "latest"}:
            bad.append(f"manifest {facts['manifest']}, containers {versions}")
        if bad:
            return f"a mixture, missing or wrong: {bad}; there is {facts}"
        return f"installed {facts['manifest']}"

    def listing(self, without=()):
        """Everything that a command could change; without `data/runs`, locks, and paths that begin with one of `without`."""
        return {"files": self.files(without), "containers": self._containers(), "networks": self._networks(),
                "volumes": sorted(self.engine.docker("volume", "ls", "-q").split()), "caddy": self._caddy_config(),
                "gateway": kernel.state(_Asking(self), "gateway"), "host": kernel.state(_Asking(self), "host")}

    def files(self, without=()):
        """`files` of this cell."""
        return files(self.path, without)

    def _containers(self):
        names = self.engine.docker("ps", "-aq", "--no-trunc").split()
        if not names:
            return {}
        return {found["Name"]: [found["Id"], found["Image"], found["State"]["Status"], found["RestartCount"],
                                found["NetworkSettings"]["Networks"].get("cell-network", {}).get("IPAddress")]
                for found in json.loads(self.engine.docker("inspect", *names))}

    def _networks(self):
        names = self.engine.docker("network", "ls", "-q").split()
        return {found["Name"]: [found["Id"], sorted((c["Name"], c["IPv4Address"]) for c in found["Containers"].values())]
                for found in json.loads(self.engine.docker("network", "inspect", *names))}

    def _caddy_config(self):
        done = subprocess.run(["curl", "-sS", "--unix-socket", self.socket, "-H", "Host;", "http://localhost/config/"],
                              capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else "down"

    def locked(self):
        """The cell's locks that somebody holds."""
        held = []
        for name in ("data/picjobs.lock", "data/egress.lock", "data/accounts.lock"):
            path = os.path.join(self.path, name)
            if not os.path.exists(path):
                continue
            with open(path) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    held.append(name)
        return held

    def temporaries(self):
        """Files whose names say that they were to be gone in a moment."""
        return [name for name in self.files(("data/backups",)) if os.path.basename(name).startswith((".", "tmp"))
                or name.endswith((".tmp", ".new", "~"))]


# kernel.py asks through a `run` that takes the place first.
class _Asking:
    def __init__(self, cell):
        self.run = cell.run_in


def files(cell, without=()):
    """Path → mode and content of every file of a cell. JSON counts by its value, and an empty object for nothing."""
    found = {}
    for at, directories, names in os.walk(cell):
        for name in directories + names:
            path = os.path.join(at, name)
            short = os.path.relpath(path, cell)
            # egress.json tells `egress status` since when; nothing depends on it.
            if short.endswith((".lock", ".sock")) or short == "data/egress.json" or short.startswith(
                    ("data/runs", *without)):
                continue
            value = _content(path)
            if value != "{}":
                found[short] = f"{stat.S_IMODE(os.lstat(path).st_mode):o} {value}"
    return found


def _content(path):
    if os.path.islink(path):
        return "link to " + os.readlink(path)
    if os.path.isdir(path):
        return "directory"
    if not os.path.isfile(path):
        return "special"
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".json"):
        try:
            return json.dumps(json.loads(data), sort_keys=True)
        except ValueError:
            pass
    return hashlib.sha256(data).hexdigest()


def difference(before, after, path=""):
    """The differences of two listings, a line each."""
    if isinstance(before, dict) and isinstance(after, dict):
        lines = []
        for key in sorted({*before, *after}, key=str):
            lines += difference(before.get(key), after.get(key), f"{path}/{key}" if path else str(key))
        return lines
    if before == after:
        return []
    if isinstance(before, list) and isinstance(after, list):
        lost = [f"{path}: lost {_short(item)}" for item in before if item not in after]
        return lost + [f"{path}: new {_short(item)}" for item in after if item not in before] or [f"{path}: another order"]
    return [f"{path}: {_short(before)} → {_short(after)}"]


def _short(value):
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) < 160 else text[:157] + "…"
