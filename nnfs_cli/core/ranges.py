"""Ranges in the types of options, as in `units: PositiveInt`: how they are checked and put into words."""

import operator
from collections.abc import Callable
from dataclasses import dataclass, fields
from numbers import Integral, Real
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from annotated_types import Ge, Gt, Interval, Le, Len, Lt, MaxLen, MinLen

PositiveInt: TypeAlias = Annotated[int, Ge(1)]
NonNegativeInt: TypeAlias = Annotated[int, Ge(0)]
PositiveFloat: TypeAlias = Annotated[float, Gt(0)]
NonNegativeFloat: TypeAlias = Annotated[float, Ge(0)]
Fraction: TypeAlias = Annotated[float, Ge(0), Lt(1)]
"""From 0 to below 1, as a dropout rate or a decay."""


@dataclass(frozen=True)
class Expected:
    """The words for a range in messages, where those made from the bounds would be clumsy."""

    text: str


BOUNDS: dict[type, tuple[Callable[[Any, Any], bool], str]] = {
    Gt: (operator.gt, "above"),
    Ge: (operator.ge, "at least"),
    Lt: (operator.lt, "below"),
    Le: (operator.le, "at most"),
    MinLen: (lambda value, limit: len(value) >= limit, "length at least"),
    MaxLen: (lambda value, limit: len(value) <= limit, "length at most"),
}
"""For each kind of bound: whether a value is within it, and the words before its limit."""

NUMBERS: dict[Any, type] = {int: Integral, float: Real}
"""The types of values that an int or float option takes, NumPy's numbers included."""


def fits(annotation: Any, value: object) -> bool:
    """Whether a value has the type that the annotation gives, and is within its bounds."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        # The type is checked first, since a bound can only be compared with values of that type.
        return fits(inner[0], value) and all(
            BOUNDS[kind][0](value, limit) for kind, limit in _bounds(annotation)
        )
    if origin in (Union, UnionType):
        return any(fits(each, value) for each in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple and isinstance(value, tuple | list):
        items = inner[:1] * len(value) if Ellipsis in inner else inner
        return len(value) == len(items) and all(map(fits, items, value))
    return annotation is Any or isinstance(value, NUMBERS.get(annotation, origin or annotation))


def bare(annotation: Any) -> Any:
    """A type without the bounds around it."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def expected(annotation: Any) -> str:
    """The words for a type with bounds: `a positive integer`, `at least 0 and below 1`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        texts = [each.text for each in inner if isinstance(each, Expected)]
        return texts[-1] if texts else _number(inner[0], limits(annotation))
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin in (Union, UnionType):
        return " or ".join(filter(None, map(expected, inner)))
    if origin is tuple and limits(annotation):
        return _number(bare(inner[0]), limits(annotation), plural=True)
    return ""


def limits(annotation: Any) -> str:
    """The words for the bounds of a type's numbers and length: `at least 0 and below 1`; or an empty text."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return limits(inner[0])
    if origin is not Annotated:
        return ""
    bounds = _bounds(annotation)
    own = " and ".join(f"{BOUNDS[kind][1]} {limit}" for kind, limit in bounds)
    kinds = [kind for kind, _ in bounds]
    if kinds in ([Ge, Le], [MinLen, MaxLen]):
        (_, low), (_, high) = bounds
        own = f"from {low} to {high}" if kinds == [Ge, Le] else f"length from {low} to {high}"
    return ", ".join(filter(None, (limits(inner[0]), own)))


def _bounds(annotation: Any) -> list[tuple[type, Any]]:
    """The kinds of bounds of an Annotated type, with their limits."""
    bounds: list[Any] = []
    for metadata in get_args(annotation)[1:]:
        bounds += metadata if isinstance(metadata, Interval | Len) else [metadata]
    # Each kind of bound is a dataclass of one field, its limit.
    return [(type(each), getattr(each, fields(each)[0].name)) for each in bounds if type(each) in BOUNDS]


def _number(kind: Any, within: str, *, plural: bool = False) -> str:
    """`a positive integer`, `integers of at least 0`; for a real number between two bounds, only these."""
    has_two = " and " in within or within.startswith("from ")
    if kind not in NUMBERS or (kind is float and has_two and not plural):
        return within
    noun = f"{'integer' if kind is int else 'number'}{'s' * plural}"
    words = f"{noun} of {within}" if within.startswith("at ") else f"{noun} {within}"
    if within == "above 0" or (kind is int and within == "at least 1"):
        words = f"positive {noun}"
    return words if plural else f"an {words}" if words.startswith("integer") else f"a {words}"
