"""roc.png and precision_recall.png, for classes: each class against the others, at every threshold."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.roc_auc import of_second
from nnfs_cli.plots.colors import dashes, palette
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.predicted import classification
from nnfs_cli.plots.style import GRAY, panels
from nnfs_cli.runs.directory import RunDirectory

MOST_CLASSES, MOST_LETTERS = 10, 20
"""Of more classes, those with the smallest areas are drawn."""


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Both pictures; of two classes one curve. Classes that all or none of the rows are of have none."""
    found = classification(run)
    if found is None:
        return {}
    arrays, names = found.arrays, found.names(MOST_LETTERS)
    if "p" not in arrays or not (arrays["probabilities"] or len(names) == 2):
        return {}
    there = np.isfinite(arrays["p"]).all(axis=1)
    p, target = arrays["p"][there].astype(np.float64), arrays["target"][arrays["p_rows"][there]]
    scores = {1: of_second(p)} if len(names) == 2 else dict(enumerate(p.T))
    classes = [k for k in scores if 0 < np.count_nonzero(target == k) < len(target)]
    if not classes:
        return {}
    rows = f"{len(target):,} {found.split} rows"
    if len(target) < len(arrays["target"]):
        rows = f"{len(target):,} of {len(arrays['target']):,} {found.split} rows"
    drawn = {}
    for name, curve, title in (
        ("roc", roc, "ROC"),
        ("precision_recall", precision_recall, "precision and recall"),
    ):
        curves = {k: curve(scores[k], target == k) for k in classes}
        drawn[name] = _draw(names, curves, name, f"{found.id}: {title}, {rows}")
        _finish(drawn[name], name, [np.mean(target == k) for k in classes])
    return drawn


def roc(score: Array, positive: Array) -> tuple[Array, Array, float]:
    """(false positive rate, true positive rate, area) at every threshold, from the largest score down.

    Rows of equal scores are taken together: between their thresholds the curve is a straight line.
    """
    hits, alarms = _counts(score, positive)
    x, y = alarms / max(alarms[-1], 1), hits / max(hits[-1], 1)
    return x, y, float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def precision_recall(score: Array, positive: Array) -> tuple[Array, Array, float]:
    """(recall, precision, average precision): the sum of precisions, each times its gain of recall."""
    hits, alarms = (counts[1:] for counts in _counts(score, positive))
    recall, precision = hits / max(hits[-1], 1), hits / (hits + alarms)
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return np.r_[0.0, recall], np.r_[precision[0], precision], area


def _counts(score: Array, positive: Array) -> tuple[Array, Array]:
    """How many positives and how many others have a score of at least each threshold; none at first."""
    order = np.argsort(-score, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(score[order])), len(score) - 1]
    hits = np.cumsum(positive[order])[last]
    return np.r_[0, hits], np.r_[0, last + 1 - hits]


def _draw(names: list[str], curves: dict[int, tuple[Array, Array, float]], name: str, title: str) -> Axes:
    (axes,) = panels([title], (6.8, 5.8))
    chosen = sorted(curves, key=lambda k: curves[k][2])[:MOST_CLASSES]
    colors = palette(len(names))
    for place, k in enumerate(sorted(chosen)):
        x, y, area = curves[k]
        label = f"{names[k]}: {_area(area)}"
        step = "steps-pre" if name == "precision_recall" else "default"
        axes.plot(
            x,
            y,
            color=colors[place if len(names) > len(chosen) else k],
            ls=dashes(k),
            lw=1.8,
            label=label,
            drawstyle=step,
        )
    mean = float(np.mean([area for *_, area in curves.values()]))
    what = "area below" if name == "roc" else "average precision"
    left_out = f"\n{len(chosen)} smallest of {len(curves)}" if len(chosen) < len(curves) else ""
    several = f"{what}\nmean {_area(mean)}{left_out}" if len(curves) > 1 else what
    axes.legend(title=several, loc="lower right" if name == "roc" else "lower left")
    return axes


def _area(area: float) -> str:
    return f"{area:.4f}" if area < 0.99995 else "1.0000"


def _finish(axes: Axes, name: str, shares: list[float]) -> None:
    """The axes, and what guessing would give."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    if name == "roc":
        axes.plot([0, 1], [0, 1], ":", color=GRAY, lw=1.4)
        axes.text(0.5, 0.47, "guessing", color=GRAY, rotation=38, fontsize=9.5)
        axes.set_xlabel("false positive rate: wrongly taken for the class")
        axes.set_ylabel("true positive rate: found of the class")
        return
    if len(shares) == 1:
        axes.axhline(shares[0], ls=":", color=GRAY, lw=1.4)
        axes.text(1.0, shares[0] + 0.01, "guessing", color=GRAY, fontsize=9.5, ha="right")
    axes.set_xlabel("recall: found of the class")
    axes.set_ylabel("precision: right of what is taken for it")
