#!/usr/bin/env python3
# quick: --count 4
"""Every file that the program reads, damaged at random: no trap, no run of more than 10 s or 300 MB.

The program may refuse; it must end by itself, with one of its own exit codes. Needs neither root nor Docker. The count is that of
mutants for each file and command; PICJOBS_MUTATIONS sets it, too.
"""

import argparse
import os
import random
import resource
import subprocess
import time

from acceptance import report
from acceptance.cell import SERVICES, binary, local

CODES = {0, 1, 2, 3, 4, 64, 65, 75, 78}
SECONDS, KILOBYTES = 10, 300_000
PIECES = [b"null", b"true", b"-1", b"1e999", b"99999999999999999999", b"9223372036854775807", b'""', b'".."', b'"/"',
          b'"\\u0000"', b'"\\ud800"', b"{}", b"[]", b"[" * 600, b"}}}}", b",", b":", b'"', b"\\", b"\0", b"\x7f", b"\xff",
          b"{{ x }}", b"&a [*a, *a]", b"*a", b"<<: *a", b"!!binary x", b"? ", b"- ", b"\n", b"\t", b"|\n", b"---\n",
          b".inf", b"~", b"yes", b"{" + b"a: {" * 200]
BOMB = b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9) if n else b"x") for n in range(10))


def mutate(data, numbers):
    """One to three damages."""
    data = bytearray(data)
    for _ in range(numbers.randint(1, 3)):
        if not data:
            break
        at = numbers.randrange(len(data))
        end = min(at + numbers.randint(1, 16), len(data))
        kind = numbers.randrange(8)
        if kind == 0:
            data[at] = numbers.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << numbers.randrange(8)
        elif kind == 2:
            del data[at:end]
        elif kind == 3:
            data[at:at] = data[at:end]
        elif kind == 4:
            del data[at:]
        elif kind == 5:
            data[at:at] = numbers.choice(PIECES)
        else:
            colon = data.find(b":", at)
            if colon >= 0:
                stop = min(x for x in (data.find(b",", colon), data.find(b"\n", colon), len(data)) if x >= 0)
                data[colon + 1:stop] = b" " + numbers.choice(PIECES)
    return bytes(data)


def run(cell, words):
    """Runs the program: (status, seconds, peak in kilobytes, what it said)."""
    began = time.monotonic()
    said = os.path.join(cell.path, "said")
    with open(said, "wb") as output:
        process = cell.start(*words, stdout=output, stderr=output)
        watch = time.monotonic() + 3 * SECONDS
        while True:
            found, status, usage = os.wait4(process.pid, os.WNOHANG)
            if found:
                break
            if time.monotonic() > watch:
                process.kill()
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(0.001)
        process.returncode = os.waitstatus_to_exitcode(status)
    with open(said, errors="replace") as file:
        return process.returncode, time.monotonic() - began, usage.ru_maxrss, file.read(2000)


def attack(result, cell, name, words, count, numbers, extra=()):
    """Damages one file many times and runs one command on each; the file is put back."""
    path = os.path.join(cell.path, name)
    with open(path, "rb") as file:
        original = file.read()
    seen = {}
    slowest = largest = 0
    for mutant in [*extra, *(mutate(original, numbers) for _ in range(count))]:
        with open(path, "wb") as file:
            file.write(mutant)
        status, seconds, memory, said = run(cell, words)
        seen[status] = seen.get(status, 0) + 1
        slowest, largest = max(slowest, seconds), max(largest, memory)
        good = status in CODES and seconds < SECONDS and memory < KILOBYTES
        if not result.tally(f"{name}: {' '.join(words)} ends in order", good,
                            f"exit {status}, {seconds:.1f} s, {memory} kB\n{said}\n{mutant[:2000]!r}"):
            break
    with open(path, "wb") as file:
        file.write(original)
    result.note(f"{name}: {' '.join(words)}: exits {seen}, at most {slowest:.2f} s and {largest // 1000} MB")


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=int(os.environ.get("PICJOBS_MUTATIONS", "2000")))
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    binary()
    numbers = random.Random(options.seed)
    cell = local(scratch.directory("cell"), {"notes": [("cell-notes", "/data", "data")]})
    cell.write("data/containers/cell-notes/data/file", "x" * 5000)
    cell.write("jobs/a.yml", 'kind: backup\nschedule: "*-*-* 02:30:00"\nrandom_delay: 30m\nservices: [notes]\n'
                             "retention: {keep_last: 3, keep_daily: 2}\n")
    cell.write("config/caddy/Caddyfile", "{\n  admin off\n}\nimport services.caddy\n")
    cell.write("data/ip_leases.json", '{"notes": "172.20.0.20"}')
    for name, text in (("data/peer_service_credentials.json", '{"alice": {"notes": {"password": "p"}}}'),
                       ("data/service_secrets.json", '{"notes": {"TOKEN": "abcdefgh"}}'),
                       ("data/pending_accounts.json", '{"notes": {"bob": {"remove": {}}}}')):
        os.chmod(cell.write(name, text), 0o600)
    cell.write("data/services/notes/install.json",
               '{"format": 1, "id": "notes", "version": "1.0.0", "origin": "x", "sha256": "00", "run": "x", '
               '"installed": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}')
    with open(os.path.join(SERVICES, "notes/compose-template.yml"), "rb") as file:
        cell.write("package/compose-template.yml", file.read())
    with open(os.path.join(SERVICES, "notes/manifest.json"), "rb") as file:
        cell.write("package/manifest.json", file.read())
    cell.write("index.json", '{"services": [{"id": "zzz", "name": "Z", "version": "1.2.0", "path": "zzz"}]}')
    settings = open(os.path.join(cell.path, "config/picjobs.yml")).read()
    settings += f"store: {{index: file://{cell.path}/index.json}}\n"
    cell.settings(settings)
    done = cell.run("jobs", "run", "a")
    if not result.check("an undamaged cell is backed up", done.status == 0, done):
        return
    snapshot = cell.published()[0]
    number = sorted(os.listdir(os.path.join(cell.path, "data/runs")))[0]
    base = f"data/backups/{snapshot}"
    work = [
        ("config/picjobs.yml", ["snapshots", "list"], [BOMB, b"backup_root: {{ x }}\n", b"[" * 100_000,
                                                       b"keep_runs_days: 999999999999999\n"]),
        ("jobs/a.yml", ["jobs", "list"], [BOMB, b"kind: {{ x }}\n", b"{" * 50_000]),
        ("jobs/a.yml", ["jobs", "install-timers", "--dry-run"], []),
        ("config/cell_config.json", ["service", "list"], [b"[" * 100_000]),
        ("data/services/notes/manifest.json", ["service", "list"], [b"[" * 100_000]),
        ("data/services/notes/manifest.json", ["backup"], []),
        ("data/services/notes/install.json", ["service", "show", "notes"], []),
        ("package/compose-template.yml", ["package", "check", "package"], [BOMB]),
        ("package/manifest.json", ["package", "check", "package"], []),
        ("index.json", ["service", "install", "zzz"], [b"[" * 100_000]),
        ("data/ip_leases.json", ["caddy", "render", "--hosts"], []),
        ("data/service_secrets.json", ["service", "reconfigure", "notes", "--dry-run"], []),
        ("data/peer_service_credentials.json", ["account", "list", "notes"], []),
        ("data/pending_accounts.json", ["account", "list", "notes"], []),
        ("config/caddy/Caddyfile", ["caddy", "render"], []),
        ("data/keys/snapshot.key", ["snapshots", "list"], []),
        (f"data/runs/{number}/run.json", ["jobs", "history"], [b"[" * 100_000]),
        (f"data/runs/{number}/run.json", ["snapshots", "prune", "--keep-last", "9"], []),
        (f"data/runs/{number}/steps.jsonl", ["jobs", "show", number], [b"\n" * 100_000]),
        (f"{base}/snapshot.json", ["snapshots", "list"], [b"[" * 100_000]),
        (f"{base}/snapshot.json", ["snapshots", "verify"], []),
        (f"{base}/snapshot.json", ["restore", "latest", "--dry-run"], []),
        (f"{base}/service_data/notes/data.tar.gz", ["snapshots", "verify"], []),
        (f"{base}/service_data/notes/data.tar.gz", ["archive", "list", f"{base}/service_data/notes/data.tar.gz"], []),
    ]
    index = [name for name in os.listdir(os.path.join(cell.path, base, "service_data/notes")) if "index" in name]
    work += [(f"{base}/service_data/notes/{name}", ["snapshots", "verify"], []) for name in index]
    for name, words, extra in work:
        attack(result, cell, name, words, options.count, numbers, extra)
    result.check(f"{len(work)} files and commands were tried", True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    report.run("every file, damaged", body)
