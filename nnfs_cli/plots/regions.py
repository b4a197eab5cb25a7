"""regions.png, for classes and two inputs: the predicted class at each point of the plane."""

from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import counted
from nnfs_cli.plots.colors import marker, palette
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.predicted import classification
from nnfs_cli.plots.style import ink, panels, paper
from nnfs_cli.runs.directory import RunDirectory

MOST_POINTS = 2000
MOST_NAMED = 20
"""With more classes than this there is no legend: nobody could read it."""
MOST_LETTERS = 32
FEW = 30
"""So many wrong rows get a ring that nobody overlooks; more would hide each other."""


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Regions by predicted class, paler where the network is less sure; on top the rows by true class."""
    found = classification(run)
    if found is None or "grid_x" not in found.arrays:
        return {}
    arrays, names = found.arrays, found.classes
    (axes,) = panels([""], (7.2, 5.6))
    draw_regions(
        axes,
        arrays["grid_x"],
        arrays["grid_y"],
        arrays["grid_prediction"],
        arrays["grid_confidence"],
        len(names),
    )
    wrong = draw_rows(axes, arrays["x"], arrays["target"], arrays["prediction"], names)
    rows = f"{len(arrays['x']):,} {found.split} rows"
    said = f"{counted(wrong, 'wrong row')} ringed" if wrong else "none is wrong"
    axes.set_title(f"{found.id}: predicted regions\n{rows}, {said}", loc="left")
    for which, name in zip("xy", found.input_names(MOST_LETTERS), strict=True):
        getattr(axes, f"set_{which}label")(name)
    if len(names) <= MOST_NAMED:
        legend = axes.legend(title="true class", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        # Set as texts: the legend would leave out labels that begin with an underscore.
        texts = [*shorten_names(names, MOST_LETTERS), "wrong"]
        for text, name in zip(legend.get_texts(), texts, strict=False):
            text.set_text(name)
    return {"regions": axes}


def draw_regions(
    axes: Axes, grid_x: Array, grid_y: Array, prediction: Array, confidence: Array, classes: int
) -> None:
    """Color the plane by predicted class (G, G), paler where the network is less sure."""
    axes.imshow(
        shades(palette(classes)[prediction], confidence, classes),
        extent=(grid_x[0], grid_x[-1], grid_y[0], grid_y[-1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
    )
    axes.grid(visible=False)


def draw_rows(axes: Axes, x: Array, target: Array, prediction: Array, names: Sequence[str]) -> int:
    """Draw some of the rows x (N, 2) by true class, and a ring around each wrong one; return their number."""
    wrong = prediction != target
    some = np.zeros(len(x), bool)
    some[np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(np.intp)] = True
    some[np.flatnonzero(wrong)[:MOST_POINTS]] = True
    colors = palette(len(names))
    for k in range(len(names)):
        x1, x2 = x[some & (target == k)].T  # of a class without rows there may be a region: it gets its label
        axes.scatter(
            x1, x2, s=24, color=colors[k], marker=marker(k), edgecolors=paper(), linewidths=0.7, label=f"{k}"
        )
    if wrong.any():
        x1, x2 = x[some & wrong].T
        size, width = (130, 1.6) if wrong.sum() <= FEW else (50, 0.8)
        axes.scatter(x1, x2, s=size, facecolors="none", edgecolors=ink(), linewidths=width, label="wrong")
    return int(wrong.sum())


def shades(colors: Array, confidence: Array, classes: int) -> Array:
    """Colors (G, G, 3) mixed with the paper: almost paper for an even guess, half at full confidence."""
    guess = 1 / classes
    certainty = (np.clip(np.nan_to_num(confidence), guess, 1.0) - guess) / max(1 - guess, 1e-9)
    strength = 0.08 + 0.42 * certainty[..., None]
    ground = np.array(mpl.colors.to_rgb(paper()))
    return np.asarray(ground + strength * (colors - ground))
