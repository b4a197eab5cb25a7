"""That contestants do the same work: the same start and batches lead to the same weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sides.base import Answerer, Contestant, Trainer, Weights
from sides.ours import Answering, Ours
from workloads import Workload

from nnfs_cli.core.arrays import Array

STEPS = 20

TOLERANCE = 1e-5
"""Of weights, and of probabilities. Float32 has an error of 6e-8 of a number; gradients are sums of
some hundred to a thousand products of numbers of about 1, in another order in each library: 1e-6 at worst,
and of that a step takes a hundredth. A mistake shows at 1e-4 and more: that is what a step changes."""


@dataclass(frozen=True)
class Reference:
    """What ours comes to.

    weights: those to start from.   batches: the rows of the first steps.
    end: the weights after them, or else the answers.
    """

    weights: Weights
    batches: list[Array]
    end: Weights

    @classmethod
    def of(cls, workload: Workload) -> "Reference":
        """Made by ours, by its rule."""
        ours = Ours(workload.without_chance(), "auto")
        weights = dict(ours.weights())
        if workload.answers:
            answering = Answering(workload, "auto")
            answering.start(weights)
            return cls(weights, [], {"answers": answering.answers()})
        batches = ours.first_batches(STEPS)
        ours.steps(batches)
        return cls(weights, batches, ours.weights())

    def save(self, path: Path) -> None:
        """Write it for the workers."""
        batches = {f"batch/{i}": rows for i, rows in enumerate(self.batches)}
        start = {f"start/{name}": array for name, array in self.weights.items()}
        end = {f"end/{name}": array for name, array in self.end.items()}
        np.savez(path, allow_pickle=False, **start, **batches, **end)

    @classmethod
    def load(cls, path: Path) -> "Reference":
        """Read what `save` wrote."""
        with np.load(path) as file:
            parts: dict[str, dict[str, Array]] = {"start": {}, "batch": {}, "end": {}}
            for name in file.files:
                part, _, key = name.partition("/")
                parts[part][key] = file[name]
        return cls(parts["start"], list(parts["batch"].values()), parts["end"])

    def gap(self, contestant: Contestant) -> float:
        """By how much the contestant, put to the same, comes out elsewhere."""
        match contestant:
            case Answerer():
                contestant.start(self.weights)
                end: Weights = {"answers": contestant.answers()}
            case Trainer():
                contestant.start(self.weights)
                contestant.steps(self.batches)
                end = contestant.weights()
            case _:
                return 0.0  # it computes nothing that could be compared
        if end.keys() != self.end.keys():
            raise ValueError(f"weights are missing: {sorted(self.end.keys() ^ end.keys())}")
        return max(float(np.abs(end[name] - mine).max()) for name, mine in self.end.items())
