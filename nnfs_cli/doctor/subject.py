"""What is examined: a config's data and network, and the short trainings that several checks look at."""

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.doctor.baselines import lowest, row_losses
from nnfs_cli.doctor.probe import LOOKS, Probe
from nnfs_cli.doctor.trial import Learned, affordable_steps, learn, on_rows, rows_of
from nnfs_cli.engine.batch import convert
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.dropout import Dropout
from nnfs_cli.layers.dropout2d import Dropout2D
from nnfs_cli.layers.gaussian_noise import GaussianNoise
from nnfs_cli.optimizers.adam import Adam
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.schedules.cosine import Cosine
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loading import load_data

TRAIN_ROWS, HELD_OUT_ROWS = 3000, 600
"""Rows that the short trainings learn from, and rows that score them."""
FEWEST_HELD_OUT = 20
"""On fewer rows, chance decides."""
FEW_ROWS = 16
"""Rows that a network must be able to learn by heart."""
FEWEST_BATCH_STEPS, MOST_BATCH_STEPS = 150, 2000
RATES_BY_HEART = (0.005, 0.02, 0.1)
"""Learning rates of the attempts to learn by heart, each from another start: one may be stuck."""
SMALL, STARTS_OF_SMALL = 50, 4
"""Networks with fewer parameters are stuck more often, and their attempts are short: they have more."""
BY_HEART = 0.9
"""The part of the way from the best constant prediction to perfection that counts as by heart."""


class Subject:
    """A config under examination. Everything is computed when first asked for, from the config's seed.

    data: its raw data.   experiment: the config's own, as it is before training; it is not changed.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.config = experiment, experiment.config
        self.data: Data = load_data(self.config)
        self.rng_seed = (self.config.seed, 16)

    @cached_property
    def _rows(self) -> tuple[Array, Array, str]:
        """The numbers of training rows to learn from and of held-out rows, and the split of the latter.

        Test rows are never scored: who chooses by them has none left to judge by.
        """
        train, rng = self.data.splits["train"], np.random.default_rng(self.rng_seed)
        held_out = self.data.splits.get("validation")
        rows = rng.permutation(train.rows)
        if held_out is not None and len(held_out) >= FEWEST_HELD_OUT:
            return rows[:TRAIN_ROWS], rng.permutation(held_out.rows)[:HELD_OUT_ROWS], "validation"
        kept_back = min(int(0.3 * len(rows)), HELD_OUT_ROWS)
        if kept_back < FEWEST_HELD_OUT:
            return rows, rows[:0], ""
        return rows[kept_back:][:TRAIN_ROWS], rows[:kept_back], "train"

    @cached_property
    def train(self) -> Split:
        """The raw training rows that the short trainings learn from."""
        return rows_of(self.data.splits["train"], self._rows[0])

    @cached_property
    def held_out(self) -> Split | None:
        """Raw rows to score the short trainings with; None if there are too few."""
        _, rows, name = self._rows
        return rows_of(self.data.splits[name], rows) if name else None

    def notes(self) -> tuple[str, ...]:
        """What the short trainings are made on."""
        where = f"scored on {len(self._rows[1]):,} rows of {self._rows[2]}" if self._rows[2] else "not scored"
        return (
            f"short trainings: at most {self.steps} steps of the plain engine on {len(self.train):,} of "
            f"{len(self.data.splits['train']):,} training rows, without augmentation, {where}; test rows are "
            "only compared with training rows",
        )

    @cached_property
    def steps(self) -> int:
        return affordable_steps(self.trial(self.train))

    @property
    def has_hidden_layer(self) -> bool:
        """Whether more than one layer has parameters."""
        return sum(bool(layer.params()) for layer in self.experiment.network.layers) > 1

    def trial(self, train: Split, **changes: Any) -> Experiment:
        """The config's experiment on these raw rows."""
        return on_rows(self.config, self.data, train, **changes)

    @cached_property
    def t(self) -> Array:
        """The held-out rows' targets as the loss gets them; empty if there are none."""
        return self.as_learned(self.held_out.t) if self.held_out is not None else np.empty(0)

    def as_learned(self, t: Array) -> Array:
        """Raw targets as the loss gets them, in float64."""
        if self.data.classes:
            return t
        targets = self.data.targets
        return np.asarray((t.astype(np.float64) - targets.shift) * targets.scale)

    @cached_property
    def probe(self) -> Probe:
        """What the first steps of the real training do, layer by layer."""
        experiment = self.trial(self.train)
        probe = Probe(experiment)
        learn(experiment, self.steps, see=probe.look, stop=max(LOOKS) + 1)
        return probe

    @cached_property
    def real(self) -> Learned:
        """The config's training on its own rows."""
        return learn(self.trial(self.train), self.steps, self._normalized_held_out())

    @property
    def own_steps(self) -> int:
        """How many steps the config's own training has."""
        return self.experiment.steps_per_epoch * self.config.training.epochs

    @cached_property
    def as_long(self) -> Learned:
        """The same training, no longer than the config's own."""
        if self.own_steps >= self.steps:
            return self.real
        return learn(self.trial(self.train), self.own_steps)

    @cached_property
    def shuffled(self) -> Learned:
        """The same training with the targets in another order."""
        order = np.random.default_rng((*self.rng_seed, 1)).permutation(len(self.train))
        shuffled = replace(self.train, t=self.train.t[order])
        return learn(self.trial(shuffled), self.steps, self._normalized_held_out())

    @cached_property
    def zeroed(self) -> Learned:
        """The same training with all inputs zero, as the network gets them."""
        inputs = self.data.inputs
        zeros = np.broadcast_to(inputs.shift, self.train.x.shape[1:]).astype(np.float64)
        x = np.broadcast_to(zeros, self.train.x.shape).copy()
        held_out = self._normalized_held_out()
        blank = None if held_out is None else replace(held_out, x=np.zeros_like(held_out.x))
        return learn(self.trial(replace(self.train, x=x)), self.steps, blank)

    @cached_property
    def _without_brakes(self) -> dict[str, Any]:
        """What to change in the config so that no dropout, noise or penalty is left."""
        optimizer = self.config.optimizer
        if getattr(optimizer, "weight_decay", 0.0):
            optimizer = replace(optimizer, weight_decay=0.0)
        return {"layers": without_noise(self.config.layers), "optimizer": optimizer, "regularizer": None}

    @property
    def is_held_back(self) -> bool:
        """Whether the config has dropout, noise or a penalty."""
        free = replace(self.config, **self._without_brakes)
        return free.to_yaml() != self.config.to_yaml()

    @cached_property
    def free(self) -> Learned:
        """The same training without dropout, noise and penalties."""
        experiment = self.trial(self.train, **self._without_brakes)
        return learn(experiment, self.steps, self._normalized_held_out())

    def _normalized_held_out(self) -> Split | None:
        """The held-out rows as a trial's network gets them: real numbers are normalized, bytes are not."""
        if self.held_out is None:
            return None
        data = replace(self.data, splits={"train": self.held_out}, augment=None, filled={})
        return convert(data, self.config.dtype).splits["train"]

    def held_out_losses(self, learned: Learned) -> Array:
        """(N,) the held-out rows' losses at the checkpoint that is best for them."""
        return row_losses(self.experiment.loss, self.best_outputs(learned), self.t)

    def best_outputs(self, learned: Learned) -> Array:
        """The outputs (N, M) for the held-out rows at the checkpoint with the lowest loss."""
        finite = [z for z in learned.outputs.values() if np.isfinite(z).all()]
        if not finite:
            return np.full((len(self.t), *self.experiment.network.output_shape), np.inf)
        return min(finite, key=lambda z: self.experiment.loss.value(z.astype(np.float64), self.t))

    @cached_property
    def constant(self) -> Array:
        """(M,) the outputs of the best constant prediction, from the training rows."""
        return self.constant_for(self.as_learned(self.train.t))[0]

    def constant_for(self, t: Array) -> tuple[Array, float]:
        """The best constant outputs (M,) for targets, and their loss."""
        zeros = np.zeros((len(t), *self.experiment.network.output_shape))
        z, loss = lowest(self.experiment.loss, zeros, t, constant=True)
        return z[0], loss

    @cached_property
    def ends_of_train(self) -> tuple[float, float]:
        """The losses of the best constant prediction and of a perfect one, between which training moves."""
        return self._ends(self.as_learned(self.train.t))

    @cached_property
    def ends_of_held_out(self) -> tuple[float, float]:
        """The same for the held-out rows."""
        return self._ends(self.t)

    def _ends(self, t: Array) -> tuple[float, float]:
        return self.constant_for(t)[1], self.floor_for(t)

    def floor_for(self, t: Array) -> float:
        """The loss of perfect outputs."""
        zeros = np.zeros((len(t), *self.experiment.network.output_shape))
        return lowest(self.experiment.loss, zeros, t, constant=False)[1]

    @cached_property
    def few(self) -> Split:
        """A few training rows with different inputs."""
        x = self.train.x.reshape(len(self.train), -1)
        _, first = np.unique(x[:1000], axis=0, return_index=True)
        return rows_of(self.train, np.sort(first)[:FEW_ROWS])

    @cached_property
    def by_heart(self) -> list[Learned]:
        """Attempts to learn these few rows by heart, without dropout and penalty, by Adam."""
        constant, floor = self._ends_of_few
        attempts: list[Learned] = []
        starts = STARTS_OF_SMALL if self.experiment.network.params.value.size < SMALL else 1
        for start, rate in enumerate(RATES_BY_HEART * starts):
            experiment = self.trial(
                self.few,
                layers=without_noise(self.config.layers),
                optimizer=Adam(learning_rate=rate),
                schedule=Cosine(),
                regularizer=None,
                seed=self.config.seed + start,
                training={"accumulate": 1, "ema": 0.0, "clip_norm": 0.0, "clip_value": 0.0},
            )
            steps = int(np.clip(2 * affordable_steps(experiment), FEWEST_BATCH_STEPS, MOST_BATCH_STEPS))
            enough = constant - (1.0 + BY_HEART) / 2 * (constant - floor)
            attempts.append(learn(experiment, steps, enough=enough))
            if self.learned_by_heart(attempts[-1]) >= BY_HEART:
                break
        return attempts

    @cached_property
    def _ends_of_few(self) -> tuple[float, float]:
        """As `ends_of_train`, for the few rows."""
        return self._ends(self.as_learned(self.few.t))

    def learned_by_heart(self, attempt: Learned) -> float:
        """The share of the way from the best constant prediction to the perfect one."""
        constant, floor = self._ends_of_few
        if constant - floor < 1e-6:  # all targets are equal
            return 1.0
        return (constant - float(attempt.losses.min(initial=np.inf))) / (constant - floor)


def without_noise(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Copies of layers that are not built, with dropout and noise off, in nested layers too."""
    quiet = []
    for layer in copy.deepcopy(tuple(layers)):
        if isinstance(layer, Dropout | Dropout2D):
            layer = replace(layer, rate=0.0)
        elif isinstance(layer, GaussianNoise):
            layer = replace(layer, stddev=0.0)
        for field in dataclasses.fields(layer):
            inner = getattr(layer, field.name)
            if isinstance(inner, tuple) and inner and all(isinstance(each, Layer) for each in inner):
                layer = replace(layer, **{field.name: without_noise(inner)})
        quiet.append(layer)
    return tuple(quiet)
