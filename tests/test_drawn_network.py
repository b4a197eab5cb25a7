"""The network drawn: every weight a line, larger networks as blocks with shapes."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from nnfs_cli import LAYERS, Layer
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.conv2d import Conv2D
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.flatten import Flatten
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.layers.residual import Residual
from nnfs_cli.layers.tanh import Tanh
from nnfs_cli.plots.colors import diverging
from nnfs_cli.plots.network import draw_network, fits_nodes
from nnfs_cli.plots.network_blocks import blocks_of
from nnfs_cli.plots.style import save


def network(layers: list[Layer], shape: tuple[int, ...]) -> Network:
    made = Network(layers, shape, "float64")
    made.initialize(np.random.default_rng(0))
    return made


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.findobj(Text) if text.get_text()]


def test_every_weight_is_a_line_in_its_color_and_width(tmp_path: Path) -> None:
    small = network([Dense(2), Tanh(), Dense(2)], (2,))
    small.params.value[...] = np.random.default_rng(1).normal(size=small.params.value.size)
    axes = draw_network(small, "xor", ["a", "in $ and $"], ["no", "yes"])
    first, second = (cast(Any, c) for c in axes.collections if isinstance(c, LineCollection))
    matrices = [layer.W.value for layer in small.layers if isinstance(layer, Dense)]
    scale = max(np.abs(W).max() for W in matrices)
    for lines, W in ((first, matrices[0]), (second, matrices[1])):
        assert len(lines.get_segments()) == W.size
        by_size = np.sort(np.abs(W).ravel())
        assert np.asarray(lines.get_linewidths()) == pytest.approx(0.25 + 4.0 * by_size / scale)
        strongest: Array = np.asarray(lines.get_segments()[-1])
        d, m = np.unravel_index(np.abs(W).argmax(), W.shape)
        assert strongest[:, 1].tolist() == [1.3 - 2.6 * d, 1.3 - 2.6 * m]
        assert lines.get_colors()[-1][:3] == pytest.approx(diverging()(0.5 + 0.5 * W[d, m] / scale)[:3])
    assert sum(isinstance(c, PathCollection) for c in axes.collections) == 3
    said = texts(axes)
    assert {f"{w:.2f}" for W in matrices for w in W.ravel()} <= set(said)
    assert {"a", "in $ and $", "no", "yes", "dense\n2\ntanh", "2 inputs"} <= set(said)
    assert sum(text.startswith("b = ") for text in said) == 4
    save(axes, tmp_path, "network.svg")
    assert (tmp_path / "network.svg").read_text().startswith("<?xml")


def test_an_untrained_network_is_drawn_without_numbers() -> None:
    axes = draw_network(network([Dense(3), ReLU(), Dense(1)], (2,)), "plan", trained=False)
    assert not [text for text in texts(axes) if text.startswith(("b =", "-0."))]


@pytest.mark.parametrize(
    ("layers", "shape", "nodes"),
    [
        ([Dense(64), ReLU(), Dense(64), ReLU(), Dense(1)], (1,), True),
        ([Dense(128), ReLU(), Dense(10)], (784,), False),
        ([Dense(1)], (300,), False),
        ([Flatten(), Dense(4)], (2, 2), False),
        ([Dense(4), Residual((Dense(4),)), Dense(2)], (2,), False),
        ([layer for _ in range(10) for layer in (Dense(4), ReLU())], (4,), False),
        ([ReLU()], (4,), False),
    ],
)
def test_nodes_are_drawn_where_they_can_be_told_apart(
    layers: list[Layer], shape: tuple[int, ...], nodes: bool, tmp_path: Path
) -> None:
    made = network(layers, shape)
    assert fits_nodes(made) == nodes
    axes = draw_network(made, "any", [], [])
    assert any(isinstance(c, LineCollection) for c in axes.collections) == nodes
    save(axes, tmp_path, "p.png")


def test_blocks_say_shapes_parameters_and_branches() -> None:
    inner = (Conv2D(4, 3, padding="same"), ReLU())
    made = network([Conv2D(4, 3), Residual(inner), Flatten(), Dense(3)], (1, 8, 8))
    blocks = list(blocks_of(made.layers, made.shapes))
    assert [block.text for block in blocks] == [
        "conv2d",
        "conv2d",
        "relu",
        "+  residual: x + f(x)",
        "flatten",
        "dense",
    ]
    assert blocks[1].options == "filters 4, kernel_size 3, padding same"
    assert [block.shape for block in blocks][-2:] == [(144,), (3,)]
    assert [block.begins - block.ends for block in blocks] == [0, 1, 0, -1, 0, 0]
    assert sum(block.parameters for block in blocks) == made.params.value.size
    axes = draw_network(made, "net")
    assert sum(isinstance(patch, FancyBboxPatch) for patch in axes.patches) == 2 * 7
    said = texts(axes)
    assert "1 x 8 x 8" in said
    assert said.count("4 x 6 x 6") == 4
    assert any("435 parameters" in text and "units 3" in text for text in said)


def test_every_layer_can_be_drawn() -> None:
    for name in LAYERS:
        options, shape = LAYERS[name].examples[0]
        made = network([create(Layer, name, options)], shape)
        said = "\n".join(texts(draw_network(made, name)))
        assert "residual: x + f(x)" in said if name == "residual" else name in said
