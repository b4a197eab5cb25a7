"""What differs between two configs: options by their keys, layers and other lists aligned first."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from nnfs_cli.config.dialect import dump_inline


class Absent:
    """What an option is in a config that does not have it."""

    def __repr__(self) -> str:
        return ""


ABSENT = Absent()


@dataclass(frozen=True)
class Change:
    """An option that differs: its dotted key, and its values, of which one may be ABSENT.

    Items of lists are counted as in the first config; `+layers[1]` is an item that only the second one has,
    counted as there.
    """

    key: str
    a: Any
    b: Any

    def to_json(self) -> dict[str, Any]:
        """key, a, b; a side that lacks the option is left out."""
        sides = {name: value for name, value in (("a", self.a), ("b", self.b)) if value is not ABSENT}
        return {"key": self.key, **sides}


def option_text(value: Any) -> str:
    """An option's value as YAML has it, in a line; an empty text if it is absent."""
    return "" if value is ABSENT else dump_inline(value).strip()


def option_changes(a: Any, b: Any, path: str = "") -> Iterator[Change]:
    """What differs between two configs, or parts of them, as plain YAML values."""
    if isinstance(a, Mapping) != isinstance(b, Mapping) and _kind(a) and _kind(b):
        a, b = _with_type(a), _with_type(b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in {**a, **b}:
            inner = f"{path}.{key}" if path else str(key)
            if key in a and key in b:
                yield from option_changes(a[key], b[key], inner)
            else:
                yield Change(inner, a.get(key, ABSENT), b.get(key, ABSENT))
    elif _has_parts(a) and _has_parts(b):
        for i, j in aligned(a, b):
            if i is None or j is None or _kind(a[i]) != _kind(b[j]):
                place = f"{path}[{i}]" if i is not None else f"+{path}[{j}]"
                yield Change(place, ABSENT if i is None else a[i], ABSENT if j is None else b[j])
            else:
                yield from option_changes(a[i], b[j], f"{path}[{i}]")
    elif a != b:
        yield Change(path, a, b)


def aligned(a: Sequence[Any], b: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    """Which items of two lists belong together, in order; None where one has no counterpart.

    Equal ones first, between them those of a type, between these whatever is there. So a layer that is put
    between others is one difference, and those above it are none.
    """
    return _aligned(a, b, range(len(a)), range(len(b)), (_exactly, _kind))


def _aligned(
    a: Sequence[Any], b: Sequence[Any], here: range, there: range, keys: Sequence[Any]
) -> list[tuple[int | None, int | None]]:
    if not keys or not here or not there:
        both = min(len(here), len(there))
        pairs: list[tuple[int | None, int | None]] = list(zip(here, there, strict=False))
        return pairs + [(i, None) for i in here[both:]] + [(None, j) for j in there[both:]]
    key, *rest = keys
    found: list[tuple[int | None, int | None]] = []
    matcher = SequenceMatcher(None, [key(a[i]) for i in here], [key(b[j]) for j in there])
    for tag, start, stop, first, last in matcher.get_opcodes():
        if tag == "equal":
            found += zip(here[start:stop], there[first:last], strict=True)
        else:
            found += _aligned(a, b, here[start:stop], there[first:last], rest)
    return found


def _exactly(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _kind(item: Any) -> str:
    """A component's type; an empty text for what is no component, or a list's text or number."""
    kind = item.get("type") if isinstance(item, Mapping) else item
    return kind if isinstance(kind, str) else ""


def _with_type(item: Any) -> Mapping[str, Any]:
    return item if isinstance(item, Mapping) else {"type": item}


def _has_parts(value: Any) -> bool:
    """Whether a value is a list of components or names; one of numbers is compared as a whole."""
    return isinstance(value, list) and all(_kind(item) for item in value)
