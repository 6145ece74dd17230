"""Counts checks, prints what was measured, and ends a script with `N passed, N failed`."""

import atexit
import faulthandler
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback


class Report:
    """The checks of one script. Passed and failed are counted, `note` only prints."""

    def __init__(self, title):
        self.title = title
        self.passed = 0
        self.failed = 0
        self.started = time.monotonic()
        print(f"== {title}", flush=True)

    def check(self, name, good, detail=""):
        """Counts one check; a failure is printed with its detail."""
        if good:
            self.passed += 1
            print(f"   ok    {name}", flush=True)
        else:
            self.failed += 1
            print(f"   FAIL  {name}", flush=True)
            for line in str(detail).splitlines()[:20]:
                print(f"         {line[:300]}", flush=True)
        return bool(good)

    def tally(self, name, good, detail=""):
        """Like `check`, but silent when it passes: for the same check made hundreds of times."""
        if good:
            self.passed += 1
            return True
        return self.check(name, False, detail)

    def equal(self, name, found, wanted):
        """Counts a comparison of two values."""
        return self.check(name, found == wanted, f"found  {found!r}\nwanted {wanted!r}")

    def note(self, text):
        """Prints a measured figure."""
        print(f"         {text}", flush=True)

    def finish(self):
        """Prints the last line; the exit status is 1 when a check failed or when nothing was checked."""
        print(f"-- {self.title}: {time.monotonic() - self.started:.1f} s")
        if self.passed + self.failed == 0:
            print("nothing was checked")
            self.failed = 1
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


class Skip(Exception):
    """A script that can't run here; the message says what it needs."""


def run(title, body):
    """Runs `body(report, scratch)` with a scratch directory, and exits with the report's status.

    `Skip` is printed with its reason. With PICJOBS_REQUIRE_REAL=1 a skip is a failure.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    faulthandler.register(signal.SIGTERM, chain=True)  # says where it is, should it hang
    report = Report(title)
    scratch = Scratch()
    try:
        body(report, scratch)
    except Skip as reason:
        print(f"skipped: {reason}", flush=True)
        scratch.clean()
        if os.environ.get("PICJOBS_REQUIRE_REAL") == "1":
            print("0 passed, 1 failed (PICJOBS_REQUIRE_REAL=1: a skip is a failure)")
            sys.exit(1)
        print("0 passed, 0 failed, skipped")
        sys.exit(0)
    except KeyboardInterrupt:
        scratch.clean()
        sys.exit(130)
    except Exception:
        report.check("the script itself ran to its end", False, traceback.format_exc())
    scratch.clean()
    sys.exit(report.finish())


def need(*tools, root=False):
    """Raises `Skip` when a tool is missing, or when root is needed and we are not root."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise Skip("not installed: " + ", ".join(missing))
    if root and os.geteuid() != 0:
        raise Skip("needs root")


class Scratch:
    """A directory of this run, and what has to be undone at its end, last first."""

    def __init__(self):
        base = os.environ.get("PICJOBS_SCRATCH")
        self.path = tempfile.mkdtemp(prefix="picjobs-acceptance-", dir=base)
        self._undo = []
        atexit.register(self.clean)

    def directory(self, name):
        """A new directory below the scratch directory."""
        path = os.path.join(self.path, name)
        os.makedirs(path)
        return path

    def undo(self, action):
        """Registers an action for the end."""
        self._undo.append(action)

    def clean(self):
        """Undoes everything; goes on after an error. Keeps the files with PICJOBS_KEEP=1."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:
                print(f"clean-up: {error}", file=sys.stderr)
        if os.environ.get("PICJOBS_KEEP") == "1":
            if os.path.isdir(self.path):
                print(f"kept: {self.path}")
            return
        shutil.rmtree(self.path, ignore_errors=True)
