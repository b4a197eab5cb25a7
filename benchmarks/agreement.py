"""Check that contestants do the same work: from the same weights and batches they get the same weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sides.base import Contestant, Inference, Trainer, Weights
from sides.ours import OurInference, Ours
from workloads import Workload

from nnfs_cli.core.arrays import Array

STEPS = 20

TOLERANCE = 1e-5
"""The largest difference of weights or probabilities. Float32 has a relative error of 6e-8. Gradients sum a
hundred to a thousand numbers of about 1, in another order in each library: errors are up to 1e-6, of which
a step takes a hundredth. A step changes weights by 1e-4 and more, and so does a mistake."""


@dataclass(frozen=True)
class Reference:
    """Our result, to which contestants are compared.

    weights: the initial weights.   batches: the rows of the first steps.
    end: the weights after these steps, or the predictions in inference.
    """

    weights: Weights
    batches: list[Array]
    end: Weights

    @classmethod
    def of(cls, workload: Workload) -> "Reference":
        """The result of nnfs, with its default threads."""
        ours = Ours(workload.without_dropout(), "auto")
        weights = dict(ours.weights())
        if workload.inference:
            inference = OurInference(workload, "auto")
            inference.start(weights)
            return cls(weights, [], {"predictions": inference.predictions()})
        batches = ours.first_batches(STEPS)
        ours.steps(batches)
        return cls(weights, batches, ours.weights())

    def save(self, path: Path) -> None:
        """Write a file for the workers."""
        batches = {f"batch/{i}": rows for i, rows in enumerate(self.batches)}
        start = {f"start/{name}": array for name, array in self.weights.items()}
        end = {f"end/{name}": array for name, array in self.end.items()}
        np.savez(path, allow_pickle=False, **start, **batches, **end)

    @classmethod
    def load(cls, path: Path) -> "Reference":
        """Read a file that `save` wrote."""
        with np.load(path) as file:
            parts: dict[str, dict[str, Array]] = {"start": {}, "batch": {}, "end": {}}
            for name in file.files:
                part, _, key = name.partition("/")
                parts[part][key] = file[name]
        return cls(parts["start"], list(parts["batch"].values()), parts["end"])

    def gap(self, contestant: Contestant) -> float:
        """The largest difference between the contestant's result and ours."""
        match contestant:
            case Inference():
                contestant.start(self.weights)
                end: Weights = {"predictions": contestant.predictions()}
            case Trainer():
                contestant.start(self.weights)
                contestant.steps(self.batches)
                end = contestant.weights()
            case _:
                return 0.0  # it computes no weights
        if end.keys() != self.end.keys():
            raise ValueError(f"weights are missing: {sorted(self.end.keys() ^ end.keys())}")
        return max(float(np.abs(end[name] - mine).max()) for name, mine in self.end.items())
