"""The gradients of single components: a loss and its gradients for each, at several inputs."""

import copy
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import Component
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.gradcheck.harness import (
    ComplexTwin,
    Inputs,
    Rewind,
    Shift,
    fill_with_nan,
    normal,
    scatter,
)
from nnfs_cli.gradcheck.layer_laws import mixes_rows
from nnfs_cli.gradcheck.subject import Subject
from nnfs_cli.initializers.normal import Normal
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer

BATCH_SIZES = (1, 4)
MORE_ROWS = 3
"""Added for layers that mix rows: statistics of one or two rows are constant or too sharply curved."""

CALLS = 3
"""Passes at other inputs before the first checked one, so that what a layer remembers is seen to be wrong."""


def component_subjects(names: set[tuple[str, str]] | None = None, seed: int = 0) -> Iterator[Subject]:
    """Every registered layer, loss and regularizer, or those in `names`, as (kind, name).

    Each is checked with all its examples; layers and losses with several batch sizes.
    """

    def wanted(kind: str, name: str) -> bool:
        return names is None or (kind, name) in names

    for name in filter(partial(wanted, "layer"), LAYERS):
        for options, shape in LAYERS[name].examples:
            layer = create(Layer, name, options)
            for n in batch_sizes(layer):
                yield layer_subject(layer, shape, n, seed)
    for name in filter(partial(wanted, "loss"), LOSSES):
        for options in LOSSES[name].examples:
            for n, width in zip(BATCH_SIZES, (2, 3), strict=True):
                yield from loss_subjects(create(Loss, name, options), n, width, seed)
    for name in filter(partial(wanted, "regularizer"), REGULARIZERS):
        for options in REGULARIZERS[name].examples:
            yield regularizer_subject(create(Regularizer, name, options), seed)


def batch_sizes(layer: Layer) -> tuple[int, ...]:
    """The batch sizes at which each entry of a layer's gradients is checked."""
    return tuple(n + MORE_ROWS if mixes_rows(layer) else n for n in BATCH_SIZES)


def layer_subject(
    layer: Layer, shape: Shape, n: int, seed: int = 0, inputs: Inputs = normal, what: str = ""
) -> Subject:
    """A layer on top of a trainable one, under the loss sum(r y) with r random.

    what: what to add to the subject's name.
    """
    return stack_subject(f"{component_text(layer)} on {(n, *shape)}{what}", [layer], shape, n, seed, inputs)


def stack_subject(
    name: str,
    layers: Sequence[Layer],
    shape: Shape,
    n: int,
    seed: int = 0,
    inputs: Inputs = normal,
    *,
    flipped: bool = False,
) -> Subject:
    """Layers on top of a trainable one, under the loss sum(r y) with r random.

    r is scaled so that the loss's terms are not tiny, else differences would tell nothing. A pass with
    other inputs comes before each gradient: a layer that keeps something of it is then wrong.

    flipped: give half of the parameters the other sign.
    """
    rng = np.random.default_rng(seed)
    layers = [Shift(), *layers]
    network = Network(copy.deepcopy(layers), shape, np.float64)
    scatter(network, rng)
    if flipped:
        network.params.value[...] *= rng.permutation(np.arange(network.params.value.size) % 2 * 2 - 1)
    workspace = Workspace(network, n, to_input=True)
    x = inputs(rng, workspace.x.shape)
    r = rng.normal(size=workspace.y.shape)
    others = [inputs(rng, workspace.x.shape) for _ in range(CALLS)]
    rewind = Rewind(network, seed)

    def pass_by(other: Array) -> float:
        """A pass with other inputs; how large y is."""
        now = workspace.x.copy()
        workspace.x[...] = other
        rewind()
        workspace.forward()
        workspace.dy[...] = r
        workspace.backward()
        workspace.x[...] = now
        return float(np.sqrt(np.mean(np.square(workspace.y))))

    size = max(pass_by(other) for other in others)
    rewind = Rewind(network, seed)  # the statistics are no longer the first ones
    workspace.x[...] = x
    if np.isfinite(size) and size > 0.0:
        r *= max(1.0, 1.0 / size)
    twin = ComplexTwin(layers, shape, network, workspace.x, r, seed)

    def loss() -> float:
        rewind()
        workspace.forward()
        return float(np.sum(r * workspace.y))

    def gradients() -> list[Array]:
        pass_by(others[0])
        rewind()
        fill_with_nan(network, workspace)
        workspace.forward()
        workspace.dy[...] = r
        workspace.backward()
        return [*(p.grad.copy() for p in network.params.named.values()), workspace.dx.copy()]

    tensors = [(name.split("/", 1)[1], p.value) for name, p in network.params.named.items()]
    tensors = [("below", tensors[0][1]), *tensors[1:], ("x", workspace.x)]
    loss()
    magnitude = float(np.linalg.norm(r * workspace.y))
    return Subject(name, loss, gradients, tensors, n, twin.slope, magnitude=magnitude)


def loss_subjects(
    loss: Loss, n: int, width: int, seed: int = 0, scale: float = 1.0, what: str = ""
) -> Iterator[Subject]:
    """A loss's gradient to the network's outputs, for every kind of targets that it takes.

    Other outputs come before each gradient: a loss that keeps something of them is then wrong.

    scale: how much larger the outputs are than in the loss's trials.   what: is added to the name.
    """
    others = loss.trials(n, width, np.random.default_rng(seed + 1))
    trials = loss.trials(n, width, np.random.default_rng(seed))
    for (task, z, t), (_, other_z, other_t) in zip(trials, others, strict=True):
        z *= scale
        dz = np.empty_like(z)

        def gradients(
            z: Array = z, t: Array = t, dz: Array = dz, other_z: Array = other_z, other_t: Array = other_t
        ) -> list[Array]:
            loss.gradient(other_z, other_t, dz)
            dz.fill(np.nan)
            loss.gradient(z, t, dz)
            return [dz.copy()]

        name = f"{component_text(loss)} on {z.shape}, {task}{what}"
        magnitude = max(abs(loss.value(other_z, other_t)), abs(loss.value(z, t)))
        yield Subject(name, partial(loss.value, z, t), gradients, [("z", z)], n, magnitude=magnitude)


def flat_params(seed: int, scale: float = 1.0, dtype: str = "float64") -> FlatParams:
    """Random parameters: a matrix, a convolution's weights, and a bias without weight decay."""
    named = {
        "W": Param((3, 4), Normal()),
        "kernel": Param((2, 3, 2, 2), Normal(), axes=(1, 0)),
        "b": Param((4,), Normal(), decay=False),
    }
    params = FlatParams(named, {}, np.dtype(dtype))
    params.value[...] = scale * np.random.default_rng(seed).normal(size=params.value.shape)
    return params


def regularizer_subject(
    regularizer: Regularizer, seed: int = 0, scale: float = 1.0, what: str = ""
) -> Subject:
    """A penalty's gradient to parameters with weight decay, and to one without."""
    params = flat_params(seed, scale)

    def gradients() -> list[Array]:
        regularizer.add_gradient(flat_params(seed + 1, scale))
        params.grad.fill(0.0)
        regularizer.add_gradient(params)
        return [param.grad.copy() for param in params.named.values()]

    tensors = [(name, param.value) for name, param in params.named.items()]
    loss = partial(regularizer.penalty, params)
    name = f"{component_text(regularizer)}{what}"
    return Subject(name, loss, gradients, tensors, 1, magnitude=abs(loss()))


def component_text(component: Component) -> str:
    """A component with its plain options, as `dense(units=3)`."""
    options = component.options().items()
    plain = [f"{name}={value}" for name, value in options if isinstance(value, bool | int | float | str)]
    return f"{component.type_name}({', '.join(plain)})" if plain else component.type_name
