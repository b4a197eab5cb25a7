"""The plan of a study: trials, each a choice of the varied options, and their runs, seeds times folds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.study import StudyConfig


@dataclass(frozen=True)
class Trial:
    """A choice of the varied options, by their dotted keys."""

    number: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedRun:
    """One run of a trial.

    name: of its folder in the study's folder.
    fold, repeat: which fold it validates on, of which cut of the rows; None without folds.
    overrides: what differs from the study's config.
    """

    trial: int
    name: str
    seed: int
    fold: int | None
    repeat: int | None
    overrides: tuple[tuple[str, Any], ...]


class Plan:
    """What a config with a section `study` asks for.

    seeds: of the runs of each trial.
    chooses: whether there is more than one trial.
    monitor: the value that trials are chosen by.
    epochs: of the longest training.
    """

    def __init__(self, config: ExperimentConfig) -> None:
        self.study = config.study or StudyConfig()
        listed = self.study.seeds
        self.seeds = listed if isinstance(listed, tuple) else tuple(range(config.seed, config.seed + listed))
        self.chooses = bool(self.study.vary)
        self.monitor = self.study.monitor or config.training.monitor
        varied = self.study.spaces.get("training.epochs")
        self.epochs = max(varied.values) if varied else config.training.epochs

    @property
    def runs_per_trial(self) -> int:
        """How many runs a trial has."""
        folds = self.study.folds
        return len(self.seeds) * (folds.k * folds.repeats if folds else 1)

    @property
    def trials(self) -> int:
        """How many trials there are to be. Of choices alone, no combination is drawn twice."""
        spaces, wanted = self.study.spaces.values(), self.study.trials
        combinations = math.prod(len(space.values) for space in spaces)
        drawn_twice = self.study.chosen_by == "tpe" or any(space.kind != "choices" for space in spaces)
        return wanted if wanted and drawn_twice else min(wanted or combinations, combinations)

    @property
    def most_at_once(self) -> int:
        """How many runs can be trained side by side."""
        asked = min(self.trials, self.study.generation) if self.study.chosen_by == "tpe" else self.trials
        return asked * self.runs_per_trial

    def runs_of(self, trial: Trial) -> list[PlannedRun]:
        """A trial's runs, in the order in which they are listed."""
        folds = self.study.folds
        places: list[tuple[int | None, int | None]] = [(None, None)]
        if folds:
            places = [(repeat, fold) for repeat in range(folds.repeats) for fold in range(folds.k)]
        return [self._run(trial, seed, repeat, fold) for seed in self.seeds for repeat, fold in places]

    def _run(self, trial: Trial, seed: int, repeat: int | None, fold: int | None) -> PlannedRun:
        name = f"t{trial.number:03}-s{seed}"
        overrides: list[tuple[str, Any]] = [*trial.options.items(), ("seed", seed)]
        if self.study.folds and fold is not None:
            name += f"-f{fold}" if self.study.folds.repeats == 1 else f"-r{repeat}-f{fold}"
            validation = {"fold": fold, "of": self.study.folds.k, "seed": repeat}
            overrides.append(("dataset.validation", validation))
        return PlannedRun(trial.number, name, seed, fold, repeat, tuple(overrides))

    def rungs(self) -> list[int | None]:
        """The epochs at whose ends trials are left behind, and None for the end of training."""
        if not self.study.halving:
            return [None]
        rungs, rung = [], self.study.halving.first
        while rung < self.epochs:
            rungs.append(rung)
            rung *= self.study.halving.factor
        return [*rungs, None]

    def survivors(self, count: int) -> int:
        """How many of so many trials go on to the next rung."""
        halving = self.study.halving
        return max(1, count // halving.factor) if halving else count
