"""What the gradient check checks: single components, and whole networks on their data."""

import copy
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import Component
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.gradcheck.harness import ComplexTwin, Rewind, Shift, fill_with_nan
from nnfs_cli.gradcheck.subject import Subject
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer
from nnfs_cli.training.experiment import Experiment

BATCH_SIZES = (1, 4)
MORE_ROWS = 3
"""Added for layers that mix rows: statistics of one or two rows are constant or too sharply curved."""

LARGEST_BATCH, MOST_IMAGES = 16, 8
LARGE, FEWER_ENTRIES = 100_000, 20
"""Networks with this many parameters are large: fewer entries of each tensor are checked, to take seconds."""

NOISE = 0.1
"""Inputs and parameters move by this share of their range or size to leave kinks."""


def component_subjects(names: set[tuple[str, str]] | None = None, seed: int = 0) -> Iterator[Subject]:
    """Every registered layer, loss and regularizer, or those in `names`, as (kind, name).

    Each is checked with all its examples; layers and losses with several batch sizes.
    """

    def wanted(kind: str, name: str) -> bool:
        return names is None or (kind, name) in names

    for name in filter(partial(wanted, "layer"), LAYERS):
        for options, shape in LAYERS[name].examples:
            for n in BATCH_SIZES:
                layer = create(Layer, name, options)
                yield layer_subject(layer, shape, n + MORE_ROWS if mixes_rows(layer) else n, seed)
    for name in filter(partial(wanted, "loss"), LOSSES):
        for options in LOSSES[name].examples:
            for n, width in zip(BATCH_SIZES, (2, 3), strict=True):
                yield from loss_subjects(create(Loss, name, options), n, width, seed)
    for name in filter(partial(wanted, "regularizer"), REGULARIZERS):
        for options in REGULARIZERS[name].examples:
            yield regularizer_subject(create(Regularizer, name, options), seed)


def mixes_rows(layer: Layer) -> bool:
    """Whether a row's output depends on other rows, in this layer or in a layer inside of it."""
    inner: Sequence[Layer] = getattr(layer, "layers", ())
    return layer.mixes_rows or any(mixes_rows(each) for each in inner)


def layer_subject(layer: Layer, shape: Shape, n: int, seed: int = 0) -> Subject:
    """A layer on top of a trainable one, under the loss sum(r y) with r random."""
    rng = np.random.default_rng(seed)
    layers = [Shift(), layer]
    network = Network(copy.deepcopy(layers), shape, np.float64)
    network.params.value[...] = rng.normal(size=network.params.value.shape)
    workspace = Workspace(network, n, to_input=True)
    workspace.x[...] = rng.normal(size=workspace.x.shape)
    r = rng.normal(size=workspace.y.shape)
    rewind = Rewind(network, seed)
    twin = ComplexTwin(layers, shape, network, workspace.x, r, seed)

    def loss() -> float:
        rewind()
        workspace.forward()
        return float(np.sum(r * workspace.y))

    def gradients() -> list[Array]:
        rewind()
        fill_with_nan(network, workspace)
        workspace.forward()
        workspace.dy[...] = r
        workspace.backward()
        return [*(p.grad.copy() for p in network.params.named.values()), workspace.dx.copy()]

    tensors = [(name.split("/", 1)[1], p.value) for name, p in network.params.named.items()]
    tensors = [("below", tensors[0][1]), *tensors[1:], ("x", workspace.x)]
    name = f"{component_text(layer)} on {(n, *shape)}"
    loss()
    magnitude = float(np.linalg.norm(r * workspace.y))
    return Subject(name, loss, gradients, tensors, n, twin.slope, magnitude)


def loss_subjects(loss: Loss, n: int, width: int, seed: int = 0) -> Iterator[Subject]:
    """A loss's gradient to the network's outputs, for every kind of targets that it takes."""
    for task, z, t in loss.trials(n, width, np.random.default_rng(seed)):
        dz = np.empty_like(z)

        def gradients(z: Array = z, t: Array = t, dz: Array = dz) -> list[Array]:
            dz.fill(np.nan)
            loss.gradient(z, t, dz)
            return [dz.copy()]

        name = f"{component_text(loss)} on {z.shape}, {task}"
        yield Subject(name, partial(loss.value, z, t), gradients, [("z", z)], n)


def regularizer_subject(regularizer: Regularizer, seed: int = 0) -> Subject:
    """A penalty's gradient to two parameters, one with weight decay and one without."""
    rng = np.random.default_rng(seed)
    named = {"W": Param((3, 4), Zeros()), "b": Param((4,), Zeros(), decay=False)}
    params = FlatParams(named, {}, np.float64)
    params.value[...] = rng.normal(size=params.value.shape)

    def gradients() -> list[Array]:
        params.grad.fill(0.0)
        regularizer.add_gradient(params)
        return [param.grad.copy() for param in named.values()]

    tensors = [(name, param.value) for name, param in named.items()]
    return Subject(component_text(regularizer), partial(regularizer.penalty, params), gradients, tensors, 1)


def experiment_subjects(experiment: Experiment, seed: int, when: str) -> Iterator[Subject]:
    """A whole network on a real batch of its data: under its loss, its penalty, and both together."""
    split, network, loss = experiment.split("train"), experiment.network, experiment.loss
    regularizer, params = experiment.descent.regularizer, network.params
    most = MOST_IMAGES if network.has_images else LARGEST_BATCH
    n = min(experiment.config.training.batch_size, len(split), most)
    workspace = Workspace(network, n, to_input=True)
    batch = Batch(split, experiment.data.inputs, workspace)
    batch.fill(np.random.default_rng(seed).choice(split.rows, n, replace=False))
    rewind = Rewind(network, seed)
    x, values = workspace.x.copy(), params.value.copy()
    axis = None if network.has_images else 0
    low, high = x.min(axis), x.max(axis)

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
        else:
            params.grad.fill(0.0)
            workspace.dx.fill(0.0)
        if penalty and regularizer is not None:
            regularizer.add_gradient(params)
        return [*(p.grad.copy() for p in params.named.values()), workspace.dx.copy()]

    tensors = [*((name, param.value) for name, param in params.named.items()), ("x", workspace.x)]
    parts = {"loss": (True, False)}
    if regularizer is not None:
        parts |= {"penalty": (False, True), "loss + penalty": (True, True)}
    for part, (data, penalty) in parts.items():
        yield Subject(
            f"{experiment.config.name} on {workspace.x.shape}, {part}, {when}",
            partial(value, data=data, penalty=penalty),
            partial(gradients, data=data, penalty=penalty),
            tensors,
            n,
            entries=FEWER_ENTRIES if params.value.size >= LARGE else None,
            add_noise=add_noise,
        )


def component_text(component: Component) -> str:
    """A component with its plain options, as `dense(units=3)`."""
    options = component.options().items()
    plain = [f"{name}={value}" for name, value in options if isinstance(value, bool | int | float | str)]
    return f"{component.type_name}({', '.join(plain)})" if plain else component.type_name
