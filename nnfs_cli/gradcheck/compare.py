"""Analytic against numeric: one tensor's gradient compared, judged and, if wrong, diagnosed."""

from collections.abc import Callable, Sequence
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

TELLING = 1e-3
"""Below this share of s, even a wrong sign may drown in rounding."""

ZERO = 1e-13
"""Below this share of the other gradients, or of the loss's terms, a gradient is zero but for rounding."""
RULE = (
    f"float64, central differences with h = {STEP:g} and h/10, or near a kink h/10 and h/100. "
    f"error = |a - n| / max(|a|, |n|, s) with s = {SMALLEST:g} max(1, |loss|) in a network, and {SMALLEST:g} "
    f"of the loss's size for a single component: for gradients below s the absolute error counts, since "
    f"their ratio is mostly rounding. If all of a tensor's are below {TELLING:g} s, the complex step of "
    f"{COMPLEX_STEP:g} decides, where the component's operations allow it, and in a network the layer alone "
    f"under the slopes from above; elsewhere they are too small to tell, which is no pass. An entry is at a "
    f"kink if its slopes to the left and right differ, or if the two steps disagree. Such entries are left "
    f"out and counted. If they are more than a tenth, the check is inconclusive, which is no pass; a "
    f"config's network is then checked again with noise on inputs and parameters."
)

Verdict = Literal["pass", "FAIL", "inconclusive", "too small to tell"]


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
    factor: the factor that the diagnosis names: "2", "1/N", ...; None where it cannot be judged.
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
    factor: str | None = None

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
    chain_slope: Callable[[Shape], float | None] | None = None,
    rows: int = 1,
    magnitude: float = 1.0,
    largest: float = 0.0,
    entries: int | None = None,
    rates: Sequence[float] = (),
) -> TensorCheck:
    """Compare `analytic` with the slopes of `loss` as entries of `values` change in place.

    complex_slope: the complex-step derivative for an entry; None if there is none.
    chain_slope: the slope of an entry's layer alone under the slopes from above; None if there is none. It is
        asked where differences cannot tell.
    rows: N, for the diagnosis.   magnitude: the size of the numbers that the loss sums up.
    largest: the largest entry of all tensors' gradients.   rates: learning rates, for the diagnosis.
    entries: how many to compare at most; by default MOST_ENTRIES.
    """
    middle = loss()
    size = max(magnitude, abs(middle), np.finfo(np.float64).tiny)
    smallest = SMALLEST * size
    indices = sample(values.shape, rng, entries or MOST_ENTRIES)
    units = np.array([unit_of(values[index]) for index in indices])
    differences = [
        derivative(along_entry(loss, values, index, unit), middle, magnitude)
        for index, unit in zip(indices, units, strict=True)
    ]
    smooth = [i for i, difference in enumerate(differences) if not difference.kink]
    a = np.array([analytic[indices[i]] for i in smooth], dtype=np.float64)
    n = np.array([differences[i].slope / units[i] for i in smooth], dtype=np.float64)
    absolute = np.abs(a - n)
    relative = absolute / np.maximum(np.maximum(np.abs(a), np.abs(n)), smallest)
    relative[~np.isfinite(relative)] = np.inf
    worst = int(np.argmax(relative)) if smooth else None
    too_many_kinks = not smooth or len(smooth) < (1 - MOST_KINKS) * len(indices)
    verdict: Verdict = "pass"
    if smooth and float(relative.max()) > tolerance:
        verdict = "FAIL"
    elif too_many_kinks:
        verdict = "inconclusive"
    rounding = ZERO * max(size, largest)
    too_small = verdict == "pass" and _is_too_small(a, n, smallest, rounding)
    c = _slopes(complex_slope, [indices[i] for i in smooth], n, smallest)
    if too_small:
        fine = _slopes(chain_slope, [indices[i] for i in smooth], n, smallest) if chain_slope else c
        verdict = _decide(a, n, fine, rounding, tolerance)
        if fine is not None:
            n = fine
            worst = int(np.argmax(np.abs(a - n)))
    text, factor = "", None
    if verdict == "FAIL":
        text, factor = diagnose(values.shape, analytic, [indices[i] for i in smooth], n, rows, rates)
        if not np.isfinite(middle):
            text = "the loss is not finite at these inputs"
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
        complex_error=None if c is None else _largest_error(a, c, smallest),
        worst=None if worst is None else (indices[smooth[worst]], float(a[worst]), float(n[worst])),
        verdict=verdict,
        diagnosis=text,
        factor=factor,
    )


def along_entry(
    loss: Callable[[], float], values: Array, index: Shape, unit: float = 1.0
) -> Callable[[float], float]:
    """The loss as a function of h, a number of units that is added to one entry of `values`."""
    here = values[index]

    def at(h: float) -> float:
        values[index] = here + h * unit
        result = loss()
        values[index] = here
        return result

    return at


def unit_of(value: float) -> float:
    """The unit of steps from this value: 1, or for large values a power of two near them.

    Else the sum of value and step would be rounded by too much of the step.
    """
    return 1.0 if abs(value) < 16.0 else float(2.0 ** np.floor(np.log2(abs(value))))


def sample(shape: Shape, rng: np.random.Generator, most: int) -> list[Shape]:
    """The indices of all entries, or of `most` drawn at random."""
    size = int(np.prod(shape))
    flat = np.arange(size) if size <= most else np.sort(rng.choice(size, most, replace=False))
    return [tuple(int(i) for i in np.unravel_index(position, shape)) for position in flat]


def _is_too_small(a: Array, n: Array, smallest: float, rounding: float) -> bool:
    """Whether differences cannot tell these gradients: they are tiny, but more than zero with rounding."""
    largest = max(np.abs(a).max(initial=0.0), np.abs(n).max(initial=0.0))
    is_zero = np.abs(a).max(initial=0.0) <= rounding and largest <= TOLERANCE * smallest
    return bool(largest < TELLING * smallest and not is_zero)


def _decide(a: Array, n: Array, c: Array | None, rounding: float, tolerance: float) -> Verdict:
    """The verdict on a tiny gradient by finer slopes c.

    If all complex slopes are zero, some operation dropped the imaginary part: then they tell nothing.
    Without them, only slopes n that agree in all digits can tell: rounding does not agree by chance.
    """
    if c is None or not np.any(c):
        own_size = SMALLEST * float(np.abs(n).max())
        agree = own_size > 0.0 and _largest_error(a, n, own_size) <= tolerance
        return "pass" if agree else "too small to tell"
    own_size = max(SMALLEST * float(np.abs(c).max()), rounding / (100 * tolerance))  # else it is rounding
    return "FAIL" if _largest_error(a, c, own_size) > tolerance else "pass"


def _largest_error(a: Array, true: Array, smallest: float) -> float:
    scale = np.maximum(np.maximum(np.abs(a), np.abs(true)), smallest)
    return float(np.max(np.abs(a - true) / scale))


def _slopes(
    slope: Callable[[Shape], float | None] | None, indices: list[Shape], numeric: Array, smallest: float
) -> Array | None:
    """The slopes by another way; None where it does not apply."""
    if slope is None or not indices:
        return None
    slopes = [slope(index) for index in indices]
    if any(s is None for s in slopes):
        return None
    c = np.array(slopes, dtype=np.float64)
    scale = np.maximum(np.maximum(np.abs(numeric), np.abs(c)), smallest)
    if not np.all(np.abs(c - numeric) <= 1e-5 * scale):  # some operation, as abs, is not analytic
        return None
    return c
