"""Where training stands."""

from dataclasses import dataclass

from nnfs_cli.core.arrays import Array


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
