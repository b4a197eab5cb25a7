"""Which columns of a table the option `features` chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.table import Table

MOST_NAMES = 20
YAML_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")


@dataclass(frozen=True)
class Chosen:
    """The columns to include, none for all, and those to exclude."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    @classmethod
    def by(cls, features: Sequence[str] | Mapping[Literal["include", "exclude"], Sequence[str]]) -> "Chosen":
        """By the option: a list, or a mapping with `include` and `exclude`."""
        if isinstance(features, Mapping):
            return cls(features.get("include", ()), features.get("exclude", ()))
        return cls(features)

    def names(self, table: Table, targets: Sequence[str], empty: Sequence[str] = ()) -> tuple[str, ...]:
        """The feature columns of a table; NnfsError for one that cannot be a feature.

        empty: columns that are no features unless they are included.
        """
        table.require((*self.include, *self.exclude), "dataset.features")
        for name in self.include:
            wrong = {
                "the target": name in targets,
                "excluded": name in self.exclude,
                "listed twice": list(self.include).count(name) > 1,
            }
            if any(wrong.values()):
                why = next(why for why, holds in wrong.items() if holds)
                raise NnfsError(f"dataset.features: column {name!r} is {why}")
        others = {*targets, *self.exclude, *empty}
        names = self.include or [name for name in table.names if name not in others]
        if not names:
            raise NnfsError(f"dataset.features: no column of {table.source} is left besides the target")
        return tuple(names)

    def leave_out(self, names: Sequence[str]) -> str:
        """How to leave columns out, in words, with the option as it then reads."""
        them = "it" if len(names) == 1 else "them"
        if self.include:
            return f"take {them} out of `features`"
        every = [_in_yaml(name) for name in (*self.exclude, *names)]
        excluded = ", ".join(every[:MOST_NAMES]) + (", ..." if every[MOST_NAMES:] else "")
        return f"leave {them} out with `features: {{exclude: [{excluded}]}}`"


def _in_yaml(name: str) -> str:
    """A column's name as an item of a YAML list, in quotes unless it is a plain word."""
    plain = name.isidentifier() and name.lower() not in YAML_WORDS
    return name if plain else "'" + name.replace("'", "''") + "'"
