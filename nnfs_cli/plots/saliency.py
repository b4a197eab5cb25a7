"""saliency.png: how much the answer for some rows hangs on each of their inputs."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import diverging, sequential
from nnfs_cli.plots.images import as_channels, as_picture, color_range, stretched
from nnfs_cli.plots.inside import image_shape, inside, strongest, trained_network
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.mosaic import mosaic, write_above
from nnfs_cli.plots.names import shorten_name, shorten_names, wrap_title
from nnfs_cli.plots.style import drawing, new_figure, panels
from nnfs_cli.preprocessing.description import column_names
from nnfs_cli.runs.directory import RunDirectory

MOST_COLUMNS, MOST_LETTERS = 30, 12


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The gradient of each row's answer to its inputs: of images as images, of tables by column."""
    arrays = inside(run)
    if "saliency" not in arrays or arrays["saliency"][0].size < 2:
        return {}
    network = trained_network(run)
    shape = image_shape(network, 0, run.preparation()) if network else ()
    gradients = arrays["saliency"]
    if len(shape) in (2, 3):
        whole = (len(gradients), *shape)
        return {"saliency": _draw_images(run, arrays, arrays["x"].reshape(whole), gradients.reshape(whole))}
    return {"saliency": _draw_table(run, arrays, gradients.reshape(len(gradients), -1))}


def said_of(run: RunDirectory, arrays: dict[str, Array]) -> list[str]:
    """What each row is and what the network says: `7`, or `1, taken for 7`; of a regression its numbers."""
    preparation = run.preparation()
    if not preparation.classes:
        pairs = zip(arrays["target"][:, 0], arrays["prediction"][:, 0], strict=True)
        return [f"{target:.3g}, predicted {p:.3g}" for target, p in pairs]
    names = shorten_names(preparation.classes, MOST_LETTERS)
    pairs = zip(arrays["target"].tolist(), arrays["prediction"].tolist(), strict=True)
    return [names[t] if t == p else f"{names[t]}, taken for {names[p]}" for t, p in pairs]


def _draw_images(run: RunDirectory, arrays: dict[str, Array], x: Array, gradients: Array) -> Axes:
    """Images, and below each the size of the gradient at each of its pixels, the largest of its channels."""
    pictures = [stretched(as_picture(image), *color_range(x)) for image in x]
    sizes = np.abs(as_channels(gradients)).max(axis=1)
    gap = (max(sizes.shape[1] // 5, 2), max(sizes.shape[2] // 8, 1))
    with drawing():
        wide = min(len(x), 4)
        down = -(-len(x) // wide)
        tall = 6.8 / wide * sizes.shape[1] / sizes.shape[2] * down
        figure: Any = new_figure((8.0, 1.0 + 2.35 * tall))
        above: Axes = figure.add_subplot(2, 1, 1)
        below: Axes = figure.add_subplot(2, 1, 2)
        shown, places = mosaic(pictures, wide, gap, fill=np.nan)
        above.imshow(np.ma.masked_invalid(shown) if shown.ndim == 2 else _on_paper(shown), cmap="gray")
        write_above(above, places, said_of(run, arrays), 26, size=9.5)
        scaled = [size / (size.max() or 1.0) for size in sizes]
        image = below.imshow(mosaic(scaled, wide, gap)[0], cmap=sequential(), vmin=0.0, vmax=1.0)
        label = "|d score / d pixel|, as a share of the row's largest"
        figure.colorbar(image, ax=[above, below], fraction=0.04, pad=0.02, label=label)
        for axes in (above, below):
            axes.set_axis_off()
            axes.set_anchor("W")
        what = "predicted class" if run.preparation().classes else "prediction"
        above.set_title(f"{run.id}: {arrays['split']} rows")
        below.set_title(f"What moves the score of the {what}")
    return below


def _on_paper(shown: Array) -> Array:
    """A mosaic in color with an opacity: none between the pictures."""
    opaque = np.isfinite(shown).all(axis=-1, keepdims=True)
    return np.concatenate([np.nan_to_num(shown), opaque], axis=-1)


def _draw_table(run: RunDirectory, arrays: dict[str, Array], gradients: Array) -> Axes:
    """A line for each row, a column for each number of it."""
    preparation = run.preparation()
    names = column_names(preparation)
    chosen = strongest(np.abs(gradients).mean(axis=0), MOST_COLUMNS)
    wide = max(6.0, 3.0 + 0.28 * len(chosen))
    (axes,) = panels([""], (wide, 5.0))
    shown = gradients[:, chosen]
    most = float(np.abs(shown).max()) or 1.0
    image = axes.imshow(shown, cmap=diverging(), vmin=-most, vmax=most, aspect="auto")
    axes.grid(visible=False)
    texts = shorten_names([names[i] for i in chosen], 20)
    turned = 90 if max(map(len, texts)) * len(texts) > 30 else 0
    axes.set_xticks(range(len(chosen)), texts, rotation=turned)
    labels = [f"row {n}: {said}" for n, said in zip(arrays["rows"], said_of(run, arrays), strict=True)]
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(labelsize=9.5)
    figure: Any = axes.figure
    figure.colorbar(image, ax=axes, label="d score / d normalized input", fraction=0.05, pad=0.02)
    if preparation.classes:
        what = "the score of the predicted class"
    else:
        what = shorten_name(preparation.output_names(arrays["prediction"].shape[1], "prediction")[0], 20)
    few = f", {len(chosen)} of {len(names)} columns" if len(chosen) < len(names) else ""
    title = wrap_title(f"{run.id}: what moves {what}, {arrays['split']} rows{few}", wide - 1.0)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    return axes
