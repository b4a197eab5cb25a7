"""The experiment: everything a config describes, built and ready to train, and its whole state."""

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
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.batch import ready
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.network import Network
from nnfs_cli.engine.step import Passes
from nnfs_cli.engine.steps import Steps
from nnfs_cli.preprocessing.affine import IDENTITY
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.schedules.base import Clock
from nnfs_cli.speed.by_features import Shares, may_share_features, most_shares
from nnfs_cli.speed.plan import choose_threads
from nnfs_cli.training.fit import check_fit, doubt_about
from nnfs_cli.training.state import Progress


class Experiment:
    """A config's data, network, loss, metrics and optimizer, built from one seed.

    fitted: prepare the data as an earlier run did, instead of fitting anew to the training rows.

    Raises NnfsError where the parts do not fit together: the layers' shapes, the last layer's width,
    a loss or metric for another kind of target.
    """

    def __init__(self, config: ExperimentConfig, fitted: Preparation | None = None) -> None:
        init_rng, self.shuffle_rng, split_rng, self.layer_rng, self.augment_rng = rngs(config.seed)
        self.config = config
        data = _load(config, split_rng, fitted)
        self.preparation = data.preparation
        self.data = ready(data, config.dtype)
        self.loss = config.loss
        self.metrics = {metric.type_name: metric for metric in config.metrics}
        doubt = doubt_about(config, self.data)
        try:
            network = Network(copy.deepcopy(config.layers), self.data.input_shape, config.dtype)
        except NnfsError as error:
            raise NnfsError(f"{config.name}: {error}{doubt and f'; {doubt}'}") from None
        if doubt:
            self.data = replace(self.data, notes=(*self.data.notes, doubt))
        check_fit(config, network, self.data, trains=fitted is None)
        network.initialize(init_rng)
        network.use_rng(self.layer_rng)
        training = config.training
        self.may_share_features = may_share_features(network, config)
        self.threads = choose_threads(
            network,
            min(training.batch_size, len(self.data.splits["train"])),
            training.threads,
            by_features=self.may_share_features,
        )
        if self.may_share_features:
            self.threads = min(self.threads, most_shares(network))
        self.passes = Passes(network, self.loss, self.data, self.threads, self.augment_rng)
        self.steps = Steps(self.passes, config)
        self.progress = Progress(self.passes.order, self.passes.outputs)
        self._unshuffled: tuple[int, Mapping[str, Any]] | None = None

    @property
    def network(self) -> Network:
        """The network, as training has left it."""
        self._settle()
        return self.passes.network

    @property
    def descent(self) -> Descent:
        """What takes its gradient to new parameters, as training has left it."""
        self._settle()
        return self.steps.descent

    @cached_property
    def shares(self) -> Shares | None:
        """The processes that train the network, where several do that by sharing out its features."""
        if not self.may_share_features or self.threads == 1:
            return None
        return Shares(self.config, self.steps, self.threads)

    @property
    def _hired(self) -> Shares | None:
        """Those that have been asked for."""
        shares: Shares | None = vars(self).get("shares")
        return shares

    def _settle(self) -> None:
        """Let the network have what the processes that share it know."""
        if (shares := self._hired) is not None:
            shares.collect()

    def split(self, name: str) -> Split:
        """A split of the data; NnfsError naming those that exist."""
        if name not in self.data.splits:
            raise NnfsError(f"no {name} split in this data; it has {', '.join(self.data.splits)}")
        return self.data.splits[name]

    def scores(self, z: Array, t: Array) -> dict[str, float]:
        """The loss of outputs z (N, M) for targets t, and every metric, in the targets' own units."""
        scores = {"loss": self.loss.value(z, t)}
        if self.metrics:
            p, t = self.in_units(self.loss.predict(z)), self.in_units(t)
            scores |= {name: metric(p, t) for name, metric in self.metrics.items()}
        return scores

    def in_raw_units(self, x: Array) -> Array:
        """Rows x (N, ...) of a split as they were before any normalization."""
        return self.preparation.inputs.undo(x) if self.data.inputs.is_identity else x

    def in_units(self, t: Array) -> Array:
        """Targets or predictions that the network works with, in the data's own units."""
        return t if self.data.targets.is_identity else self.data.targets.undo(t)

    @property
    def clock(self) -> Clock:
        """Where the next step stands."""
        return Clock(self.progress.step, self._steps_per_epoch, self.config.training.epochs)

    @cached_property
    def _steps_per_epoch(self) -> int:
        training, rows = self.config.training, len(self.progress.order)
        return math.ceil(rows / (training.batch_size * training.accumulate))

    def shuffle(self) -> None:
        """Draw the order of the epoch about to begin; the same again, until a step of it is done."""
        # Kept in one piece, and before anything is drawn: `state` is right wherever this is stopped.
        self._unshuffled = self.progress.step, self._shuffle_state
        self.shuffle_rng.bit_generator.state = self._unshuffled[1]
        self.progress.order[...] = self.shuffle_rng.permutation(self.data.splits["train"].rows)

    @property
    def _shuffle_state(self) -> Mapping[str, Any]:
        """What `shuffle_rng` goes on from; until an epoch's first step is done, what its order came from."""
        if self._unshuffled is not None and self._unshuffled[0] == self.progress.step:
            return self._unshuffled[1]
        return self.shuffle_rng.bit_generator.state

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience has run out."""
        training, progress = self.config.training, self.progress
        out_of_patience = 0 < training.patience <= progress.epochs_since_best
        return progress.epoch >= training.epochs or (progress.position == 0 and out_of_patience)

    def use_best(self) -> None:
        """Give the network the best epoch's weights; if nothing was monitored, the averaged ones if any."""
        if self.progress.best_params is not None:
            self.network.params.restore(self.progress.best_params)
        elif self.descent.average is not None:
            self.network.params.value[...] = self.descent.average

    @property
    def _rngs(self) -> dict[str, np.random.Generator]:
        """The generators that training draws from, by name."""
        augment = {"augment_rng": self.augment_rng} if self.data.augment else {}
        return {"shuffle_rng": self.shuffle_rng, "layer_rng": self.layer_rng, **augment}

    def state(self) -> dict[str, Array]:
        """All that the rest of the training depends on, between two steps, by name."""
        self._settle()
        return self._state()

    def _state(self) -> dict[str, Array]:
        progress = {k: np.asarray(v) for k, v in vars(self.progress).items() if v is not None}
        params = self.passes.network.params
        return {
            "params": params.value,
            "statistics": params.statistics,
            **{name: np.array(json.dumps(rng.bit_generator.state)) for name, rng in self._rngs.items()},
            "shuffle_rng": np.array(json.dumps(self._shuffle_state)),
            **self.steps.descent.state(),
            **{f"progress/{name}": array for name, array in progress.items()},
        }

    def load_state(self, state: Mapping[str, Array], source: str) -> None:
        """Go on from where `state()` was taken. NnfsError where it is another experiment's."""
        for name, array in self._state().items():
            if name == "progress/best_params":
                continue  # of which there need not be any
            if name not in state or (array.dtype.kind != "U" and state[name].shape != array.shape):
                found = f"shape {state[name].shape}" if name in state else "no such array"
                raise NnfsError(
                    f"{source}: the state of another experiment: {name} must have shape {array.shape}, "
                    f"the file has {found}"
                )
        if (shares := self._hired) is not None:
            shares.forget()
        params = self.passes.network.params
        params.value[...] = state["params"]
        params.statistics[...] = state["statistics"]
        self._unshuffled = None
        for name, rng in self._rngs.items():
            rng.bit_generator.state = json.loads(str(state[name]))
        for name, array in self.steps.descent.state().items():
            array[...] = state[name]
        self.progress.best_params = None
        for name, value in vars(self.progress).items():
            if isinstance(value, np.ndarray):
                value[...] = state[f"progress/{name}"]
            elif f"progress/{name}" in state:
                array = state[f"progress/{name}"]
                setattr(self.progress, name, array.copy() if array.ndim else array.item())


def rngs(seed: int) -> tuple[np.random.Generator, ...]:
    """The generators that a seed stands for: of first weights, of the order of rows, of splits, of layers,
    and of augmentation.
    """
    return tuple(map(np.random.default_rng, np.random.SeedSequence(seed).spawn(5)))


def load_data(config: ExperimentConfig) -> Data:
    """A config's data as training splits and maps them, as they came."""
    return _load(config, rngs(config.seed)[2])


def _load(config: ExperimentConfig, rng: np.random.Generator, fitted: Preparation | None = None) -> Data:
    """The data; their targets stay in their own units if the loss is for these alone."""
    data = config.dataset.load_as(fitted, rng) if fitted else config.dataset.load(rng)
    return data if config.loss.any_units else replace(data, targets=IDENTITY)
