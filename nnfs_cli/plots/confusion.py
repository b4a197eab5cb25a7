"""confusion.png, for classification: how often each class is predicted for each actual class."""

import numpy as np

from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names, wrap_title
from nnfs_cli.plots.style import panels
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.evaluation import confusion_matrix

MOST_NUMBERED = 20
"""With more classes than this, numbers in the cells are too small to read."""
MOST_LETTERS = 24
LETTER = 0.085
"""Width of a letter in inches."""


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Counts by actual and predicted class; the color is the share of the actual class."""
    summary = run.summary()
    if summary.get("task") != "classification" or not run.has("predictions.npz"):
        return {}
    arrays, names = run.arrays("predictions.npz"), summary["classes"]
    counts = confusion_matrix(arrays["prediction"], arrays["target"], len(names))
    correct = counts.diagonal().sum() / max(counts.sum(), 1)
    side = min(max(4.5, 0.62 * len(names)), 14.0)
    title = f"{run.id}: {counts.sum():,} {summary['pictured_split']} rows, {correct:.2%} correct"
    texts = shorten_names(names, MOST_LETTERS)
    letters = max(map(len, texts))
    room = LETTER * (letters - 3) if letters > 3 else 0.0
    (axes,) = panels([""], (side + room + 1.0, side + room))
    axes.set_title(wrap_title(title, side), loc="left")
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # As an image, these few cells would take 20 MB, since each is scaled up to many pixels.
    places = range(len(names))
    cells = axes.pcolormesh(places, places, share, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.figure.colorbar(cells, label="share of the actual class", fraction=0.046, pad=0.03)
    axes.set_xticks(places, texts, rotation=90 if room else 0)
    axes.set_yticks(places, texts)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("actual class")
    if len(names) <= MOST_NUMBERED:
        for (i, j), count in np.ndenumerate(counts):
            color = "white" if share[i, j] > 0.5 else "black"
            axes.text(j, i, f"{count}" if count else "·", ha="center", va="center", color=color, fontsize=9)
    return {"confusion": axes}
