"""Layers' NumPy calls, listed once for a workspace's arrays and then made at every step."""

from collections.abc import Callable, Iterator
from functools import cached_property, partial, wraps
from types import MethodType
from typing import ParamSpec, TypeAlias

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.network import Workspace
from nnfs_cli.layers.base import Layer

P = ParamSpec("P")
Call: TypeAlias = Callable[[], object]


def listed(method: Callable[P, Iterator[Call]]) -> Callable[P, None]:
    """For a layer's `forward`, `param_grads` or `input_grad` that yields its calls instead of making them.

    A workspace hands its layers the same arrays in every step. It lists the calls once and then makes them
    again and again: views, forms of products and all else that follows from the arrays alone is settled
    beforehand. In small layers that took longer than the arithmetic. Called as any other method, a listed
    one makes its calls at once.
    """

    @wraps(method)
    def at_once(*args: P.args, **kwargs: P.kwargs) -> None:
        for call in method(*args, **kwargs):
            call()

    vars(at_once)["calls"] = method
    return at_once


class ListedWorkspace(Workspace):
    """A workspace that runs down a list of calls. The list holds on to where parameters lie."""

    def forward(self) -> None:
        for call in self._forward_calls:
            call()

    def infer(self) -> None:
        for call in self._infer_calls:
            call()

    def backward(self) -> None:
        for call in self._backward_calls:
            call()

    @cached_property
    def _forward_calls(self) -> list[Call]:
        return [call for layer, x, y in self._computing for call in _calls(layer.forward, x, y)]

    @cached_property
    def _infer_calls(self) -> list[Call]:
        return [call for layer, x, y in self._computing for call in _calls(_inference(layer), x, y)]

    @cached_property
    def _backward_calls(self) -> list[Call]:
        calls: list[Call] = []
        for layer, x, y, dy, dx, has_params, wants_dx in self._backward:
            if has_params:
                calls += _calls(layer.param_grads, x, y, dy)
            if wants_dx:
                calls += _calls(layer.input_grad, x, y, dy, dx)
        return calls


def _calls(method: Callable[..., None], *arrays: Array) -> list[Call]:
    """What to call, each time that a layer's method is to do its work on these arrays."""
    calls = getattr(method, "calls", None)
    if calls is None or not isinstance(method, MethodType):
        return [partial(method, *arrays)]
    return list(calls(method.__self__, *arrays))


def _inference(layer: Layer) -> Callable[..., None]:
    """What a layer does in evaluation: what it does in training, unless it says otherwise."""
    return layer.forward if type(layer).infer is Layer.infer else layer.infer
