"""A small network as nodes and lines: a line for each weight, a node for each unit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.flatten import Flatten
from nnfs_cli.plots.colors import diverging
from nnfs_cli.plots.library import Axes, LineCollection, mpl
from nnfs_cli.plots.names import shorten_names, wrap_title
from nnfs_cli.plots.style import GRAY, drawing, ink, new_figure, paper

MOST_NUMBERS, MOST_UNITS = 24, 6
"""So many weights are written beside their lines, in columns of so many units; more would hide each other."""
MOST_NAMES, MOST_LETTERS = 20, 18
APART, WIDEST_GAP = 3.0, 2.6
"""Between two columns of nodes, and between two nodes of one, where the highest column is 10 high."""


def draw_nodes(
    network: Network, title: str, inputs: Sequence[str], outputs: Sequence[str], *, trained: bool
) -> Axes:
    """The nodes in columns, input to output; a line's color and width say its weight, a node's its bias."""
    dense = [(i, layer) for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]
    sizes = [network.shapes[0][0], *(network.shapes[i + 1][0] for i, _ in dense)]
    columns = [_column(k, size) for k, size in enumerate(sizes)]
    top = max(places[0, 1] for places in columns)
    weights = [layer.W.value for _, layer in dense]
    biases = [layer.b.value if layer.bias else None for _, layer in dense]
    few = trained and sum(W.size for W in weights) <= MOST_NUMBERS and max(sizes) <= MOST_UNITS
    with drawing():
        figure: Any = new_figure((max(2.4 + 2.4 * len(dense), 6.4), max(2.0 + 0.84 * top, 3.2)))
        axes: Axes = figure.add_subplot()
        scale = _scale(weights) if trained else 1.0
        for k, W in enumerate(weights):
            _draw_lines(axes, columns[k], columns[k + 1], W if trained else None, scale)
            if few:
                _write_weights(axes, columns[k], columns[k + 1], W)
        for k, places in enumerate(columns):
            bias = biases[k - 1] if k and trained else None
            _draw_units(axes, places, bias, scale)
            if few and bias is not None:
                for (x, y), b in zip(places, bias, strict=True):
                    axes.text(x, y - 0.75, f"b = {b:.2f}", ha="center", va="top", fontsize=10, zorder=5)
        _write_names(axes, columns[0], inputs, "right", -0.35)
        _write_names(axes, columns[-1], outputs, "left", 0.35)
        for places, text in zip(columns, _headings(network), strict=True):
            axes.text(places[0, 0], top + 0.7, text, ha="center", va="bottom", fontsize=10.5)
        axes.set_xlim(-1.7, APART * len(dense) + 1.7)
        axes.set_ylim(-top - (1.5 if few else 0.6), top + 2.6)
        axes.set_axis_off()
        if trained:
            colors = mpl.cm.ScalarMappable(mpl.colors.Normalize(-scale, scale), diverging())
            figure.colorbar(colors, ax=axes, fraction=0.03, pad=0.02, label="weight; bias, in the nodes")
        axes.set_title(wrap_title(title, 8.0))
    return axes


def _column(k: int, size: int) -> Array:
    """The places (size, 2) of the k-th column's nodes, from top to bottom."""
    gap = min(10.0 / max(size - 1, 1), WIDEST_GAP)
    return np.column_stack([np.full(size, APART * k), gap * ((size - 1) / 2 - np.arange(size))])


def _scale(weights: Sequence[Array]) -> float:
    return max(float(np.abs(W).max()) for W in weights) or 1.0


def _draw_lines(axes: Axes, below: Array, above: Array, W: Array | None, scale: float) -> None:
    """A line for each entry of W (D, M), the strongest on top; without W, all alike."""
    d, m = np.indices((len(below), len(above))).reshape(2, -1)
    ends = np.stack([below[d], above[m]], axis=1)
    crowd = np.clip(40.0 / len(d), 0.12, 1.0)
    if W is None:
        axes.add_collection(LineCollection(list(ends), colors=GRAY, linewidths=0.4 + crowd, alpha=0.6))
        return
    size = np.abs(W).reshape(-1) / scale
    order = np.argsort(size)
    colors = diverging()(0.5 + 0.5 * W.reshape(-1) / scale)
    colors[:, 3] = np.clip(0.12 + size, 0.0, 1.0)
    widths = 0.25 + 4.0 * np.sqrt(crowd) * size
    axes.add_collection(LineCollection(list(ends[order]), colors=colors[order], linewidths=widths[order]))


def _write_weights(axes: Axes, below: Array, above: Array, W: Array) -> None:
    """Each weight on its line, before the lines cross."""
    for (d, m), value in np.ndenumerate(W):
        x, y = below[d] + 0.3 * (above[m] - below[d])
        box = {"boxstyle": "round,pad=0.15", "facecolor": paper(), "edgecolor": "none", "alpha": 0.85}
        axes.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=10, bbox=box, zorder=4)


def _draw_units(axes: Axes, places: Array, bias: Array | None, scale: float) -> None:
    gap = abs(places[0, 1] - places[1, 1]) if len(places) > 1 else 3.0
    size = float(np.clip((gap * 0.62 * 30) ** 2, 14.0, 700.0))
    colors: Any = paper()
    if bias is not None:
        colors = diverging()(np.clip(0.5 + 0.5 * bias / scale, 0.0, 1.0))
    x, y = places.T
    axes.scatter(x, y, s=size, c=colors, edgecolors=ink(), linewidths=1.0 if size > 60 else 0.5, zorder=3)


def _write_names(axes: Axes, places: Array, names: Sequence[str], align: str, away: float) -> None:
    """The names of a column's nodes beside them, if there are few."""
    if len(names) != len(places) or len(names) > MOST_NAMES:
        return
    size = 10.5 if len(names) <= 13 else 8.5
    for (x, y), name in zip(places, shorten_names(list(names), MOST_LETTERS), strict=True):
        axes.text(x + away, y, name, ha=align, va="center", fontsize=size)


def _headings(network: Network) -> list[str]:
    """What stands above each column: the dense layer, and the layers that follow it."""
    texts = [f"{network.shapes[0][0]} input{'s' if network.shapes[0][0] > 1 else ''}"]
    for layer in network.layers:
        if isinstance(layer, Dense):
            texts.append(f"dense\n{layer.units}")
        elif not isinstance(layer, Flatten):
            texts[-1] += f"\n{layer.type_name}"
    return texts
