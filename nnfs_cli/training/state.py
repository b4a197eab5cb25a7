"""Where training stands, as arrays that a checkpoint keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError

if TYPE_CHECKING:
    from nnfs_cli.training.experiment import Experiment


@dataclass
class Progress:
    """Where training stands.

    epoch, step: how many are done.
    position: how many rows of the running epoch are done.
    order: the running epoch's rows (N,) in the order of training.
    outputs: what the network gave for them (N, M), to score the epoch by.
    seconds: the time spent on training.
    best_value, best_epoch: the monitored value of the best epoch, and its number.
    best_params: the network's snapshot at its end.
    """

    order: Array
    outputs: Array
    epoch: int = 0
    step: int = 0
    position: int = 0
    seconds: float = 0.0
    best_value: float = float("nan")
    best_epoch: int = 0
    best_params: Array | None = None

    @property
    def epochs_since_best(self) -> int:
        return self.epoch - self.best_epoch if self.best_epoch else 0


def state_of(experiment: Experiment) -> dict[str, Array]:
    """All that the rest of a training depends on, between two steps, by name."""
    progress, params = vars(experiment.progress), experiment.network.params
    return {
        "params": params.value,
        "statistics": params.statistics,
        "shuffle_rng": np.array(json.dumps(experiment.shuffle_state)),
        **experiment.descent.state(),
        **{f"progress/{name}": np.asarray(value) for name, value in progress.items() if value is not None},
    }


def load_state(experiment: Experiment, state: Mapping[str, Array], source: str) -> None:
    """Go back to where a state was taken. NnfsError where it is another experiment's."""
    for name, array in state_of(experiment).items():
        if name == "progress/best_params":
            continue  # of which there need not be any
        if name not in state or (array.dtype.kind != "U" and state[name].shape != array.shape):
            found = f"shape {state[name].shape}" if name in state else "no such array"
            raise NnfsError(
                f"{source}: the state of another experiment: {name} must have shape {array.shape}, "
                f"the file has {found}"
            )
    params, progress = experiment.network.params, experiment.progress
    params.value[...] = state["params"]
    params.statistics[...] = state["statistics"]
    experiment.unshuffled = None
    experiment.shuffle_rng.bit_generator.state = json.loads(str(state["shuffle_rng"]))
    for name, array in experiment.descent.state().items():
        array[...] = state[name]
    progress.best_params = None
    for name, value in vars(progress).items():
        if isinstance(value, np.ndarray):
            value[...] = state[f"progress/{name}"]
        elif f"progress/{name}" in state:
            array = state[f"progress/{name}"]
            setattr(progress, name, array.copy() if array.ndim else array.item())
