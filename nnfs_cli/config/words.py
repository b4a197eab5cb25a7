"""The types of options, in plain words."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nnfs_cli.core.ranges import bare

ONE = {
    int: "an integer",
    float: "a number",
    bool: "true or false",
    str: "text (in quotes, if it looks like a number)",
    NoneType: "null",
    Any: "any value",
}
WORDS = {
    "a valid integer": ONE[int],
    "a valid number": ONE[float],
    "a valid boolean": ONE[bool],
    "a valid string": ONE[str],
}
"""pydantic's words, and plainer ones."""

MANY = {int: "integers", float: "numbers", str: "texts"}
COUNTS = {2: "two", 3: "three", 4: "four"}


def alternatives(annotation: Any) -> list[Any]:
    """The types of a union, each with its bounds; any other type as a list of one."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return [one for each in inner for one in alternatives(each)]
    if origin is Annotated:
        return [Annotated[(one, *inner[1:])] for one in alternatives(inner[0])]
    return [annotation]


def choices(annotation: Any) -> list[str]:
    """The words that an option accepts: valid and same, of `Literal["valid", "same"] | int`."""
    literals = (each for each in alternatives(annotation) if get_origin(each) is Literal)
    return [word for each in literals for word in get_args(each) if isinstance(word, str)]


def is_choice(annotation: Any) -> bool:
    """Whether a value is one of several kinds or words, or a list of a certain length."""
    several = len(alternatives(annotation)) > 1 or bool(choices(annotation))
    return several or (get_origin(annotation) is tuple and Ellipsis not in get_args(annotation))


def in_words(annotation: Any) -> str:
    """A type in plain words, without its range: `an integer or a list of two integers`."""
    kinds = [bare(kind) for kind in alternatives(annotation)]
    spare = int if float in kinds else None  # every integer is a number
    *others, last = (word for kind in kinds if kind is not spare for word in _words(kind))
    return f"{', '.join(others)} or {last}" if others else last


def _words(annotation: Any) -> Iterator[str]:
    """The words for a single type; for a Literal, one for each value."""
    origin, inner = get_origin(annotation), [bare(each) for each in get_args(annotation)]
    if origin is Literal:
        yield from map(repr, inner)
    elif origin is tuple and inner[-1] is Ellipsis:
        yield f"a list of {MANY[inner[0]]}" if inner[0] in MANY else "a list"
    elif origin is tuple:
        items = MANY[inner[0]] if inner[0] in MANY and len(set(inner)) == 1 else "values"
        yield f"a list of {COUNTS.get(len(inner), len(inner))} {items}"
    elif origin is dict:
        yield f"a mapping of {in_words(inner[0])} to {in_words(inner[1])}"
    elif is_dataclass(annotation):
        yield f"a mapping of {' and '.join(field.name for field in fields(annotation))}"
    else:
        yield ONE.get(annotation, str(annotation))
