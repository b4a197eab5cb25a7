"""weights.png and filters.png: the first layer's weights, and the kernels of convolutions."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, sides
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Param
from nnfs_cli.engine.network import Network
from nnfs_cli.plots.colors import diverging
from nnfs_cli.plots.images import as_channels
from nnfs_cli.plots.inside import image_shape, strongest, trained_network
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.mosaic import mosaic, write_above
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import drawing, panels
from nnfs_cli.preprocessing.description import column_names
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.runs.directory import RunDirectory

MOST_UNITS, MOST_INPUTS, MOST_COLUMNS = 40, 40, 64
MOST_FILTERS, MOST_CHANNELS, MOST_LAYERS = 16, 16, 6
ACROSS = 10


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The weights that read the inputs, and the kernels of every convolution."""
    network = trained_network(run)
    if network is None:
        return {}
    every = {name: by_unit(param) for name, param in network.params.named.items()}
    matrices = {name: weights for name, weights in every.items() if weights is not None}
    kernels = {name: weights for name, weights in matrices.items() if weights.ndim == 4}
    drawn: dict[str, Axes] = {}
    if matrices:
        name = next(iter(matrices))
        drawn["weights"] = _draw_first(run, network, name, matrices[name])
    if kernels:
        drawn["filters"] = _draw_kernels(run, kernels)
    return drawn


def by_unit(param: Param) -> Array | None:
    """Each unit's incoming weights, (M, D), or each filter's, (F, C, H, W); None of a param without units."""
    if param.value.ndim not in (2, 4):
        return None
    try:
        groups, units, *incoming = param.by_unit(param.value).shape
    except NnfsError:  # a plugin's, which does not say which axis counts its units
        return None
    return param.by_unit(param.value).reshape(groups * units, *incoming) if len(incoming) in (1, 3) else None


def _draw_first(run: RunDirectory, network: Network, name: str, weights: Array) -> Axes:
    """The first weights: as images where the inputs are images, else by the inputs' names."""
    index = int(name.partition("_")[0])
    preparation = run.preparation()
    shape = image_shape(network, index, preparation)
    title = f"{run.id}: {name}, {sides(network.params.named[name].shape)}"
    if weights.ndim == 4:
        return _draw_images(title, weights, "filter")
    if shape and np.prod(shape) == weights.shape[1]:
        return _draw_images(title, as_channels(weights.reshape(-1, *shape)), "unit")
    return _draw_table(title, weights, preparation)


def _draw_images(title: str, weights: Array, what: str) -> Axes:
    """The incoming weights (M, C, H, W) of each unit as an image, or as one for each channel."""
    sizes = np.square(weights).sum(axis=(1, 2, 3))
    channels = min(weights.shape[1], 4)
    most = MOST_UNITS if channels == 1 else 32
    shown = strongest(sizes, most)
    across = min(ACROSS if channels == 1 else 16, len(shown))
    pictures = [np.concatenate([_framed(c) for c in weights[m, :channels]]) for m in shown]
    height = pictures[0].shape[0]
    whole, places = mosaic(pictures, across, (max(height // 3, 2), max(pictures[0].shape[1] // 10, 1)))
    lines = [title, _which(what, len(shown), len(weights))]
    if weights.shape[1] > 1:
        lines.append(f"from top to bottom: {channels} of {weights.shape[1]} channels, each on the same scale")
    width = 8.0
    (axes,) = panels([""], (width, 1.6 + (width - 1.4) * whole.shape[0] / whole.shape[1]))
    _show(axes, whole, "weight")
    axes.set_aspect("equal")
    axes.set_axis_off()
    write_above(axes, places, [f"{m}" for m in shown], size=9)
    axes.set_title("\n".join(lines), fontsize=11)
    return axes


def _framed(image: Array) -> Array:
    """An image with a line of paper below it, which parts the channels."""
    return np.concatenate([image, np.full((1, image.shape[1]), np.nan)])


def _draw_table(title: str, weights: Array, preparation: Preparation) -> Axes:
    """The weights (M, D) from each named input to each unit."""
    units = strongest(np.square(weights).sum(axis=1), MOST_COLUMNS)
    inputs = strongest(np.square(weights).sum(axis=0), MOST_INPUTS)
    names = column_names(preparation)
    if len(names) != weights.shape[1]:
        names = [f"x{i + 1}" for i in range(weights.shape[1])]
    (axes,) = panels([""], (min(4.6 + 0.3 * len(units), 8.0), 2.0 + max(0.24 * len(inputs), 1.5)))
    _show(axes, weights[np.ix_(units, inputs)].T, "weight")
    axes.set_yticks(range(len(inputs)), shorten_names([names[i] for i in inputs], 24), fontsize=9)
    step = max(-(-len(units) // 16), 1)
    axes.set_xticks(range(0, len(units), step), [f"{m}" for m in units[::step]], fontsize=9)
    axes.set_xlabel("unit")
    axes.set_title(
        f"{title}\n{_which('input', len(inputs), weights.shape[1])}, "
        f"{_which('unit', len(units), len(weights))}",
        fontsize=11,
    )
    return axes


def _draw_kernels(run: RunDirectory, kernels: dict[str, Array]) -> Axes:
    """A panel for each convolution: a row for each filter, a column for each channel that it reads."""
    shown = list(kernels.items())[:MOST_LAYERS]
    with drawing():
        titles = [f"{name}, {sides(weights.shape)}" for name, weights in shown]
        grid = panels(titles, (4.8, 4.6))
        for axes, (_, every) in zip(grid, shown, strict=True):
            weights = every[:MOST_FILTERS, :MOST_CHANNELS]
            whole, which = _kernel_matrix(weights, every.shape)
            _show(axes, whole, "weight")
            axes.set_aspect("equal")
            axes.set_anchor("W")
            axes.set_axis_off()
            axes.set_title(f"{axes.get_title(loc='left')}\n{which}", fontsize=10.5)
        figure: Any = grid[0].figure
        left_out = len(kernels) - len(shown)
        more = f", the first {len(shown)} of {len(kernels)} layers" if left_out else ""
        figure.suptitle(f"{run.id}: kernels of the convolutions{more}", x=0.01, ha="left", fontsize=13)
    return grid[0]


def _kernel_matrix(weights: Array, every: Shape) -> tuple[Array, str]:
    """Kernels (F, C, H, W) as a matrix of pictures, and what goes down and across it."""
    filters, channels = weights.shape[:2]
    filters_said, channels_said = (
        _which("filter", filters, every[0], ""),
        _which("channel", channels, every[1], ""),
    )
    if channels == 1:
        return mosaic(weights[:, 0], -(-filters // 4))[0], filters_said
    if 2 * channels <= filters:
        flat = weights.swapaxes(0, 1).reshape(-1, *weights.shape[2:])
        return mosaic(flat, filters)[0], f"{channels_said} down, {filters_said} across"
    flat = weights.reshape(-1, *weights.shape[2:])
    return mosaic(flat, channels)[0], f"{filters_said} down, {channels_said} across"


def _show(axes: Axes, weights: Array, label: str) -> None:
    """Numbers in color, on a scale that is symmetric around zero."""
    most = float(np.nanmax(np.abs(weights))) or 1.0
    image = axes.imshow(
        weights, cmap=diverging(), vmin=-most, vmax=most, interpolation="nearest", aspect="auto"
    )
    axes.grid(visible=False)
    axes.figure.colorbar(image, ax=axes, label=label, fraction=0.04, pad=0.02)


def _which(what: str, shown: int, among: int, chosen: str = " with the largest weights") -> str:
    """`all 8 units`, or `40 of 128 units with the largest weights`."""
    if among == 1:
        return f"1 {what}"
    return f"all {among} {what}s" if shown == among else f"{shown} of {among} {what}s{chosen}"
