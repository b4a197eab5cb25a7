"""Chromium, headless, for tests of pages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def need_chromium() -> None:
    """Skip the test where Chromium is missing; fail it where NNFS_REQUIRE_BROWSER is set, as in CI."""
    if CHROMIUM.is_file():
        return
    reason = f"{CHROMIUM} is missing: install Debian's package chromium to test pages in a browser"
    if os.environ.get("NNFS_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chromium(user_data: Path, **options: Any) -> Iterator[Any]:
    """A browser context with a new profile in the folder `user_data`."""
    need_chromium()
    from playwright.sync_api import sync_playwright  # slow to import

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            user_data, executable_path=CHROMIUM, args=list(ARGUMENTS), headless=True, **options
        )
        yield context
        context.close()


class Watched:
    """A page, opened from a file. It remembers what went wrong, and every request beyond that file.

    trouble: errors and console messages.   requests: addresses, but for the file's own and data.
    """

    def __init__(self, context: Any, file: Path) -> None:
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        address = file.absolute().as_uri()
        self.page.goto(address)
        self.requests = [url for url in self.requests if url != address and not url.startswith("data:")]

    def becomes(self, expression: str, value: object) -> None:
        """Wait until an expression in JavaScript has this value: pages answer to events a moment later."""
        script = "([expression, value]) => JSON.stringify(eval(expression)) === JSON.stringify(value)"
        self.page.wait_for_function(script, arg=[expression, value])

    def changes(self, expression: str, before: object) -> None:
        """Wait until an expression in JavaScript has another value than `before`."""
        script = "([expression, before]) => JSON.stringify(eval(expression)) !== JSON.stringify(before)"
        self.page.wait_for_function(script, arg=[expression, before])
