"""A larger network as blocks: a bar for each layer, as wide as the logarithm of what it gives."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

from nnfs_cli.core.arrays import Shape, sides
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.chain import build
from nnfs_cli.layers.layer_norm import LayerNorm
from nnfs_cli.layers.residual import Residual
from nnfs_cli.plots.library import Axes, FancyBboxPatch
from nnfs_cli.plots.names import shorten_name, wrap_title
from nnfs_cli.plots.style import AMBER, BLUE, GRAY, GREEN, ORANGE, PURPLE, SKY, drawing, ink, new_figure

MOST_IN_COLUMN = 11
WIDTH, STEP, BAR = 5.2, 1.0, 0.62
"""Of a column, and of a layer from top to top, and the height of its bar."""
LEFT_OUT = {"init", "layers", "bias", "examples"}


@dataclasses.dataclass(frozen=True)
class Block:
    """A layer in the picture.

    text: its type.   options: those that differ from their defaults.
    parameters: how many it has itself.   shape: of what it gives for a row.
    depth: how many residual layers it is in.   begins: whether a branch begins above it.
    ends: whether a branch ends here; then it is the sum.
    """

    text: str
    parameters: int
    shape: Shape
    color: str
    options: str = ""
    depth: int = 0
    begins: int = 0
    ends: bool = False


def draw_blocks(network: Network, title: str, outputs: Sequence[str] = ()) -> Axes:
    """The layers from top to bottom, in columns, with the shape of what each hands to the next."""
    first = Block("input", 0, network.shapes[0], GRAY)
    blocks = [first, *blocks_of(network.layers, network.shapes)]
    columns = _in_columns(blocks)
    tallest = max(map(len, columns))
    largest = max(math.log(math.prod(block.shape) + 1) for block in blocks)
    with drawing():
        figure: Any = new_figure((0.3 + 4.1 * len(columns), 1.0 + 0.68 * tallest))
        axes: Axes = figure.add_subplot()
        begun: list[tuple[float, float]] = []
        for c, column in enumerate(columns):
            for r, block in enumerate(column):
                x, y = c * WIDTH, -r * STEP
                for k in range(block.begins):
                    begun.append((x, y + BAR / 2 + 0.22 + 0.02 * k))
                width = 2.4 + 2.0 * math.log(math.prod(block.shape) + 1) / largest
                _draw_block(axes, x, y, block, width)
                if block.ends:
                    _draw_branch(axes, begun.pop(), (x - width / 2, y), block.depth)
                if r + 1 < len(column):
                    _draw_arrow(axes, (x, y - BAR / 2), (x, y - STEP + BAR / 2))
                if r + 1 < len(column) or c + 1 < len(columns):
                    size = sides(block.shape)
                    axes.text(x + 0.12, y - STEP / 2, size, va="center", fontsize=10, color=GRAY)
            if c + 1 < len(columns):
                _draw_turn(axes, c, -(len(column) - 1) * STEP)
        axes.set_xlim(-2.7, (len(columns) - 1) * WIDTH + 2.5)
        axes.set_ylim(-(tallest - 1) * STEP - 0.85, 0.85)
        axes.set_axis_off()
        axes.set_title(wrap_title(f"{title}{_answers(outputs)}", 4.3 * len(columns)), fontsize=12)
    return axes


def blocks_of(layers: Sequence[Layer], shapes: Sequence[Shape], depth: int = 0) -> Iterator[Block]:
    """The blocks of built layers; a residual layer is the blocks inside it, and the sum that ends it."""
    for i, layer in enumerate(layers):
        if isinstance(layer, Residual):
            inner = list(blocks_of(layer.sublayers(), build(layer.sublayers(), shapes[i]), depth + 1))
            yield dataclasses.replace(inner[0], begins=inner[0].begins + 1)
            yield from inner[1:]
            yield Block("+  residual: x + f(x)", 0, shapes[i + 1], ORANGE, depth=depth + 1, ends=True)
        else:
            count = sum(param.size for param in layer.params().values())
            yield Block(layer.type_name, count, shapes[i + 1], _color(layer), options_of(layer), depth)


def options_of(layer: Layer) -> str:
    """A layer's options, but for those that have their defaults."""
    options = (
        f"{field.name} {_short(value)}"
        for field in dataclasses.fields(layer)
        if field.name not in LEFT_OUT and (value := getattr(layer, field.name)) != _default(field)
    )
    return ", ".join(options)


def _short(value: object) -> str:
    if isinstance(value, list | tuple):
        return sides(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _default(field: Any) -> object:
    return (
        field.default_factory()
        if field.default is dataclasses.MISSING and callable(field.default_factory)
        else field.default
    )


def _color(layer: Layer) -> str:
    """By kind: images, other layers with parameters, normalization, and the rest."""
    if isinstance(layer, BatchNorm | LayerNorm):
        return PURPLE
    if layer.params():
        return BLUE if layer.images else GREEN
    return SKY if layer.images else AMBER


def _in_columns(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks in columns of about the same height; a branch is not cut where it can be helped."""
    count = math.ceil(len(blocks) / MOST_IN_COLUMN)
    most = math.ceil(len(blocks) / count)
    columns: list[list[Block]] = [[]]
    open_branches = 0
    for i, block in enumerate(blocks):
        whole = open_branches == 0 and _length(blocks, i) + len(columns[-1]) > most + 2
        if columns[-1] and open_branches == 0 and (len(columns[-1]) >= most or whole):
            columns.append([])
        columns[-1].append(block)
        open_branches += block.begins - block.ends
    return columns


def _length(blocks: Sequence[Block], start: int) -> int:
    """How many blocks cannot be parted from block `start`: those up to the end of its branch."""
    deep = 0
    for n, block in enumerate(blocks[start:], 1):
        deep += block.begins - block.ends
        if deep == 0:
            return n
    return len(blocks) - start


def _draw_block(axes: Axes, x: float, y: float, block: Block, width: float) -> None:
    """A bar, with the layer's name and options, and at its right end how many parameters it has."""
    options: Any = {"boxstyle": "round,pad=0,rounding_size=0.12", "lw": 1.2}
    for face, alpha in ((block.color, 0.22), ("none", 1.0)):
        axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - BAR / 2),
                width,
                BAR,
                facecolor=face,
                edgecolor=block.color,
                alpha=alpha,
                **options,
            )
        )
    count = f": {block.parameters:,} parameters" if block.parameters else ""
    lines = [f"{block.text}{count}", *([shorten_name(block.options, 42)] if block.options else [])]
    axes.text(x, y, "\n".join(lines), ha="center", va="center", fontsize=10.5)


def _draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "->", "color": ink(), "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    )


def _draw_branch(axes: Axes, start: tuple[float, float], end: tuple[float, float], depth: int) -> None:
    """The way around a residual layer: out to the left above it, down, and into its sum."""
    side = start[0] - 2.35 - 0.15 * depth
    axes.plot([start[0], side, side], [start[1], start[1], end[1]], color=ORANGE, lw=1.6)
    _draw_arrow(axes, (side, end[1]), end)


def _draw_turn(axes: Axes, column: int, bottom: float) -> None:
    """From the foot of a column to the head of the next."""
    x, middle = column * WIDTH, (column + 0.5) * WIDTH
    low, high = bottom - BAR / 2 - 0.45, BAR / 2 + 0.4
    axes.plot(
        [x, x, middle, middle, x + WIDTH], [bottom - BAR / 2, low, low, high, high], color=ink(), lw=1.1
    )
    _draw_arrow(axes, (x + WIDTH, high), (x + WIDTH, BAR / 2))


def _answers(outputs: Sequence[str]) -> str:
    return f", {len(outputs)} outputs" if len(outputs) > 1 else ""
