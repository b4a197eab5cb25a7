"""Samplers: which options a trial has. A seed gives the same trials, however many workers train them."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from nnfs_cli.config.study import Space, StudyConfig
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.studies.plan import Trial

MOST_LISTED = 2**53
"""Combinations that are numbered; of more, hardly one is drawn twice."""


class Sampler(Protocol):
    """Gives trials in generations, and is told how each trial of one went before it gives the next."""

    def ask(self) -> list[Trial]:
        """The next trials; none at the end."""

    def tell(self, trial: Trial, value: float | None) -> None:
        """Tell a trial's monitored value, None if it has none, in the order of the trials' numbers."""


def sampler_of(study: StudyConfig, seed: int, *, maximize: bool) -> Sampler:
    """The sampler that a study asks for. NnfsError if it needs a package that is missing."""
    if study.chosen_by == "tpe":
        return TPESampler(study, seed, maximize=maximize)
    return FixedSampler(grid(study.spaces) if study.chosen_by == "grid" else drawn(study, seed))


class FixedSampler:
    """Trials that do not depend on how others went: a single generation."""

    def __init__(self, options: Sequence[Mapping[str, Any]]) -> None:
        self._trials = [Trial(number, each) for number, each in enumerate(options)]

    def ask(self) -> list[Trial]:
        trials, self._trials = self._trials, []
        return trials

    def tell(self, trial: Trial, value: float | None) -> None:
        return


def grid(spaces: Mapping[str, Space]) -> list[dict[str, Any]]:
    """All combinations of choices, the last key's fastest; a single one without options if none vary."""
    products = itertools.product(*(space.values for space in spaces.values()))
    return [dict(zip(spaces, values, strict=True)) for values in products]


def drawn(study: StudyConfig, seed: int) -> list[dict[str, Any]]:
    """As many trials as asked for, drawn at random; where all options have choices, none twice."""
    spaces, count = study.spaces, study.trials or 1
    size = math.prod(len(space.values) for space in spaces.values())
    if all(space.kind == "choices" for space in spaces.values()) and size < MOST_LISTED:
        chosen = np.random.default_rng(seed).choice(size, min(count, size), replace=False)
        return [_combination(spaces, int(index)) for index in chosen]
    rngs = [np.random.default_rng([seed, number]) for number in range(count)]
    return [{key: _draw(space, rng) for key, space in spaces.items()} for rng in rngs]


def _combination(spaces: Mapping[str, Space], index: int) -> dict[str, Any]:
    """The combination of a grid at this place."""
    sizes = [len(space.values) for space in spaces.values()]
    places = np.unravel_index(index, sizes)
    return {key: space.values[place] for (key, space), place in zip(spaces.items(), places, strict=True)}


def _draw(space: Space, rng: np.random.Generator) -> Any:
    if space.kind == "choices":
        return space.values[rng.integers(len(space.values))]
    low, high = space.values
    match space.kind:
        case "int":
            return int(rng.integers(low, high, endpoint=True))
        case "log":
            return float(min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high))
        case _:
            return float(rng.uniform(low, high))


class TPESampler:
    """Optuna's tree-structured Parzen estimator, asked for a generation of trials at once.

    So its choices do not depend on which runs end first.
    """

    def __init__(self, study: StudyConfig, seed: int, *, maximize: bool) -> None:
        try:
            import optuna
        except ModuleNotFoundError as error:
            raise NnfsError(
                "study.sampler: tpe needs optuna: `pip install 'nnfs-cli[study]'`; random and grid do not"
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        self._optuna = optuna.create_study(sampler=sampler, direction="maximize" if maximize else "minimize")
        self._failed = optuna.trial.TrialState.FAIL
        self._spaces, self._left, self._generation = study.spaces, study.trials or 1, study.generation
        self._asked: dict[int, Any] = {}

    def ask(self) -> list[Trial]:
        count = min(self._generation, self._left)
        self._left -= count
        return [self._ask() for _ in range(count)]

    def _ask(self) -> Trial:
        asked = self._optuna.ask()
        self._asked[asked.number] = asked
        return Trial(asked.number, {key: _suggested(asked, key, each) for key, each in self._spaces.items()})

    def tell(self, trial: Trial, value: float | None) -> None:
        asked = self._asked.pop(trial.number)
        if value is None or not math.isfinite(value):
            self._optuna.tell(asked, state=self._failed)
        else:
            self._optuna.tell(asked, value)


def _suggested(asked: Any, key: str, space: Space) -> Any:
    """What Optuna suggests for an option; of choices it is told the places alone, which may be anything."""
    if space.kind == "choices":
        return space.values[asked.suggest_categorical(key, range(len(space.values)))]
    low, high = space.values
    if space.kind == "int":
        return asked.suggest_int(key, low, high)
    return asked.suggest_float(key, low, high, log=space.kind == "log")
