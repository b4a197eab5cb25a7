"""The screen: the one place where the command line prints, so that every text and table is fit to be shown.

Names never act: control characters are spelled out, and square brackets are letters. In a terminal, prose is
wrapped between words; elsewhere a sentence stays a line. A table leaves out columns rather than cut them.
"""

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from rich.box import HEAVY_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment, Segments
from rich.table import Table as RichTable
from rich.text import Text

from nnfs_cli.core.spelling import ACTING, printable, printable_name

PIPED_WIDTH = 140
"""Width of the output in characters, if it does not go to a terminal, and COLUMNS does not give one."""

NAME_WIDTH, NARROW_NAME = 24, 8
"""How narrow a column of names is made before another column is left out, and before rows are lists."""
NUMBER = re.compile(r"[\[(]?[-+]?\.?\d[\d.,]*(e[-+]?\d+)?[\]),;]*")

LONG = 200
"""Rows of a table from which on rich's own way of drawing it takes noticeable time."""


class Screen(Console):
    """A console for texts that are no markup. `options` are rich's."""

    def __init__(self, **options: Any) -> None:
        plain: Any = {"highlight": False, "emoji": False, "markup": False}
        if os.environ.get("NO_COLOR"):
            plain["color_system"] = None  # then no control sequence is written
        super().__init__(**plain, **options)
        if not (self.is_tty or "COLUMNS" in os.environ or "width" in options):
            self.width = PIPED_WIDTH
        elif self.is_dumb_terminal and "width" not in options:
            self.size = ConsoleDimensions(*shutil.get_terminal_size())  # rich takes it to be 80 wide

    @property
    def is_tty(self) -> bool:
        """Whether a person reads along: `is_terminal` is also true where colors are only wanted in a file."""
        return self.file.isatty()

    @property
    def is_live(self) -> bool:
        """Whether what was printed can be overwritten, as by a progress bar."""
        return self.is_tty and self.is_terminal and self.color_system is not None and "CI" not in os.environ

    def spell(self, text: str) -> str:
        """The text with escapes for letters that the stream's encoding does not have."""
        if text.isascii():  # every encoding has these
            return text
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich writes, in which no text acts: whatever is printed, and however, comes through here."""
        for segment in super().render(renderable, options):
            is_text = not segment.control and ACTING.search(segment.text)
            yield Segment(printable(segment.text), segment.style) if is_text else segment

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, but a text as it is, wrapped between words in a terminal alone."""
        if not all(isinstance(each, str) for each in objects):
            return super().print(*objects, **options)
        lines = [self.spell(printable(each)) for each in objects]
        if self.is_tty and not options.get("soft_wrap"):
            lines = [wrap(line, self.width) for text in lines for line in text.split("\n")]
        text = "\n".join(lines) + options.pop("end", "\n")
        return super().print(Segments([Segment(text)]), **{**options, "soft_wrap": True})


def wrap(line: str, width: int) -> str:
    """A line, broken between words and indented as it is; a long word, such as a path, stays whole.

    width: in cells, of which a letter such as \u732b takes two.
    """
    indent = line[: len(line) - len(line.lstrip())]
    lines = [""]
    for word in re.findall(r"\s*\S+", line.rstrip()):  # blanks at the end would take quadratic time
        if lines[-1] and cell_len(lines[-1] + word) > width:
            lines.append(indent + word.lstrip())
        else:
            lines[-1] += word
    return "\n".join(lines)


Justify: TypeAlias = Literal["left", "right"]


@dataclass(frozen=True)
class Heading:
    """A column. `drop`: columns with the highest number are left out first; those with 0 never."""

    text: str
    justify: Justify
    drop: int
    style: str


class Table:
    """A table of texts for standard output. One that is too wide leaves out columns, and says which.

    Numbers are never broken; names stand at the left and are, where they must. Without room even so, each row
    is a list.
    """

    def __init__(self, title: str = "", *, lines: bool = True) -> None:
        self._title, self._lines = out.spell(printable(title)), lines
        self._headings: list[Heading] = []
        self._rows: list[list[str | Text]] = []
        self._widest: list[int] = []
        self._sections: set[int] = set()
        self._longest: dict[int, int] = {}

    def add_column(
        self, text: str = "", *, justify: Justify = "left", drop: int = 0, style: str = ""
    ) -> None:
        heading = Heading(out.spell(printable_name(text)), justify, drop, style)
        self._headings.append(heading)
        self._widest.append(cell_len(heading.text))

    def add_row(self, *cells: str | Text) -> None:
        """A row; a Text is shown with its style, and may have several lines."""
        row: list[str | Text] = [
            Text(out.spell(printable(cell.plain)), cell.style)
            if isinstance(cell, Text)
            else out.spell(printable_name(cell))
            for cell in cells
        ]
        self._rows.append(row)
        self._longest.clear()
        self._widest = [
            max(widest, *map(cell_len, cell.plain.split("\n") if isinstance(cell, Text) else (cell,)))
            for widest, cell in zip(self._widest, row, strict=True)
        ]

    def add_section(self) -> None:
        """Draw a line below the rows so far."""
        self._sections.add(len(self._rows))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._title:
            yield Text(self._title, "bold")  # rich would wrap it at the table's width
        kept, fits = self._kept(options.max_width)
        if not fits and self._lines:
            yield Text("\n\n".join(self._as_list(row, options.max_width) for row in self._rows))
            return
        lines = self._by_line(console, kept, options.max_width)
        if lines:
            yield from lines
        else:
            yield self._by_rich(kept, fits, options.max_width)
        left_out = [heading.text for k, heading in enumerate(self._headings) if k not in kept]
        if left_out:
            yield Text(f"{options.max_width} columns have no room for: {', '.join(left_out)}", "dim")

    def _by_line(self, console: Console, kept: Sequence[int], width: int) -> list[Segment]:
        """A long table of plain cells, as rich draws it but in a fraction of the time; else nothing."""
        rows = [[row[k] for k in kept] for row in self._rows]
        if len(rows) < LONG or not self._lines or self._sections or not _are_plain(self._headings, rows):
            return []
        if console.options.ascii_only or console.legacy_windows:  # rich draws other lines there
            return []
        columns = [[self._headings[k].text, *(str(row[i]) for row in rows)] for i, k in enumerate(kept)]
        widths = [self._widest[k] for k in kept]
        if sum(widths) + 3 * len(kept) + 1 > width or any(
            "\n" in text for column in columns for text in column
        ):
            return []
        filled = []
        for k, column, wide in zip(kept, columns, widths, strict=True):
            pads = [(text, " " * (wide - cell_len(text))) for text in column]
            right = self._headings[k].justify == "right"
            filled.append([pad + text if right else text + pad for text, pad in pads])
        heading, *body = zip(*filled, strict=True)
        box, cells, bold = HEAVY_HEAD, [wide + 2 for wide in widths], console.get_style("table.header")
        names = [part for text in heading for part in (Segment(f" {text} ", bold), Segment("┃"))]
        lines = [
            box.get_row(cells, "head"),
            *(f"│ {' │ '.join(row)} │" for row in body),
            box.get_bottom(cells),
        ]
        # One segment a line: rich cuts lines off a segment's front, and copies the rest each time.
        return [
            Segment(f"{box.get_top(cells)}\n┃"),
            *names,
            Segment("\n"),
            *(Segment(f"{line}\n") for line in lines),
        ]

    def _as_list(self, row: Sequence[str | Text], width: int) -> str:
        """A row as a line for each of its cells, behind its heading."""
        pairs = zip((heading.text for heading in self._headings), map(str, row), strict=True)
        texts = (f"{heading}: {' '.join(cell.split())}" if heading else cell for heading, cell in pairs)
        return "\n".join(wrap(text, width) for text in texts)

    def _by_rich(self, kept: Sequence[int], fits: bool, width: int) -> RichTable:
        table = RichTable(
            box=HEAVY_HEAD if self._lines else None,
            show_header=self._lines,
            pad_edge=self._lines or bool(self._title),  # what stands below a title is indented
        )
        names = max(self._widest, default=1)
        while names > 1 and self._least_width(kept, names) > width:
            names -= 1
        for k in kept:
            heading = self._headings[k]
            table.add_column(
                Text(heading.text),
                justify=heading.justify,
                style=heading.style,
                no_wrap=fits and heading.justify == "right",
                overflow="fold",
                max_width=max(self._least(k, names), 1) if self._lines else None,
            )
        for i, row in enumerate(self._rows):
            table.add_row(*(_text(row[k]) for k in kept), end_section=i + 1 in self._sections)
        return table

    def fits(self, width: int) -> bool:
        """Whether there is room for all columns."""
        return self._least_width(range(len(self._headings)), NAME_WIDTH) <= width

    def _kept(self, width: int) -> tuple[list[int], bool]:
        """The columns that have room, and whether these do without a break in a number."""
        kept = list(range(len(self._headings)))
        while self._least_width(kept, NAME_WIDTH) > width:
            droppable = [k for k in kept if self._headings[k].drop]
            if not droppable:
                break
            kept.remove(max(droppable, key=lambda k: self._headings[k].drop))
        return kept, self._least_width(kept, NARROW_NAME) <= width

    def _least_width(self, columns: Iterable[int], names: int) -> int:
        """The width of some columns, if those of names are at most `names` wide."""
        return (1 if self._lines else 0) + sum(self._least(k, names) + 3 for k in columns)

    def _least(self, k: int, names: int) -> int:
        """A column's width: of names `names` at most, but never less than its longest number."""
        widest = self._widest[k]
        if self._headings[k].justify == "right" or widest <= names:
            return widest
        if k not in self._longest:
            words = {word for row in self._rows for word in str(row[k]).split()}
            self._longest[k] = max((len(word) for word in words if NUMBER.fullmatch(word)), default=0)
        return max(names, self._longest[k])


def _are_plain(headings: Iterable[Heading], rows: Iterable[Iterable[str | Text]]) -> bool:
    """Whether nothing in a table has a style."""
    return not any(heading.style for heading in headings) and all(
        isinstance(c, str) for row in rows for c in row
    )


def _text(cell: str | Text) -> Text:
    return Text(cell) if isinstance(cell, str) else cell


def beside(left: RenderableType, right: RenderableType, width: int) -> RenderableType:
    """Two things side by side; the left one has so many columns."""
    grid = RichTable.grid()
    grid.add_column(width=width)
    grid.add_row(left, right)
    return grid


out = Screen()
err = Screen(stderr=True)
