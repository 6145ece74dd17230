#!/usr/bin/env python3
# quick: --applies 12
"""A real Caddy serves what is installed: routes, names, refusals, and not one failed request while sites come and go.

Caddy, ten services (small HTTP servers in place of containers) and the load run in a network namespace of their own.
"""

import argparse
import http.client
import http.server
import json
import os
import shutil
import socket
import socketserver
import struct
import subprocess
import threading
import time

from acceptance import report
from acceptance.cell import Cell
from acceptance.world import _enter

PORT, DOMAIN = 18080, "alice.pic.ngo"
CORE = f"http://api.{DOMAIN}:{PORT}"


class Place:
    """A network namespace for this process and all that it starts: Caddy's ports are nobody else's."""

    def __init__(self, scratch):
        report.need("ip", "caddy", "dnsmasq", "unshare", root=True)
        self.name = f"pj-caddy-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        scratch.undo(lambda: subprocess.run(["ip", "netns", "del", self.name]))
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        _enter(there)
        scratch.undo(lambda: _enter(home))
        # Caddy opens its ports anew at every change; connections that wait at the old ones go to the new (Linux 5.14).
        with open("/proc/sys/net/ipv4/tcp_migrate_req", "w") as file:
            file.write("1")


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers with the host it was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"service {self.headers.get('Host')} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """One for all services."""

    daemon_threads = True
    request_queue_size = 256


class Caddy:
    """A Caddy with a core site of the cell's own, whose container names lead to this machine's backend."""

    def __init__(self, scratch, cell, names):
        self.cell, self.scratch = cell, scratch
        self.socket = os.path.join(scratch.path, "admin.sock")
        hosts = os.path.join(scratch.path, "hosts")
        with open(hosts, "w") as file:
            file.write("127.0.0.1 localhost " + " ".join(names) + "\n")
        cell.write("config/caddy/Caddyfile", f"""{{
	admin unix/{self.socket}
	auto_https off
	http_port {PORT}
}}
{CORE} {{
	respond "core" 200
}}
import services.caddy
""")
        cell.write("config/caddy/services.caddy", "# nothing yet\n")
        self.command = ["unshare", "-m", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec caddy run --config Caddyfile "
                        "--adapter caddyfile", hosts]
        self.process = None
        self.start()
        scratch.undo(self.stop)

    def start(self):
        """Starts it, as its container would: with what stands on disk."""
        self.process = subprocess.Popen(
            self.command, cwd=os.path.join(self.cell.path, "config/caddy"), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.scratch.path, "caddy.log"), "a"),
            env={**os.environ, "HOME": self.scratch.path})
        deadline = time.monotonic() + 20
        while get(f"api.{DOMAIN}") != (200, b"core"):
            if time.monotonic() > deadline:
                raise RuntimeError("Caddy does not start; see caddy.log")
            time.sleep(0.05)

    def stop(self):
        """Ends it."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def config(self):
        """What it serves now, by its admin API."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket)
        connection.putrequest("GET", "/config/", skip_host=True)
        connection.putheader("Host", "")
        connection.endheaders()
        return json.loads(connection.getresponse().read())


def get(host, path="/"):
    """Status and body of a request through Caddy; the error and nothing when it fails."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return repr(error), b""
    finally:
        connection.close()


class Load:
    """Asks some hosts over and over; keeps every answer that is not as it should be."""

    def __init__(self, wanted, threads=3):
        self.wanted, self.bad, self.count = wanted, [], 0
        self.running = True
        self.threads = [threading.Thread(target=self.work) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self):
        while self.running:
            for host, answer in self.wanted:
                found = get(host)
                self.count += 1
                if found[0] != 200 or not found[1].startswith(answer):
                    self.bad.append((host, found))

    def stop(self):
        """Ends it; how many requests there were, and which failed."""
        self.running = False
        for thread in self.threads:
            thread.join()
        return self.count, self.bad


def install(cell, name, **changes):
    """A small service: homepage's manifest under another name."""
    cell.service(name, volumes=[(f"cell-{name}", "/data", "data")], config_paths=[], template="homepage")
    path = os.path.join(cell.path, f"data/services/{name}/manifest.json")
    with open(path) as file:
        manifest = json.load(file)
    manifest.update(changes)
    cell.write(f"data/services/{name}/manifest.json", json.dumps(manifest))


def remove(cell, name):
    """Takes a service away."""
    shutil.rmtree(os.path.join(cell.path, "data/services", name))


def routes(result, cell, names):
    """Each service by its host name; the service API by none."""
    done = cell.run("caddy", "apply", "--json")
    result.check("caddy apply exits 0", done.status == 0, done)
    result.equal("every host is told as changed", sorted(done.json.get("changed", [])),
                 sorted(f"{name}.{DOMAIN}" for name in names))
    for name in names:
        host = f"{name}.{DOMAIN}"
        result.equal(f"{host} leads to its service", get(host), (200, f"service {host} /".encode()))
    ways = ["/service-api", "/service-api/accounts", "//service-api/accounts", "/Service-API/accounts",
            "/%73ervice-api/accounts", "/./service-api/accounts", "/x/../service-api/accounts", "/service%2dapi/accounts"]
    result.equal("the service API is not there from outside, however it is written",
                 [get(f"{names[0]}.{DOMAIN}", way)[0] for way in ways], [404] * len(ways))
    result.equal("control: the path beside it is", get(f"{names[0]}.{DOMAIN}", "/service")[0], 200)
    result.equal("the core site is as before", get(f"api.{DOMAIN}"), (200, b"core"))
    again = cell.run("caddy", "apply")
    result.check("a second apply changes nothing", again.status == 0 and again.out.strip() == "nothing changed", again)


def dns(result, cell, names):
    """A real dnsmasq reads the hosts file."""
    hosts = os.path.join(cell.path, "config/dns/services.hosts")
    process = subprocess.Popen(["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", f"--addn-hosts={hosts}",
                                "--port=5353", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file=",
                                "--user=root", "--conf-file=/dev/null"], stderr=subprocess.DEVNULL)
    try:
        found = {name: ask(f"{name}.{DOMAIN}") for name in names}
        result.equal("dnsmasq answers every service with Caddy's address", found,
                     {name: "127.0.0.1" for name in names})
        result.equal("and no other name", ask(f"nobody.{DOMAIN}"), None)
    finally:
        process.terminate()
        process.wait()


def ask(name):
    """The address of a name, by one DNS query; None when there is none."""
    query = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"".join(
        bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack("!HH", 1, 1)
    deadline = time.monotonic() + 60
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(1)
        while True:  # the first may come before dnsmasq listens
            udp.sendto(query, ("127.0.0.1", 5353))
            try:
                answer = udp.recv(512)
                break
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
    count, = struct.unpack("!H", answer[6:8])
    return socket.inet_ntoa(answer[-4:]) if count else None


def refusals(result, cell, caddy, names):
    """A broken service loses its own site only; and whatever fails leaves everything as it was."""
    install(cell, "broken", backend="cell-elsewhere:80")
    done = cell.run("caddy", "apply")
    result.check("a broken service among ten: exit 3, named", done.status == 3 and "cell-elsewhere" in done.err, done)
    result.equal("nine sites and the core serve", [get(f"{name}.{DOMAIN}")[0] for name in (*names, "api")],
                 [200] * (len(names) + 1))
    remove(cell, "broken")
    install(cell, "taken", subdomain=names[0], caddy_route={"subdomain": names[0]})
    done = cell.run("caddy", "apply")
    result.check("a taken subdomain: exit 3, named", done.status == 3 and f"belongs to the service {names[0]}" in done.err,
                 done)
    remove(cell, "taken")
    cell.run("caddy", "apply")
    before = caddy.config()
    files = {name: text(cell, name) for name in (
        "config/caddy/services.caddy", "config/dns/services.hosts", "config/picjobs.yml", "config/caddy/Caddyfile")}
    install(cell, "late")
    cell.settings(files["config/picjobs.yml"].replace(f"port: {PORT}", "port: 18081"))
    done = cell.run("caddy", "apply")
    result.check("a host that is not served afterwards: exit 1, named",
                 done.status == 1 and f"Caddy does not serve late.{DOMAIN}" in done.err, done)
    unchanged(result, "a host that is not served afterwards", cell, caddy, before, files)
    cell.settings(files["config/picjobs.yml"])
    cell.write("config/caddy/Caddyfile", files["config/caddy/Caddyfile"] + "nonsense {\n")
    done = cell.run("caddy", "apply")
    result.check("a broken Caddyfile of the cell's own: exit 78, named", done.status == 78
                 and "config/caddy/Caddyfile: Caddy refuses it" in done.err, done)
    unchanged(result, "a broken Caddyfile", cell, caddy, before, files)
    cell.write("config/caddy/Caddyfile", files["config/caddy/Caddyfile"].replace("import services.caddy\n", ""))
    done = cell.run("caddy", "apply")
    result.check("a Caddyfile without the import: exit 78, says which line", done.status == 78
                 and "import services.caddy" in done.err, done)
    unchanged(result, "a Caddyfile without the import", cell, caddy, before, files)
    cell.write("config/caddy/Caddyfile", files["config/caddy/Caddyfile"])
    caddy.stop()
    done = cell.run("caddy", "apply")
    result.check("Caddy is down: exit 1, says so", done.status == 1 and "does not answer" in done.err, done)
    caddy.start()
    unchanged(result, "Caddy was down", cell, caddy, None, files)
    remove(cell, "late")
    result.check("and all is well again", cell.run("caddy", "apply").status == 0)


def unchanged(result, what, cell, caddy, before, files):
    """Neither Caddy nor the files have changed."""
    if before is not None:
        result.equal(f"{what}: Caddy serves what it did", caddy.config(), before)
    for name in ("config/caddy/services.caddy", "config/dns/services.hosts"):
        result.equal(f"{what}: {name} is as it was", text(cell, name), files[name])


def text(cell, name):
    """What a file of the cell holds."""
    with open(os.path.join(cell.path, name)) as file:
        return file.read()


def body(result, scratch):
    options = argparse.ArgumentParser()
    options.add_argument("--applies", type=int, default=200)
    chosen = options.parse_args()
    Place(scratch)
    names = [f"svc{number}" for number in range(9)]
    cell = Cell(scratch.directory("cell"))
    backend = Server(("127.0.0.1", 80), Backend)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    for name in names:
        install(cell, name, backend=f"cell-{name}:80")
    caddy = Caddy(scratch, cell, [f"cell-{name}" for name in (*names, "guest", "late", "taken")])
    cell.settings(f"runtime: local\ncaddy: {{admin: unix/{caddy.socket}, tls: \"off\", address: 127.0.0.1, port: {PORT}}}\n")
    routes(result, cell, names)
    dns(result, cell, names)
    refusals(result, cell, caddy, names)
    load = Load([(f"api.{DOMAIN}", b"core"), (f"{names[0]}.{DOMAIN}", b"service"), (f"{names[8]}.{DOMAIN}", b"service")])
    statuses = []
    for number in range(chosen.applies):
        if number % 2 == 0:
            install(cell, "guest", backend="cell-guest:80")
        else:
            remove(cell, "guest")
        statuses.append(cell.run("caddy", "apply").status)
    count, bad = load.stop()
    result.tally(f"{chosen.applies} applies, each with a change, exit 0", [s == 0 for s in statuses])
    result.check(f"under load: {len(bad)} of {count} requests failed", not bad and count > chosen.applies, bad[:5])


if __name__ == "__main__":
    report.run("Caddy serves what is installed", body)
