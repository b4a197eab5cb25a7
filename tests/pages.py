"""The documentation's pages, and what of them can be run: configs, files and commands with their output."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.toys import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:^<!-- (?P<how>\w+: [^\n]*?) -->\n)?"
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]*)\")?\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"[-+]?\d[\d,.]*(e[-+]?\d+)?")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    title: the name of the file that it shows; empty for none.
    how: what the comment above it tells the tests: `short: ARGUMENTS` for commands that train for long,
        `status: 1` for commands that fail. Readers do not see it.
    """

    language: str
    title: str
    how: str
    text: str

    @property
    def short(self) -> list[str]:
        """Arguments that make a training short."""
        return self.how.removeprefix("short: ").split() if self.how.startswith("short: ") else []

    @property
    def status(self) -> int:
        """The exit status that the commands have."""
        return int(self.how.removeprefix("status: ")) if self.how.startswith("status: ") else 0

    def commands(self) -> list[tuple[str, list[str]]]:
        """Each command of a console block, and the lines that the page shows below it."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        assert not parts[0], f"output without a command: {self.text}"
        return [(part.splitlines()[0], part.splitlines()[1:]) for part in parts[1:]]


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    return [
        Block(found["language"], found["title"] or "", found["how"] or "", found["text"])
        for found in BLOCK.finditer(page.read_text())
    ]


def in_kind(line: str) -> str:
    """A line of output with all numbers the same, and one blank between words."""
    return " ".join(NUMBER.sub("#", line).split())


def name(page: Path) -> str:
    """A page's path, for the names of tests."""
    return str(page.relative_to(ROOT))
