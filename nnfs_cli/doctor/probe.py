"""What single steps of a training do, layer by layer: gradients, updates, and units that say nothing."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import ALL_REALS, Layer
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.learning import learning_notes
from nnfs_cli.training.trace import StepTrace, Tracer

LOOKS = (0, 5, 20)
"""The steps to take apart: the first, and two soon after it."""
ROWS = 128
NEAR = 0.01
"""The part of a bounded layer's range that counts as its end."""


@dataclass(frozen=True)
class Units:
    """A layer's units in one step.   dead: the share whose output is the same for every row.

    saturated: the share of outputs at an end of the layer's range; 0 where it has none.
    """

    layer: str
    step: int
    dead: float
    saturated: float


@dataclass(frozen=True)
class Change:
    """A weight in one step.   gradient, update: their norms as parts of the weight's own."""

    name: str
    step: int
    gradient: float
    update: float


class Probe:
    """Takes some steps of an experiment's training apart, while it trains.

    notes: at each look, what training itself says of layers that cannot learn.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._tracer = Tracer(experiment)
        self.traces: dict[int, StepTrace] = {}
        self.notes: dict[int, list[str]] = {}

    def look(self, step: int) -> None:
        """Take the next step apart, if it is one of LOOKS."""
        if step in LOOKS:
            rows = self.experiment.data.splits["train"].rows[:ROWS]
            self.traces[step] = self._tracer.trace(rows)
            self.notes[step] = learning_notes(self.experiment)

    @property
    def last(self) -> int:
        """The last step that was taken apart."""
        return max(self.traces)

    def units(self) -> Iterator[Units]:
        """Each hidden layer from the first with parameters on, but for those that only reshape."""
        network = self.experiment.network
        trainable = [i for i, layer in enumerate(network.layers) if layer.params()]
        for step, trace in self.traces.items():
            for i in range(trainable[0], trainable[-1]):
                layer, y = network.layers[i], trace.activations[i + 1]
                if type(layer).view is Layer.view:
                    yield Units(network.names[i], step, _dead(y), _saturated(layer, y))

    def broken(self) -> Iterator[str]:
        """The layers that make numbers which are not finite of finite ones, forward and backward."""
        names = self.experiment.network.names
        for what, flows in (("output", False), ("gradient", True)):
            for trace in self.traces.values():
                arrays = trace.gradients if flows else trace.activations
                finite = [bool(np.isfinite(array).all()) for array in arrays]
                before, after = (finite[1:], finite[:-1]) if flows else (finite[:-1], finite[1:])
                lost = [name for name, a, b in zip(names, before, after, strict=True) if a and not b]
                if lost:
                    yield f"{lost[0]}'s {what} is infinite or not a number"
                    break

    def changes(self) -> Iterator[Change]:
        """Each weight that decays, as matrices and filters do, and that is not zero."""
        for step, trace in self.traces.items():
            for name, param in self.experiment.network.params.named.items():
                size = float(np.linalg.norm(trace.before[name]))
                if param.decay and size:
                    update = float(np.linalg.norm(trace.after[name] - trace.before[name]))
                    yield Change(name, step, float(np.linalg.norm(trace.grads[name])) / size, update / size)

    def unchanged(self) -> list[str]:
        """The weights that no step changed, though there is an error to learn from."""
        named = self.experiment.network.params.named
        return [
            name
            for name, param in named.items()
            if param.decay
            and all(np.array_equal(each.before[name], each.after[name]) for each in self.traces.values())
        ]


def _dead(y: Array) -> float:
    """The share of units, or of an image's channels, whose output does not depend on the row."""
    by_unit = y.reshape(len(y), y.shape[1], -1) if y.ndim == 4 else y.reshape(len(y), -1, 1)
    spread = np.ptp(by_unit, axis=(0, 2)) if by_unit.size else np.zeros(1)
    size = np.abs(by_unit).max(axis=(0, 2))
    return float(np.mean(~(spread > 1e-6 * np.maximum(size, 1e-30))))


def _saturated(layer: Layer, y: Array) -> float:
    low, high = layer.output_range(ALL_REALS)
    if math.isinf(low) or math.isinf(high) or layer.sums_to_one:
        return 0.0
    margin = NEAR * (high - low)
    return float(np.mean((y < low + margin) | (y > high - margin)))
