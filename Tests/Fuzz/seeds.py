"""Write fuzz seeds: seeds.py DIR makes DIR/FuzzTar, DIR/FuzzGzip and DIR/FuzzZip.

The first two are from the corpus, a control byte and a stream or file each; files that inflate to more than 64 KiB are left
out of the streams. The last are the hostile packages of the acceptance checks, and sound ones.
"""
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile
import zlib

LIMIT = 65535
TESTS = pathlib.Path(__file__).resolve().parent.parent
MAKER = TESTS / "ArchiveTests" / "Corpus" / "make_corpus.py"
sys.path.insert(0, str(TESTS / "Acceptance"))

from acceptance import hostile_zip  # noqa: E402


def inflate(data):
    """The content as far as it goes; None when it is no gzip or too long."""
    stream = zlib.decompressobj(31)
    try:
        tar = stream.decompress(data, LIMIT + 1)
    except zlib.error:
        return None
    return tar if 0 < len(tar) <= LIMIT else None


def packages():
    """Hostile ZIPs as the acceptance checks make them, and the reference services, stored and deflated."""
    yield from hostile_zip.archives("/nowhere").values()
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for service in sorted((TESTS / "Fixtures" / "services").iterdir()):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", method) as archive:
                for file in sorted(service.iterdir()):
                    archive.write(file, file.name)
            yield buffer.getvalue()


def main():
    out = pathlib.Path(sys.argv[1])
    for name in ("FuzzTar", "FuzzGzip", "FuzzZip"):
        (out / name).mkdir(parents=True)
    for number, data in enumerate(packages()):
        if len(data) < LIMIT:
            (out / "FuzzZip" / str(number)).write_bytes(data)
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
