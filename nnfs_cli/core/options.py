"""Dataclasses of options. When one is made, every option is checked against the range of its type."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, ClassVar, get_type_hints

from nnfs_cli.core.errors import OptionError
from nnfs_cli.core.ranges import expected, fits


class Options:
    """A dataclass whose fields are options. A subclass checks rules between options in `__post_init__`."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init_subclass__(cls) -> None:
        """Check ranges before the class's own `__post_init__`, so that it can rely on them."""
        super().__init_subclass__()
        rules = vars(cls).get("__post_init__")
        if rules is not None:

            @functools.wraps(rules)
            def ranges_then_rules(self: Options, *init_only: Any) -> None:
                Options.__post_init__(self)
                rules(self, *init_only)

            cls.__post_init__ = ranges_then_rules  # type: ignore[method-assign]  # of this class alone

    def options(self) -> dict[str, Any]:
        """The options with their values, defaults included."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __post_init__(self) -> None:
        problems = out_of_range(type(self), self.options())
        if problems:
            raise OptionError(problems)


def out_of_range(cls: Any, values: Mapping[str, Any]) -> list[tuple[str, str, object]]:
    """The values that are out of their options' ranges, as (option, expected, found)."""
    return [
        (name, expected(annotation), values[name])
        for name, annotation in _with_ranges(cls).items()
        if name in values and not fits(annotation, values[name])
    ]


@functools.cache
def _with_ranges(cls: Any) -> dict[str, Any]:
    """The options with a range, and their types."""
    bare, full = get_type_hints(cls), get_type_hints(cls, include_extras=True)
    names = [field.name for field in dataclasses.fields(cls)]
    return {name: full[name] for name in names if full[name] != bare[name] and expected(full[name])}
