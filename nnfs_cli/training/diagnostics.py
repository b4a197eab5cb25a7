"""A step's diagnostics: norms and updates of each layer, histograms, dead and saturated units."""

import math
from collections.abc import Mapping

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer
from nnfs_cli.training.epoch import IGNORE_OVERFLOW
from nnfs_cli.training.trace import StepTrace
from nnfs_cli.training.units import dead_units, has_units, saturated_units

BINS = 60
VALUES = 4096
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
        self.trained = [name for name, layer in self._layers.items() if layer.params()]
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

    def of(self, trace: StepTrace) -> dict[str, Array]:
        """A step's arrays, by name.

        gradient_norm, weight_norm, update_norm: (P,) Euclidean norms over all parameters of a layer: of the
        loss's gradient, of the parameters before the step, and of their change in it.
        gradient_counts: (P, BINS) of log10 |gradient|; gradient_range: (P, 2) the outer edges of the bins;
        gradient_zeros: (P,) the part of the entries that are exactly 0, which no bin has.
        activation_counts: (A, BINS) of the layer's outputs; activation_range: (A, 2).
        dead, saturated: (U,) how many units are.
        """
        change = {name: trace.after[name] - before for name, before in trace.before.items()}
        grads = [self._joined(trace.grads, name) for name in self.trained]
        logs = [log_magnitudes(sample(grad)) for grad in grads]
        outputs = {name: trace.activations[self._place[name]] for name in self.computed}
        alive = [(self._layers[name], outputs[name]) for name in self.active]
        return {
            "gradient_norm": np.array([norm(grad) for grad in grads]),
            "weight_norm": np.array([norm(self._joined(trace.before, name)) for name in self.trained]),
            "update_norm": np.array([norm(self._joined(change, name)) for name in self.trained]),
            **_histograms("gradient", [each for each, _ in logs]),
            "gradient_zeros": np.array([zeros for _, zeros in logs]),
            **_histograms("activation", [sample(y) for y in outputs.values()]),
            "dead": np.array([np.count_nonzero(dead_units(y)) for _, y in alive], np.int64),
            "saturated": np.array([np.count_nonzero(saturated_units(*each)) for each in alive], np.int64),
        }

    def _joined(self, arrays: Mapping[str, Array], layer: str) -> Array:
        """All numbers of a layer's parameters."""
        return np.concatenate([arrays[f"{layer}/{key}"].ravel() for key in self._layers[layer].params()])


def _computes(layer: Layer) -> bool:
    return type(layer).view is Layer.view


def norm(x: Array) -> float:
    """The Euclidean norm of all numbers."""
    with np.errstate(**IGNORE_OVERFLOW):
        return math.sqrt(np.vdot(x, x))


def sample(x: Array) -> Array:
    """At most about VALUES of the numbers in x, evenly spaced, as float64; none that is not finite."""
    flat = x.ravel(order="K")
    flat = flat[:: max(flat.size // VALUES, 1)].astype(np.float64)
    return flat[np.abs(flat) < LARGEST]


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
