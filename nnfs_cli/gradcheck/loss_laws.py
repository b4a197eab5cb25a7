"""Laws of every loss beside its gradient: what must not matter, and what it promises."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_args

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.gradcheck.bench import difference
from nnfs_cli.gradcheck.layer_laws import SINGLE
from nnfs_cli.losses.base import Loss, adds_up
from nnfs_cli.preprocessing.records import Task

ROWS, WIDTH = 7, 3
Points: TypeAlias = list[tuple[Task, Array, Array]]


def points(loss: Loss, seed: int) -> Points:
    """(task, z, t) for each task of the loss."""
    return list(loss.trials(ROWS, WIDTH, np.random.default_rng(seed)))


def tasks_are_known(loss: Loss, _: int) -> Iterator[str]:
    """`tasks` names kinds of targets."""
    tasks: Any = getattr(loss, "tasks", ())
    known = ", ".join(repr(task) for task in get_args(Task))
    if not isinstance(tasks, tuple) or not tasks or not set(tasks) <= set(get_args(Task)):
        yield f"tasks must be a tuple with one or both of {known}, found {tasks!r}"


def calls_write_and_change_nothing_else(loss: Loss, seed: int) -> Iterator[str]:
    """gradient writes dz; neither it nor value changes z and t; both are the same in equal calls."""
    for _, z, t in points(loss, seed):
        start = z.copy(), t.copy()
        values = [loss.value(z, t)]
        held = [np.random.default_rng(i).normal(size=z.shape) for i in (1, 1, 2)]
        wrote = [array.copy() for array in held]
        returned = [loss.gradient(z, t, dz) for dz in wrote]
        values.append(loss.value(z, t))
        loss.predict(z)
        for name, array, before in (("z", z, start[0]), ("t", t, start[1])):
            if not np.array_equal(array, before):
                yield f"value, gradient or predict changes {name}, which it should only read"
                return
        kept = (wrote[0] == held[0]) & (wrote[2] == held[2])
        if np.ndim(values[0]) != 0:
            yield f"value gives an array {np.shape(values[0])}, not one number"
        elif kept.all():
            also = " and returns an array, which nobody reads" if returned[0] is not None else ""
            yield (
                f"gradient writes nothing into dz{also}; `dz = ...` only gives the name to another array: "
                f"write `dz[...] = ...` or `out=dz`"
            )
        elif kept.any():
            yield f"gradient never writes dz{[int(i) for i in np.argwhere(kept)[0]]}"
        elif not _same(values[0], values[1]) or not _same(wrote[0], wrote[1]):
            yield "not deterministic: two equal calls give different numbers"
        elif not np.allclose(wrote[0], wrote[2], rtol=1e-9, atol=1e-12, equal_nan=True):
            yield "gradient adds to what dz held before, instead of overwriting it"


def memory_order_and_precision_do_not_matter(loss: Loss, seed: int) -> Iterator[str]:
    """The order of z and dz in memory, and float32, change nothing but rounding."""
    for _, z, t in points(loss, seed):
        z = z.astype(np.float32).astype(np.float64)
        t = t.astype(np.float32).astype(np.float64) if t.dtype.kind == "f" else t
        expected = _computed(loss, z, t)
        single = _computed(loss, z.astype(np.float32), t.astype(np.float32) if t.dtype.kind == "f" else t)
        cases = (
            ("if z and dz are in C order", _computed(loss, np.ascontiguousarray(z), t), 1e-9),
            ("if z and dz are batch innermost in memory", _computed(loss, np.asfortranarray(z), t), 1e-9),
            ("in float32", single, SINGLE),
        )
        for where, found, tolerance in cases:
            _, text = difference(found, expected, tolerance, 1e-3)
            if text:
                yield f"{text} {where}"


def adds_up_is_kept(loss: Loss, seed: int) -> Iterator[str]:
    """With `adds_up`, a batch's loss and gradient are the mean of its parts', weighted by `weight`."""
    if not adds_up(loss):
        return
    for _, z, t in points(loss, seed):
        parts = slice(0, 3), slice(3, None)
        whole = loss.weight(t)
        computed = [(loss.weight(t[part]) / whole, _computed(loss, z[part], t[part])) for part in parts]
        expected = {"value": np.asarray(sum(share * part["value"] for share, part in computed))}
        expected["dz"] = np.concatenate([share * part["dz"] for share, part in computed])
        _, text = difference(_computed(loss, z, t), expected)
        if text:
            yield f"adds_up is set, but {text} for a batch, compared with the weighted mean of its parts"


def predictions_keep_their_promise(loss: Loss, seed: int) -> Iterator[str]:
    """Under `expects_logits`, predict gives probabilities: for classes, of sum 1."""
    for task, z, _ in points(loss, seed):
        p = np.asarray(loss.predict(z))
        if len(p) != len(z) or p.ndim != 2:
            yield f"predict gives {p.shape} for z {z.shape}"
        elif loss.expects_logits and not np.all((p >= -1e-9) & (p <= 1 + 1e-9)):
            yield "expects_logits is set, but predict gives numbers below 0 or above 1, no probabilities"
        elif loss.expects_logits and task == "classification" and not np.allclose(p.sum(axis=1), 1.0):
            yield f"expects_logits is set, but predict's rows sum to {p[0].sum():.6g}, not to 1"


def largest_output_is_kept(loss: Loss, seed: int) -> Iterator[str]:
    """float32 can represent the loss of outputs up to `largest_output`, where a loss sets it."""
    if type(loss).largest_output == Loss.largest_output:
        return
    for _, z, t in points(loss, seed):
        for sign in (-1.0, 1.0):
            far = np.full_like(z, sign * loss.largest_output, np.float32)
            computed = _computed(loss, far, t.astype(np.float32) if t.dtype.kind == "f" else t)
            if not all(np.isfinite(array).all() for array in computed.values()):
                yield f"largest_output is {loss.largest_output:g}, where the loss is not finite in float32"
                return


LAWS: tuple[Callable[[Loss, int], Iterator[str]], ...] = (
    memory_order_and_precision_do_not_matter,
    adds_up_is_kept,
    predictions_keep_their_promise,
    largest_output_is_kept,
)


def _same(a: object, b: object) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


def _computed(loss: Loss, z: Array, t: Array) -> dict[str, Array]:
    """The loss and its gradient, by name."""
    dz = np.full_like(z, np.nan)
    loss.gradient(z, t, dz)
    return {"value": np.asarray(loss.value(z, t)), "dz": dz}
