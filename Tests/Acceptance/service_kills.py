#!/usr/bin/env python3
# quick: --stride 7 --random 0 --only install
"""kill -9 before and after every step of installing, updating and removing a service: the next start finishes or undoes.

The steps are those of an undisturbed run's journals, and of the runs that it makes itself, for Caddy and for the kernel. Each
is hit twice, exactly: before its line is written, and when it stands there and nothing of it is done (see
acceptance/messages.py). Some more kills come at random moments, also while Compose works. Real containers.
"""

import argparse
import collections
import json
import os
import random
import signal
import sys
import time

from acceptance import messages, report
from acceptance.cell import binary
from acceptance.docker_cell import DockerCell, difference
from acceptance.store import notes, small

PRIVATE = ("data/backups", "data/keys")  # what a start by `backup` adds to


class Kind:
    """One command: the state it starts from, and the states that it may end in."""

    def __init__(self, name, words, start, ends):
        self.name, self.words, self.start, self.ends = name, words, start, ends


KINDS = [
    Kind("install", ("service", "install", "notes"), "absent", ("absent", "installed 1.0.0")),
    Kind("update", ("service", "update", "notes"), "installed 1.0.0", ("installed 1.0.0", "installed 1.1.0")),
    Kind("remove", ("service", "remove", "notes"), "installed 1.0.0", ("installed 1.0.0", "absent")),
    Kind("purge", ("service", "remove", "notes", "--purge"), "installed 1.0.0", ("installed 1.0.0", "absent")),
]


class Ground:
    """The cell, with a service that no kill is meant for."""

    def __init__(self, result, scratch):
        self.result, self.cell = result, DockerCell(scratch)
        for tag in ("1.0.0", "1.1.0"):
            self.cell.service_image("pic-notes", tag, data="/data/notes")
        self.cell.service_image("pic-small", "1.0.0")
        self.configuration()
        self.cell.store.put(notes(), small("keep"))
        for words in (("egress", "apply"), ("service", "install", "keep"), ("service", "install", "notes"),
                      ("backup", "--service", "keep")):
            done = self.cell.run(*words)
            if not result.check(f"undisturbed: {' '.join(words)} exits 0", done.status == 0, done):
                raise RuntimeError("without this the rest makes no sense")
        self.shape = self.paths()
        self.secrets = None  # of the service that the next kill is meant for
        done = self.cell.run("service", "remove", "notes", "--purge")
        result.check("undisturbed: remove --purge exits 0, no volume is left", done.status == 0
                     and not self.cell.volumes("notes"), f"{done}\n{self.cell.volumes('notes')}")
        self.configuration()
        self.empty = self.cell.listing(PRIVATE)

    def configuration(self):
        """What the admin has written for notes; a purge takes it away."""
        self.cell.write("config/notes/service.conf", "# configuration of notes\n")

    def paths(self):
        """The paths and modes that an installed notes makes."""
        return {path: value.split(" ")[0] for path, value in self.cell.files(PRIVATE).items()}

    def prepare(self, state):
        """Brings the cell to a state, by commands that nobody kills; whether that worked."""
        cell = self.cell
        cell.store.put(notes())
        now = cell.settled("notes")
        if state == "absent" and now != "absent" or state != "absent" and now != state:
            if now != "absent":
                done = cell.run("service", "remove", "notes", "--purge")
                self.result.tally("preparing: remove --purge exits 0", done.status == 0, done)
        self.configuration()
        if state != "absent" and cell.settled("notes") != state:
            done = cell.run("service", "install", "notes")
            self.result.tally("preparing: install exits 0", done.status == 0, done)
        if state == "absent" and cell.volumes("notes"):
            cell.engine.docker("volume", "rm", *cell.volumes("notes"))
        if cell.settled("notes") != state:
            return False
        if state != "absent":
            with open(cell.engine.path("cell-notes", "/data/notes/page"), "w") as file:
                file.write("mine\n")
            self.secrets = cell.json_file("data/service_secrets.json").get("notes")
            cell.store.put(notes("1.1.0"))
        return True

    # Killing.

    def traced(self, words, number):
        """The command, killed at the entry of its Nth call that changes a journal, or never with 0; what was seen, and how
        it ended."""
        path, prefix = os.path.join(self.cell.scratch.path, "calls"), self.cell.prefix
        self.cell.prefix = (*prefix, sys.executable, messages.__file__, "--journal", "--kill", str(number), "--report", path,
                            "--")
        try:
            done = self.cell.run(*words, timeout=300)
        finally:
            self.cell.prefix = prefix
        with open(path) as file:
            return json.load(file), done

    def kill_later(self, words, seconds):
        """Kills the command after some time; what it has started goes on without it."""
        process = self.cell.start(*words)
        began = time.monotonic()
        while process.poll() is None and time.monotonic() - began < seconds:
            time.sleep(0.001)
        return self._end(process)

    def _end(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()  # its children may still hold the pipes
        for pipe in (process.stdout, process.stderr):
            pipe.close()
        return process.returncode == -signal.SIGKILL, f"ended with {process.returncode}"

    # Judging.

    def next_start(self, where, kind, number):
        """One of the commands that find out that a run was interrupted."""
        way = number % 3
        words = [("service", "reconfigure", "keep", "--dry-run"), ("backup", "--service", "keep"), kind.words][way]
        done = self.cell.run(*words, timeout=300)
        # The command itself finds its work done when the recovery has finished it.
        good = (0,) if way < 2 else (0, 65) if kind.name == "install" else (0, 1, 65)
        self.result.tally(f"{where}: {' '.join(words)} exits with {done.status}", done.status in good, done)
        return words

    def judge(self, where, kind, words):
        """All or nothing, and with the data; the state."""
        cell, tally = self.cell, self.result.tally
        state = cell.settled("notes")
        tally(f"{where}: then notes is {state}", state in kind.ends, state)
        left = cell.temporaries() + cell.locked()
        tally(f"{where}: nothing temporary is left and no lock is held", not left, left)
        tally(f"{where}: the other service and the core site serve",
              cell.serves("keep", "small 1.0.0") and cell.get("api") == (200, "core"), cell.get("keep"))
        if state == "absent":
            now = cell.listing(PRIVATE)
            kept = ["pic-notes_notes-data"] if kind.name == "remove" else []
            found = [name for name in now["volumes"] if name.startswith("pic-notes_")]
            tally(f"{where}: volumes of notes: {found}", found == kept)
            now["volumes"] = [name for name in now["volumes"] if name not in found]
            if kind.name == "remove":  # secrets and configuration may stay with the volumes
                for path in ("data/service_secrets.json", "config/cell_config.json"):
                    now["files"][path] = self.empty["files"].get(path)
                now["files"] = {path: value for path, value in now["files"].items() if value}
            wanted = self.empty
            if kind.name == "purge":  # what the admin has written for it goes, too
                wanted = {**wanted, "files": {path: value for path, value in wanted["files"].items()
                                              if not path.startswith("config/notes")}}
            lines = difference(wanted, now)
            tally(f"{where}: nothing else of it is left", not lines, "\n".join(lines))
        elif state.startswith("installed"):
            version = state.removeprefix("installed ")
            page = "new" if kind.name == "install" else "mine"
            tally(f"{where}: it serves its data", cell.serves("notes", f"notes {version} Notes: {page}"), cell.get("notes"))
            lines = difference(self.shape, self.paths())
            tally(f"{where}: the same files as ever", not lines, "\n".join(lines))
            if kind.name != "install":
                secrets = cell.json_file("data/service_secrets.json").get("notes")
                tally(f"{where}: the same secrets as before", secrets == self.secrets)
            lease = cell.facts("notes")["lease"].get("cell-notes")
            tally(f"{where}: peers reach it", cell.ask(lease, 8080)[0] == 200, cell.ask(lease, 8080))
        return state

    def again(self, where, kind, state):
        """The same command works now, unless it has been done."""
        if state not in kind.ends or state == kind.ends[1]:
            return
        done = self.cell.run(*kind.words, timeout=300)
        self.result.tally(f"{where}: the same command works then", done.status == 0
                          and self.cell.settled("notes") == kind.ends[1], f"{done}\n{self.cell.settled('notes')}")


def kills(result, ground, kind, stride, count, source):
    """All kills of one command."""
    if not result.check(f"{kind.name}: prepared", ground.prepare(kind.start), ground.cell.settled("notes")):
        return
    began = time.monotonic()
    told, done = ground.traced(kind.words, 0)
    seconds = time.monotonic() - began
    calls = told["messages"]
    good = result.check(f"{kind.name}: undisturbed it exits 0 ({seconds:.1f} s)", told["status"] == 0, done)
    if not good or not result.check(f"{kind.name}: its journal has steps", calls, done):
        return
    result.note(f"{kind.name}: {len(calls)} calls: {', '.join(call for call in calls if call != 'sync')}")
    ends = collections.Counter()
    plan = list(range(1, len(calls) + 1))[::stride]
    for turn, number in enumerate(plan):
        where = f"{kind.name}, killed at call {number} ({calls[number - 1]})"
        if not result.tally(f"{where}: prepared", ground.prepare(kind.start), ground.cell.settled("notes")):
            continue
        told, said = ground.traced(kind.words, number)
        result.tally(f"{where}: it was killed there", told["killed"] and len(told["messages"]) == number, f"{told}\n{said}")
        follow(result, ground, kind, where, turn, ends)
    for turn in range(count):
        moment = source.random() * seconds * 1.05
        where = f"{kind.name}, killed after {moment:.2f} of {seconds:.2f} s"
        if not result.tally(f"{where}: prepared", ground.prepare(kind.start), ground.cell.settled("notes")):
            continue
        ground.kill_later(kind.words, moment)
        follow(result, ground, kind, where, turn, ends)
    result.check(f"{kind.name}: {len(plan)} kills at steps and {count} at random moments ended in {dict(ends)}",
                 set(ends) <= set(kind.ends) and ends, ends)


def follow(result, ground, kind, where, turn, ends):
    """What has to be so after a kill."""
    held = ground.cell.locked()
    end = time.monotonic() + 1
    while held and time.monotonic() < end:  # a child of the killed, between fork and exec, has the open file for a moment
        time.sleep(0.01)
        held = ground.cell.locked()
    result.tally(f"{where}: a second later no lock is held", not held, held)
    words = ground.next_start(where, kind, turn)
    state = ground.judge(where, kind, words)
    ends[state] += 1
    ground.again(where, kind, state)


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", choices=[kind.name for kind in KINDS])
    options.add_argument("--stride", type=int, default=1, help="only every Nth kill at a step")
    options.add_argument("--random", type=int, default=6, help="kills at random moments for each command")
    options.add_argument("--seed", type=int, default=20261126)
    chosen = options.parse_args()
    binary()
    ground, source = Ground(result, scratch), random.Random(chosen.seed)
    for kind in KINDS:
        if chosen.only in (None, kind.name):
            kills(result, ground, kind, chosen.stride, chosen.random, source)


if __name__ == "__main__":
    report.run("services, killed", body)
