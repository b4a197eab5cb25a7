"""How numbers are shown: all of an array where they are few, else its corner, its norm and its range."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array

MOST = 8
"""Rows, and columns, up to which all numbers of an array are shown."""
CORNER = 3
DIGITS = 5
CUT = "..."
EVERYWHERE = "everywhere"
LABEL = 16
"""Letters of a column's name that are shown at most."""


@dataclass(frozen=True)
class Shown:
    """An array's numbers as texts.

    rows: of the matrix, `...` where some are left out; a single number is one row of one.
    where: which part of an array of more than two axes the matrix is, such as `[0, 0]`.
    summary: of all the numbers, if some are left out.
    labels: the names of the columns that are shown, if they have names.
    """

    rows: tuple[tuple[str, ...], ...]
    where: str = ""
    summary: str = ""
    labels: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        return len(self.rows) == 1 and len(self.rows[0]) == 1


def shown(array: Array, labels: Sequence[str] = (), columns: int = MOST) -> Shown:
    """An array of any number of axes, to be read. A vector is one row.

    columns: how many are shown at most; with fewer, the corner is smaller.
    """
    x = np.asarray(array)
    if x.size > MOST and (x == x.flat[0]).all():
        return Shown(((number(float(x.flat[0])),),), summary=EVERYWHERE)
    where = [0] * max(x.ndim - 2, 0)
    matrix = np.atleast_2d(x[tuple(where)])
    down, along = _kept(matrix.shape[0], MOST), _kept(matrix.shape[1], columns)
    texts = iter(texts_of(matrix[np.ix_(_places(down), _places(along))]))
    lines = [[next(texts) if j >= 0 else CUT for j in along] if i >= 0 else [] for i in down]
    is_cut = -1 in down or -1 in along or bool(where)
    return Shown(
        tuple(tuple(line or [CUT] * len(along)) for line in lines),
        str(where) if where else "",
        summary(x) if is_cut else "",
        tuple(_short(labels[j]) if j >= 0 else CUT for j in along) if len(labels) == matrix.shape[1] else (),
    )


def summary(x: Array) -> str:
    """`norm 3.21, from -0.5 to 1`, and how many are zero; of class numbers only their range."""
    low, high = texts_of(np.array([x.min(), x.max()]))
    if x.dtype.kind != "f":
        return f"from {low} to {high}"
    zeros = x.size - int(np.count_nonzero(x))
    sparse = f", {zeros:,} of {x.size:,} are 0" if zeros else ""
    return f"norm {number(norm(x))}, from {low} to {high}{sparse}"


def norm(x: Array) -> float:
    """The Euclidean norm of all numbers."""
    return float(np.sqrt(np.square(x, dtype=np.float64).sum()))


def number(value: float) -> str:
    """A single number."""
    return texts_of(np.array([value]))[0]


def texts_of(x: Array) -> list[str]:
    """All numbers, with as many decimals each: 5, more if all are small, fewer if one is large.

    Zeros at the end that all have are left out, unless one of them stands for a smaller number.
    """
    numbers = [float(each) for each in x.ravel()]
    largest = max((abs(each) for each in numbers if math.isfinite(each)), default=0.0)
    power = math.floor(math.log10(largest)) if largest else 0
    if largest and not -5 < power < 9:
        return [_signed(f"{each:.{DIGITS - 1}e}") if each else "0" for each in numbers]
    decimals = max(2 * DIGITS - 3 - power, 0) if power > 2 else max(DIGITS, DIGITS - 1 - power)
    texts = [_signed(f"{each:.{decimals}f}") for each in numbers]
    if any(each and not float(text) for each, text in zip(numbers, texts, strict=True)):
        return texts  # 0.00000 is small, 0 is nothing
    while decimals and all(text.endswith(("0", "n", "f")) for text in texts):
        decimals -= 1
        texts = [_signed(f"{each:.{decimals}f}") for each in numbers]
    return texts


def _signed(text: str) -> str:
    """Without the sign of a zero."""
    return text.lstrip("-") if not text.strip("-0.") else text


def _short(label: str) -> str:
    """A column's name, cut where it would make a number's column too wide."""
    return label if len(label) <= LABEL else label[: LABEL - len(CUT)] + CUT


def _kept(size: int, most: int) -> list[int]:
    """The places that are shown along an axis; -1 for the gap."""
    return list(range(size)) if size <= most else [*range(min(CORNER, most // 2)), -1, size - 1]


def _places(kept: list[int]) -> list[int]:
    return [place for place in kept if place >= 0]
