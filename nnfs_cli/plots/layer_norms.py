"""gradients, updates, units: how each layer learned, from the run's diagnostics."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import CLASSES, marker
from nnfs_cli.plots.history import FEW_EPOCHS, History, add_epoch_axis, mark_events, subtitle
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.limits import fit_scale, mark_strays
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import ink, panels
from nnfs_cli.runs.directory import RunDirectory

FILE = "diagnostics.npz"
USUAL = 1e-3
"""Of the weights' norm, how much a step usually changes: a rule of thumb."""
MOST_LETTERS, MOST_IN_A_COLUMN = 24, 20


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The norm of each layer's gradient, its updates against its weights, its dead and saturated units."""
    if not run.has(FILE):
        return {}
    history, arrays = History(run), run.arrays(FILE)
    step, trained = arrays["step"], arrays["trained"].tolist()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = arrays["update_norm"] / arrays["weight_norm"]
    drawn = {}
    if trained:
        axes = _lines(history, step, arrays["gradient_norm"], trained, "gradient norm of each layer")
        axes.set_ylabel("norm of the loss's gradient")
        drawn["gradients"] = axes
        axes = _lines(history, step, ratio, trained, "update of each layer, as a part of its weights", USUAL)
        axes.set_ylabel("norm of update / norm of weights")
        drawn["updates"] = axes
    if len(arrays["active"]):
        drawn["units"] = _draw_units(history, arrays)
    return drawn


def _lines(
    history: History, step: Array, values: Array, names: list[str], title: str, usual: float | None = None
) -> Axes:
    """A curve (T,) for each column of values (T, P), on a logarithmic axis: what is 0 there has no point."""
    (axes,) = panels([f"{history.run.id}: {title}"], (8.0, 5.0))
    values = np.where(values > 0, values, np.nan)
    colors, texts = layer_colors(len(names)), shorten_names(names, MOST_LETTERS)
    for k, text in enumerate(texts):
        axes.plot(step, values[:, k], _format(step, k), color=colors[k], ms=5, label=text)
    if usual is not None:
        axes.axhline(usual, color=ink(), ls="--", lw=1.4, label=f"{usual:g}: a usual part")
        subtitle(axes, "far above the dashed line, steps are rough; far below, little is learned")
    curves = [*values.T, *([np.full(1, usual)] if usual is not None else [])]
    limits = fit_scale(axes, curves, log=True)
    for k in range(len(names)):
        mark_strays(axes, step, values[:, k], limits, "look", colors[k])
    _finish(axes, history, step)
    return axes


def _draw_units(history: History, arrays: dict[str, Array]) -> Axes:
    """The percentage of dead and of saturated units of each activation function."""
    (axes,) = panels([f"{history.run.id}: hidden units that no longer learn"], (8.0, 5.0))
    colors = layer_colors(len(arrays["active"]))
    texts = shorten_names(arrays["active"].tolist(), MOST_LETTERS)
    for kind, line in (("dead", "-"), ("saturated", "--")):
        for k, text in enumerate(texts):
            counts, units = arrays[kind][:, k], arrays["units"][k]
            if kind == "dead" or counts.any():
                label = f"{text}: {counts[-1]:,} of {units:,} {kind} at the end"
                axes.plot(
                    arrays["step"], 100 * counts / units, marker(k) + line, color=colors[k], ms=5, label=label
                )
    axes.set_ylim(-2.0, 102.0)
    axes.set_ylabel("units, %")
    rows = f"{arrays['rows']:,} training rows" if "rows" in arrays else "training rows"
    subtitle(axes, f"dead: the same output for all of {rows}")
    subtitle(axes, "saturated: near an end of its range for most of them")
    _finish(axes, history, arrays["step"])
    return axes


def _finish(axes: Axes, history: History, step: Array) -> None:
    mark_events(axes, history, "step")
    axes.set_xlim(0.0, max(axes.get_xlim()[1], step[-1]))  # though the last values be 0, and not drawn
    add_epoch_axis(axes, history)
    entries = len(axes.get_legend_handles_labels()[0])
    columns = -(-entries // MOST_IN_A_COLUMN)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=10 if entries <= 16 else 8, ncols=columns
    )


def _format(step: Array, k: int) -> str:
    return f"{marker(k)}-" if len(step) <= FEW_EPOCHS else "-"


def layer_colors(layers: int) -> Array:
    """A color (layers, 3) for each layer; of more than twelve, a scale from the first to the last."""
    if layers <= len(CLASSES):
        return np.array([mpl.colors.to_rgb(color) for color in CLASSES[:layers]]).reshape(-1, 3)
    return np.asarray(mpl.colormaps["cividis"](np.linspace(0.2, 1.0, layers)))[:, :3]
