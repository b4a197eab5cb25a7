"""Laws of every regularizer beside its penalty's gradient."""

from collections.abc import Callable, Iterator

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.gradcheck.bench import difference
from nnfs_cli.gradcheck.layer_laws import SINGLE
from nnfs_cli.gradcheck.subjects import flat_params
from nnfs_cli.regularizers.base import Regularizer


def calls_change_only_what_they_should(regularizer: Regularizer, seed: int) -> Iterator[str]:
    """penalty changes nothing, add_gradient the gradient alone, constrain the values alone, in place."""
    params = flat_params(seed)
    params.grad[...] = np.random.default_rng(seed).normal(size=params.grad.shape)
    value, grad = params.value, params.grad
    for method, may in (("penalty", ""), ("add_gradient", "grad"), ("constrain", "value")):
        before = {"value": value.copy(), "grad": grad.copy()}
        getattr(regularizer, method)(params)
        for name, vector in (("value", value), ("grad", grad)):
            if getattr(params, name) is not vector:
                yield f"{method} replaces the array params.{name}; write `params.{name}[...] = ...`"
                return
            if name != may and not np.array_equal(vector, before[name]):
                yield f"{method} changes params.{name}, which it should only read"
                return


def gradients_are_added(regularizer: Regularizer, seed: int) -> Iterator[str]:
    """add_gradient adds to the gradient that is there, which is the loss's."""
    params = flat_params(seed)
    alone = _gradient(regularizer, params, np.zeros_like(params.grad))
    there = np.random.default_rng(seed).normal(size=params.grad.shape)
    _, text = difference({"grad": _gradient(regularizer, params, there)}, {"grad": there + alone})
    if text:
        yield (
            f"add_gradient overwrites the loss's gradient, instead of adding to it: {text}; write "
            f"`params.grad[here] += ...`"
        )


def only_weights_are_reached(regularizer: Regularizer, seed: int) -> Iterator[str]:
    """Without `all_parameters`, biases and other parameters without decay are left alone."""
    if getattr(regularizer, "all_parameters", True):
        return
    params = flat_params(seed)
    penalty = regularizer.penalty(params)
    gradient = _gradient(regularizer, params, np.zeros_like(params.grad))
    biases = params.named["b"]
    biases.value *= 2.0
    start = params.value.copy()
    regularizer.constrain(params)
    changed = not np.array_equal(biases.value, start[params.decayed.stop :])
    if regularizer.penalty(params) != penalty or gradient[params.decayed.stop :].any() or changed:
        yield "all_parameters is false, but biases are regularized: use `self.reach(params)`"


def precision_and_calls_do_not_matter(regularizer: Regularizer, seed: int) -> Iterator[str]:
    """float32 gives the same but for rounding, and so does a call after others."""
    single, double = flat_params(seed, dtype="float32"), flat_params(seed)
    double.value[...] = single.value
    expected = _all(regularizer, double)
    _all(regularizer, flat_params(seed + 1))
    _, text = difference(_all(regularizer, double), expected)
    if text:
        yield f"{text} after a call with other parameters"
        return
    _, text = difference(_all(regularizer, single), expected, SINGLE, 1e-2)
    if text:
        yield f"{text} in float32"


LAWS: tuple[Callable[[Regularizer, int], Iterator[str]], ...] = (
    gradients_are_added,
    only_weights_are_reached,
    precision_and_calls_do_not_matter,
)


def _gradient(regularizer: Regularizer, params: FlatParams, there: Array) -> Array:
    """params.grad after add_gradient, if it was `there` before."""
    params.grad[...] = there
    regularizer.add_gradient(params)
    return params.grad.copy()


def _all(regularizer: Regularizer, params: FlatParams) -> dict[str, Array]:
    """Penalty, gradient and constrained values, by name; the parameters stay as they are."""
    start = params.value.copy()
    penalty = np.asarray(regularizer.penalty(params))
    gradient = _gradient(regularizer, params, np.zeros_like(params.grad))
    regularizer.constrain(params)
    constrained = params.value.copy()
    params.value[...] = start
    return {"penalty": penalty, "gradient": gradient, "constrained values": constrained}
