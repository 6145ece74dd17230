#!/usr/bin/env python3
# quick: --brief
"""A store that misbehaves, and hostile packages: the right exit code, one line that names the URL or the file, and nothing
on disk or in Docker has changed. Floods are not taken in, and no stall lasts.

The store is a small HTTP server; an engine of our own stands by, so that only the store can be what fails: `install
--dry-run` from the store as it should be is the control of every fault.
"""

import argparse
import hashlib
import json
import os
import resource
import ssl
import subprocess
import threading

from acceptance import hostile_zip, report, store
from acceptance.cell import Cell, Done, binary
from acceptance.docker_cell import difference, files
from acceptance.engine import Engine
from acceptance.store import Package, Store, plain

GIGABYTE = 1 << 30
# What may be taken in before a flood is refused; sockets buffer some megabytes.
TAKEN = 64 << 20
STALL = 90


class Stage:
    """Cells that share an engine and a store."""

    def __init__(self, scratch):
        self.scratch, self.count = scratch, 0
        self.engine = Engine(scratch)
        self.engine.docker("network", "create", "-d", "bridge", "--subnet", "172.20.0.0/16", "cell-network")
        self.namespace = f"/run/netns/{self.engine.namespace}"
        self.store = Store(scratch, self.namespace)
        self.package = plain("notes")
        self.store.put(self.package)

    def cell(self, index):
        """A new cell with a store of this address."""
        self.count += 1
        cell = Cell(self.scratch.directory(f"cell-{self.count}"), environment=self.engine.environment)
        cell.prefix = ("nsenter", f"--net={self.namespace}")
        cell.settings(json.dumps({"runtime": "docker", "store": {"index": index}}))
        return cell

    def state(self, cell):
        """What must not change; the cells of others lie around, too."""
        return {"files": files(cell.path), "containers": self.engine.docker("ps", "-aq").split(),
                "volumes": self.engine.docker("volume", "ls", "-q").split(),
                "around": sorted(os.listdir(self.scratch.path))}


def refused(result, stage, what, cell, statuses, says, before, done):
    """The checks of one fault."""
    result.check(f"{what}: exit {done.status}, the line names {says}", done.status in statuses
                 and len(done.error_lines) == 1 and says in done.error_lines[0], done)
    lines = difference(before, stage.state(cell))
    result.tally(f"{what}: nothing has changed", not lines, "\n".join(lines))
    result.tally(f"{what}: no control characters are shown", all(
        sign.isprintable() or sign in "\n\t" for sign in done.err), repr(done.err))


def index_faults(one):
    """What the index may be answered with: name → (answer, exit codes)."""
    entry = plain("notes").entry()

    def text(value):
        return json.dumps(value).encode()

    return {
        "404": (store.status(404), (1,)), "500": (store.status(500, b"\x1b[31mbroken"), (1,)),
        "204 without a body": (store.status(204), (1, 65)),
        "a redirect to file://": (store.redirect("file:///etc/passwd"), (1, 65)),
        "a redirect to ftp://": (store.redirect("ftp://127.0.0.1/index.json"), (1, 65)),
        "a redirect to a Unix socket": (store.redirect("unix:///run/docker.sock"), (1, 65)),
        "redirects in a circle": (store.redirect("/faults/index.json"), (1, 65)),
        "1 GB": (store.flood(one, GIGABYTE), (1, 65)),
        "1 GB without its length": (store.flood(one, GIGABYTE, length=False), (1, 65)),
        "a connection that breaks": (store.breaking(b"[", 5000), (1,)),
        "garbage": (os.urandom(5000), (65,)), "nothing": (b"", (65,)), "a page of HTML": (b"<html>login</html>", (65,)),
        "JSON that is cut": (text([entry])[:-20], (65,)), "an object": (text({"services": [entry]}), (65,)),
        "arrays nested 100 000 times": (b"[" * 100000, (65,)),
        "a key that stands there twice": (text([entry]).replace(b'{"id": "notes"', b'{"id": "other", "id": "notes"'), (65,)),
        # An entry that can't be used costs only itself: the store does not offer notes then.
        "an id that is a path": (text([entry | {"id": "../../notes"}]), (1, 65)),
        "an id with a line break": (text([entry | {"id": "notes\n"}]), (1, 65)),
        "an entry without a version": (text([{name: entry[name] for name in entry if name != "version"}]), (1, 65)),
    }


def file_faults(one, package):
    """What manifest.json may be answered with, and compose-template.yml."""
    manifest = package.manifest
    template = package.files()["compose-template.yml"]

    def changed(**fields):
        return Package(manifest | fields).files()["manifest.json"]

    floods = {"1 GB": (store.flood(one, GIGABYTE), (1, 65)),
              "1 GB without its length": (store.flood(one, GIGABYTE, length=False), (1, 65)),
              "a redirect to file://": (store.redirect("file:///etc/passwd"), (1, 65)),
              "a connection that breaks": (store.breaking(template[:200], 50000), (1,))}
    return {
        "manifest.json": floods | {
            "404": (store.status(404), (1,)), "garbage": (os.urandom(3000), (65,)),
            "another id": (changed(id="other"), (65,)), "an id that is a path": (changed(id="../notes"), (65,)),
            "an array": (b"[]", (65,)), "JSON that is cut": (changed()[:-30], (65,)),
        },
        # A template that can't be had is not the same as none: without one PIC would write its own.
        "compose-template.yml": floods | {
            "500": (store.status(500), (1,)), "403": (store.status(403), (1,)),
            "garbage": (os.urandom(3000), (65,)), "YAML that is cut": (template[:60] + b"\n  - [", (65,)),
            "a million aliases": (b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
                b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10)) for n in range(9)), (65,)),
        },
    }


def faults(result, stage, brief):
    """Everything that is answered at once, wrong."""
    words = ("service", "install", "notes")
    control = stage.cell(stage.store.root + "/faults/index.json").run(*words, "--dry-run")
    if not result.check("control: install --dry-run from the store as it should be exits 0", control.status == 0, control):
        return
    plan = [("index.json", name, fault) for name, fault in index_faults(stage.store).items()]
    for file, those in file_faults(stage.store, stage.package).items():
        plan += [(f"services/notes/{file}", name, fault) for name, fault in those.items()]
    for file, name, (answer, statuses) in plan[::4] if brief else plan:
        path = f"/faults/{file}"
        what = f"{file}: {name}"
        stage.store.answer(path, answer)
        cell = stage.cell(stage.store.root + "/faults/index.json")
        before = stage.state(cell)
        done = cell.run(*words, timeout=120)
        stage.store.answer(path, None)
        # A redirect's own address may be named beside it.
        refused(result, stage, what, cell, statuses, stage.store.root + path, before, done)
        if "GB" in name:
            taken = stage.store.sent.get(path, 0)
            result.check(f"{what}: {taken >> 20} MB of it were sent, in {done.seconds:.1f} s", taken < TAKEN
                         and done.seconds < 30)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result.check(f"no child of ours took more than {peak >> 10} MB of memory", peak < 400 << 10)
    control = stage.cell(stage.store.root + "/faults/index.json").run(*words, "--dry-run")
    result.check("control: afterwards the dry run exits 0", control.status == 0, control)


def entries(result, stage, scratch):
    """What an entry may say beyond the guide: where its ZIP is, and the digest of that, or of the manifest."""
    root = stage.store.root + "/entries"
    manifest = hashlib.sha256(stage.package.files()["manifest.json"]).hexdigest()
    place = stage.package.zip(os.path.join(scratch.path, "notes-1.0.0.zip"))
    with open(place, "rb") as file:
        packed = file.read()
    stage.store.answer("/entries/notes.zip", packed)
    digest = hashlib.sha256(packed).hexdigest()
    elsewhere = plain("notes", "1.0.1").zip(os.path.join(scratch.path, "notes-1.0.1.zip"))
    with open(elsewhere, "rb") as file:
        stage.store.answer("/entries/newer.zip", file.read())
    for what, more in (("the manifest's digest", {"sha256": manifest}), ("a ZIP", {"package": "notes.zip"}),
                       ("a ZIP and its digest", {"package": f"{root}/notes.zip", "sha256": digest})):
        stage.store.entries = [stage.package.entry() | more]
        done = stage.cell(root + "/index.json").run("service", "install", "notes", "--dry-run")
        result.check(f"control: an entry with {what}: the dry run exits 0", done.status == 0, done)
    kinds = {
        "a wrong digest of the manifest": ({"sha256": "0" * 64}, (65,), f"{root}/services/notes/manifest.json"),
        "a wrong digest of the ZIP": ({"package": "notes.zip", "sha256": manifest}, (65,), f"{root}/notes.zip"),
        "a digest that is none": ({"sha256": "00"}, (1, 65), root),
        "a ZIP that is not there": ({"package": "none.zip"}, (1,), f"{root}/none.zip"),
        "a ZIP of another version": ({"package": "newer.zip"}, (65,), f"{root}/newer.zip"),
        "a version that the manifest does not have": ({"version": "9.0.0"}, (65,), f"{root}/services/notes/manifest.json"),
        "a ZIP below file://": ({"package": "file:///etc/passwd"}, (1, 65), "file:///etc/passwd"),
        "a manifest below file://": ({"manifest": "file:///etc/passwd"}, (1, 65), "file:///etc/passwd"),
    }
    for what, (more, statuses, says) in kinds.items():
        stage.store.entries = [stage.package.entry() | more]
        cell = stage.cell(root + "/index.json")
        before = stage.state(cell)
        done = cell.run("service", "install", "notes")
        refused(result, stage, f"an entry with {what}", cell, statuses, says, before, done)
    stage.store.entries = None


def stalls(result, stage):
    """Stores that keep one waiting, all at once."""
    template = stage.package.files()["compose-template.yml"]
    kinds = {"silence": store.silent, "a stall in the middle": store.stalling(template[:100], 50000),
             "a byte a second": store.dripping()}
    threads = []
    for number, (name, answer) in enumerate(kinds.items()):
        for file in ("index.json", "services/notes/manifest.json", "services/notes/compose-template.yml"):
            root = f"/stall-{number}-{len(threads)}"
            stage.store.answer(f"{root}/{file}", answer)
            cell = stage.cell(stage.store.root + root + "/index.json")
            box = {"before": files(cell.path), "cell": cell, "what": f"{file}: {name}", "url": stage.store.root + root}

            def work(box=box):
                box["done"] = box["cell"].run("service", "install", "notes", timeout=STALL + 30)

            box["url"] += f"/{file}"
            box["thread"] = threading.Thread(target=work)
            threads.append(box)
    for box in threads:
        box["thread"].start()
    for box in threads:
        box["thread"].join()
        done: Done = box["done"]
        result.check(f"{box['what']}: exit {done.status} after {done.seconds:.1f} s, the line names its URL",
                     done.status == 1 and done.seconds < STALL and len(done.error_lines) == 1
                     and box["url"] in done.err, done)
        lines = difference(box["before"], files(box["cell"].path))
        result.tally(f"{box['what']}: nothing has changed", not lines, "\n".join(lines))


def places(result, stage, scratch):
    """Addresses of a store that are none, and one that can't prove who it is."""
    for address, statuses in (("file:///etc/passwd", (65,)), ("file:///nowhere/index.json", (1,)), ("store", (78,)),
                              ("ftp://127.0.0.1/index.json", (78,)), ("http://127.0.0.1:9/index.json", (1,)),
                              ("http://nowhere.invalid/index.json", (1,)),
                              ("http://user:word@127.0.0.1:9/index.json", (78,))):
        cell = stage.cell(address)
        before = stage.state(cell)
        done = cell.run("service", "install", "notes")
        says = "store.index" if statuses == (78,) else address
        refused(result, stage, f"store.index: {address}", cell, statuses, says, before, done)
        result.tally(f"store.index: {address}: no password is shown", "word@" not in done.err, done.err)
    key, certificate = (os.path.join(scratch.path, name) for name in ("tls.key", "tls.crt"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days",
                    "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    secure = Store(scratch, stage.namespace)
    secure.put(stage.package)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure.server.socket = context.wrap_socket(secure.server.socket, server_side=True)
    index = secure.index.replace("http:", "https:")
    cell = stage.cell(index)
    before = stage.state(cell)
    done = cell.run("service", "install", "notes")
    refused(result, stage, "a certificate that nobody signed", cell, (1,), index, before, done)
    result.check("and nothing was asked of it", not secure.asked, secure.asked)


def zips(result, stage, scratch):
    """Packages as files: hostile ones are refused, with the name of the file."""
    good = plain("zipped").zip(os.path.join(scratch.path, "zipped-1.0.0.zip"))
    control = stage.cell(stage.store.index).run("service", "install", "zipped", "--from", good, "--dry-run")
    result.check("control: a good package's dry run exits 0", control.status == 0, control)
    archives = hostile_zip.archives(scratch.path)
    path = os.path.join(scratch.path, "hostile.zip")
    for name, data in archives.items():
        with open(path, "wb") as file:
            file.write(data)
        cell = stage.cell(stage.store.index)
        before = stage.state(cell)
        done = cell.run("service", "install", "zipped", "--from", path, timeout=120)
        refused(result, stage, f"a ZIP with {name}", cell, (65,), "hostile.zip", before, done)
        result.tally(f"a ZIP with {name}: {done.seconds:.1f} s", done.seconds < 30)
    result.check("nothing was written outside", not os.path.exists(os.path.join(scratch.path, "escaped")))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result.check(f"no child of ours took more than {peak >> 10} MB of memory", peak < 400 << 10)


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--brief", action="store_true", help="every fourth fault, no stalls")
    chosen = options.parse_args()
    report.need("busybox", "openssl", root=True)
    binary()
    stage = Stage(scratch)
    faults(result, stage, chosen.brief)
    entries(result, stage, scratch)
    zips(result, stage, scratch)
    if not chosen.brief:
        places(result, stage, scratch)
        stalls(result, stage)


if __name__ == "__main__":
    report.run("a store that misbehaves", body)
