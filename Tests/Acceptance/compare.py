"""Compares two trees, or a tree with a recorded listing, with find, getfattr and sha256sum only.

  python3 compare.py record DIR FILE     writes what DIR holds
  python3 compare.py DIR|FILE DIR|FILE   prints each difference; exit 1 when there is one

Every name is taken as bytes. Hard links are compared by the group of names that share an inode.
"""

import collections
import json
import os
import subprocess
import sys

FIELDS = ("type", "mode", "uid", "gid", "size", "mtime", "link", "links")
FORMAT = r"%P\0%y\0%m\0%U\0%G\0%s\0%T@\0%l\0%n\0%D:%i\0"

Difference = collections.namedtuple("Difference", "name field left right kind")


def listing(root):
    """Name (latin-1 text of its bytes) → fields, of a directory."""
    root = os.path.join(root, "")
    raw = subprocess.run(["find", root, "-xdev", "-mindepth", "0", "-printf", FORMAT],
                         check=True, stdout=subprocess.PIPE).stdout
    parts = raw.split(b"\0")[:-1]
    width = len(FIELDS) + 2
    entries, groups, regular = {}, collections.defaultdict(list), []
    for at in range(0, len(parts), width):
        name, *values, inode = (part.decode("latin-1") for part in parts[at:at + width])
        entry = dict(zip(FIELDS, values))
        entry["mtime"] = _nanoseconds(entry["mtime"])
        if entry["type"] == "d":
            entry["size"] = entry["links"] = ""
        elif int(entry["links"]) > 1:
            groups[inode].append(name)
        if entry["type"] == "f":
            regular.append(name)
        entries[name] = entry
    for names in groups.values():
        for name in names:
            entries[name]["group"] = sorted(names)
    for name, digest in _digests(root, regular):
        entries[name]["sha256"] = digest
    for name, values in _attributes(root):
        if name in entries:
            entries[name]["xattrs"] = values
    return entries


def _nanoseconds(text):
    """find prints seconds with ten digits behind the point; a negative time's digits count upwards."""
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 10**9 + int((fraction + "000000000")[:9])


def _digests(root, names):
    if not names:
        return
    listed = b"".join(b"./" + name.encode("latin-1") + b"\0" for name in names)
    done = subprocess.run(["xargs", "-0", "-r", "sha256sum", "-z", "-b", "--"], input=listed, cwd=root, check=True,
                          stdout=subprocess.PIPE)
    for line in done.stdout.split(b"\0")[:-1]:
        yield line[66:].removeprefix(b"./").decode("latin-1"), line[:64].decode()


def _attributes(root):
    """getfattr writes `# file: name` with octal escapes, one attribute per line, and a blank line."""
    raw = subprocess.run(["getfattr", "-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "--", "."], cwd=root,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    for block in raw.split(b"\n\n"):
        lines = block.strip(b"\n").split(b"\n")
        if not lines[0].startswith(b"# file: "):
            continue
        name = _unescape(lines[0][8:])
        name = "" if name == "." else name.removeprefix("./")
        yield name, sorted(line.decode("latin-1") for line in lines[1:])


def _unescape(raw):
    out, at = bytearray(), 0
    while at < len(raw):
        digits = raw[at + 1:at + 4]
        if raw[at:at + 1] == b"\\" and len(digits) == 3 and digits.isdigit():
            out.append(int(digits, 8) & 0xFF)
            at += 4
        else:
            out.append(raw[at])
            at += 1
    return out.decode("latin-1")


def differences(left, right):
    """Every difference of two listings."""
    found = []
    for name in sorted(left.keys() | right.keys()):
        one, two = left.get(name), right.get(name)
        kind = (one or two)["type"]
        if one is None or two is None:
            found.append(Difference(name, "missing" if two is None else "added", kind, kind, kind))
            continue
        for field in (*FIELDS, "group", "sha256", "xattrs"):
            if one.get(field) != two.get(field):
                found.append(Difference(name, field, one.get(field), two.get(field), kind))
    return found


def load(path):
    """A listing from a directory or from a recorded file."""
    if os.path.isdir(path):
        return listing(path)
    with open(path) as file:
        return json.load(file)


def main(words):
    if len(words) == 3 and words[0] == "record":
        with open(words[2], "w") as file:
            json.dump(listing(words[1]), file)
        return 0
    if len(words) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    found = differences(load(words[0]), load(words[1]))
    for difference in found:
        print(f"{difference.name!r} ({difference.kind}) {difference.field}: {difference.left!r} / {difference.right!r}")
    print(f"{len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
