"""regions.png, for classes and two inputs: the predicted class at each point of the plane."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import panels
from nnfs_cli.runs.directory import RunDirectory

MOST_POINTS = 2000
MOST_NAMED = 20
"""With more classes than this there is no legend: nobody could read it."""
MOST_LETTERS = 32


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Regions by predicted class, paler where the network is less sure; on top the rows by true class."""
    summary = run.summary()
    if summary.get("task") != "classification" or not run.has("predictions.npz"):
        return {}
    arrays, names = run.arrays("predictions.npz"), summary["classes"]
    if "grid_x" not in arrays:
        return {}
    colors = class_colors(len(names))
    (axes,) = panels([f"{run.id}: predicted regions, {summary['pictured_split']} rows"], (7.2, 5.6))
    grid_x, grid_y = arrays["grid_x"], arrays["grid_y"]
    axes.imshow(
        shades(colors[arrays["grid_prediction"]], arrays["grid_confidence"], len(names)),
        extent=(grid_x[0], grid_x[-1], grid_y[0], grid_y[-1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
    )
    axes.grid(visible=False)
    some = np.linspace(0, len(arrays["x"]) - 1, min(len(arrays["x"]), MOST_POINTS)).astype(np.intp)
    x, target = arrays["x"][some], arrays["target"][some]
    for k in range(len(names)):
        x1, x2 = x[target == k].T
        axes.scatter(x1, x2, s=22, color=colors[k], edgecolors="white", linewidths=0.7, label=f"{k}")
    axes.set_xlabel("x1")
    axes.set_ylabel("x2")
    if len(names) <= MOST_NAMED:
        legend = axes.legend(title="true class", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        # Set as texts: the legend would leave out labels that begin with an underscore.
        for text, name in zip(legend.get_texts(), shorten_names(names, MOST_LETTERS), strict=True):
            text.set_text(name)
    return {"regions": axes}


def class_colors(classes: int) -> Array:
    """A color (3,) for each class, as different as possible."""
    name = "tab10" if classes <= 10 else "tab20" if classes <= 20 else "hsv"
    palette = mpl.colormaps[name]
    numbers = np.arange(classes) if classes <= 20 else np.linspace(0.0, 1.0, classes, endpoint=False)
    return np.asarray(palette(numbers))[:, :3]


def shades(colors: Array, confidence: Array, classes: int) -> Array:
    """Colors (G, G, 3) mixed with white: almost white for an even guess, half white at full confidence."""
    guess = 1 / classes
    certainty = (np.clip(np.nan_to_num(confidence), guess, 1.0) - guess) / (1 - guess)
    strength = 0.08 + 0.42 * certainty[..., None]
    return np.asarray(1 - strength * (1 - colors))
