"""A run's files read with care: bounded in size, and held to their seals."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from nnfs_cli.core.errors import DamageError, NnfsError
from nnfs_cli.core.os_errors import unread, unreadable
from nnfs_cli.core.seal import SealError, check, contents_of, tag_of, unsealed
from nnfs_cli.runs.growing import Extent, damage_of

MOST_BYTES = 64 * 2**20
"""Of a JSON file. The confusion matrix of a thousand classes takes a tenth of it."""
REMEDY = "put it back as nnfs wrote it, or train the run again"


def read_json(file: Path, tag: str) -> dict[str, Any]:
    """The mapping in a run's JSON file. NnfsError if it cannot be read, or is not as nnfs wrote it."""
    if not file.is_file():
        raise NnfsError(f"{file}: no such file")
    try:
        with file.open("rb") as reader:
            size = os.fstat(reader.fileno()).st_size
            if size > MOST_BYTES:
                raise DamageError(f"{file}: damaged: it has more than {MOST_BYTES / 2**20:.0f} MB")
            text = reader.read(size)  # Python reserves as many bytes, whether or not they are there
        content = json.loads(text.decode("utf-8"))
        if not isinstance(content, dict):
            raise DamageError(f"{file}: must be a mapping, found {content!r:.80}")
        return unsealed(content, tag)
    except SealError as error:
        raise DamageError(f"{file}: {error}; {REMEDY}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise unread(file, error, f"{file}: cannot be read: damaged: {error}") from None


def read_own_json(folder: Path, name: str) -> dict[str, Any]:
    """The same for a JSON file of the run in a folder, whose tag is in its config.yaml."""
    config = folder / "config.yaml"
    try:
        tag = tag_of(config)
    except OSError as error:
        raise unreadable(config, error) from None
    return read_json(folder / name, tag)


def check_arrays(file: Path, tag: str, expected: object) -> None:
    """Raise NnfsError unless an .npz file has all its arrays, and is the one whose seal is expected.

    expected: the seal that the run's summary tells of; None if it tells of none.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            seal = archive.comment.decode("ascii", "replace") or None
            check(seal, contents_of(archive), "")
        if tag and not seal:
            raise SealError("damaged or edited: it has no checksum")
        if expected not in (None, seal):
            raise SealError("not the file that the run's summary.json tells of")
    except SealError as error:
        raise DamageError(f"{file}: {error}; {REMEDY}") from None
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise unread(file, error, f"{file}: damaged: {error}") from None


def check_rows(file: Path, expected: object) -> None:
    """Raise NnfsError unless a CSV file is what the run's summary tells; it tells nothing of some runs.

    expected: size and CRC-32, as a list, of what was written until the end of training.
    """
    if not isinstance(expected, list) or len(expected) != len(Extent._fields):
        return
    extent = Extent(*expected)
    damage = damage_of(file, extent)
    if not damage and file.stat().st_size > extent.size:
        damage = "damaged or edited: it has more rows than were written"
    if damage:
        raise NnfsError(f"{file}: {damage}; {REMEDY}")
