"""One request over https, bounded in time: the answer's head, and then its body in parts."""

import queue
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin

if TYPE_CHECKING:
    import requests

SCHEME = "https://"
CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
"""The longest time to connect, and to wait for the answer, and for each part of its body."""
PART = 1 << 16
"""Bytes that come together, but at the end. So a mirror slower than PART / READ_SECONDS is given up."""
MOST_REDIRECTS = 5
AHEAD = 16
"""How many parts may wait to be written."""


class TemporaryError(Exception):
    """A server failed, but may not fail again."""


class PermanentError(Exception):
    """A server failed, and would fail again."""


@dataclass(frozen=True)
class Head:
    """How a server answers."""

    status: int
    reason: str
    headers: Mapping[str, str]


Item: TypeAlias = Head | bytes


def answer(url: str, headers: Mapping[str, str], deadline: float) -> Generator[Item, None, None]:
    """The head of a server's answer, and then its body in parts, as they were sent.

    deadline: the time of `time.monotonic` at which all must be there.
    TemporaryError or PermanentError if the server fails, or is too slow.

    Another thread waits for the server. So it does not matter whether names, headers or bytes drip.
    """
    import requests  # imported here, and not while a server is waited for
    import urllib3

    failures = (requests.RequestException, urllib3.exceptions.HTTPError, PermanentError, OSError, ValueError)
    inbox: queue.Queue[Item | Exception | None] = queue.Queue(AHEAD)
    given_up = threading.Event()
    arguments = (_items(url, headers), failures, inbox, given_up)
    threading.Thread(target=_receive, args=arguments, daemon=True).start()
    began = False
    try:
        while True:
            left = deadline - time.monotonic()
            try:
                item = inbox.get(timeout=max(min(READ_SECONDS, left), 0.0))
            except queue.Empty:
                raise _too_slow(began, left) from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise item if isinstance(item, PermanentError) else _failure(item) from None
            yield item
            began = True
    finally:
        given_up.set()


def _receive(
    items: Generator[Item, None, None],
    failures: tuple[type[Exception], ...],
    inbox: "queue.Queue[Item | Exception | None]",
    given_up: threading.Event,
) -> None:
    """Put the items into the inbox, then None, or a failure, as long as somebody takes them."""

    def put(item: Item | Exception | None) -> None:
        while not given_up.is_set():
            try:
                inbox.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    try:
        with closing(items):
            for item in items:
                put(item)
                if given_up.is_set():
                    return
        put(None)
    except failures as error:
        put(error)


def _items(url: str, headers: Mapping[str, str]) -> Generator[Item, None, None]:
    import urllib3

    with _followed(url, headers) as response:
        yield Head(response.status_code, response.reason, response.headers)
        held = bytearray()
        try:
            for piece in response.raw.stream(PART, decode_content=False):
                held += piece
                if len(held) >= PART:
                    yield bytes(held)
                    held.clear()
        except urllib3.exceptions.HTTPError:
            yield bytes(held)
            raise
        yield bytes(held)


def _followed(url: str, headers: Mapping[str, str]) -> "requests.Response":
    """The response at the end of some redirects, none of which leaves https."""
    import requests

    session = requests.Session()
    for _ in range(MOST_REDIRECTS + 1):
        if not url.startswith(SCHEME):
            raise PermanentError(f"leads to {url[:200]}, which is not {SCHEME}")
        request = session.prepare_request(requests.Request("GET", url, headers=dict(headers)))
        settings: Any = session.merge_environment_settings(url, {}, True, None, None)
        # By the adapter, since a session would follow redirects anywhere, and read their bodies whole.
        response = session.get_adapter(url).send(request, timeout=(CONNECT_SECONDS, READ_SECONDS), **settings)
        target = response.headers.get("Location")
        if target is None or response.status_code not in (301, 302, 303, 307, 308):
            return response
        response.close()
        url = urljoin(url, target)
    raise PermanentError(f"redirects more than {MOST_REDIRECTS} times")


def _too_slow(began: bool, left: float) -> Exception:
    if left < READ_SECONDS:
        return PermanentError("takes too long as a whole")
    if began:
        return TemporaryError(_drips())
    return TemporaryError(f"no answer for {READ_SECONDS:g} seconds")


def _drips() -> str:
    return f"too slow: less than {PART:,} bytes in {READ_SECONDS:g} seconds"


def _failure(error: Exception) -> Exception:
    """A failed request in a few words; the messages of `requests` fill a paragraph."""
    import requests
    import urllib3

    if isinstance(error, requests.ConnectTimeout):
        return PermanentError("no connection")
    words: dict[type[Exception], str] = {
        urllib3.exceptions.ReadTimeoutError: _drips(),  # of the body
        requests.exceptions.ProxyError: "no connection through the proxy",
        requests.exceptions.SSLError: "no secure connection",
        requests.exceptions.ReadTimeout: f"no answer for {READ_SECONDS:g} seconds",
        requests.exceptions.ConnectionError: "no connection",
        requests.RequestException: type(error).__name__,
    }
    return TemporaryError(
        next((text for kind, text in words.items() if isinstance(error, kind)), "broke off")
    )
