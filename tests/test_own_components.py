"""The gradient check on components as users write them: it finds each wrong one, and no other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from nnfs_cli import Constant, HeNormal, Layer, Loss, Param, Regularizer, Statistic, XavierUniform, Zeros
from nnfs_cli.core.component import Registry
from nnfs_cli.jobs.gradcheck import GradientCheck, check_components
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.regularizers.base import REGULARIZERS

Members = Any
V, M, IMAGE = (5,), (2, 3), (2, 5, 6)


class Case(NamedTuple):
    """A component, and for a wrong one what the check says."""

    name: str
    cls: type[Any]
    says: str = ""


def own(base: type, **members: Members) -> type[Any]:
    """A dataclass with these members."""
    return dataclass(eq=False)(type("Own", (base,), {"__doc__": "own", "__module__": __name__, **members}))


def layer(forward: Any, input_grad: Any, *shapes: tuple[int, ...], **members: Members) -> type[Any]:
    """A layer; `shapes` of rows that it takes, if not all."""
    if shapes:
        members["examples"] = [({}, shape) for shape in shapes]
    return own(Layer, forward=forward, input_grad=input_grad, **members)


def put(**arrays: str) -> Callable[..., None]:
    """A method that writes expressions into its arrays: put(y="x * x") is forward."""
    ((target, text),) = arrays.items()
    parameters = {"y": "self, x, y", "dx": "self, x, y, dy, dx"}[target]
    scope: dict[str, Any] = {"np": np}
    exec(compile(f"def method({parameters}): {target}[...] = {text}", __file__, "exec"), scope)  # noqa: S102
    method: Callable[..., None] = scope["method"]
    return method


def do(parameters: str, *lines: str) -> Callable[..., Any]:
    """A method with these lines."""
    scope: dict[str, Any] = {"np": np}
    body = "\n    ".join(lines)
    exec(compile(f"def method(self, {parameters}):\n    {body}", __file__, "exec"), scope)  # noqa: S102
    method: Callable[..., Any] = scope["method"]
    return method


F, B, P = "x, y", "x, y, dy, dx", "x, y, dy"
same, same_back = put(y="x"), put(dx="dy")
square, square_back = put(y="x * x"), put(dx="2 * x * dy")
tanh, tanh_back = put(y="np.tanh(x)"), put(dx="dy * (1 - y * y)")


def scale_build(self: Any, shape: Any) -> Any:
    self.a = Param(shape, Constant(1.5))
    return shape


def building(kind: str, *arguments: Any, **options: Any) -> Callable[..., Any]:
    """A `build` that keeps the shape and makes one array, named `kind`."""

    def build(self: Any, shape: Any) -> Any:
        made = (Statistic if kind == "m" else Param)(
            shape if arguments[0] is None else arguments[0], *arguments[1:], **options
        )
        setattr(self, kind, made)
        return shape

    return build


def dense_build(self: Any, shape: Any) -> Any:
    self.W = Param((shape[0], 4), XavierUniform())
    self.b = Param((4,), Zeros(), decay=False)
    return (4,)


scale = {
    "forward": put(y="self.a.value * x"),
    "input_grad": put(dx="self.a.value * dy"),
    "build": scale_build,
}
dense = {
    "forward": put(y="x @ self.W.value + self.b.value"),
    "input_grad": put(dx="dy @ self.W.value.T"),
    "build": dense_build,
    "examples": [({}, (4,)), ({}, (3,))],
    "param_grads": do(P, "self.W.grad[...] = x.T @ dy", "self.b.grad[...] = dy.sum(0)"),
}


def wrong_layer(name: str, says: str, forward: Any, input_grad: Any, *shapes: Any, **members: Any) -> Case:
    return Case(name, layer(forward, input_grad, *shapes, **members), says)


def wrong_scale(name: str, says: str, *lines: str, **members: Any) -> Case:
    return Case(name, own(Layer, **{**scale, "param_grads": do(P, *lines), **members}), says)


def wrong_dense(name: str, says: str, *lines: str, **members: Any) -> Case:
    lines = lines or ("self.W.grad[...] = x.T @ dy", "self.b.grad[...] = dy.sum(0)")
    return Case(name, own(Layer, **{**dense, "param_grads": do(P, *lines), **members}), says)


def norm(axis: str) -> dict[str, Any]:
    """Normalization to mean 0 and variance 1 along an axis."""
    mean = f"mean({axis}, keepdims=True)"
    return {
        "forward": do(
            F, f"c = x - x.{mean}", f"self.s = np.sqrt((c * c).{mean} + 0.01)", "y[...] = c / self.s"
        ),
        "input_grad": do(B, f"dx[...] = (dy - dy.{mean} - y * (dy * y).{mean}) / self.s"),
    }


WRONG = [
    # writing into the arrays
    wrong_layer("y rebound", "forward writes nothing into y; `y = ...`", do(F, "y = np.tanh(x)"), tanh_back),
    wrong_layer("y returned", "forward writes nothing into y and returns", do("x, y", "return np.tanh(x)"), tanh_back),
    wrong_layer("dx rebound", "input_grad writes nothing into dx; `dx = ...`", tanh, do(B, "dx = dy * (1 - y * y)")),
    wrong_layer("dx returned", "input_grad writes nothing into dx and returns", tanh, do(B, "return dy * (1 - y * y)")),
    wrong_layer("y added to", "forward adds to what y held", do(F, "y += np.tanh(x)"), do(B, "dx[...] = dy / np.cosh(x) ** 2")),
    wrong_layer("dx added to", "input_grad adds to what dx held", tanh, do(B, "dx += dy * (1 - y * y)")),
    wrong_layer("first column of dx", "input_grad never writes dx[0, 0]", same, do(B, "dx[:, 1:] = dy[:, 1:]"), V),
    wrong_layer("last row of y", "forward never writes y[", do(F, "y[:-1] = x[:-1]"), same_back),
    wrong_scale("grad rebound", "param_grads puts another array in place of a.grad", "self.a.grad = (dy * x).sum(0)"),
    wrong_scale("grad added to", "param_grads adds to what a.grad held", "self.a.grad += (dy * x).sum(0)"),
    wrong_scale("grad never written", "param_grads writes nothing into a.grad", "pass"),
    wrong_scale("grad a local name", "param_grads writes nothing into a.grad; `self.a.grad = ...`", "g = self.a.grad", "g = (dy * x).sum(0)"),
    wrong_scale("grad summed over calls", "not deterministic: param_grads", "self.s = getattr(self, 's', 0) + (dy * x).sum(0)", "self.a.grad[...] = self.s"),
    wrong_scale("value replaced", "forward puts another array in place of a.value", "self.a.grad[...] = (dy * x).sum(0)", forward=do(F, "self.a.value = self.a.value * 1.0", "y[...] = self.a.value * x")),
    # changing what is to be read
    wrong_layer("x doubled", "forward changes x", do(F, "x *= 2", "y[...] = x"), put(dx="2 * dy")),
    wrong_layer("x clipped", "forward changes x", do(F, "x[x < 0] = 0", "y[...] = x"), put(dx="dy * (x > 0)")),
    wrong_layer("x changed in infer", "infer changes x", square, square_back, infer=do(F, "x **= 2", "y[...] = x")),
    wrong_layer("dy masked", "input_grad changes dy", put(y="np.maximum(x, 0)"), do(B, "dy *= x > 0", "dx[...] = dy")),
    wrong_layer("y for scratch", "input_grad changes y", tanh, do(B, "y *= -y", "y += 1", "dx[...] = dy * y")),
    wrong_scale("dy scaled", "param_grads changes dy", "dy *= x", "self.a.grad[...] = dy.sum(0)"),
    wrong_scale("a normalized", "forward changes a.value", "self.a.grad[...] = (dy * x).sum(0)", forward=do(F, "self.a.value[...] /= np.abs(self.a.value).max()", "y[...] = self.a.value * x")),
    wrong_scale("grad in input_grad", "param_grads writes nothing into a.grad", "pass", input_grad=do(B, "self.a.grad[...] = (dy * x).sum(0)", "dx[...] = self.a.value * dy")),
    # plain formulas
    wrong_layer("factor 2 missing", "analytic is 1/2 times numeric: a factor 2", square, put(dx="x * dy")),
    wrong_layer("factor 2 too many", "analytic is 2 times numeric", tanh, put(dx="2 * dy * (1 - y * y)")),
    wrong_layer("sign", "analytic is -1 times numeric", put(y="np.cos(x)"), put(dx="dy * np.sin(x)")),
    wrong_layer("dx over N", "analytic is 1/N times numeric", tanh, put(dx="dy * (1 - y * y) / len(x)")),
    wrong_layer("slightly off", "x[", put(y="np.sin(x)"), put(dx="dy * np.cos(x) * (1 + 1e-4)")),
    wrong_layer("zero", "analytic is zero", tanh, put(dx="0.0")),
    wrong_layer("derivative at y", "x[", put(y="1 / (1 + np.exp(-x))"), put(dx="dy * x * (1 - x)")),
    wrong_layer("softmax's diagonal", "x[", put(y="np.exp(x) / np.exp(x).sum(-1, keepdims=True)"), put(dx="dy * y * (1 - y)")),
    wrong_layer("reversed", "reverse order along axis 1", put(y="x[:, ::-1]"), same_back, V),
    wrong_layer("roll back forgotten", "x[", put(y="np.roll(x, 1, 1)"), put(dx="np.roll(dy, 1, 1)"), V),
    wrong_dense("grad summed over N, again", "W[", "self.W.grad[...] = x.T @ dy * len(x)", "self.b.grad[...] = dy.sum(0)"),
    wrong_dense("W for its transpose", "x[", examples=[({}, (4,))], input_grad=put(dx="dy @ self.W.value")),
    wrong_dense("grad transposed", "transposed gradient", "self.W.grad[...] = dy.T @ x", "self.b.grad[...] = dy.sum(0)", examples=[({}, (4,))]),
    wrong_dense("bias of the first row", "b[", "self.W.grad[...] = x.T @ dy", "self.b.grad[...] = dy[0]"),
    wrong_dense("bias averaged", "1/N times numeric", "self.W.grad[...] = x.T @ dy", "self.b.grad[...] = dy.mean(0)"),
    wrong_dense("no bias gradient", "param_grads writes nothing into b.grad", "self.W.grad[...] = x.T @ dy"),
    wrong_dense("learning rate", "analytic is 0.01 times numeric: a learning rate", "self.W.grad[...] = 0.01 * (x.T @ dy)", "self.b.grad[...] = dy.sum(0)"),
    wrong_dense("a penalty hidden in it", "W[", "self.W.grad[...] = x.T @ dy + 0.01 * self.W.value", "self.b.grad[...] = dy.sum(0)"),
    wrong_scale("summed over everything", "a[", "self.a.grad[...] = (dy * x).sum()"),
    # only somewhere
    wrong_layer("from row 8 on", "x[", tanh, do(B, "dx[...] = 0", "dx[:8] = (dy * (1 - y * y))[:8]")),
    wrong_layer("odd batches", "x[", tanh, do(B, "dx[...] = dy * (1 - y * y) * (0.5 if len(x) in (7, 13, 5) else 1)")),
    wrong_layer("large batches", "in a batch of ", tanh, do(B, "dx[...] = dy * (1 - y * y) * (0.5 if len(x) > 32 else 1)")),
    wrong_layer("a batch of one", "x[", tanh, do(B, "dx[...] = (dy * (1 - y * y)).squeeze() if len(x) > 1 else dy")),
    wrong_layer("large inputs", "inputs up to ten times larger", square, do(B, "dx[...] = 2 * np.clip(x, -5, 5) * dy")),
    wrong_layer("many numbers in a row", "x[", square, do(B, "dx[...] = 2 * x * dy", "if x.ndim == 2: dx[:, 32:] = 0"), V),
    wrong_layer("large slopes clipped", "not linear in dy", tanh, put(dx="np.clip(dy, -9, 9) * (1 - y * y)")),
    wrong_layer("small slopes dropped", "not linear in dy", tanh, put(dx="np.where(abs(dy) > 1e-5, dy, 0) * (1 - y * y)")),
    wrong_layer("into a flat copy", "never written", tanh, do(B, "dx.ravel()[...] = (dy * (1 - y * y)).ravel()")),
    wrong_layer("wrong in Fortran order", "x[", tanh, do(B, "dx[...] = dy * (1 - y * y) * (1 if dy.flags.c_contiguous else 2)"), V, M),
    wrong_layer("wrong in C order", "in C order", tanh, do(B, "dx[...] = dy * (1 - y * y) * (2 if x.flags.c_contiguous and len(x) > 1 else 1)"), V, M),
    # what is kept from call to call
    wrong_layer("first x kept", "depends on earlier calls", do(F, "if not hasattr(self, 'k') or self.k.shape != x.shape: self.k = x.copy()", "y[...] = x ** 2"), put(dx="2 * self.k * dy")),
    wrong_layer("x before last", "x", do(F, "self.old = getattr(self, 'k', None)", "self.k = x.copy()", "y[...] = x ** 2"), do(B, "k = self.k if self.old is None or self.old.shape != x.shape else self.old", "dx[...] = 2 * k * dy")),
    wrong_layer("right but for the first call", "not deterministic", tanh, do(B, "dx[...] = dy * (1 - y * y) * (1 if hasattr(self, 'k') else 2)", "self.k = 1")),
    wrong_layer("wrong from call 10 on", "after 20 calls", tanh, do(B, "self.k = getattr(self, 'k', 0) + 1", "dx[...] = dy * (1 - y * y) * (1 if self.k < 10 else 2)")),
    wrong_layer("kept in the class", "x[", do(F, "type(self).k = x.copy()", "y[...] = x ** 2"), put(dx="2 * type(self).k * dy")),
    wrong_layer("scratch of the largest batch", "", do(F, "self.k = getattr(self, 'k', np.zeros((4, *x.shape[1:])))", "self.k[:len(x)] = x", "y[...] = x ** 2"), put(dx="2 * self.k[:len(x)] * dy")),
    wrong_layer("own generator", "not deterministic: forward gives another y", do(F, "self.m = (np.random.default_rng().random(x.shape) > 0.5)", "y[...] = x * self.m"), put(dx="dy * self.m"), infer=same),
    wrong_layer("mask drawn anew", "", do(F, "y[...] = x * (self.rng.random(x.shape) > 0.5)"), do(B, "dx[...] = dy * (self.rng.random(x.shape) > 0.5)"), infer=same),
    # precision
    wrong_layer("float32 wrong", "in float32", tanh, do(B, "dx[...] = dy * (1 - y * y) * (2 if x.dtype == np.float32 else 1)")),
    wrong_layer("float16 inside", "in float32", tanh, do(B, "f = np.float16 if x.dtype == np.float32 else x.dtype", "dx[...] = dy.astype(f) * (1 - y.astype(f) ** 2)")),
    wrong_layer("forward in float16", "y[", do(F, "y[...] = np.tanh(x.astype(np.float16)) if x.dtype == np.float32 else np.tanh(x)"), tanh_back),
    wrong_layer("float32 in float64", "", put(y="np.tanh(x.astype(np.float32)) if x.dtype == np.float64 else np.tanh(x)"), tanh_back),
    wrong_layer("infer of float32", "infer: y[", tanh, tanh_back, infer=do(F, "y[...] = np.tanh(x) * (1.5 if x.dtype == np.float32 else 1)")),
    # rows and evaluation
    wrong_layer("mean over the batch", "set `mixes_rows = True`", put(y="x - x.mean(0)"), put(dx="dy - dy.mean(0)")),
    wrong_layer("neighbors' rows", "set `mixes_rows = True`", put(y="x + np.roll(x, 1, 0)"), put(dx="dy + np.roll(dy, -1, 0)")),
    wrong_layer("largest of the batch", "set `mixes_rows = True`", put(y="x * np.abs(x).sum()"), do(B, "dx[...] = dy * np.abs(x).sum() + np.sign(x) * (dy * x).sum()")),
    wrong_layer("over N", "rows one by one", put(y="x / len(x)"), put(dx="dy / len(x)")),
    wrong_layer("infer another function", "infer: y[", put(y="2 * x"), put(dx="2 * dy"), infer=put(y="3 * x")),
    wrong_layer("infer of the batch", "compared with its rows one by one", same, same_back, infer=put(y="x - x.mean(0)"), mixes_rows=True),
    wrong_layer("infer rebinds y", "infer writes nothing into y", tanh, tanh_back, infer=do(F, "y = np.tanh(x)")),
    wrong_layer("noise in evaluation", "infer draws random numbers", do(F, "y[...] = x + self.rng.normal(size=x.shape)"), same_back),
    # promises and errors
    wrong_layer("no probabilities", "gives_probabilities is set, but y is", tanh, tanh_back, gives_probabilities=True),
    wrong_layer("no sum of one", "sums_to_one is set, but a row of y adds up to", put(y="1 / (1 + np.exp(-x))"), put(dx="dy * y * (1 - y)"), gives_probabilities=True, sums_to_one=True),
    wrong_layer("a range too small", "output_range gives 0 to 1, but y is -0.", tanh, tanh_back, output_range=lambda self, x: (0.0, 1.0)),
    wrong_layer("a range for larger inputs alone", "output_range gives ", square, square_back, output_range=lambda self, x: (max(0.0, x[0]) ** 2, max(0.0, x[1]))),
    wrong_layer("a view that copies", "view returns a copy", same, same_back, view=lambda self, x: x.copy()),
    wrong_layer("a view of another shape", "but build promises rows", same, same_back, V, view=lambda self, x: x[:, :-1]),
    wrong_layer("build promises too much", "raises ValueError: could not broadcast", same, same_back, V, build=lambda self, shape: (shape[0] + 1,)),
    wrong_layer("an error", "raises NameError: name 'yy' is not defined (", tanh, put(dx="dy * (1 - yy)")),
    wrong_layer("an error in a later batch", "raises KeyError: 16 (", do(F, "{1: 0, 4: 0, 2: 0, 3: 0, 5: 0, 8: 0}[len(x)]", "y[...] = np.tanh(x)"), tanh_back),
    wrong_layer("no options", "", tanh, tanh_back, __annotations__={"size": int}),
    wrong_layer("nothing to try", "has empty `examples`", tanh, put(dx="0.0"), examples=[]),
    wrong_layer("another signature", "forward must take (self, x, y), found (self, x)", do("x", "return np.tanh(x)"), tanh_back),
    wrong_layer("no shape", "build must give the shape of a row of y, a tuple of integers, found 3", tanh, tanh_back, build=lambda self, shape: 3),
    wrong_layer("not finite", "the loss is not finite", put(y="np.sqrt(-1 - x * x)"), put(dx="dy")),
    Case("no input_grad", own(Layer, forward=tanh), "the class Own lacks input_grad"),
    wrong_layer("tiny, with the wrong sign", "x[", put(y="1e-9 * np.tanh(x)"), put(dx="-1e-9 * dy * (1 - y)")),
    wrong_layer("tiny beside a constant", "x[", put(y="1 + 1e-12 * np.tanh(x)"), put(dx="-1e-12 * dy * (1 - np.tanh(x) ** 2)")),
    wrong_layer("too small to tell", "", put(y="1 + 1e-12 * np.abs(x)"), put(dx="-1e-12 * dy * np.sign(x)")),
    wrong_layer("slope of all x", "a[", put(y="np.where(x > 0, x, self.a.value[0] * x)"), put(dx="np.where(x > 0, dy, self.a.value[0] * dy)"), build=building("a", (1,), Constant(0.25), fan=(1, 1)), param_grads=do(P, "self.a.grad[...] = (dy * x).sum()")),
    wrong_layer("statistics changed in infer", "infer changes a statistic", put(y="x - self.m.value"), same_back, build=building("m", None, 0.0), infer=do(F, "self.m.value[...] = x.mean(0)", "y[...] = x - self.m.value")),
    Case("wrong for negative parameters", own(Layer, **{**scale, "param_grads": do(P, "self.a.grad[...] = (dy * x).sum(0)"), "input_grad": put(dx="np.abs(self.a.value) * dy")}), "x["),
    wrong_layer("a statistic replaced", "forward puts another array in place of m.value", do(F, "self.m.value = x.mean(0)", "y[...] = x"), same_back, build=building("m", None, 0.0)),
    wrong_layer("squeezed", "x[", same, do(B, "dx[...] = dy.squeeze().reshape(x.shape) if len(x) > 1 else dy.squeeze(0)[None, 0]")),
    wrong_layer("images only wrong", "x[", tanh, do(B, "dx[...] = dy * (1 - y * y) * (1 if x.ndim < 4 else 2)")),
    wrong_layer("a batch of 32 and more", "in a batch of 32", tanh, do(B, "dx[...] = dy * (1 - y * y) * (1 if len(x) < 32 else 2)")),
    wrong_layer("infer of large batches", "infer: y[", tanh, tanh_back, infer=do(F, "y[...] = np.tanh(x) * (1 if len(x) < 128 else 2)")),
    wrong_layer("first array kept", "depends on earlier calls", do(F, "self.k = getattr(self, 'k', x)", "y[...] = x ** 2"), do(B, "dx[...] = 2 * (self.k if self.k.shape == x.shape else x) * dy")),
    wrong_layer("dx through y", "", put(y="np.exp(x)"), do(B, "dx[...] = dy * self.scratch_like('e', x)")),
    wrong_layer("max of ties forgotten", "x[", put(y="x.max(1, keepdims=True)"), put(dx="dy * (x > 0)"), V, build=lambda self, shape: (1,)),
    wrong_layer("dropout not scaled back", "x[", do(F, "self.m = (self.rng.random(x.shape) < 0.5) * 2.0", "y[...] = x * self.m"), put(dx="dy * (self.m > 0)"), infer=same),
    wrong_layer("dropout that mixes rows", "set `mixes_rows = True`", do(F, "self.m = self.rng.random(x.shape) < 0.5", "y[...] = (x - x.mean(0)) * self.m"), do(B, "d = dy * self.m", "dx[...] = d - d.mean(0)"), infer=same),
    wrong_layer("dropout wrong in float32", "in float32", do(F, "self.m = (self.rng.random(x.shape) < 0.5) * 2.0", "y[...] = x * self.m"), put(dx="dy * self.m * (1 if x.dtype == np.float64 else 2)"), infer=same),
    wrong_layer("mean's path forgotten", "x[", norm("0")["forward"], do(B, "dx[...] = (dy - y * (dy * y).mean(0)) / self.s"), mixes_rows=True),
    wrong_layer("biased variance of evaluation", "x[", norm("-1")["forward"], do(B, "dx[...] = dy / self.s")),
    wrong_layer("a penalty in dx", "x[", tanh, put(dx="dy * (1 - y * y) + 0.01 * x")),
    wrong_layer("dx of the layer's sum", "x[", put(y="x.cumsum(1)"), put(dx="dy.cumsum(1)"), V),
    wrong_layer("pooled to the wrong pixel", "x[", put(y="x[:, :, ::2, ::2]"), do(B, "dx[...] = 0", "dx[:, :, 1::2, ::2] = dy[:, :, : dx[:, :, 1::2].shape[2]]"), (2, 4, 4), build=lambda self, shape: (shape[0], 2, 2)),
]  # fmt: skip


def loss(value: str, gradient: str | Any, **members: Members) -> type[Any]:
    """A loss for regression from expressions for L and dz."""
    write = do("z, t, dz", f"dz[...] = {gradient}") if isinstance(gradient, str) else gradient
    members = {"tasks": ("regression",), "adds_up": True, **members}
    return own(Loss, value=do("z, t", f"return float({value})"), gradient=write, **members)


MEAN, MEAN_BACK = "np.mean((z - t) ** 2)", "2 * (z - t) / z.size"
WRONG_LOSSES = [
    Case("over N alone", loss(MEAN, "2 * (z - t) / len(z)"), "z["),
    Case("a sum", loss(MEAN, "2 * (z - t) / z.shape[1]"), "analytic is N times numeric"),
    Case("half", loss(MEAN, "(z - t) / z.size"), "analytic is 1/2 times numeric"),
    Case("sign", loss(MEAN, "2 * (t - z) / z.size"), "analytic is -1 times numeric"),
    Case("four times", loss(MEAN, "8 * (z - t) / z.size"), "z["),
    Case("dz rebound", loss(MEAN, do("z, t, dz", "dz = 2 * (z - t) / z.size")), "gradient writes nothing into dz"),
    Case("dz added to", loss(MEAN, do("z, t, dz", "dz += 2 * (z - t) / z.size")), "gradient adds to what dz held"),
    Case("z changed", loss(MEAN, do("z, t, dz", "z -= t", "dz[...] = 2 * z / z.size")), "changes z"),
    Case("t changed", loss(MEAN, do("z, t, dz", "t -= z", "dz[...] = -2 * t / z.size")), "changes t"),
    Case("sum adds up by rows", loss("np.sum((z - t) ** 2)", "2 * (z - t)"), "adds_up is set, but"),
    Case("largest error", loss("np.max((z - t) ** 2)", "np.where((z - t) ** 2 == np.max((z - t) ** 2), 2 * (z - t), 0)"), "adds_up is set, but"),
    Case("large errors", loss(MEAN, "2 * np.clip(z - t, -8, 8) / z.size"), "z["),
    Case("from row 8 on", loss(MEAN, "2 * (z - t) / z.size * (np.arange(len(z)) < 8)[:, None]"), "z["),
    Case("float16", loss(MEAN, do("z, t, dz", "f = np.float16 if z.dtype == np.float32 else z.dtype", "dz[...] = (2 * (z - t) / z.size).astype(f)")), "in float32"),
    Case("in C order", loss(MEAN, do("z, t, dz", "dz.reshape(-1)[...] = (2 * (z - t) / z.size).ravel()")), ""),
    Case("no such task", loss(MEAN, MEAN_BACK, tasks=("regresion",)), "tasks must be a tuple"),
    Case("tasks a text", loss(MEAN, MEAN_BACK, tasks="regression"), "tasks must be a tuple"),
    Case("logits are no probabilities", loss(MEAN, MEAN_BACK, expects_logits=True), "expects_logits is set, but predict"),
    Case("not so large", loss("np.mean(np.exp(z) - t * z)", "(np.exp(z) - t) / z.size", largest_output=500.0), "largest_output is 500"),
    Case("an error", loss(MEAN, "2 * (z - tt) / z.size"), "raises NameError: name 'tt' is not defined ("),
    Case("tiny", loss(f"1e-9 * {MEAN}", "-2e-9 * (z - t) / z.size"), "analytic is -1 times numeric"),
    Case("first z kept", loss(MEAN, do("z, t, dz", "k = vars(type(self)).get('k')", "k = z.copy() if k is None or k.shape != z.shape else k", "type(self).k = k", "dz[...] = 2 * (k - t) / z.size")), ""),
    Case("random", loss(MEAN, do("z, t, dz", "dz[...] = 2 * (z - t) / z.size + np.random.default_rng().normal()")), "not deterministic"),
    Case("no gradient", own(Loss, value=do("z, t", "return 0.0"), tasks=("regression",)), "the class Own lacks gradient"),
    Case("no tasks", own(Loss, value=do("z, t", f"return {MEAN}"), gradient=do("z, t, dz", f"dz[...] = {MEAN_BACK}")), "lacks `tasks = ...`"),
    Case("an array of losses", own(Loss, value=do("z, t", "return ((z - t) ** 2).mean(1)"), gradient=do("z, t, dz", f"dz[...] = {MEAN_BACK}"), tasks=("regression",)), "not one number"),
]  # fmt: skip


def regularizer(penalty: str, *lines: str, **members: Members) -> type[Any]:
    """A regularizer from an expression and the lines of add_gradient."""
    members = {"__annotations__": {"all_parameters": bool}, "all_parameters": False, **members}
    first = "w, h = params.value, self.reach(params)"
    return own(
        Regularizer,
        penalty=do("params", first, f"return float({penalty})"),
        add_gradient=do("params", first, *lines),
        **members,
    )


HALF = "0.05 * np.sum(w[h] ** 2)"
WRONG_REGULARIZERS = [
    Case("overwritten", regularizer(HALF, "params.grad[h] = 0.1 * w[h]"), "overwrites the loss's gradient"),
    Case("grad replaced", regularizer(HALF, "params.grad = params.grad + 0.1 * w"), "replaces the array params.grad"),
    Case("factor", regularizer(HALF, "params.grad[h] += 0.05 * w[h]"), "analytic is 1/2 times numeric"),
    Case("value changed", regularizer(HALF, "w[h] *= 0.9", "params.grad[h] += 0.1 * w[h]"), "add_gradient changes params.value"),
    Case("biases too", regularizer("0.05 * np.sum(w ** 2)", "params.grad += 0.1 * w"), "all_parameters is false, but biases"),
    Case("penalty of all", regularizer("0.05 * np.sum(w ** 2)", "params.grad[h] += 0.1 * w[h]"), "b["),
    Case("float16", regularizer(HALF, "f = np.float16 if w.dtype == np.float32 else w.dtype", "params.grad[h] += (0.1 * w[h]).astype(f)"), "in float32"),
    Case("first values kept", regularizer(HALF, "self.k = getattr(self, 'k', w.copy())", "params.grad[h] += 0.1 * self.k[h]"), ""),
    Case("large values", regularizer(HALF, "params.grad[h] += 0.1 * np.clip(w[h], -4, 4)"), "ten times larger"),
    Case("constrain replaces", regularizer(HALF, "params.grad[h] += 0.1 * w[h]", constrain=do("params", "params.value = np.clip(params.value, -1, 1)")), "constrain replaces the array params.value"),
    Case("constrain of biases", regularizer(HALF, "params.grad[h] += 0.1 * w[h]", constrain=do("params", "np.clip(params.value, -0.1, 0.1, out=params.value)")), "biases are regularized"),
    Case("an error", regularizer("0.05 * np.sum(v ** 2)", "pass"), "raises NameError"),
]  # fmt: skip


def statistic_build(self: Any, shape: Any) -> Any:
    self.mean = Statistic(shape, 0.0)
    return shape


def conv_build(self: Any, shape: Any) -> Any:
    self.k = Param((3,), HeNormal(), fan=(3, 1))
    return shape


def two_build(self: Any, shape: Any) -> Any:
    self.W, self.U = Param((shape[0], 3), XavierUniform()), Param((3, shape[0]), XavierUniform())
    return shape


def right_layer(name: str, forward: Any, input_grad: Any, *shapes: Any, **members: Any) -> Case:
    return Case(name, layer(forward, input_grad, *shapes, **members))


sigmoid = "1 / (1 + np.exp(-x))"
RIGHT = [
    right_layer("square", square, square_back),
    right_layer("tanh", tanh, tanh_back),
    right_layer("identity", same, same_back),
    right_layer("naive sigmoid", put(y=sigmoid), put(dx="dy * y * (1 - y)"), gives_probabilities=True),
    right_layer("sine", put(y="np.sin(x)"), put(dx="dy * np.cos(x)")),
    right_layer("cube", put(y="x ** 3"), put(dx="3 * x * x * dy")),
    right_layer("absolute value", put(y="np.abs(x)"), put(dx="dy * np.sign(x)")),
    right_layer("relu", put(y="np.maximum(x, 0)"), put(dx="dy * (x > 0)")),
    right_layer("relu by where", put(y="np.where(x > 0, x, 0.1 * x)"), put(dx="np.where(x > 0, dy, 0.1 * dy)")),
    right_layer("relu with a mask", do(F, "m = self.scratch_like('m', x, bool)", "np.greater(x, 0, out=m)", "np.multiply(x, m, out=y)"), do(B, "np.multiply(dy, self.scratch_like('m', x, bool), out=dx)")),
    right_layer("mask in an attribute", do(F, "self.m = x > 0", "y[...] = x * self.m"), do(B, "dx[...] = dy * self.m")),
    right_layer("clip", put(y="np.clip(x, -1, 1)"), put(dx="dy * (np.abs(x) < 1)")),
    right_layer("exponential", put(y="np.exp(x)"), put(dx="dy * y")),
    right_layer("bell", put(y="np.exp(-x * x)"), put(dx="-2 * x * y * dy")),
    right_layer("logarithm", put(y="np.log(x)"), put(dx="dy / x")),
    right_layer("square root", put(y="np.sqrt(x)"), put(dx="0.5 * dy / y")),
    right_layer("softplus", put(y="np.log1p(np.exp(x))"), put(dx=f"dy * {sigmoid}")),
    right_layer("steps", put(y="np.round(x)"), put(dx="0.0")),
    right_layer("constant", put(y="1.0"), put(dx="0.0")),
    right_layer("tiny", put(y="1e-9 * np.tanh(x)"), put(dx="1e-9 * dy * (1 - np.tanh(x) ** 2)")),
    right_layer("tiny beside a constant", put(y="1 + 1e-12 * np.tanh(x)"), put(dx="1e-12 * dy * (1 - np.tanh(x) ** 2)")),
    right_layer("huge", put(y="1e9 * np.tanh(x)"), put(dx="1e9 * dy * (1 - np.tanh(x) ** 2)")),
    right_layer("range of a square", square, square_back, output_range=lambda self, x: (0.0, max(x[0] ** 2, x[1] ** 2))),
    right_layer("softmax", do(F, "y[...] = np.exp(x - x.max(-1, keepdims=True))", "y /= y.sum(-1, keepdims=True)"), put(dx="y * (dy - (dy * y).sum(-1, keepdims=True))"), gives_probabilities=True, sums_to_one=True),
    right_layer("log of softmax", do(F, "y[...] = x - x.max(-1, keepdims=True)", "y -= np.log(np.exp(y).sum(-1, keepdims=True))"), put(dx="dy - np.exp(y) * dy.sum(-1, keepdims=True)")),
    right_layer("flat", lambda self, x, y: None, lambda self, x, y, dy, dx: None, build=lambda self, shape: (np.prod(shape),), view=lambda self, x: x.reshape(len(x), -1)),
    right_layer("cumulative sum", put(y="np.cumsum(x, 1)"), put(dx="np.cumsum(dy[:, ::-1], 1)[:, ::-1]")),
    right_layer("difference", put(y="x[:, 1:] - x[:, :-1]"), do(B, "dx[...] = 0", "dx[:, 1:] += dy", "dx[:, :-1] -= dy"), V, build=lambda self, shape: (shape[0] - 1,)),
    right_layer("largest", put(y="x.max(1, keepdims=True)"), do(B, "dx[...] = 0", "dx[np.arange(len(x)), x.argmax(1)] = dy[:, 0]"), V, (12,), build=lambda self, shape: (1,)),
    right_layer("sum of rows of any shape", put(y="x.reshape(len(x), -1).sum(1, keepdims=True)"), do(B, "dx[...] = dy.reshape(len(x), *(1,) * (x.ndim - 1))"), build=lambda self, shape: (1,)),
    right_layer("only images", put(y="x[:, :, ::-1]"), put(dx="dy[:, :, ::-1]"), IMAGE, images=True),
    right_layer("pixels dropped", put(y="x[:, :, ::2, ::2]"), do(B, "dx[...] = 0", "dx[:, :, ::2, ::2] = dy"), (2, 4, 4), (1, 6, 4), build=lambda self, s: (s[0], s[1] // 2, s[2] // 2)),
    right_layer("channels averaged", put(y="x.mean((2, 3))"), do(B, "dx[...] = dy[:, :, None, None] / x[0, 0].size"), IMAGE, build=lambda self, shape: shape[:1]),
    right_layer("unit vectors", put(y="x / np.sqrt((x * x).sum(1, keepdims=True) + 0.01)"), do(B, "n = np.sqrt((x * x).sum(1, keepdims=True) + 0.01)", "dx[...] = (dy - y * (dy * y).sum(1, keepdims=True)) / n"), V),
    Case("scale", own(Layer, **scale, param_grads=do(P, "self.a.grad[...] = (dy * x).sum(0)"))),
    Case("power", own(Layer, forward=put(y="np.abs(x) ** self.a.value"), input_grad=put(dx="dy * self.a.value * np.sign(x) * np.abs(x) ** (self.a.value - 1)"), build=building("a", None, Constant(2.0)), param_grads=do(P, "self.a.grad[...] = (dy * y * np.log(np.abs(x))).sum(0)"))),
    Case("temperature", own(Layer, forward=put(y="x / self.t.value"), input_grad=put(dx="dy / self.t.value"), build=building("t", (1,), Constant(1.0), fan=(1, 1)), param_grads=do(P, "self.t.grad[...] = -(dy * x).sum() / self.t.value ** 2"))),
    Case("root of a parameter", own(Layer, forward=put(y="x * np.sqrt(self.v.value)"), input_grad=put(dx="dy * np.sqrt(self.v.value)"), build=building("v", None, Constant(1.0)), param_grads=do(P, "self.v.grad[...] = (dy * x).sum(0) / (2 * np.sqrt(self.v.value))"))),
    Case("dense", own(Layer, **dense)),
    Case("one weight used twice", own(Layer, forward=put(y="x @ self.W.value @ self.W.value.T"), input_grad=put(dx="dy @ self.W.value @ self.W.value.T"), build=building("W", (5, 3), XavierUniform()), param_grads=do(P, "self.W.grad[...] = x.T @ (dy @ self.W.value) + dy.T @ (x @ self.W.value)"), examples=[({}, V)])),
    Case("bottleneck", own(Layer, forward=do(F, "self.h = np.tanh(x @ self.W.value)", "y[...] = x + self.h @ self.U.value"), build=two_build, param_grads=do(P, "self.dh = (dy @ self.U.value.T) * (1 - self.h ** 2)", "self.W.grad[...] = x.T @ self.dh", "self.U.grad[...] = self.h.T @ dy"), input_grad=put(dx="dy + self.dh @ self.W.value.T"), examples=[({}, V)])),
    Case("one-dimensional convolution", own(Layer, forward=do(F, "p = np.pad(x, ((0, 0), (1, 1)))", "y[...] = sum(self.k.value[i] * p[:, i : i + x.shape[1]] for i in range(3))"), build=conv_build, param_grads=do(P, "p = np.pad(x, ((0, 0), (1, 1)))", "self.k.grad[...] = [(dy * p[:, i : i + x.shape[1]]).sum() for i in range(3)]"), input_grad=do(B, "p = np.pad(dy, ((0, 0), (1, 1)))", "dx[...] = sum(self.k.value[2 - i] * p[:, i : i + x.shape[1]] for i in range(3))"), examples=[({}, V), ({}, (40,))])),
    right_layer("dropout by self.rng", do(F, "self.m = (self.rng.random(x.shape) < 0.5) * 2.0", "y[...] = x * self.m"), put(dx="dy * self.m"), infer=same),
    right_layer("dropout by draws", do(F, "m = self.scratch_like('m', x)", "for here, bits in self.draws.bits(m): np.less(bits, 2**15, out=m[here])", "m *= 2", "np.multiply(x, m, out=y)"), do(B, "np.multiply(dy, self.scratch_like('m', x), out=dx)"), infer=same),
    right_layer("noise", do(F, "y[...] = x + 0.1 * self.rng.standard_normal(x.shape, dtype=x.dtype)"), same_back, infer=same),
    right_layer("multiplied by noise", do(F, "self.e = 1 + 0.1 * self.rng.normal(size=x.shape)", "y[...] = x * self.e"), put(dx="dy * self.e"), infer=same),
    Case("batch norm", own(Layer, **norm("0"), mixes_rows=True, build=statistic_build, infer=put(y="x - self.mean.value"))),
    Case("layer norm", own(Layer, **norm("-1"))),
    Case("mean of earlier batches", own(Layer, forward=do(F, "y[...] = x - self.mean.value", "self.mean.value[...] = 0.9 * self.mean.value + 0.1 * x.mean(0)"), input_grad=same_back, build=statistic_build, infer=put(y="x - self.mean.value"))),
    right_layer("centered over the batch", put(y="x - x.mean(0)"), put(dx="dy - dy.mean(0)"), mixes_rows=True, infer=same),
    right_layer("waves", put(y="np.sin(100 * x)"), put(dx="100 * dy * np.cos(100 * x)")),
    right_layer("sorted", put(y="np.sort(x, 1)"), do(B, "np.put_along_axis(dx, np.argsort(x, 1), dy, 1)"), V),
    right_layer("sawtooth", put(y="x % 1"), same_back),
    Case("a table", own(Layer, forward=put(y="self.W.value[x.astype(int) + 5]"), input_grad=put(dx="0.0"), build=building("W", (11,), Constant(1.0), fan=(1, 1)), param_grads=do(P, "self.W.grad[...] = np.bincount(x.astype(int).ravel() + 5, dy.ravel(), 11)"))),
    right_layer("faster infer", tanh, tanh_back, infer=put(y="2 / (1 + np.exp(-2 * x)) - 1")),
    right_layer("an option", put(y="self.by * x"), put(dx="self.by * dy"), __annotations__={"by": float}, by=2.0, examples=[({"by": 3.0}, V), ({}, M)]),
    right_layer("vectors only, without saying so", do(F, "y[...] = x @ np.ones((x.shape[1], 2))"), do(B, "dx[...] = dy.sum(1)[:, None]"), build=lambda self, shape: (2,)),
]  # fmt: skip

WEIGHTED = "np.array([1.0, 3.0, 0.5, 2.0, 1.5])[t]"
P_OF_Z = "np.exp(z - z.max(1, keepdims=True))"
RIGHT_LOSSES = [
    Case("mean", loss(MEAN, MEAN_BACK)),
    Case("a sum", loss("np.sum((z - t) ** 2)", "2 * (z - t)", weight=lambda self, t: 1.0, adds_up=False)),
    Case("mean of absolutes", loss("np.mean(np.abs(z - t))", "np.sign(z - t) / z.size")),
    Case("cube", loss("np.mean(np.abs(z - t) ** 3)", "3 * (z - t) * np.abs(z - t) / z.size")),
    Case("root", loss("np.sqrt(np.mean((z - t) ** 2))", "(z - t) / (z.size * np.sqrt(np.mean((z - t) ** 2)))", adds_up=False)),
    Case("largest", loss("np.max((z - t) ** 2)", "np.where((z - t) ** 2 == np.max((z - t) ** 2), 2 * (z - t), 0)", adds_up=False)),
    Case("tiny", loss(f"1e-9 * {MEAN}", "2e-9 * (z - t) / z.size")),
    Case("counts", loss("np.mean(np.exp(z) - t * z)", "(np.exp(z) - t) / z.size", any_units=False, largest_output=80.0, predict=lambda self, z: np.exp(z))),
    Case("logarithm of targets", loss("np.mean((z - np.log(t)) ** 2)", "2 * (z - np.log(t)) / z.size", any_units=False)),
    Case("classes", loss(f"-np.mean(np.log({P_OF_Z} / {P_OF_Z}.sum(1, keepdims=True))[np.arange(len(z)), t])", do("z, t, dz", f"dz[...] = {P_OF_Z}", "dz /= dz.sum(1, keepdims=True)", "dz[np.arange(len(z)), t] -= 1", "dz /= len(z)"), tasks=("classification",), expects_logits=True, predict=do("z", f"p = {P_OF_Z}", "return p / p.sum(1, keepdims=True)"))),
    Case("weighted classes", loss(f"np.sum({WEIGHTED}[:, None] * z ** 2) / np.sum({WEIGHTED})", do("z, t, dz", f"w = {WEIGHTED}", "dz[...] = 2 * w[:, None] * z / w.sum()"), tasks=("classification",), weight=do("t", f"return float({WEIGHTED}.sum())"))),
    Case("two tasks", loss("np.mean(z ** 2)", "2 * z / z.size", tasks=("regression", "classification"))),
]  # fmt: skip

RIGHT_REGULARIZERS = [
    Case("half of squares", regularizer(HALF, "params.grad[h] += 0.1 * w[h]")),
    Case("all parameters", regularizer(HALF, "params.grad[h] += 0.1 * w[h]", all_parameters=True)),
    Case("absolute values", regularizer("0.1 * np.sum(np.abs(w[h]))", "params.grad[h] += 0.1 * np.sign(w[h])")),
    Case("tiny", regularizer(f"1e-9 * {HALF}", "params.grad[h] += 1e-10 * w[h]")),
    Case("clip", regularizer("0.0", "pass", constrain=do("params", "h = self.reach(params)", "np.clip(params.value[h], -0.5, 0.5, out=params.value[h])"))),
    Case("fourth powers", regularizer("0.1 * np.sum(w[h] ** 4)", "params.grad[h] += 0.4 * w[h] ** 3")),
]  # fmt: skip


FAMILIES: list[tuple[Registry[Any], list[Case], list[Case]]] = [
    (LAYERS, WRONG, RIGHT),
    (LOSSES, WRONG_LOSSES, RIGHT_LOSSES),
    (REGULARIZERS, WRONG_REGULARIZERS, RIGHT_REGULARIZERS),
]


def cases(which: str) -> list[Any]:
    return [
        pytest.param(registry, case, id=f"{registry.kind}-{case.name}")
        for registry, wrong, right in FAMILIES
        for case in (wrong if which == "wrong" else right)
    ]


def checked(registry: Registry[Any], case: Case, seed: int) -> GradientCheck:
    registry.register("own")(case.cls)
    return check_components(only=["own"], seed=seed)


def said(found: GradientCheck) -> str:
    (report,) = found.reports
    return "\n".join(
        f"{getattr(f, 'worst', '')} {getattr(f, 'tensor', '')}[ {f.subject} {f.diagnosis}"
        for f in report.findings
    )


SEVERAL_SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))]


@pytest.mark.parametrize("seed", SEVERAL_SEEDS)
@pytest.mark.parametrize(("registry", "case"), cases("wrong"))
def test_a_wrong_component_is_found_and_its_mistake_is_told(
    registry: Registry[Any], case: Case, seed: int
) -> None:
    found = checked(registry, case, seed)
    assert not found.passed
    assert case.says.removesuffix("[") in said(found)


@pytest.mark.parametrize("seed", SEVERAL_SEEDS)
@pytest.mark.parametrize(("registry", "case"), cases("right"))
def test_a_right_component_raises_no_alarm(
    registry: Registry[Any], case: Case, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.gradcheck.compare.MOST_ENTRIES", 8)  # they differ for each seed
    found = checked(registry, case, seed)
    assert found.passed, said(found)
