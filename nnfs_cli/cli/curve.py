"""A small curve of the loss for the terminal, drawn by plotille in letters of Braille dots."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from nnfs_cli.core.errors import counted
from nnfs_cli.training.reports import EpochReport, Report, StepReport, format_score

if TYPE_CHECKING:  # no other command needs it
    from plotille import Canvas

MOST_POINTS = 400
"""The most points that a series keeps. Of more, it keeps every second, then every fourth, ..."""

HEIGHT, LEAST_WIDTH, MOST_WIDTH = 7, 44, 100
"""Lines of the curve itself, and the columns of the whole: with fewer it is not drawn.

The least is as wide as the longest heading.
"""

LARGEST = 1e300
"""Below it the width of an axis is finite; above one by it, the width of a dot is not 0."""

MOST_DIGITS = 7
"""Of a number at the axis; a float32 has no more."""

SAME = 1e-5
"""Losses that differ by less of their size are drawn as a constant."""

TRAIN, VALIDATION = "blue", "yellow"
LETTERS = "⣿┤│└─"
"""What a screen must be able to spell."""

MARK, MARKS = "o", 20
"""Stands for validation where there is no color, and about how often."""


class Series:
    """Points (x, y) over x, thinned evenly where they are many."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []
        self._last: tuple[float, float] | None = None
        self._seen, self._stride = 0, 1

    def append(self, x: float, y: float) -> None:
        """Add a point. One that cannot be drawn, as of an infinite loss, is left out."""
        if not abs(y) < LARGEST:
            return
        if self._seen % self._stride == 0:
            self.points.append((x, y))
        self._seen += 1
        self._last = (x, y)
        if len(self.points) > MOST_POINTS:
            del self.points[1::2]
            self._stride *= 2

    def __iter__(self) -> Iterator[tuple[float, float]]:
        yield from self.points
        if self._last is not None and self.points[-1] != self._last:
            yield self._last

    def __len__(self) -> int:
        return len(self.points)


class LossCurve:
    """The loss over epochs: in training of each epoch, or of steps before there are two; in validation.

    An epoch's training loss is the mean over its steps, so it stands at the epoch's middle. Its validation
    loss is that of its end.
    """

    def __init__(self, steps_per_epoch: int) -> None:
        self._steps_per_epoch = steps_per_epoch
        self._steps, self._epochs, self._validation = Series(), Series(), Series()

    def add(self, report: Report) -> None:
        """Take what a report says of the loss."""
        if isinstance(report, EpochReport):
            self._epochs.append(report.epoch - 0.5, report.train["loss"])
            if "loss" in report.validation:
                self._validation.append(report.epoch, report.validation["loss"])
        elif isinstance(report, StepReport) and len(self._epochs) < 2:
            self._steps.append(report.step / self._steps_per_epoch, report.loss)

    def text(self, width: int, *, color: bool) -> Text:
        """The curve in so many columns; an empty text where there is no room, or nothing to show yet.

        color: else validation is marked by letters.
        """
        from plotille import Canvas

        train = list(self._epochs if len(self._epochs) > 1 else self._steps)
        validation = list(self._validation)
        if len(train) < 2 or width < LEAST_WIDTH:
            return Text()
        losses = [y for _, y in [*train, *validation]]
        log = min(losses) > 0 and max(losses) > 10 * min(losses)
        low, high = _limits([math.log10(y) for y in losses] if log else losses)
        labels = _labels([10**y if log else y for y in (high, (low + high) / 2, low)])
        margin = max(map(len, labels))
        columns = min(width, MOST_WIDTH) - margin - 2
        first, last = math.floor(train[0][0]), math.ceil(max([*train, *validation])[0])
        # plotille counts dots from the left and lower edge, and leaves out what lies on the others
        right = first + (last - first) * (2 * columns) / (2 * columns - 1)
        top = low + (high - low) * (4 * HEIGHT) / (4 * HEIGHT - 1)
        canvas = Canvas(columns, HEIGHT, first, low, right, top, mode="names")
        for points, ink, mark in ((train, TRAIN, None), (validation, VALIDATION, None if color else MARK)):
            _draw(canvas, [(x, math.log10(y) if log else y) for x, y in points], ink if color else None, mark)
        text = self._heading(log=log, color=color)
        rows = dict(zip((0, HEIGHT // 2, HEIGHT - 1), labels, strict=True))
        for i, line in enumerate(canvas.plot().split("\n")):
            text.append(f"\n{rows.get(i, ''):>{margin}} {'┤' if i in rows else '│'}")
            text.append_text(Text.from_ansi(line))
        axis = f"{first}{counted(last, 'epoch'):>{columns - len(str(first))}}"
        text.append(f"\n{'':>{margin}} └{'─' * columns}\n{'':>{margin + 2}}{axis}")
        return text

    def _heading(self, *, log: bool, color: bool) -> Text:
        text = Text("loss (log)" if log else "loss")
        text.append("   ── ", TRAIN if color else "")
        text.append("training" if len(self._epochs) > 1 else "logged steps")
        if self._validation:
            text.append("   ── " if color else f"   {MARK} ", VALIDATION if color else "")
            text.append("validation")
        return text


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """The ends of the axis; around a constant there is a margin."""
    low, high = min(values), max(values)
    size = max(abs(low), abs(high))
    if high - low > max(SAME * size, 1 / LARGEST):
        return low, high
    margin = size * 0.1 if size > 1 / LARGEST else 1.0
    return low - margin, high + margin


def _labels(losses: Sequence[float]) -> list[str]:
    """The numbers with three digits, or as many more as tell them apart."""
    for digits in range(3, MOST_DIGITS):
        labels = [format_score(loss, digits) for loss in losses]
        if len(set(labels)) == len(losses):
            return labels
    return [format_score(loss, MOST_DIGITS) for loss in losses]


def _draw(canvas: "Canvas", points: Sequence[tuple[float, float]], ink: str | None, mark: str | None) -> None:
    """Lines between points; or only marks, where a line could not be told from another."""
    if mark or len(points) == 1:
        for x, y in points[:: max(len(points) // MARKS, 1)]:
            canvas.point(x, y, color=ink, marker=mark)
        return
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        canvas.line(x0, y0, x1, y1, color=ink)
