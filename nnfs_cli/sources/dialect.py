"""How a CSV file is written."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
GAPS = (
    *("NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "None", "NULL", "null"),
    *("NaN", "nan", "-NaN", "-nan", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"),
)
"""The texts that pandas takes for missing values, besides the empty one."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    decimal: the decimal point.
    thousands: the character between groups of digits, or "".
    na_values: the texts that are missing values, besides the empty one.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    na_values: tuple[str, ...] = GAPS


def dialect_of(options: Mapping[str, Any]) -> Dialect:
    """The dialect that a dataset's options name, with defaults for those that are null or not there."""
    named = {field.name: options.get(field.name) for field in fields(Dialect)}
    if named["na_values"] is not None:
        named["na_values"] = tuple(named["na_values"])
    return Dialect(**{name: value for name, value in named.items() if value is not None})


def is_delimiter(text: str) -> bool:
    """Whether a text can stand between values."""
    return len(text) == 1 and text not in '"\r\n\0'


def is_mark(text: str) -> bool:
    """Whether a text can stand between groups of digits."""
    return len(text) == 1 and not text.isalnum() and text not in '"\r\n\0+-'


def delimiter_name(delimiter: str) -> str:
    """A delimiter in words: `a comma`."""
    return DELIMITERS.get(delimiter, repr(delimiter))
