"""Numbers as files spell them, and texts that look like numbers."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.table import MISSING

if TYPE_CHECKING:
    import pandas as pd

EXACT = 2**53
"""Integers below this size are exact in float64. Of larger ones, several may become the same number."""
INTEGER = re.compile(r"[+-]?[0-9]+")
PLAIN_INTEGER = re.compile(r"0|-?[1-9][0-9]*")


class NumberSpelling:
    """How numbers are spelled in a dialect; pandas reads the same spellings."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        point, mark = re.escape(dialect.decimal), re.escape(dialect.thousands)
        groups = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|" if mark else ""
        number = rf"(?:{groups}[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+"
        self._pattern = re.compile(rf"[+-]?(?:(?:{number})(?:e[+-]?[0-9]+)?|inf(?:inity)?)", re.IGNORECASE)

    def standard(self, text: str) -> str | None:
        """A number's spelling in Python; None for a text that is no number."""
        text = text.strip(" \t\r\n\v\f")
        if not self._pattern.fullmatch(text):
            return None
        if self.dialect.thousands:
            text = text.replace(self.dialect.thousands, "")
        return text.replace(self.dialect.decimal, ".")


def is_exact(number: str) -> bool:
    """Whether a number in standard spelling is no integer that float64 may round."""
    digits = number.lstrip("+-0")
    return not INTEGER.fullmatch(number) or (len(digits) <= 16 and int(digits or 0) < EXACT)


def is_plain(number: str) -> bool:
    """Whether a number in standard spelling is no integer that is spelled in another way, such as 007."""
    return not INTEGER.fullmatch(number) or bool(PLAIN_INTEGER.fullmatch(number))


def as_numbers(
    column: "pd.Series[Any]", spelling: NumberSpelling, accepted: Callable[[str], bool]
) -> tuple[Array, Array]:
    """A column's numbers (R,), and which rows hold none that is `accepted`; both are false for gaps."""
    import pandas as pd

    codes, levels = pd.factorize(column)
    spelled = [spelling.standard(spell(level)) for level in levels]
    good = [text is not None and accepted(text) for text in spelled]
    values = np.array([float(text or 0.0) for text in spelled] + [np.nan])[codes]  # MISSING is -1: the last
    whole = all(INTEGER.fullmatch(text or "") for text in spelled) and (codes != MISSING).all()
    bad = ~np.array([*good, True])[codes]
    return values.astype(np.int64) if whole and not bad.any() else values, bad


def spell(value: object) -> str:
    """A value as a text: 3 for 3.0, since a column of integers with gaps may hold floats; bytes are UTF-8."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return str(int(value)) if isinstance(value, float | np.floating) and value.is_integer() else str(value)
