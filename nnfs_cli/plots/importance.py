"""importance.png and dependence.png: what the score and the predictions owe to each column of a table."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import dashes, palette
from nnfs_cli.plots.inside import inside, strongest, trained_network
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name, shorten_names, wrap_title
from nnfs_cli.plots.style import BLUE, drawing, ink, panels
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.defined import gives_probabilities

MOST_LETTERS = 24
MOST_CURVES = 5


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Permutation importance of each column, and partial dependence on those that matter most."""
    arrays = inside(run)
    if "importance" not in arrays:
        return {}
    drawn = {"importance": _draw_importance(run, arrays)}
    columns = [int(key.removeprefix("dependence/")) for key in arrays if key.startswith("dependence/")]
    return drawn | ({"dependence": _draw_dependences(run, arrays, columns)} if columns else {})


def columns_of(preparation: Preparation) -> list[Column]:
    """The columns of a table, or one for each number of an array's row."""
    return list(preparation.columns) or [Column(name) for name in preparation.feature_names]


def _draw_importance(run: RunDirectory, arrays: dict[str, Array]) -> Axes:
    """A bar for each column, the mean over repeats, with its 5th to 95th percentile and every repeat."""
    importance, columns = arrays["importance"], columns_of(run.preparation())
    order = np.argsort(-importance.mean(axis=1), kind="stable")
    sorted_, names = importance[order], [columns[arrays["columns"][f]].name for f in order]
    mean, (low, high) = sorted_.mean(axis=1), np.quantile(sorted_, [0.05, 0.95], axis=1)
    (axes,) = panels([""], (8.0, 2.2 + 0.32 * len(order)))
    places = np.arange(len(order))
    axes.barh(places, mean, color=BLUE, alpha=0.75)
    for repeat in sorted_.T:
        axes.plot(repeat, places, ".", color=ink(), ms=3, alpha=0.4)
    axes.hlines(places, low, high, color=ink(), lw=1.6)
    axes.axvline(0.0, color=ink(), lw=0.8)
    axes.set_yticks(places, shorten_names(names, MOST_LETTERS))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    score = str(arrays["score"])
    change = "rise" if score == "loss" or not _maximize(run, score) else "fall"
    axes.set_xlabel(f"{change} of {score} when the column is shuffled")
    rows, repeats = int(arrays["score_rows"]), importance.shape[1]
    lines = [f"{run.id}: permutation importance"]
    if len(order) < len(columns):
        lines.append(f"{len(order)} of {len(columns)} columns, those of the largest gradients")
    lines.append(f"{rows:,} {arrays['split']} rows, {repeats} repeats; lines: 5 % to 95 % of the repeats")
    axes.set_title("\n".join(lines), fontsize=12)
    return axes


def _maximize(run: RunDirectory, score: str) -> bool:
    return any(metric.maximize for metric in run.config().metrics if metric.type_name == score)


def _draw_dependences(run: RunDirectory, arrays: dict[str, Array], columns: list[int]) -> Axes:
    """A panel for each column: the mean prediction by the column's value, with an interval."""
    preparation = run.preparation()
    every = columns_of(preparation)
    outputs = arrays[f"dependence/{columns[0]}"].shape[2]
    if preparation.classes:
        names = shorten_names(preparation.classes[:outputs], 14)
    else:
        names = shorten_names(preparation.output_names(outputs, "prediction")[:outputs], MOST_LETTERS)
    curves = _comparable(run, {f: arrays[f"dependence/{f}"] for f in columns})
    shown = _most_moved(curves)
    several = outputs > 1 and not preparation.classes
    if preparation.classes and outputs == 2:
        shown = [1]  # the other's probability is what is left
    across = min(len(columns), 2)
    with drawing():
        grid = panels([shorten_name(every[f].name, MOST_LETTERS) for f in columns], (4.6, 3.3), across)
        for axes, f in zip(grid, columns, strict=True):
            _draw_dependence(axes, every[f], arrays[f"dependence_x/{f}"], curves[f], shown)
        for axes in grid[::across]:
            what = f"mean {_predicted(run)}" + (", standardized" if several else "")
            axes.set_ylabel(f"{what}\nof {names[shown[0]]}" if len(shown) == 1 else what)
        figure: Any = grid[0].figure
        if len(shown) > 1:
            handles, labels = grid[0].get_legend_handles_labels()
            legend = figure.legend(handles, labels, loc="outside right upper", fontsize=10)
            for text, name in zip(legend.get_texts(), (names[m] for m in shown), strict=True):
                text.set_text(name)
        few = f"; {len(shown)} of {outputs} curves, those that move most" if outputs > MOST_CURVES else ""
        title = (
            f"{run.id}: partial dependence, mean over {int(arrays['score_rows']):,} "
            f"{arrays['split']} rows; shaded: 5 % to 95 % of resamples of these rows{few}"
        )
        figure.suptitle(wrap_title(title, 4.4 * max(across, 1.6)), x=0.01, ha="left", fontsize=12)
    return grid[0]


def _predicted(run: RunDirectory) -> str:
    """What the network predicts: a probability of each class, a score, or a value."""
    if not run.preparation().classes:
        return "prediction"
    network = trained_network(run)
    return "probability" if network and gives_probabilities(run.config().loss, network) else "score"


def _comparable(run: RunDirectory, curves: dict[int, Array]) -> dict[int, Array]:
    """The curves (3, points, outputs) of columns; those of several targets by the targets' mean and std.

    In their own units a target of large numbers would make lines of the others.
    """
    if run.preparation().classes or not run.has("predictions.npz"):
        return curves
    target = run.arrays("predictions.npz")["target"]
    if target.shape[1] < 2:
        return curves
    mean, spread = target.mean(axis=0), target.std(axis=0)
    return {f: (curve - mean) / np.where(spread > 0, spread, 1.0) for f, curve in curves.items()}


def _most_moved(curves: dict[int, Array]) -> list[int]:
    """The outputs whose means range the widest over all these columns, in rising order."""
    ranges = np.max([np.ptp(curve[0], axis=0) for curve in curves.values()], axis=0)
    return [int(m) for m in strongest(ranges, MOST_CURVES)]


def _draw_dependence(axes: Axes, column: Column, x: Array, curves: Array, shown: list[int]) -> None:
    colors = palette(len(shown))
    for i, m in enumerate(shown):
        mean, low, high = curves[:, :, m]
        style: dict[str, Any] = {"color": colors[i], "label": f"{i}"}
        if column.categories:
            spread = np.maximum([mean - low, high - mean], 0.0)
            axes.errorbar(x + 0.1 * (i - (len(shown) - 1) / 2), mean, spread, fmt="o", capsize=3, **style)
        else:
            axes.plot(x, mean, ls=dashes(i), **style)
            axes.fill_between(x, low, high, color=colors[i], alpha=0.2, lw=0)
    if column.categories:
        step = -(-len(x) // 12)
        texts = shorten_names(column.categories[::step], 14)
        axes.set_xticks(x[::step], texts, rotation=90 if len(texts) > 4 else 0)
