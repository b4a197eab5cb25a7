"""The experiment: all parts that a config describes, built and ready to train, with their state."""

import copy
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.batch import convert
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.network import Network
from nnfs_cli.engine.protocol import Engine
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.preprocessing.affine import IDENTITY
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.schedules.base import Clock
from nnfs_cli.training.checks import channels_last_warning, check_fit
from nnfs_cli.training.state import Progress, check_state, load_state, state_of


class Experiment:
    """A config's data, network, loss, metrics and optimizer, built from one seed.

    fitted: an earlier run's preparation of the data. Without it, one is fitted to the training rows.
    engine: computes the steps: a PlainEngine until `use_engine` replaces it.
    loads: how often a state was loaded. A running `train` then continues from there.
    preparation: how raw rows become the network's inputs, and its outputs predictions.

    Raises NnfsError if the parts do not fit together: layers that cannot take their inputs' shapes, a last
    layer of the wrong width, a loss or metric for another kind of target.
    """

    engine: Engine
    progress: Progress

    def __init__(self, config: ExperimentConfig, fitted: Preparation | None = None) -> None:
        init_seed, shuffle_seed, split_seed, layer_seed, augment_seed = seeds(config.seed)
        self.config, training = config, config.training
        self.loads = 0
        data = _load(config, np.random.default_rng(split_seed), fitted)
        self.preparation = data.preparation
        self.data = convert(data, config.dtype)
        self.loss = config.loss
        self.metrics = {metric.type_name: metric for metric in config.metrics}
        self.network = self._build_network()
        check_fit(config, self.network, self.data, trains=fitted is None)
        self.network.initialize(np.random.default_rng(init_seed))
        self.network.use_draws(Draws(layer_seed))
        self.shuffle_rng = np.random.default_rng(shuffle_seed)
        self.before_shuffle: tuple[int, Mapping[str, Any]] | None = None  # (step, state of shuffle_rng)
        self.descent = Descent(
            self.network.params,
            copy.deepcopy(config.optimizer),
            copy.deepcopy(config.schedule),
            copy.deepcopy(config.regularizer),
            clip_norm=training.clip_norm,
            clip_value=training.clip_value,
            ema=training.ema,
        )
        plain = PlainEngine(
            self.network,
            self.loss,
            self.data,
            self.descent,
            batch_size=training.batch_size,
            accumulate=training.accumulate,
            augment_draws=Draws(augment_seed),
        )
        self.progress = Progress(plain.order, plain.outputs)
        self.use_engine(plain)

    def __repr__(self) -> str:
        network, data = repr(self.network).strip("<>"), repr(self.data).strip("<>")
        done = f"{self.progress.epoch} of {self.config.training.epochs} epochs trained"
        return f"<Experiment {self.config.name}: {network}; {data}; {done}>"

    def _build_network(self) -> Network:
        """The network, not initialized yet. A warning about channels is added to the data's notes."""
        config, warning = self.config, channels_last_warning(self.config, self.data)
        try:
            network = Network(copy.deepcopy(config.layers), self.data.input_shape, config.dtype)
        except NnfsError as error:
            raise NnfsError(f"{config.name}: {error}{warning and f'; {warning}'}") from None
        if warning:
            self.data = replace(self.data, notes=(*self.data.notes, warning))
        return network

    def use_engine(self, engine: Engine) -> None:
        """Let this engine compute all further steps and outputs."""
        engine.order[...], engine.outputs[...] = self.progress.order, self.progress.outputs
        self.engine = engine
        self.progress.order, self.progress.outputs = engine.order, engine.outputs

    def split(self, name: str) -> Split:
        """The split of this name. If there is none, raises NnfsError with the names of all splits."""
        if name not in self.data.splits:
            raise NnfsError(f"no {name} split in this data; it has {', '.join(self.data.splits)}")
        return self.data.splits[name]

    def scores(self, z: Array, t: Array) -> dict[str, float]:
        """The loss and all metrics of outputs z (N, M) for targets t."""
        return {"loss": self.loss.value(z, t), **self.metric_scores(z, t)}

    def metric_scores(self, z: Array, t: Array) -> dict[str, float]:
        """All metrics of outputs z (N, M) for targets t, in the targets' own units."""
        if not self.metrics:
            return {}
        p, t = self.in_units(self.loss.predict(z)), self.in_units(t)
        return {name: metric(p, t) for name, metric in self.metrics.items()}

    def in_raw_units(self, x: Array) -> Array:
        """Rows x (N, ...) of a split, before normalization."""
        return self.preparation.inputs.undo(x) if self.data.inputs.is_identity else x

    def in_units(self, t: Array) -> Array:
        """Targets or predictions on the network's scale, converted to the data's own units."""
        return t if self.data.targets.is_identity else self.data.targets.undo(t)

    def clock(self, step: int) -> Clock:
        """How far training is at a step; `step` counts the steps before it."""
        return Clock(step, self._steps_per_epoch, self.config.training.epochs)

    def learning_rates(self) -> list[float]:
        """The learning rates of this epoch's remaining steps."""
        done = self.progress.step
        left = math.ceil((len(self.progress.order) - self.progress.position) / self._rows_per_step)
        return [self.descent.learning_rate(self.clock(step)) for step in range(done, done + left)]

    @property
    def _rows_per_step(self) -> int:
        return self.config.training.batch_size * self.config.training.accumulate

    @cached_property
    def _steps_per_epoch(self) -> int:
        return math.ceil(len(self.progress.order) / self._rows_per_step)

    def shuffle(self) -> None:
        """Draw the order of rows for a new epoch. Before its first step, further calls draw it again."""
        # A single assignment before anything is drawn: wherever Ctrl-C stops this, `shuffle_state` is right.
        self.before_shuffle = self.progress.step, self.shuffle_state
        self.shuffle_rng.bit_generator.state = self.before_shuffle[1]
        self.progress.order[...] = self.shuffle_rng.permutation(self.data.splits["train"].rows)

    @property
    def shuffle_state(self) -> Mapping[str, Any]:
        """The state of `shuffle_rng` to save: before an epoch's first step, its state before the shuffle."""
        if self.before_shuffle is not None and self.before_shuffle[0] == self.progress.step:
            return self.before_shuffle[1]
        return self.shuffle_rng.bit_generator.state

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience has run out."""
        training, progress = self.config.training, self.progress
        out_of_patience = 0 < training.patience <= progress.epochs_since_best
        return progress.epoch >= training.epochs or (progress.position == 0 and out_of_patience)

    def use_best(self) -> None:
        """Load the best epoch's weights; without a validation split, the moving average if there is one."""
        if self.progress.best_params is not None:
            self.network.params.restore(self.progress.best_params)
        elif self.descent.average is not None:
            self.network.params.value[...] = self.descent.average

    def state(self) -> dict[str, Array]:
        """All that the remaining training depends on, by name. Call it between two steps."""
        order_rng = np.array(json.dumps(self.shuffle_state))
        return {**state_of(self.progress, self.network.params, self.descent), "shuffle_rng": order_rng}

    def load_state(self, state: Mapping[str, Array], source: str) -> None:
        """Continue from a `state()` that a file, `source`, holds. NnfsError if it is another experiment's."""
        check_state(self.state(), state, source)
        self.before_shuffle = None
        self.shuffle_rng.bit_generator.state = json.loads(str(state["shuffle_rng"]))
        load_state(self.progress, self.network.params, self.descent, state)
        self.loads += 1


def seeds(seed: int) -> list[np.random.SeedSequence]:
    """Independent seeds for initial weights, the order of rows, splits, layers, and augmentation."""
    return np.random.SeedSequence(seed).spawn(5)


def load_data(config: ExperimentConfig) -> Data:
    """A config's data with the splits and maps that training uses; rows are not normalized yet."""
    return _load(config, np.random.default_rng(seeds(config.seed)[2]))


def _load(config: ExperimentConfig, rng: np.random.Generator, fitted: Preparation | None = None) -> Data:
    """The data. If the loss needs targets in their own units, these are not normalized."""
    data = config.dataset.load_as(fitted, rng) if fitted else config.dataset.load(rng)
    return data if config.loss.any_units else replace(data, targets=IDENTITY)
