"""network.png: the network drawn, small ones with every node and weight, larger ones as blocks."""

from collections.abc import Sequence
from itertools import pairwise

from nnfs_cli.engine.network import Network
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.flatten import Flatten
from nnfs_cli.plots.inside import trained_network
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.network_blocks import draw_blocks
from nnfs_cli.plots.network_nodes import draw_nodes
from nnfs_cli.preprocessing.description import column_names
from nnfs_cli.runs.directory import RunDirectory

MOST_NODES, MOST_LINES, MOST_DENSE = 64, 6000, 8


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The run's network with its weights, the inputs' names and those of the classes or targets."""
    network = trained_network(run)
    if network is None:
        return {}
    preparation = run.preparation()
    inputs = column_names(preparation) if len(preparation.input_shape) == 1 else []
    width = network.output_shape[0]
    outputs = preparation.classes or preparation.output_names(width, "")
    title = f"{run.id}: {network.params.value.size:,} parameters"
    return {"network": draw_network(network, title, inputs, outputs)}


def draw_network(
    network: Network,
    title: str,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    *,
    trained: bool = True,
) -> Axes:
    """A network as nodes and lines if these can be told apart, else as blocks.

    inputs, outputs: names for the nodes; none where they have no names.
    trained: whether to show the values of weights and biases, which must be in the network.
    """
    if fits_nodes(network):
        return draw_nodes(network, title, inputs, outputs, trained=trained)
    return draw_blocks(network, title, outputs)


def fits_nodes(network: Network) -> bool:
    """Whether all layers have nodes: dense ones, and others without parameters that keep the shape."""
    shapes = network.shapes
    dense = [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]
    plain = all(
        isinstance(layer, Dense | Flatten)
        or (shapes[i] == shapes[i + 1] and not layer.sublayers() and not layer.params())
        for i, layer in enumerate(network.layers)
    )
    widths = [shapes[0], *(shapes[i + 1] for i in dense)]
    if not plain or not 0 < len(dense) <= MOST_DENSE or any(len(shape) != 1 for shape in widths):
        return False
    sizes = [shape[0] for shape in widths]
    lines = sum(a * b for a, b in pairwise(sizes))
    return max(sizes) <= MOST_NODES and lines <= MOST_LINES
