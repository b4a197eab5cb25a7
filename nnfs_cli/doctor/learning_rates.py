"""The learning-rate range test: a step at each of growing rates, and what the loss makes of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.doctor.trial import MOST_STEPS
from nnfs_cli.training.experiment import Experiment

LOW, HIGH = 1e-6, 10.0
"""The rates at the ends."""
PER_DECADE, PER_DECADE_OF_LARGE = 40, 10
"""Steps per factor of ten; fewer where a step takes long."""
RUNS = 4
"""Runs from the same start, by other batches; their losses are averaged, since slopes of one are noise."""
SMOOTHED = 0.15
"""The standard deviation in factors of ten of the bell by which losses are averaged over rates."""
SAFE = 0.25
"""A rate this close to where the loss grows is too risky for a whole training."""
NEAR = 3.5
"""The factor up to which two rates are alike."""
WORTH = 0.05
"""The least fall of the loss that counts, as a part of what there is to learn."""


@dataclass(frozen=True, eq=False)
class RangeTest:
    """A step at each of growing rates.

    rates: (S,) of each step, up to where the loss grew beyond bounds.
    losses: (S,) of its batch, before it, averaged over runs.   smoothed: (S,) averaged over near rates.
    own: the config's rate.
    suggestion: where the loss falls fast, far enough below where it is lowest; None if it never falls.
    limit: where the loss is lowest, and begins to grow; None if it does not.
    """

    name: str
    optimizer: str
    own: float
    suggestion: float | None
    limit: float | None
    rates: Array
    losses: Array
    smoothed: Array

    def __repr__(self) -> str:
        return f"<RangeTest of {self.name}: {'; '.join(self.sentences())}>"

    def shown(self) -> Iterator[tuple[float, float]]:
        """(rate, smoothed loss) at three rates per factor of ten, and at the last."""
        last = int(np.ceil(3 * np.log10(self.rates[-1] / self.rates[0]) - 1e-6)) - 1
        for rate in [*(self.rates[0] * 10 ** (k / 3) for k in range(last + 1)), float(self.rates[-1])]:
            yield float(rate), float(np.interp(np.log10(rate), np.log10(self.rates), self.smoothed))

    def sentences(self) -> Iterator[str]:
        """The suggestion, and how the config's own rate compares."""
        if self.suggestion is None:
            yield "no suggestion: the loss falls at none of these rates; see `nnfs doctor`"
            return
        grows = (
            f"from {self.limit:.2g} on it grows again"
            if self.limit
            else "at none of these rates it grows again"
        )
        yield f"suggestion: {self.suggestion:.2g}, where the loss falls fast; {grows}"
        factor = self.own / self.suggestion
        if self.limit and self.own > self.limit:
            yield f"optimizer.learning_rate is {self.own:g}, where the loss grows already"
        elif 1 / NEAR <= factor <= NEAR:
            yield f"optimizer.learning_rate is {self.own:g}, near it"
        else:
            side = f"{factor:.0f} times larger" if factor > 1 else f"{1 / factor:.0f} times smaller"
            yield f"optimizer.learning_rate is {self.own:g}, {side}: slower is safe, larger is a risk"

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in vars(self).items()
        }


def range_test(subject: Subject, low: float = LOW, high: float = HIGH) -> RangeTest:
    """Raise the rate by a constant factor a step, from low to high, and see where the loss falls fastest.

    Smith, 2017, Cyclical learning rates for training neural networks, arXiv:1506.01186.
    """
    config = subject.config
    steps = PER_DECADE if subject.steps == MOST_STEPS else PER_DECADE_OF_LARGE
    rates = np.geomspace(low, high, max(math.ceil(math.log10(high / low) * steps), 2))
    constant, floor = subject.ends_of_train
    scale = constant - floor
    runs = [_run(subject.trial(subject.train), rates, run, scale) for run in range(RUNS)]
    shortest = min(map(len, runs))
    rates, losses = rates[:shortest], np.mean([run[:shortest] for run in runs], axis=0)
    smoothed = _smooth(np.log10(rates), losses)
    suggestion, limit = _steepest(rates, smoothed, WORTH * scale)
    return RangeTest(
        config.name,
        config.optimizer.type_name,
        config.optimizer.learning_rate,
        suggestion,
        limit,
        rates,
        losses,
        smoothed,
    )


def _run(experiment: Experiment, rates: Array, run: int, scale: float) -> list[float]:
    """The loss of each step's batch, until it is not finite or far above the first."""
    engine, progress = experiment.engine, experiment.progress
    rows, size = (
        len(progress.order),
        experiment.config.training.batch_size * experiment.config.training.accumulate,
    )
    train, losses = experiment.data.splits["train"], []
    rng = np.random.default_rng((experiment.config.seed, run))
    engine.begin(0)
    with limit_blas(1), np.errstate(**IGNORE_OVERFLOW):
        for step, rate in enumerate(rates.tolist()):
            start = step * size % (rows - rows % size or rows) if rows > size else 0
            if start == 0:
                progress.order[...] = rng.permutation(train.rows)
            here = slice(start, min(start + size, rows))
            engine.step(here, step, rate)
            losses.append(float(experiment.loss.value(progress.outputs[here], train.t[progress.order[here]])))
            if not math.isfinite(losses[-1]) or losses[-1] > losses[0] + 2.0 * scale:
                return losses[:-1] or losses
    engine.end()
    return losses


def _smooth(where: Array, losses: Array) -> Array:
    """(S,) means of the losses, weighted by a bell around each place."""
    weights = np.exp(-0.5 * np.square((where[:, None] - where[None]) / SMOOTHED))
    return np.asarray(weights @ losses / weights.sum(axis=1))


def _steepest(rates: Array, smoothed: Array, worth: float) -> tuple[float | None, float | None]:
    """The suggestion, at most SAFE of the rate where the loss is lowest; and that rate, if it grows after."""
    lowest = int(smoothed.argmin())
    if lowest < 2 or smoothed[0] - smoothed[lowest] < worth:
        return None, None
    slope = np.gradient(smoothed[: lowest + 1], np.log10(rates[: lowest + 1]))
    fastest, limit = float(rates[int(slope.argmin())]), float(rates[lowest])
    grows = float(smoothed[-1]) - float(smoothed[lowest]) > worth
    return min(fastest, SAFE * limit), limit if grows else None
