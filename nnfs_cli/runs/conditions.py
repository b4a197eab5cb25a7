"""Conditions on a run's facts, `optimizer.type=adam`, `val_accuracy>0.9`, and the order by a fact."""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.runs.facts import Facts, canonical, is_known, value_of

EXPRESSION = re.compile(r"\s*([^=<>!]+?)\s*(==|!=|<=|>=|=|<|>)\s*(?![=<>]|!=)(.*?)\s*", re.DOTALL)
DIGITS = re.compile(r"([0-9]+)")
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """A condition `name sign value`.

    Equal are equal values, and texts that fit a pattern with `*` or `?`; of a list, one value is enough.
    `null` is what a run does not have. `!=` holds wherever `=` does not. Numbers have an order, and texts, in
    which numbers count as such: 3.9 is before 3.10.
    """

    name: str
    sign: str
    text: str
    value: Any

    @classmethod
    def parse(cls, expression: str) -> "Condition":
        """The condition of a text. NnfsError if it is none."""
        found = EXPRESSION.fullmatch(expression)
        if not found or (found[2] in ORDERS and not found[3]):
            raise NnfsError(
                f"--where {expression!r}: must look like optimizer.type=adam or val_accuracy>0.9, "
                f"with one of = != < <= > >="
            )
        from nnfs_cli.config.dialect import value_or_text  # imported here: most lists need no YAML

        name, sign, text = found.groups()
        return cls(canonical(name), sign.replace("==", "="), text, value_or_text(text))

    def holds(self, facts: Facts) -> bool:
        """Whether it holds for a run."""
        values = _values(facts, self.name)
        if self.sign in ("=", "!="):
            return any(map(self._equals, values or [None])) == (self.sign == "=")
        return any(self._is_in_order(each) for each in values)

    def refuse_other_kind(self, runs: Sequence[Facts]) -> None:
        """Raise NnfsError if this is about an order, and no run's value can have one with the condition's."""
        found = [value for facts in runs for value in _values(facts, self.name)]
        if self.sign in ORDERS and found and not any(map(self._has_order, found)):
            kind = "a number" if any(map(_is_number, found)) else "true or false, which have no order"
            raise NnfsError(
                f"--where '{self.name}{self.sign}{self.text}': {self.name} is {kind}, found {self.text!r}"
            )

    def _equals(self, found: Any) -> bool:
        if _is_nothing(found):
            return _is_nothing(self.value)
        if isinstance(found, str):
            has_pattern = "*" in self.text or "?" in self.text
            return found in (self.text, self.value) or (has_pattern and fnmatchcase(found, self.text))
        if isinstance(found, bool) or isinstance(self.value, bool):
            return found is self.value
        return bool(found == self.value)

    def _has_order(self, found: Any) -> bool:
        return isinstance(found, str) or (_is_number(found) and _is_number(self.value))

    def _is_in_order(self, found: Any) -> bool:
        if not self._has_order(found):
            return False
        both = (_natural(found), _natural(self.text)) if isinstance(found, str) else (found, self.value)
        return ORDERS[self.sign](*both)


def refuse_unknown(option: str, names: Iterable[str], runs: Sequence[Facts]) -> None:
    """Raise NnfsError for a name that no run has a value of, with the nearest one."""
    for name in names:
        if runs and not any(is_known(facts, name) for facts in runs):
            known = {each for facts in runs for each in facts}
            raise NnfsError(f"{option}: no run here has {name!r}{did_you_mean(name, known)}")


def ordered(facts: Sequence[Facts], name: str, *, descending: bool) -> list[int]:
    """The places of runs by a fact: numbers before texts. Those without it are last, in any direction."""
    keys = [_key(value_of(each, name)) for each in facts]
    there = [place for place, key in enumerate(keys) if key is not None]
    missing = [place for place, key in enumerate(keys) if key is None]
    return sorted(there, key=lambda place: keys[place] or (), reverse=descending) + missing


def _key(value: Any) -> tuple[Any, ...] | None:
    if _is_nothing(value):
        return None
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return (0, float(value)) if isinstance(value, int | float) else (1, _natural(value))


def _natural(text: str) -> list[Any]:
    """What texts are ordered by: each run of digits in them counts as a number."""
    parts: list[Any] = DIGITS.split(text)
    parts[1::2] = ((len(digits), digits) for digits in (part.lstrip("0") for part in parts[1::2]))
    return parts


def _values(facts: Facts, name: str) -> list[Any]:
    """The values of a fact: several of a list, none where there is nothing."""
    found = value_of(facts, name)
    values = found if isinstance(found, list) else [found]
    return [value for value in values if not _is_nothing(value)]


def _is_nothing(value: object) -> bool:
    """Whether a value stands for none: an empty note, no tags."""
    return value is None or value in ("", [])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
