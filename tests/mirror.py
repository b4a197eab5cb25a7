"""A local HTTP server to download from, which can fail in all ways that real mirrors do."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any

Trouble = Callable[["Request"], None]
"""A failure that replaces the proper response to a request."""


@dataclass
class Mirror:
    """Serves `files`. If there are `troubles`, a request takes the first one off the list and fails with it.

    asked: the Range header of each request, '' for none.
    ranges: whether it supports ranges.
    """

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


class Request(BaseHTTPRequestHandler):
    """One request to a mirror."""

    mirror: Mirror

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.mirror.asked.append(asked)
        if self.mirror.troubles:
            self.mirror.troubles.pop(0)(self)
            return
        content = self.content()
        if content is None:
            self.send_error(404)
            return
        start = int(re.findall(r"\d+", asked)[0]) if asked and self.mirror.ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])

    def content(self) -> bytes | None:
        return self.mirror.files.get(PurePosixPath(self.path).name)

    def begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server calls it so
        return


def status(code: int) -> Trouble:
    """A response with this error status."""

    def answer(request: Request) -> None:
        request.send_error(code)

    return answer


def breaks_off(after: int, *, stalls: bool = False) -> Trouble:
    """Send the file's first bytes, and then close the connection, or stall."""

    def answer(request: Request) -> None:
        content = request.content() or b""
        request.begin(len(content))
        request.wfile.write(content[:after])
        request.wfile.flush()
        if stalls:
            request.mirror.released.wait(5.0)
        request.close_connection = True

    return answer


def endless(request: Request) -> None:
    """Send bytes without an end, and without a length."""
    request.send_response(200)
    request.end_headers()
    with suppress(OSError):  # at last nobody reads them
        while not request.mirror.released.is_set():
            request.wfile.write(bytes(1 << 16))
    request.close_connection = True


def drips(request: Request) -> None:
    """Send a byte at a time, each before anyone would call it late."""
    request.begin(len(request.content() or b""))
    with suppress(OSError):
        while not request.mirror.released.wait(0.05):
            request.wfile.write(b"x")
            request.wfile.flush()
    request.close_connection = True


def drips_headers(request: Request) -> None:
    """Send the head of an answer a byte at a time."""
    with suppress(OSError):
        request.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        while not request.mirror.released.wait(0.05):
            request.wfile.write(b"x")
            request.wfile.flush()
    request.close_connection = True


def redirects(to: str) -> Trouble:
    """Send elsewhere, with a body that has no end."""

    def answer(request: Request) -> None:
        request.send_response(302)
        request.send_header("Location", to)
        request.end_headers()
        with suppress(OSError):
            while not request.mirror.released.is_set():
                request.wfile.write(bytes(1 << 16))
        request.close_connection = True

    return answer


def garbage(request: Request) -> None:
    """Send other bytes of the right length."""
    content = request.content() or b""
    request.begin(len(content))
    request.wfile.write(bytes(len(content)))


@contextmanager
def running_mirror(**files: bytes) -> Iterator[Mirror]:
    """A mirror with these files, in the `with` block."""
    handler = type("Handler", (Request,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        mirror = Mirror(f"http://127.0.0.1:{server.server_port}/", dict(files))
        handler.mirror = mirror  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield mirror
        finally:
            mirror.released.set()
            server.shutdown()
            thread.join()
