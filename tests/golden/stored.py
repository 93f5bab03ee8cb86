"""The golden record: read, write, compare. `python SCRIPT` compares its part, `python SCRIPT --write` records it."""

import io
import json
import lzma
import sys
import tarfile
from pathlib import Path

import destructure

HERE = Path(__file__).parent
ARCHIVE = HERE / "record.tar.xz"
COURSE = Path(destructure.__file__).parents[2]  # of the library that is compared, wherever its modules lie


def read(name):
    """A part of the record."""
    with tarfile.open(ARCHIVE) as archive:
        return json.load(archive.extractfile(name))


def write(name, content):
    """Put a part into the record; the other parts stay."""
    parts = {}
    if ARCHIVE.exists():
        with tarfile.open(ARCHIVE) as archive:
            parts = {member.name: archive.extractfile(member).read() for member in archive}
    parts[name] = json.dumps(content, ensure_ascii=True).encode()
    with lzma.open(ARCHIVE, "wb", preset=9) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for part in sorted(parts):
            member = tarfile.TarInfo(part)
            member.size = len(parts[part])
            archive.addfile(member, io.BytesIO(parts[part]))


def differences(old, new, where=""):
    """Where two nested structures differ, one line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in new:
                yield f"{where}/{key}: gone"
            elif key not in old:
                yield f"{where}/{key}: new"
            else:
                yield from differences(old[key], new[key], f"{where}/{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{where}/{number}")
    elif old != new and not (old != old and new != new):
        yield f"{where}: was {str(old)[:200]!r}, is {str(new)[:200]!r}"


def run(name, make):
    """Record or compare one part, as the command line asks; the exit status says whether it is met."""
    if "--write" in sys.argv:
        write(name, make(None))
        return
    old = read(name)
    new = json.loads(json.dumps(make(old)))
    found = list(differences(old, new))
    print(*found[:200], f"{name}: {len(found)} differences from the record", sep="\n")
    sys.exit(bool(found))
