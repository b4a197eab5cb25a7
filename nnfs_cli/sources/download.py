"""Downloads from mirrors: resumed, retried and verified. A file appears only when complete."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.lock import locked

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
WAITS = (0.5, 1.0, 2.0)
"""Seconds before each retry. The retries start over whenever a download gets further than before."""
CHUNK = 1 << 16


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


class _TemporaryError(Exception):
    """A mirror failed, but may not fail again."""


class _PermanentError(Exception):
    """A mirror failed, and would fail again."""


def fetch(name: str, mirrors: Sequence[str], destination: Path, check: Callable[[Path], bool]) -> None:
    """Download `mirror + name` from the first mirror that has it, unless another process just did.

    `destination` appears only when the file is complete and `check` accepts it. An interrupted download
    stays beside it in a .part file and is resumed the next time. Each mirror has its own .part file, since
    mirrors may compress the same file differently. Raises DownloadError if no mirror delivers.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with locked(destination.parent / ".lock"):
        if destination.is_file():
            return
        parts = {mirror + name: _part(destination, mirror) for mirror in mirrors}
        failures = []
        for url, part in parts.items():
            try:
                _fetch_from(url, name, part, check)
            except (_TemporaryError, _PermanentError) as error:
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


def _fetch_from(url: str, name: str, part: Path, check: Callable[[Path], bool]) -> None:
    """Fill `part` from one mirror; retry as long as that may help."""
    waits, furthest = iter(WAITS), _size(part)
    while True:
        resumed = _size(part) > 0
        try:
            _request(url, name, part)
        except _TemporaryError:
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
            raise _PermanentError("serves something else: its checksum is wrong")


def _request(url: str, name: str, part: Path) -> None:
    """Request the missing rest of `part` once, and append it."""
    import requests

    held = _size(part)
    headers = {"Accept-Encoding": "identity"}  # the file itself, not compressed for the transfer
    if held:
        headers["Range"] = f"bytes={held}-"
    try:
        with requests.get(
            url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)
        ) as response:
            if held and response.status_code == requests.codes.requested_range_not_satisfiable:
                return  # nothing is missing; `check` says whether the file is right
            _receive(response, name, part, _start(response, held))
    except requests.ConnectTimeout:
        raise _PermanentError("no connection") from None
    except requests.RequestException as error:
        raise _TemporaryError(_reason(error)) from None


def _start(response: "requests.Response", held: int) -> int:
    """Where a response's bytes belong: after those held, or at 0 if the server sends the whole file."""
    status = response.status_code
    if status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
        return held
    if status == 200:
        return 0
    answer = f"answers {status} {response.reason}"
    raise _TemporaryError(answer) if status == 429 or status >= 500 else _PermanentError(answer)


def _receive(response: "requests.Response", name: str, part: Path, start: int) -> None:
    """Write a response's bytes into `part` from `start` on, and tell the listener."""
    tell, done = listener.get(), start
    length = response.headers.get("Content-Length", "")
    as_it_is = "Content-Encoding" not in response.headers
    total = start + int(length) if length.isdecimal() and as_it_is else None
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        tell(Transfer(name, done, total))
        for chunk in response.iter_content(CHUNK):
            file.write(chunk)
            done += len(chunk)
            if done != total:
                tell(Transfer(name, done, total))
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done != total:
        raise _TemporaryError(f"broke off after {done:,} of {total:,} bytes")
    tell(Transfer(name, done, done))


def _reason(error: "requests.RequestException") -> str:
    """A failed request in a few words; the messages of `requests` fill a paragraph."""
    import requests

    if "Read timed out" in str(error):  # during the body this comes as a ConnectionError
        return f"no answer for {READ_SECONDS:g} seconds"
    words = {
        requests.exceptions.ProxyError: "no connection through the proxy",
        requests.exceptions.SSLError: "no secure connection",
        requests.exceptions.ChunkedEncodingError: "broke off",
        requests.exceptions.ConnectionError: "no connection",
    }
    return next((text for kind, text in words.items() if isinstance(error, kind)), type(error).__name__)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
