#!/usr/bin/env python3
# quick: --peers 12
"""Accounts over the service API: made, refused, hung, redirected; and fifty at once, some of them killed -9.

The service is a small HTTP server in place of a container, which answers as its path or its mood says.
"""

import argparse
import http.server
import json
import os
import random
import signal
import socketserver
import stat
import threading
import time

from acceptance import report
from acceptance.cell import Cell

CREDENTIALS = "data/peer_service_credentials.json"


class API(http.server.BaseHTTPRequestHandler):
    """`/service-api/accounts` of one service (guide, section 4)."""

    accounts, lock, mood, moody, seen = {}, threading.Lock(), "well", ("GET", "POST", "DELETE"), []

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        API.seen.append((self.command, self.path))
        mood = API.mood if self.command in API.moody else "well"
        if mood == "hang":
            time.sleep(20)
            self.close_connection = True
            return
        if mood == "redirect":
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, said = self.work(body) if mood == "well" else (500, {"ok": False, "error": "out\x1bof\nspace"})
        data = {"garbage": b"<html>" * 20000, "page": b"<html>"}.get(mood, json.dumps(said).encode())
        self.send_response(200 if mood in ("garbage", "page", "lying") else status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def work(self, body):
        with API.lock:
            user = self.path.rsplit("/", 1)[1]
            if self.command == "GET":
                return 200, {"accounts": sorted(API.accounts)}
            if self.command == "POST":
                if body["username"] in API.accounts:
                    return 409, {"ok": False, "error": "there is one"}
                API.accounts[body["username"]] = body["password"]
                return 200, {"ok": True}
            if API.accounts.pop(user, None) is None:
                return 404, {"ok": False, "error": "not found"}
            return 200, {"ok": True}

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Many at once."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # the other side has hung up


def stored(cell):
    """The credentials file; an empty object when there is none."""
    path = os.path.join(cell.path, CREDENTIALS)
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


def one(result, cell):
    """One peer, from nothing to nothing."""
    done = cell.run("account", "add", "notes", "alice", "--json")
    result.equal("add: the response of the guide", (done.status, done.json),
                 (0, {"service_id": "notes", "username": "alice", "provisioned": True}))
    password = stored(cell).get("notes", {}).get("alice", {}).get("password")
    result.equal("the service was given the stored password", API.accounts, {"alice": password})
    result.equal("only its owner may read the file",
                 stat.S_IMODE(os.stat(os.path.join(cell.path, CREDENTIALS)).st_mode), 0o600)
    shown = cell.run("account", "show", "notes", "alice", "--json")
    result.equal("show: the response of the guide", shown.json,
                 {"service_id": "notes", "username": "alice", "password": password})
    told = cell.run("account", "peer", "show", "alice")
    result.equal("peer show: the filled template", told.json, {"peer": "alice", "services": {"notes": {
        "url": "https://notes.alice.pic.ngo/", "username": "alice", "password": password}}})
    result.equal("list", cell.run("account", "list", "notes", "--json").json, {"service_id": "notes", "accounts": ["alice"]})
    again = cell.run("account", "add", "notes", "alice")
    result.check("a second one is refused, exit 65", again.status == 65 and len(again.error_lines) == 1, again)
    nobody = cell.run("account", "show", "notes", "bob")
    result.check("no such account: exit 1", nobody.status == 1, nobody)
    API.accounts.clear()
    gone = cell.run("account", "reconcile")
    result.check("reconcile: an account that the service lost is named", gone.status == 3 and "alice" in gone.out, gone)
    removed = cell.run("account", "remove", "notes", "alice")
    result.check("remove: one that is gone there counts as removed", removed.status == 0 and stored(cell) == {}, removed)


def moods(result, cell):
    """A service that does not behave."""
    moods = {"bad": "out?of?space", "redirect": "status 307", "hang": "does not answer",
             "garbage": "more than 65536 bytes", "page": "", "lying": ""}
    for moody in (("GET", "POST"), ("POST",)):
        for mood, words in moods.items():
            what = f"a service that is {mood} to {' and '.join(moody)}"
            API.mood, API.moody = mood, moody
            done = cell.run("account", "add", "notes", "mallory")
            API.mood = "well"
            result.check(f"{what}: exit 1, one line that says so", done.status == 1
                         and len(done.error_lines) == 1 and words in done.err, done)
            result.check(f"{what}: nothing is stored", "mallory" not in str(stored(cell)))
            result.check(f"{what}: it took {done.seconds:.1f} s", done.seconds < 45)
            cell.run("account", "reconcile")
            result.equal(f"{what}: nor afterwards", (stored(cell), API.accounts), ({}, {}))
    API.moody = ("GET", "POST", "DELETE")
    API.accounts["bob"] = "his own"
    for number in (1, 2):
        done = cell.run("account", "add", "notes", "bob")
        result.check(f"bob is there already, try {number}: refused", done.status == 65 and stored(cell) == {}, done)
    done = cell.run("account", "peer", "remove", "bob", "--json")
    result.equal("and nobody takes him away", (done.json, API.accounts), ({}, {"bob": "his own"}))
    del API.accounts["bob"]
    result.check("no redirect was followed", all("elsewhere" not in path for _, path in API.seen))
    cell.run("account", "add", "notes", "alice")
    API.mood = "bad"
    done = cell.run("account", "peer", "remove", "alice", "--json")
    result.equal("peer remove: a failure is told, exit 3", (done.status, done.json), (3, {"notes": False}))
    API.mood = "well"
    result.check("its record stays", "alice" in stored(cell).get("notes", {}))
    done = cell.run("account", "reconcile")
    result.check("reconcile finishes it", stored(cell) == {} and API.accounts == {}, done)


def many(result, cell, count, seed):
    """Many at once, a third of them killed."""
    dice = random.Random(seed)
    processes = [(f"peer{number}", cell.start("account", "add", "notes", f"peer{number}")) for number in range(count)]
    killed = dice.sample(processes, count // 3)
    for _, process in killed:
        time.sleep(dice.random() * 0.1)
        process.send_signal(signal.SIGKILL)
    statuses = {name: process.wait(timeout=300) for name, process in processes}
    finished = sorted(name for name, status in statuses.items() if status == 0)
    result.check(f"{count} at once, {len(killed)} killed: the file is whole", isinstance(stored(cell), dict))
    kept = stored(cell).get("notes", {})
    result.equal("no finished entry is lost", sorted(set(finished) - set(kept)), [])
    result.equal("and each has the password that the service knows",
                 {name: kept[name]["password"] for name in kept}, {name: API.accounts.get(name) for name in kept})
    result.check("all that were not killed finished", len(finished) >= count - len(killed), statuses)
    result.equal("0600", stat.S_IMODE(os.stat(os.path.join(cell.path, CREDENTIALS)).st_mode), 0o600)
    cell.run("account", "reconcile")
    result.equal("after reconcile file and service agree",
                 {name: value["password"] for name, value in stored(cell).get("notes", {}).items()}, API.accounts)
    left = [name for name in os.listdir(os.path.join(cell.path, "data")) if name.startswith(".")]
    again = cell.run("account", "reconcile")
    result.check("and a second reconcile finds nothing", again.status == 0, again)
    result.note(f"temporary files that kills left: {len(left)}")


def body(result, scratch):
    options = argparse.ArgumentParser()
    options.add_argument("--peers", type=int, default=50)
    options.add_argument("--seed", type=int, default=20261126)
    chosen = options.parse_args()
    server = Server(("127.0.0.1", 0), API)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cell = Cell(scratch.directory("cell"), "runtime: local\n")
    cell.service("notes")
    path = os.path.join(cell.path, "data/services/notes/manifest.json")
    with open(path) as file:
        manifest = json.load(file)
    manifest["accounts"]["port"] = server.server_address[1]
    cell.write("data/services/notes/manifest.json", json.dumps(manifest))
    cell.write("data/ip_leases.json", json.dumps({"notes": {"cell-notes": "127.0.0.1"}}))
    one(result, cell)
    moods(result, cell)
    many(result, cell, chosen.peers, chosen.seed)


if __name__ == "__main__":
    report.run("accounts over the service API", body)
