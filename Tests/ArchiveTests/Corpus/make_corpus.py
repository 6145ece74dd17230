#!/usr/bin/env python3
"""Write the corpus of hostile, damaged and good archives into a directory.

usage: make_corpus.py DIR [--canary PATH]

DIR gets hostile/NNN-<slug>.tar.gz, damaged/…, good/… and corpus.json:
  {"canary": PATH, "files": [{"file", "class", "expect": "refused"|"ok", "rule", "also_accept", "note", …}]}
rule          the rule id that a refusal must name (docs/archives.md)
also_accept   other ids that are as right, where two rules meet; "*" is any
only          "extract": the archive is sound, but must not be extracted onto the host
limits        the case needs these limits: {"entries": N} or {"bytes": N}
escapes       a careless tar writes outside of its directory
entries       how many entries a good archive has (repeated directories counted each time)
host          false: good, but with something that is refused on the host (a fifo)
slow          inflates to 64 MiB or more
PATH is the directory that absolute names in hostile archives point into (default /tmp/picjobs-canary).

The same arguments give the same bytes (with the same zlib). Standard library only.
"""
import argparse
import json
import pathlib

import damaged
import good
import hostile
import rawtar


def main():
    parser = argparse.ArgumentParser(description="write the archive corpus")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--canary", default="/tmp/picjobs-canary")
    arguments = parser.parse_args()
    files = []

    def write(kind, number, slug, data, **about):
        name = f"{kind}/{number:03}-{slug}.tar.gz"
        target = arguments.directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        files.append({"file": name, "class": kind} | about)

    for number, (slug, rule, note, data, options) in enumerate(hostile.cases(arguments.canary), 1):
        packed = data() if callable(data) else rawtar.gzip(data)
        write("hostile", number, slug, packed, expect="refused", rule=rule, note=note, **options)
    for number, (slug, rule, note, data, options) in enumerate(damaged.cases(), 1):
        write("damaged", number, slug, data, expect="refused", rule=rule, note=note, **options)
    for number, (slug, note, data, entries, options) in enumerate(good.cases(), 1):
        write("good", number, slug, data, expect="ok", rule=None, also_accept=[], note=note, entries=entries, **options)
    index = {"canary": arguments.canary, "files": files}
    (arguments.directory / "corpus.json").write_text(json.dumps(index, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
