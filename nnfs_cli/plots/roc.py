"""roc.png and precision_recall.png, for classes: what each threshold on p finds, and at what price."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.roc_auc import of_second
from nnfs_cli.plots.colors import dashes, palette
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.predicted import Predicted, predicted
from nnfs_cli.plots.style import GRAY, ink, panels
from nnfs_cli.runs.directory import RunDirectory

MOST_CURVES = 8
"""Of more classes, those with the smallest areas are drawn."""


@dataclass(frozen=True)
class Curves:
    """The curves of one class against all others, from the highest threshold to the lowest, by distinct p.

    false, true: (n,) the shares of the others and of the class with a p at or above the threshold.
    precision: (n,) the class's share of the rows there; true is also called recall.
    """

    k: int
    false: Array
    true: Array
    precision: Array
    base: float

    @property
    def area(self) -> float:
        """The area under the ROC curve; ties are straight lines, so they count half (Fawcett, 2006)."""
        return float(np.sum(np.diff(self.false) * (self.true[1:] + self.true[:-1]) / 2))

    @property
    def average_precision(self) -> float:
        """The sum of precision times the rise in recall."""
        return float(np.sum(np.diff(self.true) * self.precision[1:]))


def draw(run: RunDirectory) -> dict[str, Axes]:
    """A curve for each class, each against all others; for two classes only that of the second."""
    found = predicted(run, "classification")
    curves = class_curves(found) if found is not None else []
    if found is None or not curves:
        return {}
    (roc,) = panels([f"{found.id}: ROC, {found.split} rows"], (6.8, 6.0))
    (pr,) = panels([f"{found.id}: precision and recall, {found.split} rows"], (6.8, 6.0))
    roc.plot([0, 1], [0, 1], color=GRAY, lw=1.2, label="chance: 0.5")
    names, colors = found.names(20), palette(MOST_CURVES)
    mean = float(np.mean([c.area for c in curves])), float(np.mean([c.average_precision for c in curves]))
    for i, c in enumerate(_smallest(curves, [c.area for c in curves])):
        label = f"{names[c.k]}: {_digits(c.area)}"
        roc.plot(c.false, c.true, color=colors[i], ls=dashes(i), label=label)
    for i, c in enumerate(_smallest(curves, [c.average_precision for c in curves])):
        label = f"{names[c.k]}: {_digits(c.average_precision)} ({_digits(c.base)})"
        pr.step(c.true, c.precision, where="pre", color=colors[i], ls=dashes(i), label=label)
    if len(curves) == 1:
        pr.axhline(curves[0].base, color=GRAY, lw=1.2)
    roc.set_xlabel("false positive rate")
    roc.set_ylabel("true positive rate")
    pr.set_xlabel("recall")
    pr.set_ylabel("precision")
    for axes, area, what in ((roc, mean[0], "area"), (pr, mean[1], "average precision (chance)")):
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.02)
        axes.set_aspect("equal")
        title = what
        if len(curves) > 1:
            title += f"\nmean of {len(curves)} classes: {_digits(area)}"
        if len(curves) > MOST_CURVES:
            title += f"\nthe {MOST_CURVES} smallest:"
        legend = axes.legend(title=title, loc="lower right" if axes is roc else "lower left")
        legend.get_title().set_color(ink())
    left = len(found.classes) - len(curves)
    if len(found.classes) > 2 and left:
        roc.set_title(f"{roc.get_title('left')}\n{left} classes without rows, or with all, are left out")
    return {"roc": roc, "precision_recall": pr}


def class_curves(found: Predicted) -> list[Curves]:
    """The curves of the classes that have rows and are not alone; for two classes, of the second.

    None where p are scores of more than two classes, since scores mean nothing but by their difference.
    """
    some = found.some
    if not some or not len(some["p"]):
        return []
    p, target = some["p"], some["target"]
    if p.shape[1] == 2:
        columns = {1: of_second(p)}
    elif found.arrays["probabilities"]:
        columns = dict(enumerate(p.T))
    else:
        return []
    return [
        curves_of(k, column, target == k)
        for k, column in columns.items()
        if 0 < np.count_nonzero(target == k) < len(target)
    ]


def curves_of(k: int, p: Array, positive: Array) -> Curves:
    """The curves of class k, from p (N,) and whether rows are of it (N,)."""
    thresholds, which = np.unique(-p, return_inverse=True)  # equal p fall below a threshold together
    hits = np.cumsum(np.bincount(which, positive, len(thresholds)))
    found = np.cumsum(np.bincount(which, minlength=len(thresholds)))
    false, true = (found - hits) / np.count_nonzero(~positive), hits / np.count_nonzero(positive)
    start = (np.r_[0.0, false], np.r_[0.0, true], np.r_[1.0, hits / found])
    return Curves(k, *start, base=float(positive.mean()))


def _smallest(curves: list[Curves], areas: list[float]) -> list[Curves]:
    """The curves with the smallest areas, in the order of their classes."""
    return [curves[i] for i in sorted(np.argsort(areas, kind="stable")[:MOST_CURVES])]


def _digits(area: float) -> str:
    """An area with three digits, and more where it is close to 1."""
    return f"{area:.3f}" if area < 0.999 or area == 1 else f"{area:.5f}"
