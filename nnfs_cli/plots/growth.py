"""growth.png and growth.gif: how the fit grew, from the snapshots that training took."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.animation import Animation
from nnfs_cli.plots.colors import sequential
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.predicted import Predicted
from nnfs_cli.plots.regions import draw_regions, draw_rows
from nnfs_cli.plots.style import BLUE, GRAY, GREEN, ORANGE, drawing, ink, new_figure, panels
from nnfs_cli.plots.surface import draw_points, draw_surface, value_limits
from nnfs_cli.plots.ticks import shown_number
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.evaluation import confusion_matrix

FILE = "snapshots.npz"
MOST_PANELS, ACROSS, MOST_LETTERS = 12, 4, 16
MOST_RINGED = 0.1
"""The largest share of wrong rows that get rings."""


@dataclass(frozen=True)
class Growth(Predicted):
    """A run's snapshots: the arrays of `jobs.snapshots`."""

    @property
    def count(self) -> int:
        return len(self.arrays["epoch"])

    def at(self, t: int) -> str:
        """What a snapshot is: its epoch, and the loss of its rows; of classes, also how many are wrong."""
        epoch = int(self.arrays["epoch"][t])
        when = f"epoch {epoch:,}" if epoch else "untrained"
        loss = float(f"{self.arrays['loss'][t]:.3g}")
        text = f"{when}: loss {shown_number(loss)}"
        if not self.classes:
            return text
        wrong = np.count_nonzero(self.arrays["prediction"][t] != self.arrays["target"])
        return f"{text}\n{wrong:,} of {len(self.arrays['target']):,} {self.split} rows wrong"


def growth_of(run: RunDirectory) -> Growth | None:
    """A run's snapshots; None if it has none."""
    if not run.has(FILE) or not run.has("preparation.json"):
        return None
    arrays, summary, preparation = run.arrays(FILE), run.summary(), run.preparation()
    if not len(arrays["step"]):
        return None
    split = "validation" if "validation" in summary["rows"] else "train"
    return Growth(run.id, split, arrays, preparation.classes, preparation)


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The fit at moments on a logarithmic scale, side by side."""
    growth = growth_of(run)
    if growth is None:
        return {}
    show, (width, height) = frame_of(growth)
    shown = chosen(growth.arrays["epoch"])
    across = min(len(shown), ACROSS)
    down = -(-len(shown) // across)
    with drawing():
        figure: Any = new_figure((max(width * across, 6.0), height * down + 0.7))
        grid = np.ravel(figure.subplots(down, across, sharex=True, sharey=True, squeeze=False))
        what = f"how the fit of the {growth.split} rows grew"
        figure.suptitle(f"{growth.id}: {what}{_of_target(growth)}", x=0.01, ha="left", fontsize=14)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    for place, (axes, t) in enumerate(zip(grid, shown, strict=False)):
        show(axes, t)
        axes.set_title(growth.at(t), fontsize=12)
        if place < len(shown) - across:
            axes.set_xlabel("")
        if place % across:
            axes.set_ylabel("")
    return {"growth": grid[0]}


def animate(run: RunDirectory) -> dict[str, Animation]:
    """The fit as it grew, a frame a snapshot."""
    growth = growth_of(run)
    if growth is None or growth.count < 2:
        return {}
    show, _ = frame_of(growth)
    (axes,) = panels([growth.at(0)], (6.4, 5.4))

    def show_frame(t: int) -> None:
        axes.clear()
        show(axes, t)
        axes.set_title(f"{growth.id}{_of_target(growth)}\n{growth.at(t)}")

    return {"growth": Animation(axes, growth.count, show_frame)}


def chosen(epochs: Array) -> list[int]:
    """The numbers of at most MOST_PANELS of the snapshots after these epochs (T,), evenly spaced among them.

    Where there are more snapshots, only those before training, after powers of two and at the end count.
    """
    numbers = list(range(len(epochs)))
    if len(numbers) > MOST_PANELS:
        numbers = [t for t in numbers if t == numbers[-1] or epochs[t] & (epochs[t] - 1) == 0]
    places = np.linspace(0, len(numbers) - 1, min(len(numbers), MOST_PANELS)).round().astype(int)
    return [numbers[place] for place in places]


def frame_of(growth: Growth) -> tuple[Callable[[Axes, int], None], tuple[float, float]]:
    """What draws snapshot t into axes, and the size in inches of one among others."""
    arrays = growth.arrays
    if "curve_x" in arrays:
        return _curve(growth), (3.5, 3.1)
    if "grid_prediction" in arrays:
        return _regions(growth), (3.4, 3.3)
    if "grid_value" in arrays:
        return _surface(growth), (3.4, 3.3)
    return (_matrix(growth) if growth.classes else _diagonal(growth)), (3.4, 3.6)


def _of_target(growth: Growth) -> str:
    """Which target is drawn, if there are several."""
    several = not growth.classes and growth.arrays["target"].shape[1] > 1
    return f", {growth.target_names(MOST_LETTERS)[0]}" if several else ""


def _curve(growth: Growth) -> Callable[[Axes, int], None]:
    arrays = growth.arrays
    limits = _limits(arrays["target"][:, 0], arrays["curve_prediction"][-1, :, 0])

    def show(axes: Axes, t: int) -> None:
        axes.scatter(
            arrays["x"][:, 0], arrays["target"][:, 0], s=10, color=GRAY, alpha=0.7, edgecolors="none"
        )
        if "curve_truth" in arrays:
            truth = arrays["curve_truth"][:, 0]
            axes.plot(arrays["curve_x"], truth, ls=(0, (5, 2)), color=ink(), lw=1.0)
        axes.plot(arrays["curve_x"], arrays["curve_prediction"][t, :, 0], color=ORANGE, lw=2.4)
        axes.set_ylim(limits)
        axes.set_xlabel(growth.input_names(MOST_LETTERS)[0])
        axes.set_ylabel(growth.target_names(MOST_LETTERS)[0])

    return show


def _regions(growth: Growth) -> Callable[[Axes, int], None]:
    arrays, classes = growth.arrays, len(growth.classes)

    def show(axes: Axes, t: int) -> None:
        grid = arrays["grid_x"], arrays["grid_y"]
        draw_regions(axes, *grid, arrays["grid_prediction"][t], arrays["grid_confidence"][t], classes)
        wrong = arrays["prediction"][t] != arrays["target"]
        # Of many wrong rows the rings would hide the regions.
        ringed = arrays["prediction"][t] if wrong.mean() <= MOST_RINGED else arrays["target"]
        draw_rows(axes, arrays["x"], arrays["target"], ringed, growth.classes)
        axes.set_xlabel(growth.input_names(MOST_LETTERS)[0])
        axes.set_ylabel(growth.input_names(MOST_LETTERS)[1])

    return show


def _surface(growth: Growth) -> Callable[[Axes, int], None]:
    arrays = growth.arrays
    limits = value_limits(arrays["grid_value"][-1, ..., 0], arrays["target"][:, 0])

    def show(axes: Axes, t: int) -> None:
        draw_surface(axes, arrays, arrays["grid_value"][t, ..., 0], limits)
        draw_points(axes, arrays["x"], arrays["target"][:, 0], limits, size=14)
        axes.set_xlabel(growth.input_names(MOST_LETTERS)[0])
        axes.set_ylabel(growth.input_names(MOST_LETTERS)[1])

    return show


def _diagonal(growth: Growth) -> Callable[[Axes, int], None]:
    target, prediction = growth.arrays["target"][:, 0], growth.arrays["prediction"][:, :, 0]
    low, high = _limits(target, prediction[-1])

    def show(axes: Axes, t: int) -> None:
        axes.plot([low, high], [low, high], "--", color=GREEN, lw=1.4)
        axes.scatter(target, prediction[t], s=12, color=BLUE, alpha=0.6, edgecolors="none")
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_xlabel(f"{growth.target_names(MOST_LETTERS)[0]}: true")
        axes.set_ylabel(f"{growth.target_names(MOST_LETTERS)[0]}: predicted")

    return show


def _matrix(growth: Growth) -> Callable[[Axes, int], None]:
    target, names = growth.arrays["target"], growth.names(8)

    def show(axes: Axes, t: int) -> None:
        counts = confusion_matrix(growth.arrays["prediction"][t], target, len(names))
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        places = range(len(names))
        axes.pcolormesh(places, places, share, cmap=sequential(), vmin=0.0, vmax=1.0)
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_aspect("equal")
        axes.grid(visible=False)
        if len(names) <= 12:
            axes.set_xticks(places, names, rotation=90 if max(map(len, names)) > 2 else 0)
            axes.set_yticks(places, names)
        axes.set_xlabel("predicted class")
        axes.set_ylabel("actual class")

    return show


def _limits(*numbers: Array) -> tuple[float, float]:
    """Limits with room around all numbers."""
    every = np.concatenate([np.ravel(array) for array in numbers])
    every = every[np.isfinite(every)]
    if not len(every):
        return 0.0, 1.0
    room = 0.06 * float(np.ptp(every)) or 0.5
    return float(every.min()) - room, float(every.max()) + room
