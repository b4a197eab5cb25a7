"""The state of a training, as the arrays of a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    start_loss: the size of the loss at the start, which divergence is measured by (see `divergence`).
    rollbacks: how often training went back after it had diverged. Each time halves the learning rate.
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
    start_loss: float = float("nan")
    rollbacks: int = 0

    @property
    def epochs_since_best(self) -> int:
        return self.epoch - self.best_epoch


OPTIONAL = ("progress/best_params", "progress/start_loss", "progress/rollbacks")
"""What a state may lack: it has no best epoch, or is of an earlier version."""


def state_of(progress: Progress, params: FlatParams, descent: Descent) -> dict[str, Array]:
    """All that the rest of a training depends on, but for random numbers, by name; the arrays themselves."""
    counted = {name: np.asarray(value) for name, value in vars(progress).items() if value is not None}
    return {
        "params": params.value,
        "statistics": params.statistics,
        **descent.state(),
        **{f"progress/{name}": array for name, array in counted.items()},
    }


MARK = "mark/"
"""What names in a checkpoint begin with, where they are of the mark."""


@dataclass
class Mark:
    """The state of a training at an earlier step, to take the steps after it again.

    state: a copy of it.
    observed: the values that the schedule was given since, one for each epoch that ended.
    due: when to make a new mark, by `time.perf_counter`.
    """

    state: Mapping[str, Array]
    observed: list[float] = field(default_factory=list)
    due: float = 0.0

    @property
    def step(self) -> int:
        return int(self.state["progress/step"])

    def arrays(self) -> dict[str, Array]:
        """The mark as arrays of a checkpoint."""
        named = {f"{MARK}{name}": array for name, array in self.state.items()}
        return {**named, f"{MARK}observed": np.array(self.observed, np.float64)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> "Mark | None":
        """The mark in a checkpoint; None if it has none."""
        if f"{MARK}observed" not in arrays:
            return None
        state = {name.removeprefix(MARK): x for name, x in arrays.items() if name.startswith(MARK)}
        return cls(state, state.pop("observed").tolist())


def check_state(own: Mapping[str, Array], state: Mapping[str, Array], source: str) -> None:
    """Raise NnfsError where a state is not of the same experiment as `own`."""
    for name, array in own.items():
        if name in OPTIONAL:
            continue
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
