"""Downloads from mirrors: resumed, retried and verified. A file appears only when complete."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.cache import LOCK
from nnfs_cli.sources.https import Head, PermanentError, TemporaryError, answer
from nnfs_cli.sources.lock import locked

WAITS = (0.5, 1.0, 2.0)
"""Seconds before each retry. The retries start over whenever a download gets further than before."""
LONGEST_SECONDS = 3600.0
"""How long one mirror may take for one file, with all retries."""


@dataclass(frozen=True)
class Transfer:
    """How far a download is, in bytes. The last report on a file has `done == total`.

    total: the file's size; None if the server does not say.
    """

    name: str
    done: int
    total: int | None


def _ignore(transfer: Transfer) -> None:
    pass


listener: ContextVar[Callable[[Transfer], None]] = ContextVar("listener", default=_ignore)
"""The function that is called with every transfer. By default it does nothing; commands set another one."""


class DownloadError(NnfsError):
    """No mirror delivered a file. `failures` has a sentence for each mirror."""

    def __init__(self, name: str, failures: Sequence[str]) -> None:
        self.failures = tuple(failures)
        super().__init__("\n  ".join([f"{name}: cannot be downloaded", *failures]))


def fetch(
    name: str, mirrors: Sequence[str], destination: Path, check: Callable[[Path], bool], most: int
) -> None:
    """Download `mirror + name` from the first mirror that has it, unless another process just did.

    `destination` appears only when the file is complete and `check` accepts it. An interrupted download
    stays beside it in a .part file and is resumed the next time. Each mirror has its own .part file, since
    mirrors may compress the same file differently. No more than `most` bytes are taken.

    Raises DownloadError if no mirror delivers in time.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with locked(destination.parent / LOCK):
        if destination.is_file():
            return
        parts = {mirror + name: _part(destination, mirror) for mirror in mirrors}
        failures = []
        for url, part in parts.items():
            try:
                _fetch_from(url, name, part, check, most)
            except (TemporaryError, PermanentError) as error:
                failures.append(f"{url}: {error}")
                continue
            part.replace(destination)
            for left in parts.values():
                left.unlink(missing_ok=True)
            return
        raise DownloadError(name, failures)


def _part(destination: Path, mirror: str) -> Path:
    """The path of a mirror's partial download."""
    return destination.with_name(
        f".{destination.name}.{hashlib.sha256(mirror.encode()).hexdigest()[:8]}.part"
    )


def _fetch_from(url: str, name: str, part: Path, check: Callable[[Path], bool], most: int) -> None:
    """Fill `part` from one mirror; retry as long as that may help."""
    if part.is_symlink():  # nnfs made none, and writing would go elsewhere
        part.unlink()
    waits, furthest = iter(WAITS), _size(part)
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        resumed = _size(part) > 0
        try:
            _request(url, name, part, most, deadline)
        except TemporaryError:
            if _size(part) > furthest:
                waits, furthest = iter(WAITS), _size(part)
            wait = next(waits, None)
            if wait is None:
                raise
            time.sleep(wait)
            continue
        if check(part):
            return
        part.unlink()
        if not resumed:  # else the mirror's file may have changed: start again
            raise PermanentError("serves something else: its checksum is wrong")


def _request(url: str, name: str, part: Path, most: int, deadline: float) -> None:
    """Request the missing rest of `part` once, and append it."""
    held = _size(part)
    headers = {"Accept-Encoding": "identity"}  # the file itself, not compressed for the transfer
    if held:
        headers["Range"] = f"bytes={held}-"
    with closing(answer(url, headers, deadline)) as items:
        head = cast(Head, next(items))
        if held and head.status == 416:
            return  # nothing is missing; `check` says whether the file is right
        _receive(head, cast(Iterator[bytes], items), name, part, _start(head, held), most)


def _start(head: Head, held: int) -> int:
    """Where an answer's bytes belong: after those held, or at 0 if the server sends the whole file."""
    if head.status == 206 and head.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
        return held
    if head.status == 200:
        return 0
    said = f"answers {head.status} {head.reason}"
    raise TemporaryError(said) if head.status == 429 or head.status >= 500 else PermanentError(said)


def _receive(head: Head, body: Iterator[bytes], name: str, part: Path, start: int, most: int) -> None:
    """Write an answer's body into `part` from `start` on, and tell the listener."""
    tell, done = listener.get(), start
    length = head.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() and len(length) < 20 else None
    too_long = PermanentError(f"sends more than {most:,} bytes, which the file cannot have")
    if total is not None and total > most:
        raise too_long
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        tell(Transfer(name, done, total))
        for chunk in body:
            if done + len(chunk) > most:
                raise too_long
            file.write(chunk)
            done += len(chunk)
            if done != total:
                tell(Transfer(name, done, total))
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done != total:
        raise TemporaryError(f"broke off after {done:,} of {total:,} bytes")
    tell(Transfer(name, done, done))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
