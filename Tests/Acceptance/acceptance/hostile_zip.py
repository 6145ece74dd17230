"""ZIP archives that no package may be: each breaks one rule, and would do harm where nobody looks."""

import io
import struct
import warnings
import zipfile

from .store import plain

# In the central directory: made by Unix; the high half of the attributes are the mode.
LINK, FIFO, SETUID = 0o120777, 0o010644, 0o104755


def archives(scratch):
    """Name → bytes; `scratch` is a directory whose path some of them try to write below."""
    package = plain("zipped")
    good = package.files()

    def make(change=None):
        buffer = io.BytesIO()
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in good.items():
                archive.writestr(name, data)
            if change:
                change(archive)
        return buffer.getvalue()

    def named(name, data=b"evil"):
        return make(lambda archive: archive.writestr(zipfile.ZipInfo(name), data))

    def typed(name, mode, data=b"/etc/passwd"):
        def change(archive):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, data)
        return make(change)

    whole = make()
    return {
        "a name that climbs": named("../escaped"), "a name that climbs from within": named("x/../../escaped"),
        "an absolute name": named(f"{scratch}/escaped"), "a name with backslashes": named("..\\escaped"),
        "a name with a NUL": named("evilXfile").replace(b"evilXfile", b"evil\0file"),
        "a symbolic link": typed("link", LINK), "a fifo": typed("fifo", FIFO, b""), "a setuid file": typed("suid", SETUID),
        "manifest.json as a link": only({"manifest.json": b"/etc/passwd"}, LINK),
        "manifest.json twice": named("manifest.json", b'{"id": "other"}'),
        "manifest.json in other letters, too": named("Manifest.JSON", b"{}"),
        "no manifest.json": only({"compose-template.yml": good["compose-template.yml"]}),
        "a manifest.json of 1 GB of blanks": bomb("manifest.json", good),
        "another member of 1 GB": bomb("icon.png", good),
        "ten thousand members": make(lambda archive: [archive.writestr(f"many/{n}", b"") for n in range(10000)]),
        "an encrypted member": flagged(whole, 1), "an unknown method": method(whole, 99),
        "a wrong CRC": crc(whole), "a local name that differs": whole.replace(b"manifest.json", b"manifesT.json", 1),
        "cut in the middle": whole[:len(whole) // 2], "cut before its end": whole[:-10],
        "an empty file": b"", "no ZIP at all": b"\x7fELF" + bytes(5000),
        "rubbish in front": b"#!/bin/sh\nexit 0\n" + whole, "rubbish behind": whole + b"rubbish" * 100,
        "a directory that lies elsewhere": offset(whole), "a second end of directory": whole + whole[whole.rindex(b"PK\5\6"):],
        "members that overlap": overlapping(good["manifest.json"]),
    }


def only(members, mode=0o100644):
    """Just these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def bomb(name, good):
    """A member that unpacks to 1 GB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for other, data in good.items():
            if other != name:
                archive.writestr(other, data)
        with archive.open(name, "w", force_zip64=True) as member:
            for _ in range(1024):
                member.write(b" " * (1 << 20))
    return buffer.getvalue()


def _patched(data, where, change):
    """Changes bytes of every central (`PK 1 2`) and local (`PK 3 4`) header; `where` are the two offsets."""
    data = bytearray(data)
    for magic, at in zip((b"PK\1\2", b"PK\3\4"), where):
        place = data.find(magic)
        while place >= 0:
            change(data, place + at)
            place = data.find(magic, place + 4)
    return bytes(data)


def flagged(data, flag):
    """With a bit of the general purpose flags."""
    def change(data, at):
        data[at] |= flag
    return _patched(data, (8, 6), change)


def method(data, number):
    """With another method of compression."""
    return _patched(data, (10, 8), lambda data, at: struct.pack_into("<H", data, at, number))


def crc(data):
    """With other CRCs than the data have."""
    return _patched(data, (16, 14), lambda data, at: struct.pack_into("<I", data, at, 0xdeadbeef))


def offset(data):
    """The end says that the directory begins somewhere else."""
    changed = bytearray(data)
    struct.pack_into("<I", changed, data.rindex(b"PK\5\6") + 16, 7)
    return bytes(changed)


def overlapping(manifest):
    """Two entries of the directory that are one member, under two names."""
    data = only({"manifest.json": manifest})
    end = data.rindex(b"PK\5\6")
    start = data.index(b"PK\1\2")
    central = data[start:end]
    twin = central.replace(b"manifest.json", b"template.json")
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(central))
    return data[:start] + central + twin + bytes(tail)
