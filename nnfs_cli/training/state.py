"""The state of a training, as the arrays of a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import FlatParams
from nnfs_cli.engine.descent import Descent


@dataclass
class Progress:
    """How far training is.

    epoch, step: the numbers of finished epochs and steps.
    position: the number of this epoch's rows that were trained on.
    order: (N,) the training rows in this epoch's order.
    outputs: (N, M) the network's outputs for these rows in this epoch's steps, which score the epoch.
    seconds: the time spent on training.
    best_value, best_epoch: the best monitored value, and the number of its epoch.
    best_params: the parameters and statistics at the end of that epoch, from `FlatParams.snapshot`.
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
        return self.epoch - self.best_epoch


def state_of(progress: Progress, params: FlatParams, descent: Descent) -> dict[str, Array]:
    """All that the rest of a training depends on, but for random numbers, by name; the arrays themselves."""
    counted = {name: np.asarray(value) for name, value in vars(progress).items() if value is not None}
    return {
        "params": params.value,
        "statistics": params.statistics,
        **descent.state(),
        **{f"progress/{name}": array for name, array in counted.items()},
    }


def check_state(own: Mapping[str, Array], state: Mapping[str, Array], source: str) -> None:
    """Raise NnfsError where a state is not of the same experiment as `own`."""
    for name, array in own.items():
        if name == "progress/best_params":
            continue  # a state without a best epoch has none
        if name not in state or (array.dtype.kind != "U" and state[name].shape != array.shape):
            found = f"shape {state[name].shape}" if name in state else "no such array"
            raise NnfsError(
                f"{source}: the state of another experiment: {name} must have shape {array.shape}, "
                f"the file has {found}"
            )


def load_state(progress: Progress, params: FlatParams, descent: Descent, state: Mapping[str, Array]) -> None:
    """Go back to where a state was taken."""
    params.value[...] = state["params"]
    params.statistics[...] = state["statistics"]
    for name, array in descent.state().items():
        array[...] = state[name]
    progress.best_params = None
    for name, value in vars(progress).items():
        if isinstance(value, np.ndarray):
            value[...] = state[f"progress/{name}"]
        elif f"progress/{name}" in state:
            array = state[f"progress/{name}"]
            setattr(progress, name, array.copy() if array.ndim else array.item())
