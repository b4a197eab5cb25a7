"""Analytic against numeric: one tensor's gradient compared, judged and, if wrong, diagnosed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.gradcheck.diagnose import diagnose
from nnfs_cli.gradcheck.differences import STEP, derivative

TOLERANCE = 1e-6
SMALLEST = 1e-2
MOST_ENTRIES = 60
MOST_KINKS = 0.1
COMPLEX_STEP = 1e-30
RULE = (
    f"float64, central differences with h = {STEP:g} and h/10, or near a kink h/10 and h/100. "
    f"error = |a - n| / max(|a|, |n|, s) with s = {SMALLEST:g} max(1, |loss|): for gradients below s the "
    f"absolute error counts, since their ratio is mostly rounding. "
    f"An entry is at a kink if its slopes to the left and right differ, or if the two steps disagree. Such "
    f"entries are left out and counted. If they are more than a tenth, the check is inconclusive, which is "
    f"no pass; a config's network is then checked again with noise on inputs and parameters. complex: the "
    f"error against a complex step of {COMPLEX_STEP:g}, where the component's operations allow it"
)

Verdict = Literal["pass", "FAIL", "inconclusive"]


@dataclass(frozen=True)
class TensorCheck:
    """The verdict on one tensor's gradient.

    subject, tensor: what was checked.   shape: the tensor's.
    entries: how many were compared.
    zeros: how many of these are exactly zero, analytic and numeric.
    kinks: how many others were left out, since they have no derivative.
    max_relative, median_relative, max_absolute: the errors.
    complex_error: the largest relative error against the complex step; None if there is none.
    worst: index, analytic and numeric value of the entry with the largest error.
    diagnosis: what the mistake looks like, for a gradient that fails.
    """

    subject: str
    tensor: str
    shape: Shape
    entries: int
    zeros: int
    kinks: int
    max_relative: float
    median_relative: float
    max_absolute: float
    complex_error: float | None
    worst: tuple[Shape, float, float] | None
    verdict: Verdict
    diagnosis: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return dict(vars(self))


def compare(
    subject: str,
    tensor: str,
    values: Array,
    analytic: Array,
    loss: Callable[[], float],
    *,
    rng: np.random.Generator,
    tolerance: float = TOLERANCE,
    complex_slope: Callable[[Shape], float | None] | None = None,
    rows: int = 1,
    magnitude: float = 1.0,
    entries: int | None = None,
) -> TensorCheck:
    """Compare `analytic` with the slopes of `loss` as entries of `values` change in place.

    complex_slope: the complex-step derivative for an entry; None if there is none.
    rows: N, for the diagnosis.   magnitude: the size of the numbers that the loss sums up.
    entries: how many to compare at most; by default MOST_ENTRIES.
    """
    middle = loss()
    smallest = SMALLEST * max(1.0, abs(middle))
    indices = sample(values.shape, rng, entries or MOST_ENTRIES)
    differences = [derivative(along_entry(loss, values, index), middle, magnitude) for index in indices]
    smooth = [i for i, difference in enumerate(differences) if not difference.kink]
    a = np.array([analytic[indices[i]] for i in smooth], dtype=np.float64)
    n = np.array([differences[i].slope for i in smooth], dtype=np.float64)
    absolute = np.abs(a - n)
    relative = absolute / np.maximum(np.maximum(np.abs(a), np.abs(n)), smallest)
    relative[~np.isfinite(relative)] = np.inf
    worst = int(np.argmax(relative)) if smooth else None
    too_many_kinks = not smooth or len(smooth) < (1 - MOST_KINKS) * len(indices)
    failed = bool(smooth) and float(relative.max()) > tolerance
    return TensorCheck(
        subject=subject,
        tensor=tensor,
        shape=values.shape,
        entries=len(smooth),
        zeros=int(np.sum((a == 0) & (n == 0))),
        kinks=len(indices) - len(smooth),
        max_relative=float(relative.max(initial=0.0)),
        median_relative=float(np.median(relative)) if smooth else 0.0,
        max_absolute=float(absolute.max(initial=0.0)),
        complex_error=_complex_error(complex_slope, [indices[i] for i in smooth], a, n, smallest),
        worst=None if worst is None else (indices[smooth[worst]], float(a[worst]), float(n[worst])),
        verdict="FAIL" if failed else "inconclusive" if too_many_kinks else "pass",
        diagnosis=diagnose(values.shape, analytic, [indices[i] for i in smooth], n, rows) if failed else "",
    )


def along_entry(loss: Callable[[], float], values: Array, index: Shape) -> Callable[[float], float]:
    """The loss as a function of h, a number that is added to one entry of `values`."""
    here = values[index]

    def at(h: float) -> float:
        values[index] = here + h
        result = loss()
        values[index] = here
        return result

    return at


def sample(shape: Shape, rng: np.random.Generator, most: int) -> list[Shape]:
    """The indices of all entries, or of `most` drawn at random."""
    size = int(np.prod(shape))
    flat = np.arange(size) if size <= most else np.sort(rng.choice(size, most, replace=False))
    return [tuple(int(i) for i in np.unravel_index(position, shape)) for position in flat]


def _complex_error(
    slope: Callable[[Shape], float | None] | None,
    indices: list[Shape],
    analytic: Array,
    numeric: Array,
    smallest: float,
) -> float | None:
    """The largest error against the complex step; None where it does not apply."""
    if slope is None or not indices:
        return None
    slopes = [slope(index) for index in indices]
    if any(s is None for s in slopes):
        return None
    c = np.array(slopes, dtype=np.float64)
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(c)), smallest)
    if np.any(np.abs(c - numeric) > 1e-5 * scale):  # some operation, as abs, is not analytic
        return None
    return float(np.max(np.abs(c - analytic) / scale))
