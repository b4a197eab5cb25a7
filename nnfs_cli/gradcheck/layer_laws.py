"""Laws of every layer beside its gradients: what must not matter, and what it promises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.gradcheck.bench import Bench, Order, Outcome, difference
from nnfs_cli.gradcheck.harness import Inputs, normal
from nnfs_cli.layers.base import ALL_REALS, Layer

ROWS = 16
"""Rows of a batch that is computed row by row, too."""

BATCHES = (2, 3, 6, 7, 8, 10, 12, 15, 16, 20, 31, 32, 50, 64, 100)
"""Sizes of batches that are compared with their rows one by one."""

EVALUATED = 256
"""Rows of a batch in evaluation, likewise."""

CALLS = 20
"""Calls between a layer's first and its last at the same point."""

SINGLE = 1e-4
"""The error of float32 that is allowed, of an array's largest entry; that of float16 is larger."""

PRECISE_POINTS = 3
"""Points at which float32 must be wrong: at one alone, it may be the rounding of an unlucky input."""


@dataclass(frozen=True)
class Trial:
    """A layer to try, for rows of `shape` that `inputs` draws."""

    layer: Layer
    shape: Shape
    seed: int = 0
    inputs: Inputs = normal

    def bench(self, dtype: str = "float64") -> Bench:
        """A fresh layer: always with the same parameters."""
        return Bench(self.layer, self.shape, self.seed, dtype, self.inputs)

    @cached_property
    def is_view(self) -> bool:
        """Whether y is a view of x, so that the network calls neither forward nor input_grad."""
        return self.bench().is_view

    @property
    def mixes(self) -> bool:
        return mixes_rows(self.layer)


Law: TypeAlias = Callable[[Trial], str]
"""Gives a sentence on how a layer breaks the law, or nothing."""


def mixes_rows(layer: Layer) -> bool:
    """Whether a row's output depends on other rows, in this layer or in a layer inside of it."""
    inner: Sequence[Layer] = getattr(layer, "layers", ())
    return layer.mixes_rows or any(mixes_rows(each) for each in inner)


def remembers_nothing(trial: Trial) -> str:
    """A pass is the same at a layer's first call and after many others, of other sizes and in evaluation."""
    bench, n = trial.bench(), 4
    there, here = bench.point(n), bench.point(n, 1)
    first = bench.run(*there)
    for call in range(CALLS):
        between = bench.point(1 + call % n, 2 + call)
        bench.run(*between, step=call)
        bench.infer(between[0], step=call)
    fresh = trial.bench().run(*here)
    for found, expected in ((bench.run(*here), fresh), (bench.run(*there), first)):
        name, text = difference(found, expected)
        if name:
            return f"{text} after {CALLS} calls with other inputs: {name} depends on earlier calls"
    return ""


def memory_order_does_not_matter(trial: Trial) -> str:
    """The arrays' order in memory changes nothing. Only draws follow that order."""
    bench = trial.bench()
    point = bench.point(5)
    expected = bench.run(*point)
    if bench.rewind.drawn:
        return ""
    orders: tuple[Order, ...] = ("C", "inner")
    for of_x in orders:
        for of_y in orders:
            name, text = difference(bench.run(*point, (of_x, of_y)), expected)
            if name:
                return f"{text} if x is {_in_words(of_x)} and y {_in_words(of_y)}"
    return ""


def _in_words(order: Order) -> str:
    return "in C order" if order == "C" else "batch innermost in memory"


def rows_are_apart(trial: Trial) -> str:
    """Without `mixes_rows`, a row's y and dx depend on this row alone, and gradients are sums over rows."""
    if trial.mixes:
        return ""
    bench = trial.bench()
    x, dy = bench.point(ROWS)
    expected = bench.run(x, dy)
    other_x, other_dy = bench.point(ROWS, 1)
    other_x[1:], other_dy[1:] = x[1:], dy[1:]
    found = bench.run(other_x, other_dy)
    for name in ("y", "dx"):
        found[name][0] = expected[name][0]
    _, text = difference(found, {name: expected[name] for name in ("y", "dx")})
    if text:
        return f"{text} if only row 0 of x and dy changes: rows depend on others; set `mixes_rows = True`"
    return "" if bench.rewind.drawn else _as_one_by_one(bench, x, dy)


def _as_one_by_one(bench: Bench, x: Array, dy: Array) -> str:
    """How batches of several sizes differ from their rows one by one."""
    singles = [bench.run(x[i : i + 1], dy[i : i + 1]) for i in range(len(x))]
    for n in BATCHES:
        rows = np.arange(n) % len(x)
        expected = {
            name: np.concatenate([singles[i][name] for i in rows])
            if name in ("y", "dx")
            else np.sum([singles[i][name] for i in rows], axis=0)
            for name in singles[0]
        }
        _, text = difference(bench.run(x[rows], dy[rows]), expected)
        if text:
            return f"{text} in a batch of {n}, compared with its rows one by one"
    return ""


def gradients_are_linear(trial: Trial) -> str:
    """A gradient is linear in dy, however small or large that is."""
    bench = trial.bench()
    x, dy = bench.point(5)
    expected = bench.run(x, dy)
    for size in (1e-6, 1e6):
        found = {
            name: a if name == "y" else a / size for name, a in bench.run(x, dy * size).items()
        }  # float64 has digits enough
        name, text = difference(found, expected)
        if name:
            return f"{text} times {size:g} if dy is {size:g} times as large: {name} is not linear in dy"
    return ""


def single_precision_is_enough(trial: Trial) -> str:
    """float32 gives what float64 gives, but for its rounding."""
    texts = []
    for number in range(PRECISE_POINTS):
        single, double = trial.bench("float32"), trial.bench()
        x, dy = (values.astype(np.float32).astype(np.float64) for values in double.point(5, number))
        found, expected = single.run(x, dy), double.run(x, dy)
        allowed = _spread(expected, double.run(_nudged(x), dy))
        name, text = difference(found, expected, SINGLE, 0.05, allowed)
        if not name or (name == "y" and double.rewind.drawn):  # draws may differ by dtype
            return ""
        if not all(np.isfinite(array).all() for array in expected.values()):
            return ""
        texts.append(f"{text} in float32")
    return texts[0]


def _nudged(x: Array) -> Array:
    """x with every second number changed by the rounding of float32."""
    every_second = np.arange(x.size).reshape(x.shape) % 2
    return np.asarray(x * (1.0 + np.finfo(np.float32).eps * every_second))


def _spread(expected: Outcome, nudged: Outcome) -> dict[str, float]:
    """What rounding of x alone may do to each array: much if it is a steep function, as sin(1000 x)."""
    return {name: 10.0 * float(np.abs(nudged[name] - array).max()) for name, array in expected.items()}


def evaluation_is_training(trial: Trial) -> str:
    """infer gives forward's y, unless the layer draws or has statistics; in any case row by row."""
    bench = trial.bench()
    x, dy = bench.point(ROWS)
    trained = bench.run(x, dy)["y"]
    plain = not bench.rewind.drawn and not bench.network.params.statistics.size
    y = bench.infer(x)
    _, text = difference({"y": y}, {"y": trained})
    if plain and not trial.mixes and text:
        return f"infer: {text}, which is forward's"
    singles = np.concatenate([bench.infer(x[i : i + 1]) for i in range(ROWS)])
    for n in (7, ROWS, EVALUATED):
        rows = np.arange(n) % ROWS
        _, text = difference({"y": bench.infer(x[rows])}, {"y": singles[rows]})
        if text:
            return f"infer: {text} in a batch of {n}, compared with its rows one by one"
    _, text = difference({"y": bench.infer(x, "C")}, {"y": y})
    if text:
        return f"infer: {text} if x is in C order"
    x = x.astype(np.float32).astype(np.float64)
    y = bench.infer(x)
    allowed = _spread({"y": y}, {"y": bench.infer(_nudged(x))})
    _, text = difference({"y": trial.bench("float32").infer(x)}, {"y": y}, SINGLE, allowed=allowed)
    return f"infer: {text} in float32" if text and np.isfinite(y).all() else ""


def probabilities_are_probabilities(trial: Trial) -> str:
    """With `gives_probabilities`, y lies between 0 and 1; with `sums_to_one`, a row of y adds up to 1."""
    if not trial.layer.gives_probabilities and not trial.layer.sums_to_one:
        return ""
    bench = trial.bench()
    y = bench.infer(bench.point(ROWS)[0])
    wrong = (y < -1e-12) | (y > 1 + 1e-12)
    if wrong.any():
        return f"gives_probabilities is set, but y is {y[wrong][0]:.6g} somewhere"
    sums = y.sum(axis=-1)
    wrong = np.abs(sums - 1.0) > 1e-9
    if trial.layer.sums_to_one and wrong.any():
        return f"sums_to_one is set, but a row of y adds up to {sums[wrong][0]:.6g}"
    return ""


def outputs_are_in_their_range(trial: Trial) -> str:
    """y in evaluation lies in `output_range`, for inputs in any interval."""
    bench = trial.bench()
    x = bench.point(ROWS)[0]
    for inputs in (x, np.abs(x)):
        y = bench.infer(inputs)
        for ends in (ALL_REALS, (float(inputs.min()), float(inputs.max()))):
            low, high = bench.layer.output_range(ends)
            size = float(np.abs(y[np.isfinite(y)]).max(initial=1.0))
            wrong = (y < low - 1e-6 * size) | (y > high + 1e-6 * size)
            if wrong.any():
                return f"output_range gives {low:g} to {high:g}, but y is {y[wrong][0]:.6g} somewhere"
    return ""
