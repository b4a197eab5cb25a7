"""The section `study` of a config: which runs to make, and how the best options are chosen among them."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, TypeAlias

from annotated_types import Ge
from pydantic import WithJsonSchema

from nnfs_cli.core.errors import OptionError, nearest
from nnfs_cli.core.options import Options
from nnfs_cli.core.ranges import Expected, NonNegativeInt, PositiveInt

RANGES = {
    "log": "a number between two ends, as likely between 0.001 and 0.01 as between 0.01 and 0.1",
    "uniform": "a number between two ends, each as likely",
    "int": "an integer from the first end to the last",
}
"""How a number can be drawn."""
MOST = 10**12
"""The largest integer to draw."""
MOST_TRIALS = 10_000
A_SPACE = "a list of choices, {log: [a, b]}, {uniform: [a, b]} or {int: [a, b]}"

_ENDS = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
VALUES: TypeAlias = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "minItems": 1},
                {
                    "type": "object",
                    "properties": {name: {**_ENDS, "description": text} for name, text in RANGES.items()},
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        }
    ),
]
"""The values of an option that is varied, as YAML has them."""


@dataclass(frozen=True)
class Space:
    """The values of one varied option.

    kind: `choices`, or how a number between two ends is drawn: `log`, `uniform`, `int`.
    values: the choices; or both ends, which an `int` includes.
    """

    kind: Literal["choices", "log", "uniform", "int"]
    values: tuple[Any, ...]

    @classmethod
    def of(cls, raw: object) -> "Space":
        """The space that a config's value stands for. ValueError, with what was expected, if it is none."""
        if isinstance(raw, list | tuple):
            if not raw:
                raise ValueError("at least one choice")
            if any(choice in raw[:i] for i, choice in enumerate(raw)):
                raise ValueError("choices of which none is listed twice")
            return cls("choices", tuple(raw))
        if not isinstance(raw, Mapping) or len(raw) != 1:
            raise ValueError(A_SPACE)
        ((kind, ends),) = raw.items()
        if kind not in RANGES:
            near = nearest(kind, RANGES)
            raise ValueError(f"{A_SPACE} (did you mean {near!r}?)" if near else A_SPACE)
        wanted = int if kind == "int" else int | float
        is_pair = isinstance(ends, list | tuple) and len(ends) == 2
        if not (is_pair and all(isinstance(end, wanted) and type(end) is not bool for end in ends)):
            raise ValueError(f"two {'integers' if kind == 'int' else 'numbers'}, as {{{kind}: [a, b]}}")
        low, high = ends
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"{{{kind}: [a, b]}} with a below b")
        if kind == "int" and max(abs(low), abs(high)) > MOST:
            raise ValueError(f"integers up to {MOST:,}")
        if kind == "log" and low <= 0:
            raise ValueError("{log: [a, b]} with a above 0")
        return cls(kind, (low, high))


@dataclass(frozen=True)
class FoldsConfig(Options):
    """Cross-validation: rows that are no test rows are cut into k folds; each run validates on another one.

    k: how many folds.
    repeats: how often the rows are cut anew, each time in another order.
    """

    k: Annotated[int, Ge(2)]
    repeats: PositiveInt = 1


@dataclass(frozen=True)
class HalvingConfig(Options):
    """Successive halving: train all trials for some epochs, go on with the best ones alone, and so on.

    first: the epochs after which the first are left behind.
    factor: one trial of so many goes on, to so many times the epochs.
    """

    first: PositiveInt
    factor: Annotated[int, Ge(2)] = 3


@dataclass(frozen=True)
class StudyConfig(Options):
    """Many runs of one config: repeated, varied, or both. `nnfs study` conducts it.

    seeds: how many seeds each trial is trained with, from the config's `seed` on; or a list of them.
    folds: cross-validation, which trains a run for each fold; null for the dataset's own split.
    vary: the options to vary, each a dotted key as `--set` spells it, with a list of choices, or with
        `{log: [a, b]}`, `{uniform: [a, b]}` or `{int: [a, b]}` to draw a number from.
    sampler: what chooses the options of a trial. `grid`: all combinations of the choices. `random`: draws
        them. `tpe`: learns from the trials before (Optuna's tree-structured Parzen estimator). `auto`: grid
        if all options have choices and `trials` is not given, else random.
    trials: how many trials to make; a grid has as many as there are combinations.
    halving: train all trials a little, and only the best ones to the end; null to train all to the end.
    monitor: what the best trial is chosen by, `val_loss` or `val_<metric>`; by default `training.monitor`.
    generation: how many trials `tpe` chooses at once, before it learns how they went.
    """

    seeds: (
        PositiveInt
        | Annotated[tuple[NonNegativeInt, ...], Expected("a positive number of seeds, or a list of them")]
    ) = 1
    folds: FoldsConfig | None = None
    vary: dict[str, VALUES] | None = None
    sampler: Literal["auto", "grid", "random", "tpe"] = "auto"
    trials: PositiveInt | None = None
    halving: HalvingConfig | None = None
    monitor: str = ""
    generation: PositiveInt = 8

    def __post_init__(self) -> None:
        problems: list[tuple[str, str, object]] = []
        if isinstance(self.seeds, tuple) and len(set(self.seeds)) != max(len(self.seeds), 1):
            problems.append(("seeds", "a list of at least one seed, and none twice", list(self.seeds)))
        for key, raw in (self.vary or {}).items():
            try:
                Space.of(raw)
            except ValueError as error:
                problems.append((f"vary.{key}", str(error), raw))
        if not problems:
            problems += self._contradictions()
        if problems:
            raise OptionError(problems)

    def _contradictions(self) -> list[tuple[str, str, object]]:
        """What is wrong between options, as (option, expected, found)."""
        ranges = [key for key, space in self.spaces.items() if space.kind != "choices"]
        if not self.vary:
            given = {"trials": self.trials, "halving": asdict(self.halving) if self.halving else None}
            return [
                (name, "left out, since `vary` varies no option", value)
                for name, value in given.items()
                if value
            ]
        if self.sampler == "grid" and ranges:
            return [("sampler", f"random or tpe, since {ranges[0]} has no list of choices", "grid")]
        if self.sampler == "grid" and self.trials:
            return [("trials", "left out: a grid has all combinations", self.trials)]
        combinations = math.prod(len(space.values) for space in self.spaces.values())
        if (count := combinations if self.chosen_by == "grid" else self.trials or 0) > MOST_TRIALS:
            return [("trials", f"at most {MOST_TRIALS:,}", count)]
        if self.chosen_by != "grid" and not self.trials:
            return [("trials", "the number of trials to make, since no grid has all of them", self.trials)]
        return []

    @property
    def spaces(self) -> dict[str, Space]:
        """The varied options, by their dotted keys."""
        return {key: Space.of(raw) for key, raw in (self.vary or {}).items()}

    @property
    def chosen_by(self) -> Literal["grid", "random", "tpe"]:
        """The sampler, where `auto` is decided."""
        if self.sampler != "auto":
            return self.sampler
        has_all = all(space.kind == "choices" for space in self.spaces.values())
        return "grid" if has_all and not self.trials else "random"
