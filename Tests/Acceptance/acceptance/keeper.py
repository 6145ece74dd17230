"""`egress watch`, asked over its socket as `egress set` asks it, without a process for every change."""

import json
import os
import socket
import time

from .cell import Done
from .parts import Watcher
from .world import choose


class Keeper(Watcher):
    """The watch of a cell. `exits` is what every service was set to last."""

    def __init__(self, scratch, cell, exits, *words):
        self.cell, self.exits = cell, dict(exits)
        choose(cell, self.exits)
        super().__init__(scratch, cell, *words)

    def ask(self, request="converge"):
        """One request; the answer as a finished command."""
        began = time.monotonic()
        here = os.open(os.path.join(self.cell.path, "data"), os.O_PATH | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(60)
                line.connect(f"/proc/self/fd/{here}/egress.sock")
                line.sendall(request.encode() + b"\n")
                text = b"".join(iter(lambda: line.recv(65536), b"")).decode()
        finally:
            os.close(here)
        answer = json.loads(text)
        bad = answer.get("error") or "; ".join(answer["outcome"]["problems"])
        return Done(("egress", "watch", request), 1 if bad else 0, text, bad, time.monotonic() - began)

    def change(self, exits):
        """What `egress set` does for each of these services, in one go and without the runs' records.

        Returns when it was begun and acknowledged, and the answer.
        """
        begun = time.monotonic_ns()
        self.exits |= exits
        choose(self.cell, self.exits)
        done = self.ask()
        return begun, time.monotonic_ns(), done

    def said(self, since, *words):
        """The first line after the first `since` lines that has all these words, or an empty one."""
        return next((line for line in self.lines()[since:] if all(word in line for word in words)), "")
