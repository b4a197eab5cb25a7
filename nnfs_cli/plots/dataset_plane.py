"""The training rows of one or two inputs as points, by class or by target."""

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import marker, palette
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name, shorten_names
from nnfs_cli.plots.style import BLUE
from nnfs_cli.preprocessing.description import sampled_rows, target_names
from nnfs_cli.preprocessing.records import Data

MOST_POINTS, MOST_NAMED, MOST_LETTERS = 2000, 12, 16


def draw_plane(axes: Axes, data: Data, names: list[str]) -> None:
    """Two inputs as a plane, with a color for each class or for the first target; one input against it."""
    train = data.splits["train"]
    rows = sampled_rows(train, MOST_POINTS)
    x, t = train.x[rows].reshape(len(rows), -1), train.t[rows]
    target = shorten_name(target_names(data)[0], MOST_LETTERS)
    axes.set_xlabel(shorten_name(names[0], 40))
    if data.classes:
        spread = x[:, 1] if x.shape[1] == 2 else t
        _draw_classes(axes, x[:, 0], spread, t, data.classes)
    elif x.shape[1] == 2:
        points = axes.scatter(x[:, 0], x[:, 1], s=12, c=t[:, 0], cmap="viridis")
        axes.figure.colorbar(points, ax=axes, label=target)
    else:
        axes.scatter(x[:, 0], t[:, 0], s=12, color=BLUE, alpha=0.6)
    axes.set_ylabel(shorten_name(names[1], 40) if x.shape[1] == 2 else target)
    axes.set_title("The training rows" if len(rows) == len(train) else f"{len(rows):,} of the training rows")


def _draw_classes(axes: Axes, x: Array, y: Array, t: Array, classes: tuple[str, ...]) -> None:
    """Points in the color of their class, which the legend names where there are few."""
    handles = [
        axes.scatter(x[t == k], y[t == k], s=14, color=color, marker=marker(k), alpha=0.8)
        for k, color in enumerate(palette(len(classes)))
    ]
    if len(classes) <= MOST_NAMED:
        axes.legend(
            handles, shorten_names(classes, MOST_LETTERS), fontsize=9, ncols=2, frameon=True, framealpha=0.85
        )
