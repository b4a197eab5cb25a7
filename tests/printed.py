"""Reads the numbers in a printed explanation back, each with its name and its number of decimals."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

HEAD = re.compile(r"(?:^ {4}|(?<= {3}))(\S(?:(?:(?!  ).)*?\S)??) = (?=\[|-?\d|-?inf|nan)")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?")


class Printed(NamedTuple):
    """name: what stands left of `=`.   rows: of the matrix, as printed; `...` where numbers are left out.

    summary: the line below it, or what follows a single number.
    """

    name: str
    rows: list[list[str]]
    summary: str


def blocks(text: str) -> Iterator[Printed]:
    """All arrays and numbers of an explanation with numbers, in order."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        heads = list(HEAD.finditer(line)) if line.startswith("    ") else []
        for head, after in zip(heads, [*heads[1:], None], strict=False):
            start = head.end()
            end = after.start() if after else len(line)
            if line[start] != "[":
                value, _, rest = line[start:end].partition(" ")
                yield Printed(head[1], [[value.rstrip(",.")]], rest.strip())
                continue
            rows, said = [line[start:]], ""
            for below in lines[i + 1 :]:
                if not is_blank(below, start):
                    break
                if below[start] == "[":
                    rows.append(below[start:])
                else:
                    said += f" {below[start:].partition('   ')[0]}"
            cells = [row[1:].partition("]")[0].split() for row in rows]
            yield Printed(head[1], cells, said.strip())


def is_blank(line: str, start: int) -> bool:
    """Whether a block's next line, of which `start` is the column, has no name of its own."""
    return line[start - 3 : start] == "   " and line[start : start + 1] != " "


def agrees(shown: str, exact: float) -> bool:
    """Whether a printed number is the exact one, rounded to its last digit."""
    digits, _, power = shown.partition("e")
    decimals = len(digits.partition(".")[2])
    unit = 10.0 ** (int(power or 0) - decimals)
    return abs(float(shown) - exact) <= 0.5 * unit * (1 + 1e-6) + 1e-9 * abs(exact)


def check(printed: Printed, exact: npt.ArrayLike) -> int:
    """Raise AssertionError unless each printed number is right; how many there are."""
    x = np.asarray(exact, np.float64)
    if printed.summary.startswith("everywhere"):
        assert agrees(printed.rows[0][0], x.flat[0]), printed
        assert (x == x.flat[0]).all(), printed
        return 1
    matrix = np.atleast_2d(x)
    rows = _places(matrix.shape[0], [row[0] if {*row} == {"..."} else "" for row in printed.rows])
    columns = _places(matrix.shape[1], next(row for row in printed.rows if {*row} != {"..."}))
    assert len(printed.rows) == len(rows), (printed, x.shape)
    count = 0
    for i, row in zip(rows, printed.rows, strict=True):
        assert len(row) == len(columns), (printed, x.shape)
        for j, text in zip(columns, row, strict=True):
            if text == "...":
                assert -1 in (i, j)
                continue
            assert agrees(text, matrix[i, j]), (printed.name, text, matrix[i, j])
            count += 1
    is_cut = -1 in rows or -1 in columns
    assert printed.summary.startswith("norm") == is_cut, printed
    if is_cut:
        found = NUMBER.findall(printed.summary.replace(",", "").removesuffix("are 0"))
        facts = [np.sqrt((x**2).sum()), x.min(), x.max(), (x == 0).sum(), x.size]
        assert len(found) in (3, 5), printed
        for text, fact in zip(found, facts, strict=False):
            assert agrees(text, fact), (printed, fact)
        count += len(found)
    return count


def _places(size: int, texts: Sequence[str]) -> list[int]:
    """The places along an axis that are printed; -1 for the gap."""
    if "..." not in texts:
        return list(range(size))
    return [*range(texts.index("...")), -1, size - 1]
