"""Frozen records of the results of training and evaluation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnfs_cli.statistics.interval import Interval

if TYPE_CHECKING:  # not imported when run, so that `nnfs runs` starts fast
    from nnfs_cli.core.arrays import Array


@dataclass(frozen=True)
class StepReport:
    """A training step: the loss and metrics of its batch, computed before the step changes the weights."""

    step: int
    epoch: int
    loss: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class EpochReport:
    """An epoch.

    train: scores of the outputs that the epoch's steps computed, each before its update.
    validation: scores of the network at the end of the epoch.
    seconds: the training time since the run's start.
    notes: sentences for the user on what happened, each said once in a run.
    """

    epoch: int
    step: int
    seconds: float
    learning_rate: float
    train: Mapping[str, float]
    validation: Mapping[str, float]
    is_best: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heartbeat:
    """Training goes on, or ends in the middle of an epoch, and is between two steps. There is nothing to log.

    notes: a sentence for the user, if it ends.
    """

    step: int
    epoch: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rollback:
    """Training diverged, went back, and goes on at half the learning rate. What came after `step` is void.

    step, epoch: where training is again, in numbers of steps and epochs that are done.
    diverged_at: the step that went bad.
    notes: a sentence for the user.
    """

    step: int
    epoch: int
    diverged_at: int
    notes: tuple[str, ...]


Report = StepReport | EpochReport | Heartbeat | Rollback


@dataclass(frozen=True)
class ClassScore:
    """The scores of one class, and their intervals by name. `support` is the number of its rows."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    intervals: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetScore:
    """The scores of one target of several, and their intervals, by name."""

    scores: Mapping[str, float]
    intervals: Mapping[str, Interval]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A network's scores on a split, and its outputs (N, M).

    `intervals` are the scores', by name. `confusion[i][j]` is the number of rows of class i that were
    predicted as class j.
    """

    split: str
    rows: int
    scores: Mapping[str, float]
    outputs: "Array"
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    classes: tuple[ClassScore, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<Evaluation of {self.rows:,} {self.split} rows: {scores_text(self.scores)}>"


def epoch_text(report: EpochReport) -> str:
    """An epoch's scores, as `loss 0.31  val_loss 0.35`."""
    return scores_text(
        {**report.train, **{f"val_{name}": score for name, score in report.validation.items()}}
    )


def scores_text(scores: Mapping[str, float | None]) -> str:
    """`loss 0.31  accuracy 0.92`."""
    return "  ".join(f"{name} {format_score(score, 4)}" for name, score in scores.items())


def format_score(score: float | None, digits: int = 6) -> str:
    """A score with so many digits, zeros at the end too, so that it stays as long when it changes.

    `undefined` if it is not a number, which is null in JSON.
    """
    return "undefined" if score is None or math.isnan(score) else f"{score + 0.0:#.{digits}g}".rstrip(".")


def interval_text(score: float | None, interval: Interval | None, digits: int, gap: str = " ") -> str:
    """A score with its interval, in one notation: `0.9310 [0.905, 0.951]`; alone if there is none."""
    if score is None or interval is None or not interval.exists:
        return format_score(score, digits)
    return f"{interval.shown(score, digits)}{gap}{interval.ends}"


def format_column(scores: Sequence[float | None], digits: int = 6) -> list[str]:
    """Scores that stand one below the other: with as many decimals, enough for `digits` of the largest.

    Where the smallest would be left with too few digits, each is written by itself.
    """
    sizes = [abs(score) for score in scores if score and math.isfinite(score)]
    decimals = digits - 1 - math.floor(math.log10(max(sizes, default=1.0)))
    if not 0 <= decimals <= 2 * digits or min(sizes, default=1.0) < 10.0 ** (2 - decimals):
        return [format_score(score, digits) for score in scores]
    return [
        "undefined" if score is None or math.isnan(score) else f"{score:.{decimals}f}" for score in scores
    ]
