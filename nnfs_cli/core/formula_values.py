"""What formulas are worth: each operation and function by plain NumPy."""

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.formula_images import IMAGE_FUNCTIONS

CONSTANTS = {"pi": math.pi}

INDICES = {"n": 0, "c": 1, "f": 1, "r": -2, "s": -1, "k": -1, "m": -1}
"""The axis of each index: n of rows, c and f of channels, r and s of pixels, k and m of the last axis."""

REDUCTIONS = frozenset({"sum", "mean", "var"})

OPERATIONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.MatMult: np.matmul,
    ast.Pow: np.power,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: np.equal,
}


def pick(p: Any, t: Any) -> Any:
    """p[n, t_n] (N,): in each row of p (N, K), the number in the column that t (N,) names."""
    return p[np.arange(len(t)), t]


def onehot(t: Any, classes: int) -> Any:
    """(N, K): in row n, 1 in column t_n and 0 elsewhere."""
    return np.eye(classes)[t]


def softmax(z: Any) -> Any:
    """exp(z_k) / sum_j exp(z_j) over the last axis."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def times_log(x: Any, log: Any) -> Any:
    """x log: 0 where x is 0, even of log 0, as entropies have it: x log x tends to 0."""
    return np.where((x == 0) & (log == -np.inf), 0.0, np.multiply(x, log))


FUNCTIONS: dict[str, Callable[..., Any] | None] = {
    "abs": np.abs,
    "argmax": lambda p: np.argmax(p, axis=-1),
    "cos": np.cos,
    "cosh": np.cosh,
    "erf": np.vectorize(math.erf, otypes=[float]),
    "exp": np.exp,
    "flatten": lambda x: x.reshape(len(x), -1),
    "floor": np.floor,
    "like": lambda dy, x: dy.reshape(x.shape),
    "log": np.log,
    "max": np.maximum,
    "min": np.minimum,
    "onehot": onehot,
    "pick": pick,
    "reshape": lambda x, shape: x.reshape(len(x), *shape),
    "sign": np.sign,
    "softmax": softmax,
    "sqrt": np.sqrt,
    "take": lambda w, t: np.asarray(w)[t],
    "tanh": np.tanh,
    "vjp": None,
    "where": np.where,
    **IMAGE_FUNCTIONS,
}
"""Those without a value here are found among the values. `vjp(f, x, dy)` is the gradient to x of a function
f that formulas do not state: its transposed Jacobian times dy."""


def compute(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The value of a formula's right side. A sum over axes that is all of it loses these axes."""
    axes = max((value.ndim for value in values.values() if isinstance(value, np.ndarray)), default=0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # `where` computes both of its sides
        return _Values(values, axes).of(node, keep=False)


class _Values:
    def __init__(self, values: Mapping[str, Any], axes: int) -> None:
        self.values, self.axes = values, axes

    def of(self, node: ast.expr, keep: bool = True) -> Any:
        """`keep`: whether a sum keeps its axes, with length 1, so that it goes with what it is of."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.named(name)
            case ast.UnaryOp(operand=operand):
                return np.negative(self.of(operand, keep))
            case ast.Attribute(value=value):
                return np.transpose(self.of(value))
            case ast.BinOp(left=left, op=ast.Mult(), right=ast.Call(func=ast.Name(id="log")) as log):
                return times_log(self.of(left), self.of(log))
            case ast.BinOp(left=left, op=op, right=right):
                return OPERATIONS[type(op)](self.of(left), self.of(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return np.asarray(OPERATIONS[type(op)](self.of(left), self.of(right))).astype(float)
            case ast.Subscript(value=value, slice=places):
                return self.along(self.of(value), places)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                if name in REDUCTIONS:
                    return self.reduced(name, args, keywords, keep)
                function = FUNCTIONS.get(name) or self.named(name)
                return function(*(self.condition(name, i, each) for i, each in enumerate(args)))
        raise AssertionError(ast.dump(node))

    def condition(self, function: str, place: int, node: ast.expr) -> Any:
        value = self.of(node)
        return np.asarray(value, bool) if function == "where" and place == 0 else value

    def named(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        raise NnfsError(f"formula: no value of {name!r}{did_you_mean(name, self.values)}")

    def along(self, array: Any, places: ast.expr) -> Any:
        """The array with its axes where the indices say, and axes of length 1 in place of all others."""
        nodes = places.elts if isinstance(places, ast.Tuple) else [places]
        shape = [1] * self.axes
        for node, size in zip(nodes, np.shape(array), strict=True):
            shape[INDICES[ast.unparse(node)]] = size
        return np.reshape(array, shape)

    def reduced(self, name: str, args: list[ast.expr], keywords: list[ast.keyword], keep: bool) -> Any:
        x = np.asarray(self.of(args[0]))
        reduce = getattr(np, name)
        over = [INDICES[ast.unparse(each)] % x.ndim for each in args[1:]]
        if keywords:
            kept = {INDICES[ast.unparse(each.value)] % x.ndim for each in keywords}
            over = [axis for axis in range(x.ndim) if axis not in kept]
        elif not over:
            return reduce(x)
        return reduce(x, axis=tuple(over), keepdims=keep)
