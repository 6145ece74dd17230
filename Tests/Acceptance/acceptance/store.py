"""A store over HTTP: an index and packages that can be changed, and that misbehave to order."""

import http.server
import json
import os
import socket
import socketserver
import threading
import time
import zipfile

from .cell import SERVICES
from .parts import inside

ROOF = "git.pic.ngo/roof/"
CAPABILITIES = ("has_subdomain", "has_accounts", "has_admin_config", "has_storage", "has_egress", "has_api_hooks")


class Package:
    """What the store holds of one service: a manifest, mostly a Compose template, maybe other files."""

    def __init__(self, manifest, template=None, **others):
        self.manifest, self.template, self.others = manifest, template, others

    @property
    def id(self):
        return self.manifest["id"]

    def files(self):
        """Name → bytes."""
        found = {"manifest.json": json.dumps(self.manifest, indent=2).encode()}
        if self.template is not None:
            found["compose-template.yml"] = self.template.encode()
        return found | {name: text.encode() for name, text in self.others.items()}

    def entry(self):
        """Its entry in the index."""
        return {name: self.manifest[name] for name in ("id", "name", "description", "version", "author")}

    def directory(self, path):
        """Writes it into a new directory; returns its path."""
        os.makedirs(path)
        for name, data in self.files().items():
            with open(os.path.join(path, name), "wb") as file:
                file.write(data)
        return path

    def zip(self, path):
        """Writes it as the ZIP archive of the guide (section 9); returns its path."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in self.files().items():
                archive.writestr(name, data)
        return path


def fixture(name, **changes):
    """A service of Tests/Fixtures/services; `changes` are fields of its manifest."""
    with open(os.path.join(SERVICES, name, "manifest.json")) as file:
        manifest = json.load(file) | changes
    place = os.path.join(SERVICES, name, "compose-template.yml")
    if not os.path.exists(place):
        return Package(manifest)
    with open(place) as file:
        return Package(manifest, file.read())


HEALTH = """    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:{port}/health"]
      interval: 1s
      timeout: 2s
      retries: 3
      start_period: 1s
"""


def notes(version="1.0.0"):
    """notes of the fixtures with a version of its image, a health check and a title that the admin can change."""
    package = fixture("notes", version=version, image=f"{ROOF}pic-notes:{version}")
    package.manifest["config_schema"]["title"] = {"type": "string", "label": "Title", "default": "Notes"}
    package.template = package.template.replace("pic-notes:latest", f"pic-notes:{version}")
    package.template = package.template.replace("    environment:\n", HEALTH.format(port=8080) + "    environment:\n"
                                                '      TITLE: "${PIC_CFG_TITLE}"\n')
    return package


def small(name, version="1.0.0", **changes):
    """A service of one container with a volume and a health check; its page says its name."""
    container = f"cell-{name}"
    manifest = {
        "schema_version": 3, "id": name, "name": name.capitalize(), "description": f"The service {name}.",
        "version": version, "author": "pic", "kind": "store", "min_pic_version": "1.0",
        "capabilities": {flag: flag in ("has_subdomain", "has_storage") for flag in CAPABILITIES},
        "subdomain": name, "extra_subdomains": [], "backend": f"{container}:8080", "containers": [container],
        "backup": {"volumes": [{"container": container, "path": "/data", "name": "data"}], "config_paths": []},
        "storage": {"primary_path": f"data/{name}", "quota_mb": None},
        "image": f"{ROOF}pic-small:{version}", "container_name": container,
        "volumes": [{"name": f"{name}-data", "mount": "/data"}], "env": [],
        "iptables_rules": [{"type": "ACCEPT", "dest_ip": "${SERVICE_IP}", "dest_port": 8080, "proto": "tcp"}],
        "caddy_route": {"subdomain": name}, "compose": None} | changes
    template = f"""services:
  {container}:
    image: {manifest["image"]}
    container_name: {container}
    restart: unless-stopped
{HEALTH.format(port=8080)}    environment:
      TITLE: "{name}"
      SECRET: "${{PIC_SECRET_KEY}}"
    volumes:
      - {name}-data:/data
    networks:
      cell-network:
        ipv4_address: "${{SERVICE_IP}}"
volumes:
  {name}-data:
networks:
  cell-network:
    external: true
"""
    return Package(manifest, template)


def plain(name, version="1.0.0"):
    """`small` without a site, for cells that have no Caddy."""
    package = small(name, version)
    package.manifest["capabilities"]["has_subdomain"] = False
    for field in ("subdomain", "extra_subdomains", "backend", "caddy_route"):
        del package.manifest[field]
    return package


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # the other side has hung up


class Store:
    """The server, on 127.0.0.1 of a network namespace (a path), or of this process's own.

    The index and the packages are below every directory. `answers` maps a path to bytes or to a function of the request's
    handler; what stands there comes before the packages.
    `asked` holds the paths that were asked for, `sent` the bytes that went out for each.
    """

    def __init__(self, scratch, namespace=None, port=0):
        self.packages, self.answers, self.asked, self.sent = {}, {}, [], {}
        self.entries = None  # instead of the packages' entries in the index
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                store.asked.append(self.path)
                answer = store.answers.get(self.path, store._file(self.path))
                if callable(answer):
                    answer(self)
                elif answer is None:
                    self.send_error(404)
                else:
                    reply(self, answer)

            def log_message(self, *_):
                pass

        def listen():
            return _Server(("127.0.0.1", port), Handler)

        self.server = inside(namespace, listen) if namespace else listen()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        scratch.undo(self.server.server_close)
        scratch.undo(self.server.shutdown)
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.index = self.root + "/index.json"

    def put(self, *packages):
        """Offers packages, in the place of older ones."""
        for package in packages:
            self.packages[package.id] = package

    def url(self, package, name="manifest.json"):
        """Where a file of a package is."""
        return f"{self.root}/services/{package}/{name}"

    def answer(self, path, how):
        """From now on this is what a path is answered with; None: as it should be."""
        self.answers.pop(path, None)
        if how is not None:
            self.answers[path] = how

    def _file(self, path):
        parts = path.split("/")
        if parts[-1] == "index.json":
            entries = self.entries or [self.packages[name].entry() for name in sorted(self.packages)]
            return json.dumps(entries, indent=2).encode()
        if len(parts) >= 4 and parts[-3] == "services" and parts[-2] in self.packages:
            return self.packages[parts[-2]].files().get(parts[-1])
        return None


# Answers.

def reply(handler, data, status=200, **headers):
    """A whole answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def status(number, data=b""):
    """Another status."""
    return lambda handler: reply(handler, data, number)


def redirect(target, number=302):
    """Leads elsewhere."""
    return lambda handler: reply(handler, b"", number, Location=target)


def flood(store, size, piece=b" " * 65536, length=True):
    """So many bytes, with their length said before or without it; `store.sent` counts them."""
    def answer(handler):
        handler.send_response(200)
        if length:
            handler.send_header("Content-Length", str(size))
        handler.end_headers()
        store.sent[handler.path] = 0
        handler.connection.settimeout(60)
        while store.sent[handler.path] < size:
            handler.wfile.write(piece)
            store.sent[handler.path] += len(piece)
    return answer


def silent(handler):
    """Takes the request and says nothing."""
    handler.close_connection = True
    handler.connection.settimeout(150)
    try:
        handler.rfile.read(1)
    except OSError:
        pass


def breaking(data, promised):
    """Says that more will come, and hangs up."""
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(data)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
    return answer


def stalling(data, promised):
    """Says that more will come, and waits."""
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(data)
        handler.wfile.flush()
        silent(handler)
    return answer


def dripping(seconds=150):
    """A byte a second."""
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(seconds):
            handler.wfile.write(b"[")
            handler.wfile.flush()
            time.sleep(1)
    return answer
