"""What has gradients: a loss that can be called again and again; and the verdicts on it."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from nnfs_cli.core.params import Array, Shape
from nnfs_cli.gradcheck.compare import TOLERANCE, TensorCheck, compare


@dataclass(frozen=True)
class Subject:
    """Something with gradients.

    loss: the value; it reads the tensors' values wherever they are.
    gradients: computes and returns the analytic gradients, in the order of `tensors`.
    tensors: (name, values).   rows: N.   magnitude: of the numbers that the loss sums up.
    entries: how many of each tensor to compare at most, None for the usual number.
    complex_slope: for each tensor, the complex-step derivative by one entry; None where it cannot be.
    """

    name: str
    loss: Callable[[], float]
    gradients: Callable[[], list[Array]]
    tensors: Sequence[tuple[str, Array]]
    rows: int
    complex_slope: Callable[[int, Shape], float | None] | None = None
    magnitude: float = 1.0
    entries: int | None = None

    def by_tensor(self, rng: np.random.Generator, tolerance: float) -> Iterator[TensorCheck]:
        """A verdict for each tensor."""
        analytic = self.gradients()
        for i, (name, values) in enumerate(self.tensors):
            slope = None if self.complex_slope is None else partial(self.complex_slope, i)
            yield compare(
                self.name,
                name,
                values,
                analytic[i],
                self.loss,
                rng=rng,
                tolerance=tolerance,
                complex_slope=slope,
                rows=self.rows,
                magnitude=self.magnitude,
                entries=self.entries,
            )

    def along_a_direction(self, rng: np.random.Generator, tolerance: float) -> TensorCheck:
        """All entries of all tensors at once: the slope along a random direction v against g . v."""
        analytic = self.gradients()
        directions = [rng.normal(size=values.shape) for _, values in self.tensors]
        length = np.sqrt(sum(float(np.vdot(v, v)) for v in directions))
        projected = sum(float(np.vdot(g, v)) for g, v in zip(analytic, directions, strict=True)) / length
        along = np.zeros(1)
        starts = [values.copy() for _, values in self.tensors]

        def loss() -> float:
            for (_, values), start, v in zip(self.tensors, starts, directions, strict=True):
                np.multiply(v, along[0] / length, out=values)
                values += start
            return self.loss()

        check = compare(
            self.name,
            "all, one direction",
            along,
            np.array([projected]),
            loss,
            rng=rng,
            tolerance=tolerance,
            magnitude=self.magnitude,
        )
        for (_, values), start in zip(self.tensors, starts, strict=True):
            values[...] = start
        size = sum(values.size for _, values in self.tensors)
        return dataclasses.replace(check, shape=(size,), diagnosis="")

    def unrepeatable(self) -> Iterator[TensorCheck]:
        """A failure for each tensor for which two equal calls differ, as by a draw without a seed."""
        analytic, again = self.gradients(), self.gradients()
        values = (self.loss(), self.loss())
        for (name, tensor), first, second in zip(self.tensors, analytic, again, strict=True):
            if values[0] != values[1] or not np.array_equal(first, second, equal_nan=True):
                what = "losses" if values[0] != values[1] else "gradients"
                yield TensorCheck(
                    subject=self.name,
                    tensor=name,
                    shape=tensor.shape,
                    entries=0,
                    zeros=0,
                    kinks=0,
                    max_relative=float("inf"),
                    median_relative=float("inf"),
                    max_absolute=float("inf"),
                    complex_error=None,
                    worst=None,
                    verdict="FAIL",
                    diagnosis=f"not deterministic: two equal calls gave different {what}",
                )


def check(subject: Subject, seed: int = 0, tolerance: float = TOLERANCE) -> list[TensorCheck]:
    """A verdict for each tensor of a subject and, where there are several, for all along one direction."""
    rng = np.random.default_rng(seed)
    checks = list(subject.unrepeatable())
    if not checks:
        checks = list(subject.by_tensor(rng, tolerance))
        if len(checks) > 1:
            checks.append(subject.along_a_direction(rng, tolerance))
    return checks
