"""The gradients of a config's network on its own data: as a whole, and layer by layer."""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import is_plugin
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.network import Workspace
from nnfs_cli.gradcheck.compare import along_entry
from nnfs_cli.gradcheck.differences import derivative
from nnfs_cli.gradcheck.harness import Rewind, fill_with_nan
from nnfs_cli.gradcheck.subject import Subject
from nnfs_cli.gradcheck.subjects import batch_sizes, component_text, stack_subject
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.chain import build
from nnfs_cli.training.experiment import Experiment

LARGEST_BATCH, MOST_IMAGES = 16, 8
LARGE, FEWER_ENTRIES = 100_000, 20
"""Networks with this many parameters are large: fewer entries of each tensor are checked, to take seconds."""

NOISE = 0.1
"""Inputs and parameters move by this share of their range or size to leave kinks."""

LARGEST_SIZE = 10.0
"""Inputs of single layers are scaled down to it: from numbers like 1e6, a step of 1e-5 is rounded."""


def experiment_subjects(experiment: Experiment, seed: int, when: str) -> Iterator[Subject]:
    """A whole network on a real batch of its data: under its loss, its penalty, and both together."""
    network, loss = experiment.network, experiment.loss
    regularizer, params = experiment.descent.regularizer, network.params
    batch = _batch(experiment, seed)
    workspace = batch.workspace
    rewind = Rewind(network, seed)
    x, values = workspace.x.copy(), params.value.copy()
    axis = None if network.has_images else 0
    low, high = x.min(axis), x.max(axis)
    dys: list[Array] = []
    of_penalty: list[Array] = []

    def add_noise(rng: np.random.Generator) -> None:
        """Move inputs by NOISE of the way to random values from the range of their column, or of all pixels.

        Move parameters by NOISE of their usual size, so that biases are no longer zero.
        """
        np.copyto(workspace.x, x + NOISE * (rng.uniform(low, high, x.shape) - x))
        size = float(np.sqrt(np.mean(np.square(values))))
        np.copyto(params.value, values + NOISE * size * rng.normal(size=values.shape))

    def value(*, data: bool, penalty: bool) -> float:
        rewind()
        total = 0.0
        if data:
            workspace.forward()
            total += loss.value(workspace.y, batch.t)
        if penalty and regularizer is not None:
            total += regularizer.penalty(params)
        return total

    def gradients(*, data: bool, penalty: bool) -> list[Array]:
        rewind()
        fill_with_nan(network, workspace)
        if data:
            workspace.forward()
            loss.gradient(workspace.y, batch.t, workspace.dy)
            workspace.backward()
            dys[:] = [gradient.copy() for gradient in workspace.gradients[1:]]
        else:
            params.grad.fill(0.0)
            workspace.dx.fill(0.0)
        before = [p.grad.copy() for p in params.named.values()]
        if penalty and regularizer is not None:
            regularizer.add_gradient(params)
        of_penalty[:] = [after.grad - b for after, b in zip(params.named.values(), before, strict=True)]
        of_penalty.append(np.zeros_like(workspace.x))
        return [*(p.grad.copy() for p in params.named.values()), workspace.dx.copy()]

    def chain_slope(i: int, index: Shape) -> float | None:
        """The slope of the i-th tensor's layer alone, under the slopes dy from above, by the chain rule.

        dy is scaled to the size 1, so that nothing is too small to tell.
        """
        layer = owners[i]
        size = float(np.linalg.norm(dys[layer]))
        y, r = workspace.activations[layer + 1], dys[layer] / size if size else dys[layer]

        def alone() -> float:
            rewind()
            workspace.forward()
            return float(np.sum(r * y))

        middle = alone()
        found = derivative(along_entry(alone, tensors[i][1], index), middle, float(np.linalg.norm(r * y)))
        return None if found.kink else size * found.slope + float(of_penalty[i][index])

    owners = [network.names.index(name.split("/", 1)[0]) for name in params.named]
    stack = enumerate(zip(network.layers, workspace.activations, strict=False))
    owners.append(next((i for i, (layer, given) in stack if layer.view(given) is None), 0))
    tensors = [*((name, param.value) for name, param in params.named.items()), ("x", workspace.x)]
    parts = {"loss": (True, False)}
    if regularizer is not None:
        parts |= {"penalty": (False, True), "loss + penalty": (True, True)}
    for part, (data, penalty) in parts.items():
        loss_now = partial(value, data=data, penalty=penalty)
        yield Subject(
            f"{experiment.config.name} on {workspace.x.shape}, {part}, {when}",
            loss_now,
            partial(gradients, data=data, penalty=penalty),
            tensors,
            len(workspace.x),
            chain_slope=chain_slope if data else None,
            magnitude=1.0 if data else abs(loss_now()),
            entries=FEWER_ENTRIES if params.value.size >= LARGE else None,
            add_noise=add_noise,
        )


def part_subjects(experiment: Experiment, seed: int) -> Iterator[tuple[str, Layer, Callable[[], Subject]]]:
    """(name, layer, a call that makes the subject) for each layer of a network alone, under slopes of size 1.

    x are the layer's own in the network, with noise against kinks. So a mistake is seen below other layers
    too, which leave little of a gradient.
    """
    network = experiment.network
    workspace = _batch(experiment, seed).workspace
    Rewind(network, seed)()
    workspace.forward()
    stack = zip(network.names, experiment.config.layers, network.shapes, workspace.activations, strict=False)
    for name, layer, shape, x in stack:
        n = min(len(x), max(batch_sizes(layer)))
        text = f"{component_text(layer)} as {name} on {(n, *shape)}"
        yield name, layer, partial(stack_subject, text, [layer], shape, n, seed, partial(_near, x))


def _near(x: Array, rng: np.random.Generator, shape: Shape) -> Array:
    """Rows of x with noise, and not so large that rounding hides a step."""
    size = float(np.sqrt(np.mean(np.square(x)))) or 1.0
    rows = x[rng.choice(len(x), shape[0])] + NOISE * size * rng.normal(size=shape)
    return np.asarray(rows * min(1.0, LARGEST_SIZE / size))


def plugin_layers(layers: Sequence[Layer], shape: Shape) -> Iterator[tuple[Layer, Shape]]:
    """(layer, shape of its rows) for each layer that is not one of nnfs, also inside of others."""
    for layer, of_rows in zip(layers, build(copy.deepcopy(layers), shape), strict=False):
        if is_plugin(type(layer)):
            yield layer, of_rows
        inner: Sequence[Layer] = getattr(layer, "layers", ())
        yield from plugin_layers(inner, of_rows)


def _batch(experiment: Experiment, seed: int) -> Batch:
    """A batch of random training rows, for a network that is checked down to its input."""
    split, network = experiment.split("train"), experiment.network
    most = MOST_IMAGES if network.has_images else LARGEST_BATCH
    n = min(experiment.config.training.batch_size, len(split), most)
    batch = Batch(split, experiment.data.inputs, Workspace(network, n, to_input=True))
    batch.fill(np.random.default_rng(seed).choice(split.rows, n, replace=False))
    return batch
