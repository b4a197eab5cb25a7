"""A layer's NumPy calls as a list, made once for a workspace's arrays and run in every step."""

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
    """Decorates a layer's `forward`, `param_grads` or `input_grad` that yields calls instead of computing.

    The arrays of a workspace are the same in every step. So a ListedWorkspace collects the calls once, and
    each step only runs them. Whatever depends on the arrays alone, such as views, is computed once: in small
    layers it took longer than the arithmetic. A listed method that is called directly runs its calls.

    Where NumPy allows it, calls give `out` by position: as a keyword it takes 0.1 us longer.
    """

    @wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        for call in method(*args, **kwargs):
            call()

    vars(run)["calls"] = method
    return run


class ListedWorkspace(Workspace):
    """A workspace that runs lists of calls. After the lists are made, parameters must keep their arrays."""

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
        return [call for layer, x, y in self._forward_order for call in _calls(layer.forward, x, y)]

    @cached_property
    def _infer_calls(self) -> list[Call]:
        return [call for layer, x, y in self._forward_order for call in _calls(_inference(layer), x, y)]

    @cached_property
    def _backward_calls(self) -> list[Call]:
        calls: list[Call] = []
        for layer, x, y, dy, dx, has_params, needs_dx in self._backward_order:
            if has_params:
                calls += _calls(layer.param_grads, x, y, dy)
            if needs_dx:
                calls += _calls(layer.input_grad, x, y, dy, dx)
        return calls


def _calls(method: Callable[..., None], *arrays: Array) -> list[Call]:
    """The calls that a layer's method makes for these arrays; for a method that is not listed, itself."""
    calls = getattr(method, "calls", None)
    if calls is None or not isinstance(method, MethodType):
        return [partial(method, *arrays)]
    return list(calls(method.__self__, *arrays))


def _inference(layer: Layer) -> Callable[..., None]:
    """The layer's `infer`; `forward`, which may be listed, if the layer does not override `infer`."""
    return layer.forward if type(layer).infer is Layer.infer else layer.infer
