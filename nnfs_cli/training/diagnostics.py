"""A step's diagnostics: norms and updates of each layer, histograms, dead and saturated units."""

import math
from collections.abc import Mapping

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer
from nnfs_cli.training.trace import Tracer
from nnfs_cli.training.units import dead_units, has_units, saturated_units

BINS = 60
VALUES = 2048
"""The most numbers of an array that a histogram counts, evenly spaced: enough for its shape."""
LARGEST = 1e300
"""Beyond it, a histogram's range would overflow."""


class Diagnoses:
    """What is recorded of a network's steps.

    trained: (P,) the names of layers with parameters.
    computed: (A,) the names of layers with outputs of their own, not only views of their inputs.
    active: (U,) the names of the activation functions whose units are counted.
    units: (U,) how many units each of these has.
    """

    def __init__(self, network: Network) -> None:
        self._layers = dict(zip(network.names, network.layers, strict=True))
        self._place = {name: i + 1 for i, name in enumerate(network.names)}
        self._keys = {name: list(layer.params()) for name, layer in self._layers.items()}
        self.trained = [name for name, keys in self._keys.items() if keys]
        self.computed = [name for name, layer in self._layers.items() if _computes(layer)]
        self.active = [
            name for name, has in zip(network.names, has_units(network.layers), strict=True) if has
        ]
        shapes = [network.shapes[self._place[name]] for name in self.active]
        self.units = [shape[0] if len(shape) == 3 else shape[-1] for shape in shapes]

    def constants(self) -> dict[str, Array]:
        """What is the same for all steps, by name."""
        names = {"trained": self.trained, "computed": self.computed, "active": self.active}
        return {
            **{key: np.array(value, dtype=np.str_) for key, value in names.items()},
            "units": np.array(self.units, np.int64),
        }

    def look(self, tracer: Tracer, rows: Array) -> dict[str, Array]:
        """The arrays of the next step, if its batch were these rows (N,), by name.

        gradient_norm, weight_norm, update_norm: (P,) Euclidean norms over all parameters of a layer: of the
        loss's gradient, of the parameters before the step, and of their change in it.
        gradient_counts: (P, BINS) of log10 |gradient|; gradient_range: (P, 2) the outer edges of the bins;
        gradient_zeros: (P,) the part of the entries that are exactly 0, which no bin has.
        activation_counts: (A, BINS) of the layer's outputs; activation_range: (A, 2).
        dead, saturated: (U,) how many units are.
        """
        experiment, params, step = tracer.experiment, tracer.network.params, tracer.experiment.progress.step
        tracer.catch_up()
        batch, _ = tracer.forward(rows)
        workspace = batch.workspace
        with np.errstate(**IGNORE_OVERFLOW):
            tracer.loss.gradient(workspace.y, batch.t, workspace.dy)
            workspace.backward()
        grads, before = params.views(params.grad.copy()), params.value.copy()
        with np.errstate(**IGNORE_OVERFLOW):
            tracer.descent.step(step, experiment.learning_rate(step))
            change = params.value - before
        logs = [log_magnitudes(sample(*self._of(grads, name))) for name in self.trained]
        outputs = {name: workspace.activations[self._place[name]] for name in self.computed}
        alive = [(self._layers[name], outputs[name]) for name in self.active]
        return {
            **{
                f"{kind}_norm": np.array([norm(*self._of(arrays, name)) for name in self.trained])
                for kind, arrays in (
                    ("gradient", grads),
                    ("weight", params.views(before)),
                    ("update", params.views(change)),
                )
            },
            **_histograms("gradient", [each for each, _ in logs]),
            "gradient_zeros": np.array([zeros for _, zeros in logs]),
            **_histograms("activation", [sample(y) for y in outputs.values()]),
            "dead": np.array([np.count_nonzero(dead_units(y)) for _, y in alive], np.int64),
            "saturated": np.array([np.count_nonzero(saturated_units(*each)) for each in alive], np.int64),
        }

    def _of(self, arrays: Mapping[str, Array], layer: str) -> list[Array]:
        """The arrays of a layer's parameters."""
        return [arrays[f"{layer}/{key}"] for key in self._keys[layer]]


def _computes(layer: Layer) -> bool:
    return type(layer).view is Layer.view


def norm(*arrays: Array) -> float:
    """The Euclidean norm of all numbers of arrays."""
    with np.errstate(**IGNORE_OVERFLOW):
        return math.sqrt(sum(float(np.vdot(x, x)) for x in arrays))


def sample(*arrays: Array) -> Array:
    """At most about VALUES of the numbers in arrays, evenly spaced, as float64; none that is not finite."""
    flat = [x.ravel(order="K") for x in arrays]
    stride = max(sum(x.size for x in flat) // VALUES, 1)
    some = np.concatenate([x[::stride] for x in flat]).astype(np.float64)
    return some[np.abs(some) < LARGEST]


def log_magnitudes(x: Array) -> tuple[Array, float]:
    """log10 |x| of the numbers that are not 0, and the part that is 0."""
    some = np.abs(x[x != 0])
    return np.log10(some), 1.0 - some.size / max(x.size, 1)


def _histograms(name: str, samples: list[Array]) -> dict[str, Array]:
    """The counts and the ranges of samples."""
    both = [histogram(x) for x in samples]
    return {
        f"{name}_counts": np.array([counts for counts, _ in both], np.int32).reshape(-1, BINS),
        f"{name}_range": np.array([ends for _, ends in both], np.float64).reshape(-1, 2),
    }


def histogram(x: Array) -> tuple[Array, tuple[float, float]]:
    """The counts (BINS,) of the numbers in equal bins, and the outer edges: the smallest and the largest.

    Where all are equal, they are in the middle of a small interval. np.histogram takes four times as long.
    """
    if not x.size:
        return np.zeros(BINS, np.int64), (0.0, 0.0)
    low, high = float(x.min()), float(x.max())
    if not high > low + 1e-12 * max(abs(low), abs(high)):
        room = 1e-3 * abs(low) or 1e-3
        low, high = low - room, high + room
    bins = ((x - low) / (high - low) * BINS).astype(np.intp)
    return np.bincount(np.minimum(bins, BINS - 1), minlength=BINS), (low, high)
