"""regions.png, for classes and two inputs: the predicted class at each point of the plane."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import marker, palette
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.predicted import predicted
from nnfs_cli.plots.style import MARGIN, ink, panels, paper
from nnfs_cli.runs.directory import RunDirectory

MOST_POINTS, FEW = 2000, 30
MOST_NAMED = 24
"""With more classes than this there is no legend: nobody could read it."""
MOST_LETTERS = 32
SIZE = (7.4, 5.8)


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Regions by predicted class, paler where the network is less sure; on top the rows by true class.

    Each row that is predicted wrongly has a ring around it.
    """
    found = predicted(run, "classification")
    if found is None or "grid_x" not in found.arrays:
        return {}
    arrays, names = found.arrays, found.names(MOST_LETTERS)
    wrong = arrays["prediction"] != arrays["target"]
    count = np.count_nonzero(wrong)
    title = f"{found.id}: predicted regions, {count:,} of {len(wrong):,} {found.split} rows wrong"
    (axes,) = panels([title], SIZE)
    draw_regions(axes, arrays, arrays["grid_prediction"], arrays["grid_confidence"], len(names))
    some = np.union1d(np.flatnonzero(wrong)[:MOST_POINTS], _spaced(len(wrong)))
    handles = draw_rows(axes, arrays["x"][some], arrays["target"][some], len(names))
    if count:
        handles.append(ring(axes, arrays["x"][wrong]))
    axes.set_xlabel(found.input_names()[0])
    axes.set_ylabel(found.input_names()[1])
    axes.set_title(wrap_title(title, SIZE[0] - MARGIN))
    if len(names) <= MOST_NAMED:
        name_classes(axes, handles, [*names, "wrong"] if count else names)
    return {"regions": axes}


def _spaced(rows: int) -> Array:
    return np.linspace(0, rows - 1, min(rows, MOST_POINTS)).astype(np.intp)


def draw_regions(
    axes: Axes, arrays: dict[str, Array], prediction: Array, confidence: Array, classes: int
) -> None:
    """The class (G, G) at each point of grid_x and grid_y as color, paler where confidence (G, G) is low."""
    grid_x, grid_y = arrays["grid_x"], arrays["grid_y"]
    axes.imshow(
        shades(palette(classes)[prediction], confidence, classes),
        extent=(grid_x[0], grid_x[-1], grid_y[0], grid_y[-1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
    )
    axes.grid(visible=False)


def draw_rows(axes: Axes, x: Array, target: Array, classes: int, size: float = 30) -> list[Any]:
    """Rows x (n, 2) with color and marker of their class; a handle for each class, even without rows."""
    handles = []
    for k, color in enumerate(palette(classes)):
        look: Any = {"color": color, "marker": marker(k), "edgecolors": paper(), "linewidths": 0.8}
        of_class = x[target == k]
        handles.append(axes.scatter(of_class[:, 0], of_class[:, 1], s=size, **look))
    return handles


def ring(axes: Axes, x: Array, size: float = 190) -> Any:
    """Rings around rows x (n, 2), thinner ones around many."""
    many = len(x) > FEW
    where: Any = {"x": x[:, 0], "y": x[:, 1], "s": size / 2 if many else size, "facecolors": "none"}
    axes.scatter(**where, edgecolors=paper(), linewidths=2.2 if many else 4.5, zorder=3)
    return axes.scatter(**where, edgecolors=ink(), linewidths=1.1 if many else 2.0, zorder=4)


def name_classes(axes: Axes, handles: list[Any], names: list[str]) -> None:
    """A legend beside the axes."""
    axes.legend(
        handles,
        ["?"] * len(names),
        title="true class",
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
    )
    legend: Any = axes.get_legend()
    # Set as texts: the legend would leave out labels that begin with an underscore.
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)


def shades(colors: Array, confidence: Array, classes: int) -> Array:
    """Colors (G, G, 3) mixed with the paper: almost its own for an even guess, half at full confidence."""
    guess = 1 / max(classes, 2)
    certainty = (np.clip(np.nan_to_num(confidence), guess, 1.0) - guess) / (1 - guess)
    strength = 0.08 + 0.42 * certainty[..., None]
    background = np.array(mpl.colors.to_rgb(paper()))
    return np.asarray(background + strength * (colors - background))
