"""Write fuzz seeds from the corpus: seeds.py DIR makes DIR/FuzzTar and DIR/FuzzGzip, a control byte and a stream or file each.

Files that inflate to more than 64 KiB are left out of the streams.
"""
import pathlib
import subprocess
import sys
import tempfile
import zlib

LIMIT = 65535
MAKER = pathlib.Path(__file__).resolve().parent.parent / "ArchiveTests" / "Corpus" / "make_corpus.py"


def inflate(data):
    """The content as far as it goes; None when it is no gzip or too long."""
    stream = zlib.decompressobj(31)
    try:
        tar = stream.decompress(data, LIMIT + 1)
    except zlib.error:
        return None
    return tar if 0 < len(tar) <= LIMIT else None


def main():
    out = pathlib.Path(sys.argv[1])
    for name in ("FuzzTar", "FuzzGzip"):
        (out / name).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-B", MAKER, scratch], check=True)
        for file in sorted(pathlib.Path(scratch).rglob("*.tar.gz")):
            data = file.read_bytes()
            tar = inflate(data)
            if tar is not None:
                control = b"\1" if "checksum" in file.stem else b"\3"
                (out / "FuzzTar" / file.stem).write_bytes((b"\2" if control == b"\1" else control) + tar)
                (out / "FuzzGzip" / f"{file.stem}.wrapped").write_bytes(control + tar)
            if len(data) < LIMIT:
                (out / "FuzzGzip" / file.stem).write_bytes(b"\0" + data)


if __name__ == "__main__":
    main()
