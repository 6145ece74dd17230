#!/usr/bin/env python3
# quick:
"""The cell directory is gone: `restore --everything` rebuilds it from the backup root alone.

Once with the exported key, once without it, and never from a snapshot whose HMAC is wrong. Local runtime.
"""

import json
import os
import re
import shutil
import stat

from acceptance import report, trees
from acceptance.cell import Cell, binary, local

SERVICES = {
    "notes": [("cell-notes", "/data/notes", "notes_data")],
    "files": [("cell-files", "/srv/one", "one"), ("cell-files", "/srv/two", "two")],
}
STATE = ["config/cell_config.json", "config/notes/service.conf", "config/files/service.conf",
         "data/services/notes/manifest.json", "data/services/files/manifest.json", "data/service_secrets.json",
         "data/peer_service_credentials.json", "data/ip_leases.json"]
SECRET = ["data/service_secrets.json", "data/peer_service_credentials.json"]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def fresh(scratch, name):
    """An empty cell directory on a machine whose containers have just been made: their volumes are empty."""
    cell = Cell.__new__(Cell)
    cell.path, cell.environment = scratch.directory(name), {}
    cell.containers = os.path.join(scratch.path, "containers")
    for container, inside, _ in (entry for entries in SERVICES.values() for entry in entries):
        trees.wipe(cell.local_volume(container, inside))
    return cell


def files_below(path):
    return [os.path.relpath(os.path.join(at, n), path) for at, _, names in os.walk(path) for n in names]


def check_rebuilt(result, what, cell, before, volumes):
    """The state files, their modes and the volumes are what they were."""
    for name in STATE:
        path = os.path.join(cell.path, name)
        result.check(f"{what}: {name}", os.path.isfile(path) and read(path) == before[name],
                     "missing" if not os.path.isfile(path) else "another content")
    for name in SECRET:
        path = os.path.join(cell.path, name)
        mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else None
        result.equal(f"{what}: {name} is 0600", mode, 0o600)
    for service in SERVICES.values():
        for container, inside, name in service:
            now = trees.state(cell.local_volume(container, inside))
            result.check(f"{what}: volume {name} is back to the byte", now == volumes[name],
                         trees.state_difference(volumes[name], now))


def corrupt_hmac(path):
    """Changes one digit of the HMAC in snapshot.json."""
    text = read(path).decode()
    document = json.loads(text)

    def find(node, key=""):
        if isinstance(node, dict):
            return next(filter(None, (find(child, name) for name, child in node.items())), None)
        if isinstance(node, list):
            return next(filter(None, (find(child, key) for child in node)), None)
        return node if isinstance(node, str) and "mac" in key.lower() and re.fullmatch("[0-9a-f]{64}", node) else None

    value = find(document)
    if value is None:
        return False
    changed = ("1" if value[0] == "0" else "0") + value[1:]
    with open(path, "w") as file:
        file.write(text.replace(value, changed))
    return True


def refused(result, what, cell, root, *extra):
    """Refused with 65 or 4, one clear line, nothing written."""
    before = sorted(files_below(cell.path))
    done = cell.run("restore", "latest", "--everything", "--backup-root", root, "--cell", cell.path, *extra)
    result.check(f"{what}: refused with {done.status}", done.status in (4, 65), done)
    result.check(f"{what}: one clear line", len(done.error_lines) == 1, done.err)
    written = sorted(n for n in files_below(cell.path) if n not in before and not n.startswith("data/runs/")
                     and not n.endswith(".lock") and not n.endswith("/lock"))
    result.check(f"{what}: nothing was written", not written, written)
    filled = [name for entries in SERVICES.values() for container, inside, name in entries
              if os.listdir(cell.local_volume(container, inside))]
    result.check(f"{what}: no volume was touched", not filled, filled)


def body(result, scratch):
    binary()
    root = scratch.directory("medium")
    # The containers' data do not lie in the cell, as with Docker; losing the machine empties them too.
    cell = local(scratch.directory("cell"), SERVICES, f"backup_root: {root}\n", scratch.directory("containers"))
    cell.write("data/service_secrets.json", json.dumps({"notes": {"API_KEY": "s3cret"}}))
    cell.write("data/peer_service_credentials.json", json.dumps({"notes": {"bob": {"password": "pw"}}}))
    cell.write("data/ip_leases.json", json.dumps({"notes": {"cell-notes": "172.20.0.21"}}))
    for name in SECRET:
        os.chmod(os.path.join(cell.path, name), 0o600)
    volumes = {}
    for seed, entry in enumerate(e for entries in SERVICES.values() for e in entries):
        trees.small(cell.local_volume(*entry[:2]), seed)
        volumes[entry[2]] = trees.state(cell.local_volume(*entry[:2]))
    before = {name: read(os.path.join(cell.path, name)) for name in STATE}
    done = cell.backup()
    if not result.check("backup exits 0", done.status == 0, done):
        return
    key = os.path.join(scratch.path, "exported.key")
    done = cell.run("key", "export", key)
    result.check("key export", done.status == 0 and os.path.getsize(key) > 0, done)
    result.equal("the exported key is 0600", stat.S_IMODE(os.stat(key).st_mode), 0o600)
    original = read(os.path.join(cell.path, "data/keys/snapshot.key"))
    digits = original.split()[-1]
    inside = [n for n in files_below(root) for content in [read(os.path.join(root, n))]
              if digits in content or bytes.fromhex(digits.decode()) in content]
    result.check("the key stands nowhere in the backup root", not inside, inside)
    cell.remove()
    for name, state in volumes.items():
        result.check(f"there was something in {name} to lose", bool(state))

    with_key = fresh(scratch, "with-key")
    done = with_key.run("--cell", with_key.path, "key", "import", key)
    result.check("key import into an empty cell", done.status == 0, done)
    everything = ["restore", "latest", "--everything", "--backup-root", root]
    done = with_key.run(*everything, "--cell", with_key.path)
    if result.check("with the key: restore --everything exits 0", done.status == 0, done):
        check_rebuilt(result, "with the key", with_key, before, volumes)
        done = with_key.backup()
        result.check("with the key: the rebuilt cell can be backed up", done.status == 0, done)

    # Accepting it without the key signs the medium anew; the damage below is done to the original.
    pristine = os.path.join(scratch.path, "pristine")
    shutil.copytree(root, pristine, symlinks=True)
    without = fresh(scratch, "without-key")
    done = without.run(*everything, "--cell", without.path)
    result.check("without the key: refused unless told", done.status in (4, 65, 78), done)
    done = without.run(*everything, "--cell", without.path, "--accept-unauthenticated")
    # The containers lie outside the cell here, and nobody vouches for the file that says so: the volumes wait.
    if result.check("--accept-unauthenticated: exits 3, for a place outside the cell wants a look", done.status == 3
                    and "config/picjobs.yml" in done.err, done):
        result.check("--accept-unauthenticated: says so", "NOT authenticated" in done.err + done.out, done)
        done = without.run("restore", "latest", "--all", "--no-safety-snapshot", "--backup-root", root)
        result.check("--accept-unauthenticated: restore latest then brings the volumes", done.status == 0, done)
        check_rebuilt(result, "--accept-unauthenticated", without, before, volumes)
        done = without.run("snapshots", "verify", "latest", "--json")
        result.check("--accept-unauthenticated: what was restored is signed anew and verifies", done.status == 0, done)

    # The damage is done on a copy of the medium, each time.
    def damaged(name):
        copy = os.path.join(scratch.path, name)
        shutil.copytree(pristine, copy, symlinks=True)
        ids = sorted(n for n in os.listdir(copy) if n[:1].isdigit())
        return copy, [os.path.join(copy, i, "snapshot.json") for i in ids]

    def keyed(name):
        target = fresh(scratch, name)
        target.run("--cell", target.path, "key", "import", key)
        return target

    copy, documents = damaged("wrong-hmac")
    if result.check("snapshot.json holds an HMAC of 64 hex digits", all([corrupt_hmac(d) for d in documents])):
        refused(result, "a wrong HMAC", keyed("cell-wrong-hmac"), copy)
        refused(result, "a wrong HMAC with --accept-unauthenticated", keyed("cell-wrong-hmac-accept"), copy,
                "--accept-unauthenticated")
    copy, documents = damaged("edited-document")
    for document in documents:
        text = read(document).decode()
        edited = text.replace('"manual"', '"nightly"', 1)
        if edited == text:
            edited = re.sub(r'("size"\s*:\s*)(\d)', lambda m: m[1] + str((int(m[2]) + 1) % 9 + 1), text, count=1)
        result.check("one value of snapshot.json was edited", edited != text)
        with open(document, "w") as file:
            file.write(edited)
    refused(result, "an edited snapshot.json", keyed("cell-edited"), copy)
    copy, _ = damaged("edited-archive")
    for at, _, names in os.walk(copy):
        for name in names:
            if name == "one.tar.gz":
                with open(os.path.join(at, name), "r+b") as file:
                    file.seek(os.path.getsize(os.path.join(at, name)) // 2)
                    byte = file.read(1)
                    file.seek(-1, os.SEEK_CUR)
                    file.write(bytes([byte[0] ^ 1]))
    refused(result, "a flipped byte in an archive, without the key", fresh(scratch, "cell-flipped"), copy,
            "--accept-unauthenticated")


if __name__ == "__main__":
    report.run("the cell is gone", body)
