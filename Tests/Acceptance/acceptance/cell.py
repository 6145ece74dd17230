"""A cell on disk and the picjobs binary that works on it."""

import json
import os
import re
import shutil
import subprocess
import time

from .report import Skip

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
SERVICES = os.path.join(ROOT, "Tests/Fixtures/services")


def binary():
    """The program under test: PICJOBS, or the release build."""
    path = os.path.abspath(os.environ.get("PICJOBS", os.path.join(ROOT, ".build/release/picjobs")))
    if not os.access(path, os.X_OK):
        raise Skip(f"no picjobs at {path}: build it, or set PICJOBS")
    return path


class Done:
    """A finished command: status, output, errors, seconds."""

    def __init__(self, words, status, out, err, seconds):
        self.words, self.status, self.out, self.err, self.seconds = words, status, out, err, seconds

    @property
    def json(self):
        """The one JSON object on standard output; an empty one when there is none."""
        try:
            return json.loads(self.out)
        except ValueError:
            return {}

    @property
    def error_lines(self):
        """The lines `picjobs: error: …` on standard error."""
        return [line for line in self.err.splitlines() if line.startswith("picjobs: error:")]

    def __str__(self):
        return f"$ picjobs {' '.join(self.words)}\nexit {self.status}\n{self.out[-3000:]}{self.err[-3000:]}"


class Cell:
    """A project root with its services. The local runtime's containers lie in `containers`, else data/containers."""

    prefix = ()  # words in front of every command line, such as nsenter's

    def __init__(self, path, settings="", environment=None, containers=None):
        self.path = path
        self.environment = environment or {}
        self.containers = containers or os.path.join(path, "data/containers")
        os.makedirs(os.path.join(path, "config"), exist_ok=True)
        os.makedirs(os.path.join(path, "data/services"), exist_ok=True)
        self.write("config/cell_config.json", json.dumps(
            {"identity": {"cell_name": "alice", "domain": "alice.pic.ngo"}, "services": {}}, indent=2))
        self.settings(settings)

    def settings(self, text):
        """Writes config/picjobs.yml."""
        self.write("config/picjobs.yml", text)

    def write(self, name, content):
        """Writes a file below the cell."""
        target = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return target

    def service(self, name, volumes=None, config_paths=None, template="notes"):
        """Installs a service: a fixture by its id, or one with `volumes` = [(container, path, archive name)]."""
        source = name if volumes is None and config_paths is None else template
        with open(os.path.join(SERVICES, source, "manifest.json")) as file:
            manifest = json.load(file)
        if volumes is not None:
            containers = sorted({container for container, _, _ in volumes})
            manifest.update(id=name, name=name, subdomain=name, caddy_route={"subdomain": name},
                            extra_subdomains=[], extra_backends={}, containers=containers,
                            container_name=containers[0], backend=f"{containers[0]}:8080")
            manifest["backup"] = {"config_paths": config_paths or [], "volumes": [
                {"container": container, "path": path, "name": archive} for container, path, archive in volumes]}
        self.write(f"data/services/{name}/manifest.json", json.dumps(manifest, indent=2))
        for path in manifest.get("backup", {}).get("config_paths", []):
            self.write(f"{path}/service.conf", f"# configuration of {name}\nport = 8080\n")

    def local_volume(self, container, path):
        """Where the local runtime keeps a container's path; made when it is missing."""
        place = os.path.join(self.containers, container, path.lstrip("/"))
        os.makedirs(place, exist_ok=True)
        return place

    def start(self, *words, **options):
        """Starts picjobs and returns the process."""
        environment = {**os.environ, **self.environment, "PIC_CELL": self.path}
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([*self.prefix, binary(), *words], env=environment, cwd=self.path, **options)

    def run(self, *words, timeout=300):
        """Runs picjobs to its end, which it must reach within `timeout` seconds."""
        began = time.monotonic()
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\nstill running after {timeout} s\n".encode()
        return Done(words, process.returncode, out.decode(errors="replace"), err.decode(errors="replace"),
                    time.monotonic() - began)

    def backup(self, *words, **options):
        """`picjobs backup --json`."""
        return self.run("backup", "--json", *words, **options)

    @property
    def backup_root(self):
        return os.path.join(self.path, "data/backups")

    def snapshots(self):
        """The ids that `snapshots list --json` shows."""
        return sorted(set(snapshot_ids(self.run("snapshots", "list", "--json").json)))

    def published(self):
        """The snapshot directories that are there, whatever the program says."""
        try:
            names = os.listdir(self.backup_root)
        except FileNotFoundError:
            return []
        return sorted(n for n in names if not n.startswith(".") and n != "latest"
                      and os.path.isdir(os.path.join(self.backup_root, n)))

    def leftovers(self):
        """What an interrupted run could leave in the cell: half snapshots and temporaries."""
        found = []
        for at, directories, files in os.walk(self.path):
            for name in directories + files:
                if name.startswith((".incomplete-", ".deleting-", ".latest-", ".picjobs-", ".new-")):
                    found.append(os.path.relpath(os.path.join(at, name), self.path))
        return found

    def age_unnamed_records(self):
        """Makes the records that a kill left without a name ten seconds old: only then are they not one in the making."""
        runs = os.path.join(self.path, "data/runs")
        for name in os.listdir(runs) if os.path.isdir(runs) else ():
            if name.startswith(".new-"):
                os.utime(os.path.join(runs, name), (time.time() - 11,) * 2)

    def journal(self):
        """The lines of the newest run's steps.jsonl, as dictionaries."""
        runs = os.path.join(self.path, "data/runs")
        try:
            newest = max((os.path.join(runs, n) for n in os.listdir(runs)), key=lambda p: os.stat(p).st_mtime_ns)
            with open(os.path.join(newest, "steps.jsonl"), errors="replace") as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except (OSError, ValueError):
            return []

    def remove(self):
        """Deletes the whole cell directory."""
        shutil.rmtree(self.path)


def local(path, services, extra="", containers=None):
    """A cell of the local runtime. `services`: id → [(container, path, archive name)].

    `containers` is the directory that holds the containers when that is not to be the cell.
    """
    names = sorted({container for volumes in services.values() for container, _, _ in volumes})
    lines = [f"  {name}: {containers or 'data/containers'}/{name}\n" for name in names]
    cell = Cell(path, "runtime: local\ncontainers:\n" + "".join(lines) + extra, containers=containers)
    for name, volumes in services.items():
        cell.service(name, volumes, [f"config/{name}"])
        for container, inside, _ in volumes:
            cell.local_volume(container, inside)
    return cell


def phase(line):
    """The name of a journal step."""
    return str(line.get("step", "?"))


def archives(value):
    """All archives with a verdict in a JSON value, wherever they stand: [(service, name, verdict, whole)]."""
    found = []

    def walk(node, service):
        if isinstance(node, dict):
            service = node.get("service", node.get("service_id", service))
            name = node.get("archive", node.get("volume", node.get("name")))
            if isinstance(node.get("verdict"), str) and isinstance(name, str):
                found.append((service, name, node["verdict"], node))
            for child in node.values():
                walk(child, service)
        elif isinstance(node, list):
            for child in node:
                walk(child, service)

    walk(value, None)
    return found


def verdicts(value):
    """Archive name → verdict in a JSON value."""
    return {name: verdict for _, name, verdict, _ in archives(value)}


def snapshot_ids(value):
    """All snapshot ids (UTC start times such as 20261123T023000Z) in a JSON value."""
    if isinstance(value, dict):
        return [i for child in value.values() for i in snapshot_ids(child)]
    if isinstance(value, list):
        return [i for child in value for i in snapshot_ids(child)]
    return [value] if isinstance(value, str) and re.fullmatch(r"\d{8}T\d{6}Z", value) else []
