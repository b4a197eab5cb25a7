"""A subject of the gradient check, which is a loss and its gradients, and the verdicts on it."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.gradcheck.compare import TOLERANCE, TensorCheck, compare

MOST_NOISE_DRAWS = 4
"""How often noise is tried where kinks hide the slope."""

MANY_ENTRIES = 400
"""How many entries of a tensor are compared to find those that are wrong."""


@dataclass(frozen=True)
class Subject:
    """Something with gradients.

    loss: computes the loss from the tensors' present values.
    gradients: computes and returns the analytic gradients, in the order of `tensors`.
    tensors: (name, values).   rows: N.   magnitude: the size of the numbers that the loss sums up.
    entries: how many of each tensor to compare at most, None for the usual number.
    rates: learning rates that a wrong gradient may contain.
    complex_slope: the complex-step derivative for a tensor and one of its entries; None if there is none.
    chain_slope: the same by a network's layers one by one; None for single components.
    add_noise: moves inputs and parameters a little, at random; None if that is never needed.
    """

    name: str
    loss: Callable[[], float]
    gradients: Callable[[], list[Array]]
    tensors: Sequence[tuple[str, Array]]
    rows: int
    complex_slope: Callable[[int, Shape], float | None] | None = None
    chain_slope: Callable[[int, Shape], float | None] | None = None
    magnitude: float = 1.0
    entries: int | None = None
    add_noise: Callable[[np.random.Generator], None] | None = None
    rates: Sequence[float] = ()

    def check_tensor(
        self, i: int, rng: np.random.Generator, tolerance: float, entries: int | None = None
    ) -> TensorCheck:
        """The verdict on the i-th tensor, by its entries."""
        name, values = self.tensors[i]
        gradients = self.gradients()
        return compare(
            self.name,
            name,
            values,
            gradients[i],
            self.loss,
            rng=rng,
            tolerance=tolerance,
            complex_slope=None if self.complex_slope is None else partial(self.complex_slope, i),
            chain_slope=None if self.chain_slope is None else partial(self.chain_slope, i),
            rows=self.rows,
            magnitude=self.magnitude,
            largest=max(float(np.abs(gradient).max(initial=0.0)) for gradient in gradients),
            entries=entries or self.entries,
            rates=self.rates,
        )

    def check_direction(
        self, rng: np.random.Generator, tolerance: float, only: int | None = None
    ) -> TensorCheck:
        """Check all entries of all tensors at once: the slope along a random direction v against g . v.

        only: the tensor whose entries move; by default all.
        """
        analytic = self.gradients()
        directions = [
            rng.normal(size=values.shape) if only in (None, i) else np.zeros(values.shape)
            for i, (_, values) in enumerate(self.tensors)
        ]
        length = np.sqrt(sum(float(np.vdot(v, v)) for v in directions))
        moved = [(g, v) for g, v in zip(analytic, directions, strict=True) if v.any()]
        projected = sum(float(np.vdot(g, v)) for g, v in moved) / length
        along = np.zeros(1)
        starts = [values.copy() for _, values in self.tensors]

        def loss() -> float:
            for (_, values), start, v in zip(self.tensors, starts, directions, strict=True):
                np.multiply(v, along[0] / length, out=values)
                values += start
            return self.loss()

        check = compare(
            self.name,
            "all, one direction" if only is None else f"{self.tensors[only][0]}, one direction",
            along,
            np.array([projected]),
            loss,
            rng=rng,
            tolerance=tolerance,
            magnitude=self.magnitude,
        )
        for (_, values), start in zip(self.tensors, starts, strict=True):
            values[...] = start
        size = sum(values.size for i, (_, values) in enumerate(self.tensors) if only in (None, i))
        return dataclasses.replace(check, shape=(size,), worst=None, diagnosis="", factor=None)

    def unrepeatable(self) -> Iterator[TensorCheck]:
        """A failed check for each tensor if two equal calls differ, as with draws without a seed."""
        analytic, again = self.gradients(), self.gradients()
        values = np.array([self.loss(), self.loss()])
        differ = not np.array_equal(values[:1], values[1:], equal_nan=True)
        for (name, tensor), first, second in zip(self.tensors, analytic, again, strict=True):
            if differ or not np.array_equal(first, second, equal_nan=True):
                what = "losses" if differ else "gradients"
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
    """A verdict for each tensor of a subject and, if there are several, for all along one direction."""
    rng = np.random.default_rng(seed)
    checks = list(subject.unrepeatable())
    if not checks:
        tensors = range(len(subject.tensors))
        checks = [
            check_with_noise(subject, partial(subject.check_tensor, i), rng, tolerance) for i in tensors
        ]
        if len(checks) > 1:
            whole = check_with_noise(subject, subject.check_direction, rng, tolerance)
            if whole.verdict != "too small to tell":  # then the tensors were told by complex steps, or not
                checks.append(whole)
    return checks


def check_in_short(subject: Subject, seed: int = 0, tolerance: float = TOLERANCE) -> list[TensorCheck]:
    """A verdict for each tensor by its slope along a random direction, and by its entries where that fails.

    It costs a few losses where `check` costs hundreds. What it cannot tell it leaves to `check`.
    """
    rng = np.random.default_rng(seed)
    checks = list(subject.unrepeatable())
    if checks:
        return checks
    for i in range(len(subject.tensors)):
        along = subject.check_direction(rng, tolerance, i)
        if along.verdict == "FAIL":
            by_entry = subject.check_tensor(i, rng, tolerance, MANY_ENTRIES)
            checks.append(by_entry if by_entry.verdict == "FAIL" else along)
        elif along.verdict == "pass":
            checks.append(along)
    return checks


def check_with_noise(
    subject: Subject,
    verdict: Callable[[np.random.Generator, float], TensorCheck],
    rng: np.random.Generator,
    tolerance: float,
) -> TensorCheck:
    """The verdict on the data as they are or, if kinks make that inconclusive, with noise.

    Images lie on kinks. Where an image is constant, as at MNIST's border, all pixels under a maximum are
    equal. If one of them moves alone, the maximum changes with it in one direction only: no h is small
    enough for a slope by x. A bias of zero is at ReLU's kink wherever all its inputs are zero. But such
    points have measure zero (Rademacher's theorem), so noise leaves them. The noise must be much larger
    than h, or pixels that were equal stay within h of each other. The data without noise come first, since
    equal pixels move together when a weight changes, and that shows whether each counts once.
    """
    check = verdict(rng, tolerance)
    if check.verdict != "inconclusive" or subject.add_noise is None:
        return check
    starts = [values.copy() for _, values in subject.tensors]
    for _ in range(MOST_NOISE_DRAWS):
        subject.add_noise(rng)
        check = verdict(rng, tolerance)
        if check.verdict != "inconclusive":
            break
    for (_, values), start in zip(subject.tensors, starts, strict=True):
        values[...] = start
    return dataclasses.replace(check, subject=f"{check.subject}, with noise")


@dataclass(frozen=True)
class Settings:
    """How to check: seed of draws, largest error that passes, learning rates that a mistake may contain."""

    seed: int = 0
    tolerance: float = TOLERANCE
    rates: tuple[float, ...] = ()

    def check(self, subject: Subject) -> list[TensorCheck]:
        """As the function `check`."""
        return check(dataclasses.replace(subject, rates=self.rates), self.seed, self.tolerance)

    def check_in_short(self, subject: Subject) -> list[TensorCheck]:
        """As the function `check_in_short`."""
        return check_in_short(dataclasses.replace(subject, rates=self.rates), self.seed, self.tolerance)
