"""What a layer's methods may read and must write: whether each does just that."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.gradcheck.bench import Bench, Order
from nnfs_cli.layers.base import Layer


def wrong_calls(bench: Bench, n: int) -> Iterator[str]:
    """A sentence for each method that leaves its output unwritten, or changes what it should only read."""
    if bench.is_view:
        yield from _wrong_view(bench, n)
        return
    first, again, other = (_watched_pass(bench, n, np.random.default_rng(held)) for held in (1, 1, 2))
    own_infer = type(bench.layer).infer is not Layer.infer
    for method in first if own_infer else list(first)[:-1]:
        if first[method].changed:
            yield f"{method} changes {first[method].changed}, which it should only read"
        yield from _unwritten(method, first[method], again[method], other[method])
    if first["infer"].drew:
        yield "infer draws random numbers; y in evaluation depends on x, parameters and statistics alone"


class _Watched:
    """One call: what it returned and replaced, which arrays it changed, what its outputs held before it."""

    def __init__(
        self,
        call: Callable[[], object],
        reads: Mapping[str, Array],
        writes: Mapping[str, Array],
        rng: np.random.Generator,
    ) -> None:
        before = {name: array.copy() for name, array in reads.items()}
        self.held = {name: rng.normal(size=array.shape) for name, array in writes.items()}
        for name, array in writes.items():
            array[...] = self.held[name]
        self.returned = call()
        self.wrote = {name: array.copy() for name, array in writes.items()}
        changed = [name for name in reads if not np.array_equal(reads[name], before[name], equal_nan=True)]
        self.changed = ", ".join(changed)
        self.drew = False
        self.replaced = ""


def _watched_pass(bench: Bench, n: int, rng: np.random.Generator) -> dict[str, _Watched]:
    """Each method called once, in training's order and then in evaluation."""
    layer, params = bench.layer, bench.params
    x, dy = bench.point(n, 1)
    y, dx = bench.array(dy.shape), bench.array(x.shape)
    values = {f"{name}.value": param.value for name, param in params.items()}
    grads = {f"{name}.grad": param.grad for name, param in params.items()}
    statistics = {"a statistic": bench.network.params.statistics}
    gathered = {f"{name}.value": statistic.value for name, statistic in layer.statistics().items()}
    arrays = {**values, **grads, **gathered}
    owners = {**params, **layer.statistics()}

    def watch(
        call: Callable[[], object], reads: Mapping[str, Array], writes: Mapping[str, Array]
    ) -> _Watched:
        watched = _Watched(call, reads, writes, rng)
        for name, array in arrays.items():
            owner, attribute = name.rsplit(".", 1)
            if getattr(owners[owner], attribute) is not array:
                watched.replaced = name
                setattr(owners[owner], attribute, array)
        return watched

    bench.rewind()
    done = {"forward": watch(lambda: layer.forward(x, y), {"x": x, **values}, {"y": y})}
    backward = {"x": x, "y": y, "dy": dy, **values, **statistics}
    if params:
        done["param_grads"] = watch(lambda: layer.param_grads(x, y, dy), backward, grads)
    done["input_grad"] = watch(lambda: layer.input_grad(x, y, dy, dx), {**backward, **grads}, {"dx": dx})
    bench.rewind()
    infer = watch(lambda: layer.infer(x, y), {"x": x, **values, **statistics}, {"y": y})
    infer.drew = bench.rewind.drawn
    return {**done, "infer": infer}


def _unwritten(method: str, first: _Watched, again: _Watched, other: _Watched) -> Iterator[str]:
    """What is wrong with a method's outputs in two equal calls, and one with other numbers in its outputs."""
    if first.replaced:
        yield (
            f"{method} puts another array in place of {first.replaced}; write into it: "
            f"`self.{first.replaced}[...] = ...` or `out=self.{first.replaced}`"
        )
        return
    for name, wrote in first.wrote.items():
        kept = (wrote == first.held[name]) & (other.wrote[name] == other.held[name])
        if kept.all() and kept.size:
            target = f"self.{name}" if method == "param_grads" else name
            also = " and returns an array, which nobody reads" if first.returned is not None else ""
            yield (
                f"{method} writes nothing into {name}{also}; `{target} = ...` only gives the name to another "
                f"array: write `{target}[...] = ...` or `out={target}`"
            )
        elif kept.any():
            yield f"{method} never writes {name}{[int(i) for i in np.argwhere(kept)[0]]}"
        elif not _close(wrote, again.wrote[name]):
            yield (
                f"not deterministic: {method} gives another {name} in a second equal call; it draws from a "
                f"generator of its own, or keeps something from call to call"
            )
        elif not _close(wrote, other.wrote[name]):
            yield f"{method} adds to what {name} held before, instead of overwriting it"


def _close(a: Array, b: Array) -> bool:
    return np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)


def _wrong_view(bench: Bench, n: int) -> Iterator[str]:
    """What is wrong with a layer whose y is a view of x."""
    orders: tuple[Order, ...] = ("C", "inner")
    for order in orders:
        x = bench.array((n, *bench.shape), order)
        y = bench.layer.view(x)
        if y is None or not np.shares_memory(x, y):
            yield "view returns a copy of x for some memory orders: y must share x's memory, or be None"
        elif y.shape != (n, *bench.network.output_shape):
            yield f"view returns {y.shape}, but build promises rows of shape {bench.network.output_shape}"
