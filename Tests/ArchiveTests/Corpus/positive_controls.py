#!/usr/bin/env python3
"""Show what ordinary readers do with the hostile and damaged archives: the positive control of the corpus.

usage: positive_controls.py DIR [--json] [--no-extract]

DIR is what make_corpus.py wrote. Every hostile and damaged file is listed by GNU tar, busybox tar, bsdtar and Python's
tarfile (10 s each); "yes" means that the reader accepted it: exit 0, no exception. Then each file is really extracted
by the same readers (GNU tar also with -P, Python without its filter) in a sandbox of its own:
  sandbox/target/            where the reader is told to write
  sandbox/outside/victim     the canary
Absolute names are pointed at sandbox/outside by making the corpus anew with --canary. "OUT" means that anything in
outside/, or the sandbox's own mode, has changed. Files marked "slow" are listed, but not extracted.
"""
import argparse
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

LIMIT = 10
PYTHON_LIST = "import sys, tarfile\nwith tarfile.open(sys.argv[1], 'r:gz') as t:\n    for m in t: pass\n"
PYTHON_EXTRACT = ("import sys, tarfile\nwith tarfile.open(sys.argv[1], 'r:gz') as t:\n"
                  "    t.extraction_filter = staticmethod(lambda m, p: m)\n    t.extractall('.')\n")
LISTERS = {
    "gnu": lambda f: ["tar", "-tzf", f],
    "busybox": lambda f: ["busybox", "tar", "-tzf", f],
    "bsdtar": lambda f: ["bsdtar", "-tf", f],
    "tarfile": lambda f: [sys.executable, "-c", PYTHON_LIST, f],
}
EXTRACTORS = {
    "gnu": lambda f: ["tar", "-xzf", f],
    "gnu-P": lambda f: ["tar", "-xPzf", f],
    "busybox": lambda f: ["busybox", "tar", "-xzf", f],
    "bsdtar": lambda f: ["bsdtar", "-xf", f],
    "bsdtar-P": lambda f: ["bsdtar", "-xPf", f],
    "tarfile": lambda f: [sys.executable, "-c", PYTHON_EXTRACT, f],
}
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def run(command, directory=None):
    """Exit status, or "hang"; output is thrown away."""
    try:
        return subprocess.run(command, cwd=directory, env=ENVIRONMENT, timeout=LIMIT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    except subprocess.TimeoutExpired:
        return "hang"


def state(outside):
    """Everything that an escape can change: the directory above, and each name in outside/ with content and link count."""
    top = os.stat(outside.parent)
    found = {"..": (stat.S_IMODE(top.st_mode), top.st_uid, sorted(os.listdir(outside.parent)))}
    for path in sorted(outside.rglob("*")):
        about = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
        found[str(path)] = (about.st_mode, about.st_uid, about.st_nlink, content)
    found["outside"] = stat.S_IMODE(outside.stat().st_mode)
    return found


def escaped(archive, command, sandbox):
    """Extract in a fresh sandbox: (status, whether something outside of target/ changed)."""
    shutil.rmtree(sandbox, ignore_errors=True)
    (sandbox / "target").mkdir(parents=True)
    (sandbox / "outside").mkdir()
    (sandbox / "outside" / "victim").write_text("canary\n")
    before = state(sandbox / "outside")
    status = run(command(str(archive)), sandbox / "target")
    after = state(sandbox / "outside")
    os.chmod(sandbox, 0o700)
    return status, before != after


def main():
    parser = argparse.ArgumentParser(description="what other readers accept")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-extract", action="store_true")
    arguments = parser.parse_args()
    listers = {k: v for k, v in LISTERS.items() if k == "tarfile" or shutil.which(v("")[0])}
    extractors = {k: v for k, v in EXTRACTORS.items() if k == "tarfile" or shutil.which(v("")[0])}
    files = [f for f in json.loads((arguments.directory / "corpus.json").read_text())["files"] if f["class"] != "good"]
    with tempfile.TemporaryDirectory(prefix="picjobs-controls-") as scratch:
        scratch = pathlib.Path(scratch)
        sandbox = scratch / "sandbox"
        maker = pathlib.Path(__file__).with_name("make_corpus.py")
        subprocess.run([sys.executable, maker, scratch / "corpus", "--canary", sandbox / "outside"], check=True)
        rows = []
        for file in files:
            row = {"file": file["file"], "rule": file["rule"],
                   "list": {name: run(make(str(arguments.directory / file["file"]))) for name, make in listers.items()}}
            if not arguments.no_extract and not file.get("slow"):
                row["extract"] = {}
                for name, make in extractors.items():
                    status, out = escaped(scratch / "corpus" / file["file"], make, sandbox)
                    row["extract"][name] = {"status": status, "escaped": out}
            rows.append(row)
    print(json.dumps(report(rows, listers, extractors), indent=1)) if arguments.json else table(rows, listers, extractors)


def report(rows, listers, extractors):
    """The rows with totals per class and reader."""
    totals = {}
    for kind in ("hostile", "damaged"):
        some = [r for r in rows if r["file"].startswith(kind)]
        totals[kind] = {
            "files": len(some),
            "accepted": {n: sum(r["list"][n] == 0 for r in some) for n in listers},
            "hung": {n: sum(r["list"][n] == "hang" for r in some) for n in listers},
            "accepted_by_any": sum(0 in r["list"].values() for r in some),
            "escaped": {n: sum(r.get("extract", {}).get(n, {}).get("escaped", False) for r in some) for n in extractors},
            "escaped_with_exit_0": {n: sum(r.get("extract", {}).get(n, {}).get("escaped", False)
                                           and r["extract"][n]["status"] == 0 for r in some) for n in extractors},
            "escaped_by_any": sum(any(e["escaped"] for e in r.get("extract", {}).values()) for r in some),
        }
    return {"totals": totals, "files": rows}


def table(rows, listers, extractors):
    """One line per file: yes/no per reader when listing, then who wrote outside."""
    width = max(len(r["file"]) for r in rows)
    print("file".ljust(width), "rule".ljust(27), *(n.ljust(8) for n in listers), "wrote outside")
    for r in rows:
        words = {0: "yes", "hang": "HANG"}
        cells = [words.get(r["list"][n], "no").ljust(8) for n in listers]
        outs = [n for n in extractors if r.get("extract", {}).get(n, {}).get("escaped")]
        print(r["file"].ljust(width), r["rule"].ljust(27), *cells, " ".join(outs) or "-")
    for kind, total in report(rows, listers, extractors)["totals"].items():
        print(f"\n{kind}: {total['files']} files")
        for key, value in total.items():
            if key != "files":
                print(f"  {key}: {value}")


if __name__ == "__main__":
    main()
