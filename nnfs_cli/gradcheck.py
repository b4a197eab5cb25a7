"""The gradient check: every analytic gradient against central differences, in float64.

For one entry w of a tensor and a loss f,  n = (f(w + h) - f(w - h)) / 2h  has an error of order h^2
from truncation and of order 1e-16 |f| / h from rounding: h = 1e-5 makes their sum small.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nnfs_cli.batches import Batch
from nnfs_cli.core.component import Component
from nnfs_cli.core.params import Array, Shape
from nnfs_cli.experiment import Experiment
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.network import Network, Workspace

STEP = 1e-5
SMALLEST = 1e-3
AGREEMENT = 1e-7
MOST_ENTRIES = 100
MOST_KINKS = 0.1
RULE = (
    f"float64, central differences with h = {STEP:g}; error = |a - n| / max(|a|, |n|, s), where "
    f"s = {SMALLEST:g} max(1, |loss|), below which rounding drowns ratios; entries at a kink, where the "
    f"slopes to the left and right do not meet as h shrinks, are left out and counted"
)


@dataclass(frozen=True)
class TensorCheck:
    """The verdict on one tensor's gradient.

    subject, tensor: what was checked.   shape: the tensor's.
    entries: how many were compared.   kinks: how many were left out, having no derivative.
    max_relative, max_absolute: the largest errors of those compared.
    worst: index, analytic and numeric value of the entry with the largest error.
    verdict: pass, FAIL, or inconclusive where more than a tenth were kinks, which is no pass.
    """

    subject: str
    tensor: str
    shape: Shape
    entries: int
    kinks: int
    max_relative: float
    max_absolute: float
    worst: tuple[Shape, float, float] | None
    verdict: str

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"

    def record(self) -> dict[str, Any]:
        return dict(vars(self))


def check_components(seed: int = 0, tolerance: float = 1e-6) -> list[TensorCheck]:
    """Check every registered layer and loss, each with its examples and two batch sizes."""
    checks = []
    for name in LAYERS:
        for options, shape in LAYERS[name].examples:
            for n in (1, 4):
                rng = np.random.default_rng(seed)
                checks += check_layer(LAYERS[name](**options), shape, n, rng, tolerance)
    for name in LOSSES:
        for options in LOSSES[name].examples:
            for n, width in ((1, 2), (4, 3)):
                rng = np.random.default_rng(seed)
                checks += check_loss(LOSSES[name](**options), n, width, rng, tolerance)
    return checks


def check_layer(
    layer: Layer, shape: Shape, n: int, rng: np.random.Generator, tolerance: float = 1e-6
) -> list[TensorCheck]:
    """Check a layer's gradients to its parameters and its input, under the loss sum(r y), r random."""
    network = Network([layer], shape, np.float64)
    network.params.value[...] = rng.normal(size=network.params.value.shape)
    workspace = Workspace(network, n, to_input=True)
    workspace.x[...] = rng.normal(size=workspace.x.shape)
    r = rng.normal(size=workspace.y.shape)

    def value() -> float:
        workspace.forward()
        return float(np.sum(r * workspace.y))

    value()
    workspace.dy[...] = r
    workspace.backward()
    gradients = _gradients(network, workspace)
    gradients = [(name.rpartition("/")[2], values, gradient) for name, values, gradient in gradients]
    subject = f"{_spell(layer)} on {(n, *shape)}"
    return [_check_tensor(subject, *tensor, value, rng, tolerance) for tensor in gradients]


def check_loss(
    loss: Loss, n: int, width: int, rng: np.random.Generator, tolerance: float = 1e-6
) -> list[TensorCheck]:
    """Check a loss's gradient to the network's outputs, for every kind of target it takes."""
    checks = []
    for task in loss.tasks:
        z = 2.0 * rng.normal(size=(n, width))
        t = rng.integers(0, width, n) if task == "classification" else rng.normal(size=z.shape)
        dz = np.full_like(z, np.nan)
        loss.gradient(z, t, dz)
        value = partial(loss.value, z, t)
        subject = f"{_spell(loss)} on {z.shape}, {task}"
        checks.append(_check_tensor(subject, "z", z, dz, value, rng, tolerance))
    return checks


def check_experiment(experiment: Experiment, seed: int = 0, tolerance: float = 1e-6) -> list[TensorCheck]:
    """Check a whole network with its loss on the first batch of its data: all parameters and the input."""
    rng = np.random.default_rng(seed)
    split, network, loss = experiment.split("train"), experiment.network, experiment.loss
    n = min(experiment.config.training.batch_size, len(split))
    workspace = Workspace(network, n, to_input=True)
    batch = Batch(split, experiment.data.scale, workspace)
    batch.fill(rng.choice(split.rows, n, replace=False))
    t = batch.t

    def value() -> float:
        workspace.forward()
        return loss.value(workspace.y, t)

    value()
    loss.gradient(workspace.y, t, workspace.dy)
    workspace.backward()
    subject = f"{experiment.config.name} on {workspace.x.shape}"
    tensors = _gradients(network, workspace)
    return [_check_tensor(subject, *tensor, value, rng, tolerance) for tensor in tensors]


def _gradients(network: Network, workspace: Workspace) -> list[tuple[str, Array, Array]]:
    """(name, values, a copy of the analytic gradient) of every parameter and of the input."""
    tensors = [(name, param.value, param.grad.copy()) for name, param in network.params.named.items()]
    return [*tensors, ("x", workspace.x, workspace.dx.copy())]


def _check_tensor(
    subject: str,
    tensor: str,
    values: Array,
    analytic: Array,
    loss: Callable[[], float],
    rng: np.random.Generator,
    tolerance: float,
) -> TensorCheck:
    """Compare `analytic` with differences of `loss` as entries of `values` change in place."""
    smallest = SMALLEST * max(1.0, abs(loss()))
    compared: list[tuple[float, float, Shape, float]] = []
    entries = list(_sample(values, rng))
    for index in entries:
        n = _difference(values, index, loss, smallest)
        if n is None:
            continue
        a = float(analytic[index])
        error = abs(a - n)
        relative = error / max(abs(a), abs(n), smallest)
        compared.append((relative if np.isfinite(relative) else np.inf, error, index, n))
    kinks = len(entries) - len(compared)
    worst = max(compared, key=lambda c: (c[0], c[1]), default=None)
    max_relative = worst[0] if worst else 0.0
    inconclusive = not compared or kinks > MOST_KINKS * len(entries)
    return TensorCheck(
        subject=subject,
        tensor=tensor,
        shape=values.shape,
        entries=len(compared),
        kinks=kinks,
        max_relative=max_relative,
        max_absolute=max((c[1] for c in compared), default=0.0),
        worst=(worst[2], float(analytic[worst[2]]), worst[3]) if worst else None,
        verdict="FAIL" if max_relative > tolerance else "inconclusive" if inconclusive else "pass",
    )


def _difference(values: Array, index: Shape, loss: Callable[[], float], smallest: float) -> float | None:
    """The central difference of `loss` by one entry, or None where the entry sits at a kink.

    Where `loss` is smooth, the slopes to the left and to the right meet as h shrinks: their gap at
    h/10 is a tenth of that at h. At a kink the gap stays; near one the two steps disagree.
    """
    here = values[index]

    def around(h: float) -> tuple[float, float]:
        values[index] = here + h
        above = loss()
        values[index] = here - h
        below = loss()
        values[index] = here
        return (above - below) / (2 * h), abs(above - 2 * middle + below) / h

    middle = loss()
    n, gap = around(STEP)
    n_fine, gap_fine = around(STEP / 10)
    floor = 1e-5 * smallest  # the fine step's own rounding noise, with room
    kink_here = gap_fine > 0.5 * gap + floor
    kink_nearby = abs(n - n_fine) > AGREEMENT * max(abs(n), abs(n_fine)) + floor
    return None if kink_here or kink_nearby else n


def _sample(values: Array, rng: np.random.Generator) -> Iterator[Shape]:
    """The indices of all entries, or of MOST_ENTRIES drawn at random."""
    few = values.size <= MOST_ENTRIES
    flat: Sequence[int] | Array = (
        range(values.size) if few else np.sort(rng.choice(values.size, MOST_ENTRIES, replace=False))
    )
    for position in flat:
        yield tuple(int(i) for i in np.unravel_index(position, values.shape))


def _spell(component: Layer | Loss) -> str:
    """A component with its plain options, as `dense(units=3)`."""
    options = component.options().items()
    plain = [f"{name}={value}" for name, value in options if not isinstance(value, Component)]
    return f"{component.type_name}({', '.join(plain)})" if plain else component.type_name
