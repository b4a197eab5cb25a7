"""Seals: checksums that tell whether a run's file is whole, as it was written, and of this run.

A run's tag is a random number, in the comment that its config.yaml begins with. The seal of a JSON file is
the run's tag and a SHA-256 of this tag and the content. The seal of an .npz file is the same without a
tag, since equal trainings write equal bytes; it covers names, sizes and CRCs of all arrays. summary.json
repeats it.
"""

import hashlib
import json
import os
import re
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TAG = re.compile(rb"# nnfs run ([0-9a-f]{16})\b")
KEY = "checksum"
UNTAGGED = "-"
OF_JSON = re.compile(rb'\s*\{\s*"checksum": "([0-9a-f]{16}|-) [0-9a-f]{64}"')
OF_ARRAYS = re.compile(rb"(-) [0-9a-f]{64}")
LENGTH, LONGEST = 66, 128
"""Bytes of a seal without a tag, at the end of an .npz file; those at the beginning of JSON that hold one."""


class SealError(ValueError):
    """A file is not as it was written, or is another run's."""


def new_tag() -> str:
    """The tag of a new run."""
    return secrets.token_hex(8)


def first_line(tag: str) -> str:
    """The line that a run's config.yaml begins with: its tag."""
    return f"# nnfs run {tag}: this line ties the run's files together\n"


def tag_of(config: Path) -> str:
    """The tag in a run's config.yaml; an empty text if it has none, as in runs of earlier versions."""
    if not config.is_file():  # to open a pipe would wait for its writer
        return ""
    with config.open("rb") as file:
        found = TAG.match(file.readline(64))
    return found[1].decode() if found else ""


def sealed(content: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """A mapping for a JSON file, with its seal in front."""
    read_back: dict[str, Any] = json.loads(json.dumps(content))  # whose keys are texts
    read_back.pop(KEY, None)
    return {KEY: _seal(json.dumps(read_back), tag or UNTAGGED), **read_back}


def unsealed(record: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """The mapping of a JSON file without its seal. SealError if the seal is broken, or another run's."""
    content = {key: value for key, value in record.items() if key != KEY}
    check(record.get(KEY), json.dumps(content), tag)
    return content


def check(seal: object, content: str, tag: str) -> None:
    """Raise SealError unless this is the seal of the content. Of a run without a tag it may be missing."""
    if seal is None and not tag:
        return
    if seal is None:
        raise SealError("damaged or edited: it has no checksum")
    own = str(seal).partition(" ")[0]
    if seal != _seal(content, own):
        raise SealError("damaged or edited: its checksum is not that of its content")
    if tag and own != tag:
        raise SealError("the file of another run")


def seal_of_arrays(archive: zipfile.ZipFile) -> str:
    """The seal of an .npz file."""
    return _seal(contents_of(archive))


def contents_of(archive: zipfile.ZipFile) -> str:
    """The names, sizes and CRCs of an archive's arrays. Whoever reads an array compares its CRC."""
    return json.dumps([(each.filename, each.file_size, each.CRC) for each in archive.infolist()])


def is_sealed_by(file: Path, tag: str) -> bool:
    """Whether a JSON or .npz file, perhaps damaged, is of what has this tag; `UNTAGGED` for what has none.

    One that is no JSON at all, or no archive, is damaged; one that is, without a seal, is not of nnfs.
    """
    is_archive = file.suffix == ".npz"
    with file.open("rb") as reader:
        if is_archive:
            reader.seek(-min(LENGTH, reader.seek(0, os.SEEK_END)), os.SEEK_END)
            found = OF_ARRAYS.fullmatch(reader.read())
        else:
            found = OF_JSON.match(reader.read(LONGEST))
    if found:
        return found[1].decode() == tag
    return not (zipfile.is_zipfile(file) if is_archive else _is_json(file))


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return False
    return True


def _seal(content: str, tag: str = UNTAGGED) -> str:
    digest = hashlib.sha256(f"{tag} {content}".encode()).hexdigest()
    return f"{tag} {digest}"
