"""A training step as a picture for a slide: the equations forward on the left, backward on the right."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnfs_cli.core.files import named_by_user
from nnfs_cli.explain.numbers import number
from nnfs_cli.explain.records import Explanation
from nnfs_cli.plots.explanation_rows import Box, Line, Row, only_reshapes, row_of, slim
from nnfs_cli.plots.fonts import find_letters
from nnfs_cli.plots.library import FancyArrowPatch, Figure, FigureCanvasAgg, Rectangle
from nnfs_cli.plots.style import BLUE, DPI, GRAY, ORANGE, Picture, drawing, ink

WIDTH, HEIGHT = 40 / 3, 7.5
"""Inches of a slide of 16:9."""
TOP, BOTTOM, SIDE = 0.95, 0.8, 0.3
"""Inches around the boxes: for the title above them, and for the update below them."""
COLUMN_GAP, BANK_GAP, INSIDE = 0.2, 0.45, 0.1
UNIT = 10.0
"""The font size in which lines are measured, in points. What follows is in inches at this size."""
LEADING, PADDING, ROW_GAP, SMALL = 0.05, 0.05, 0.1, 0.75
LEAST, MOST = 9.0, 15.0
"""Font sizes of equations that can be read on a slide, and that are not too large."""
SHRUNK = 0.7
"""How small the longest equations may be written, in proportion to the others."""


def draw_explanation(explanation: Explanation, path: Path, form: str) -> None:
    """Write the picture as a file, `png` or `svg`."""
    figure = explanation_figure(explanation)
    with drawing(), named_by_user(path) as file:
        if form == "svg":
            figure.savefig(file, format=form, metadata={"Date": None})
        else:
            figure.savefig(file, format=form)


def explanation_figure(explanation: Explanation) -> Figure:
    """The picture, in as much detail as can be read on a slide. A very deep network makes it higher."""
    with drawing():
        ruler = _Ruler()
        for detail in (2, 1, 0):
            for banks in (1, 2):
                slide = _Slide(explanation, detail, banks, ruler)
                if slide.size >= LEAST:
                    return slide.draw()
        return _Slide(explanation, 0, 2, ruler, height=max(HEIGHT, slide.height_needed)).draw()


class _Ruler:
    """Measures lines. It remembers them, since parsing mathematics takes its time."""

    def __init__(self) -> None:
        self._figure = Picture(figsize=(WIDTH, HEIGHT), dpi=DPI)
        canvas: Any = FigureCanvasAgg(self._figure)
        self._renderer = canvas.get_renderer()
        self._measured: dict[Line, tuple[float, float]] = {}

    def extent(self, line: Line) -> tuple[float, float]:
        """Width and height of a line in inches, at the size UNIT."""
        if line not in self._measured:
            text = write(self._figure, 0, 0, line, UNIT)
            box = text.get_window_extent(self._renderer)
            text.remove()
            self._measured[line] = box.width / DPI, box.height / DPI
        return self._measured[line]


def write(figure: Figure, x: float, y: float, line: Line, size: float, **style: Any) -> Any:
    """A line in a figure, at x and y in inches."""
    text = f"${line.text}$" if line.is_math else line.text
    size = size * SMALL if line.is_small else size
    width, height = figure.get_size_inches()
    return figure.text(x / width, y / height, text, fontsize=size, parse_math=line.is_math, **style)


class _Slide:
    """The equations in some detail, and the size in which they fit.

    detail: 2 for all equations with shapes, 1 without most shapes, 0 for the most important equations alone.
    banks: the network may be folded: then its upper part is on the left, its lower part on the right.
    size: of the letters, in points.   height_needed: inches for letters that can be read.
    """

    def __init__(
        self, explanation: Explanation, detail: int, banks: int, ruler: _Ruler, height: float = HEIGHT
    ) -> None:
        self._explanation, self._height, self._extent = explanation, height, ruler.extent
        self._figure = Picture(figsize=(WIDTH, height), dpi=DPI)
        parts = [part for part in explanation.parts[::-1] if detail or not only_reshapes(part)]
        rows = [row_of(part, detail, has_numbers=explanation.has_numbers) for part in parts]
        each = math.ceil(len(rows) / banks)
        self._banks = [rows[start : start + each] for start in range(0, len(rows), each)]
        self._column = (WIDTH - 2 * SIDE - (banks - 1) * BANK_GAP - banks * COLUMN_GAP) / (2 * banks)
        widest = max(self._width(box) for row in rows for box in (row.forward, row.backward))
        tallest = max(sum(map(self._row_height, bank)) for bank in self._banks)
        by_width = UNIT * (self._column - 2 * INSIDE) / (SHRUNK * widest)
        self.size = min(by_width, UNIT * (height - TOP - BOTTOM) / tallest, MOST)
        self.height_needed = TOP + BOTTOM + tallest * min(LEAST, by_width) / UNIT

    def _width(self, box: Box) -> float:
        sides = (
            max((self._extent(line)[0] for line in lines), default=0.0) for lines in (box.lines, box.caption)
        )
        return sum(sides) + 0.15

    def _stack(self, lines: Sequence[Line]) -> float:
        return sum(self._extent(line)[1] + LEADING for line in lines) - LEADING

    def _row_height(self, row: Row) -> float:
        stacks = [box for side in (row.forward, row.backward) for box in (side.lines, side.caption)]
        return max(map(self._stack, stacks)) + 2 * PADDING + ROW_GAP

    def draw(self) -> Figure:
        """Draw it."""
        scale = self.size / UNIT
        for b, bank in enumerate(self._banks):
            left = SIDE + b * (2 * self._column + COLUMN_GAP + BANK_GAP)
            right = left + self._column + COLUMN_GAP
            for x, title, end, color in (
                (left, "forward: upward", "from", BLUE),
                (right, "backward: downward", "to", ORANGE),
            ):
                heading = Line(f"{title}, {end} the input" if b else title)
                self._text(x, self._height - TOP + 0.06, heading, 11, color=color, va="bottom", weight="bold")
            used = scale * sum(map(self._row_height, bank))
            gap = scale * ROW_GAP + min((self._height - TOP - BOTTOM - used) / len(bank), 0.15)
            top = self._height - TOP
            for row, next_row in zip(bank, [*bank[1:], None], strict=True):
                height = scale * (self._row_height(row) - ROW_GAP)
                for x, name, color in ((left, "forward", BLUE), (right, "backward", ORANGE)):
                    box = getattr(row, name)
                    if box.lines:
                        self._box(x, top, height, box, color, row.depth)
                    if next_row is not None and getattr(next_row, name).lines and box.lines:
                        ends = ((x + 0.3, top - height), (x + 0.3, top - height - gap))
                        self._arrow(*(ends[::-1] if name == "forward" else ends), color)
                top -= height + gap
        self._frame()
        find_letters(self._figure)
        return self._figure

    def _frame(self) -> None:
        """The title above the boxes; the update and what it costs below them."""
        explanation, room = self._explanation, WIDTH - 2 * SIDE
        title = Line(explanation.about[0].rstrip("."))
        self._fitted(SIDE, self._height - 0.33, title, 17, room - 2, weight="bold")
        short = Line("dz is short for ∂L/∂z")
        self._text(WIDTH - SIDE, self._height - 0.33, short, 10, color=GRAY, ha="right", va="center")
        rules = Line(r",\quad ".join(slim(rule.latex) for rule in explanation.rules), is_math=True)
        self._text(SIDE, 0.55, Line("update"), 11, weight="bold", va="center")
        self._fitted(SIDE + 0.85, 0.55, rules, 13, room - 0.85)
        sentences = [explanation.totals, explanation.descent]
        if explanation.has_numbers:
            before, after = number(explanation.loss), number(explanation.loss_after)
            sentences.append(f"loss {before}, after the step {after}")
        self._fitted(SIDE, 0.2, Line("; ".join(sentences)), 9.5, room, color=GRAY)

    def _box(self, x: float, top: float, height: float, box: Box, color: str, depth: int) -> None:
        corner = (x / WIDTH, (top - height) / self._height)
        shape = Rectangle(
            corner,
            self._column / WIDTH,
            height / self._height,
            transform=self._figure.transFigure,
            facecolor=color,
            alpha=0.10 + 0.07 * min(depth, 3),
            edgecolor="none",
        )
        self._figure.add_artist(shape)
        scale, middle = self.size / UNIT, top - height / 2
        caption = max((self._extent(line)[0] for line in box.caption), default=0.0) * scale
        room = self._column - 2 * INSIDE
        for lines, at, align in (
            (box.lines, x + INSIDE, "left"),
            (box.caption, x + self._column - INSIDE, "right"),
        ):
            y = middle + scale * self._stack(lines) / 2
            for line in lines:
                tall = scale * self._extent(line)[1]
                wide = room if align == "right" else room - caption - 0.2
                self._fitted(at, y - tall / 2, line, self.size, wide, ha=align, color=_color(line))
                y -= tall + scale * LEADING

    def _arrow(self, tail: tuple[float, float], head: tuple[float, float], color: str) -> None:
        ends = [(x / WIDTH, y / self._height) for x, y in (tail, head)]
        arrow = FancyArrowPatch(
            *ends,
            transform=self._figure.transFigure,
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=0,
            color=color,
        )
        self._figure.add_artist(arrow)

    def _fitted(self, x: float, y: float, line: Line, size: float, room: float, **style: Any) -> None:
        """A line centered at the height y, in a smaller size if it needs more inches than there are."""
        wide = self._extent(line)[0] * size / UNIT
        if wide > room:  # small letters are a little wider than their size says
            size *= 0.94 * room / wide
        self._text(x, y, line, size, va="center", **style)

    def _text(self, x: float, y: float, line: Line, size: float, **style: Any) -> None:
        write(self._figure, x, y, line, size, **style)


def _color(line: Line) -> str:
    return GRAY if line.is_small else ink()
