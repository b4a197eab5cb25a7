"""The limit: the matrix products of a training step and nothing else, in float32, into existing arrays.

For a dense layer: y = x W, dW = x^T dy and, except in the lowest layer, dx = dy W^T. For a convolution: the
same with our matrices of windows, one strip at a time. Each product uses the memory orders of its three
matrices that are fastest on this machine.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from time import perf_counter

import numpy as np
from workloads import LayerOptions, Workload

from nnfs_cli.core.arrays import Array
from nnfs_cli.kernels.convolution import LARGEST_STRIP, LONGEST_STRIP
from sides.base import Contestant

Product = tuple[int, int, int]
"""(m, k, n) of a matrix (m, k) times one of (k, n)."""

TRIALS, SECONDS_A_TRIAL = 7, 1e-3


class Blas(Contestant):
    """The matrix products of an epoch, one after the other."""

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        super().__init__(workload, threads, variant)
        fastest: dict[Product, Callable[[], Array]] = {}
        self._steps = []
        for size, count in Counter(workload.sizes()).items():
            shapes = list(products(workload, size))
            fastest |= {shape: fastest_call(shape) for shape in shapes if shape not in fastest}
            self._steps.append((count, [fastest[shape] for shape in shapes]))

    def part(self) -> None:
        for count, calls in self._steps:
            for _ in range(count):
                for call in calls:
                    call()


def products(workload: Workload, n: int) -> Iterator[Product]:
    """The products of a step on n rows."""
    image, channels, width = 28, 1, 1 if workload.regression else 784
    lowest = True
    for layer in workload.layers:
        match layer["type"]:
            case "conv2d":
                yield from _convolution(layer, channels, image, n, lowest=lowest)
                image, channels, lowest = image - layer["kernel_size"] + 1, layer["filters"], False
            case "max_pool2d":
                image //= 2
            case "flatten":
                width = image**2 * channels
            case "dense":
                units = layer["units"]
                yield n, width, units
                yield width, n, units
                if not lowest:
                    yield n, units, width
                width, lowest = units, False


def _convolution(
    layer: LayerOptions, channels: int, image: int, n: int, *, lowest: bool
) -> Iterator[Product]:
    """The products of `conv2d` on images with `image` pixels a side, strip by strip; with 1 for the bias."""
    filters, output = layer["filters"], image - layer["kernel_size"] + 1
    seen, columns = channels * layer["kernel_size"] ** 2, output * n
    step = max(min(LARGEST_STRIP // (seen * columns), LONGEST_STRIP // columns), 1)
    for start in range(0, output, step):
        length = min(step, output - start) * columns
        yield filters, seen + 1, length
        yield seen + 1, length, filters
        if not lowest:
            yield seen, filters, length


def fastest_call(shape: Product) -> Callable[[], Array]:
    """A product of this shape, with the function and memory orders that take the least time."""
    m, k, n = shape
    rng = np.random.default_rng(0)
    calls: list[Callable[[], Array]] = []
    for a_order, b_order, out_order in product("CF", repeat=3):
        a, b = _matrix(rng.standard_normal((m, k)), a_order), _matrix(rng.standard_normal((k, n)), b_order)
        out = _matrix(np.zeros((m, n)), out_order)
        calls.append(partial(np.matmul, a, b, out))
        if out_order == "C":
            calls.append(partial(np.dot, a, b, out))
    return min(calls, key=_seconds)


def _matrix(numbers: Array, order: str) -> Array:
    """An array in float32 and in this memory order."""
    return np.asarray(numbers, np.float32, order=order)  # type: ignore[call-overload,no-any-return]


def _seconds(call: Callable[[], Array]) -> float:
    """The time of a call: the least of a few trials, each of as many calls as take a millisecond."""
    call()
    started = perf_counter()
    call()
    count = max(int(SECONDS_A_TRIAL / (perf_counter() - started)), 1)
    trials = []
    for _ in range(TRIALS):
        started = perf_counter()
        for _ in range(count):
            call()
        trials.append((perf_counter() - started) / count)
    return min(trials)
