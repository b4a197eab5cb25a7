"""How formulas are written: where brackets go and what stands beside what, in any notation."""

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from nnfs_cli.core.formula_values import CONSTANTS, REDUCTIONS

if TYPE_CHECKING:
    from nnfs_cli.core.formula import Formula

CHOICE, SUM, PRODUCT, SERIES, POWER, ATOM = range(6)
"""How tightly parts hold together: what holds less tightly than its place demands is put in brackets. A
series is what begins with a sum sign."""

GREEK = frozenset(
    {
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "mu", "nu"),
        *("xi", "pi", "rho", "sigma", "tau", "phi", "psi", "omega"),
    }
)
ONE_LETTER = re.compile(rf"(?:[A-Za-z]|{'|'.join(sorted(GREEK))})(?:hat)?\d*")

COMPARED = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "="}

TEMPLATES: dict[str, tuple[str, str]] = {
    # function, and the number of its arguments where it has two forms: (the target's indices, the right side)
    "conv3": ("f,r,s", "{sum:c,i,j} {1:f,c,i,j} {0:c,r+i,s+j}"),
    "conv": ("f,r,s", "{sum:c,i,j} {1:f,c,i,j} {0:c,r stride+i dilation,s stride+j dilation}"),
    "conv_weight_grad4": ("f,c,i,j", "{sum:n,r,s} {1:f,r,s} {0:c,r+i,s+j}"),
    "conv_weight_grad": ("f,c,i,j", "{sum:n,r,s} {1:f,r,s} {0:c,r stride+i dilation,s stride+j dilation}"),
    "conv_input_grad4": ("c,p,q", "{sum:f,i,j} {2:f,c,i,j} {1:f,p-i,q-j}"),
    "conv_input_grad": ("c,p,q", "{sum:f,i,j} {2:f,c,i,j} {1:f,(p-i dilation)/stride,(q-j dilation)/stride}"),
    "conv_transpose4": ("f,p,q", "{sum:c,i,j} {1:c,f,i,j} {0:c,p-i,q-j}"),
    "conv_transpose": (
        "f,p,q",
        "{sum:c,i,j} {1:c,f,i,j} {0:c,(p-i dilation)/stride,(q-j dilation)/stride}",
    ),
    "conv_transpose_weight_grad4": ("c,f,i,j", "{sum:n,r,s} {0:c,r,s} {1:f,r+i,s+j}"),
    "conv_transpose_weight_grad": (
        "c,f,i,j",
        "{sum:n,r,s} {0:c,r,s} {1:f,r stride+i dilation,s stride+j dilation}",
    ),
    "conv_transpose_input_grad3": ("c,r,s", "{sum:f,i,j} {1:c,f,i,j} {0:f,r+i,s+j}"),
    "conv_transpose_input_grad": (
        "c,r,s",
        "{sum:f,i,j} {1:c,f,i,j} {0:f,r stride+i dilation,s stride+j dilation}",
    ),
    "max_pool": ("c,r,s", "{max:i,j} {0:c,r stride+i,s stride+j}"),
    "max_pool_grad": ("c,p,q", "{sum:r,s} {1:c,r,s}{words: where the largest of window r,s is }{0:c,p,q}"),
    "window_sum": ("c,r,s", "{sum:i,j} {0:c,r stride+i,s stride+j}"),
    "window_sum_grad": ("c,p,q", "{sum:r,s} {1:c,r,s}{words: where window r,s has }{0:c,p,q}"),
    "repeat": ("c,r,s", "{0:c,floor(r/fh),floor(s/fw)}"),
    "sum_copies": ("c,p,q", "{sum:i,j} {0:c,p fh+i,q fw+j}"),
    "spread": ("c,r,s", "{0:c}"),
    "pad": ("c,r,s", "{0:c,r-top,s-left}"),
    "crop": ("c,r,s", "{0:c,r+top,s+left}"),
    "pick": ("", "{0:n,t_n}"),
    "take": ("", "{0:t_n}"),
    "onehot": ("", "{words:onehot}({0})"),
    "flatten": ("", "{words:flatten}({0})"),
    "reshape": ("", "{words:reshape}({0})"),
    "like": ("", "{0}{words: in the shape of }{1}"),
    "vjp": ("", "({words:∂}{0}/{words:∂}{1}){words:^T} {2}"),
}


class Writer(ABC):
    """Writes a formula with the names that the reader knows.

    names: own names to shown ones.
    indices: of the target, where a function on the right has such.
    """

    def __init__(self, formula: "Formula", names: Mapping[str, str]) -> None:
        self.formula, self.names, self.indices = formula, names, _indices(formula.node)

    def line(self) -> str:
        """The whole formula, or the right side if there is no target."""
        right = self.at(self.formula.node, CHOICE)
        if not self.formula.target:
            return right
        return f"{self.name(self.formula.target, self.indices)} {self.assigned} {right}"

    @property
    @abstractmethod
    def assigned(self) -> str:
        """What stands between the sides."""

    @abstractmethod
    def name(self, name: str, indices: str = "") -> str:
        """A name as the reader knows it, with indices such as `c,r+i,s+j`."""

    @abstractmethod
    def indexed(self, shown: str, indices: str) -> str:
        """A name that is not in the formula's own words, with indices."""

    @abstractmethod
    def brackets(self, text: str) -> str: ...
    @abstractmethod
    def product(self, left: str, right: str, sign: str) -> str:
        """sign: `` for numbers and matrices, `*` for arrays, `.` before a digit."""

    @abstractmethod
    def quotient(self, node: ast.BinOp) -> tuple[str, int]: ...
    @abstractmethod
    def power(self, base: str, exponent: ast.expr) -> str: ...
    @abstractmethod
    def transposed(self, text: str) -> str: ...
    @abstractmethod
    def number(self, value: float) -> str: ...
    @abstractmethod
    def series(self, kind: str, indices: str) -> str:
        """A sum sign with what it is over, such as `n`, `c,i,j` or `all but c`; or another sign."""

    @abstractmethod
    def compared(self, left: str, sign: str, right: str) -> str: ...
    @abstractmethod
    def indicator(self, condition: str) -> str:
        """1 where the condition holds, else 0."""

    @abstractmethod
    def choice(self, condition: str, then: str, other: str) -> str: ...
    @abstractmethod
    def function(self, name: str, args: list[ast.expr]) -> str: ...
    @abstractmethod
    def words(self, text: str) -> str: ...

    def at(self, node: ast.expr, least: int) -> str:
        """An expression, in brackets if it holds less tightly than `least`."""
        text, strength = self.part(node)
        return text if strength >= least else self._enclosed(node, text)

    def _enclosed(self, node: ast.expr, text: str) -> str:
        return self.indicator(text) if isinstance(node, ast.Compare) else self.brackets(text)

    def part(self, node: ast.expr) -> tuple[str, int]:
        """An expression, and how tightly it holds together."""
        match node:
            case ast.Constant(value=value) if isinstance(value, int | float):
                return self.number(value), ATOM
            case ast.Name(id=name):
                return self.name(name), ATOM
            case ast.Subscript(value=ast.Name(id=name), slice=places):
                return self.name(name, ast.unparse(places).strip("()").replace(" ", "")), ATOM
            case ast.UnaryOp(operand=operand):
                return f"-{self.at(operand, PRODUCT)}", PRODUCT
            case ast.Attribute(value=value):
                return self.transposed(self.at(value, ATOM)), POWER
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(self.at(left, ATOM), right), POWER
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return f"{self.at(left, SUM)} + {self.at(right, SUM)}", SUM
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return f"{self.at(left, SUM)} - {self.at(right, PRODUCT)}", SUM
            case ast.BinOp(op=ast.Div()):
                return self.quotient(node)
            case ast.BinOp():
                return self._product(node)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.compared(self.at(left, SUM), COMPARED[type(op)], self.at(right, SUM)), CHOICE
            case ast.Call(func=ast.Name(id=name)) if name in REDUCTIONS:
                return self._reduction(node)
            case ast.Call(func=ast.Name(id="where"), args=[condition, then, other]):
                return self.choice(
                    self.at(condition, CHOICE), self.at(then, SUM), self.at(other, SUM)
                ), CHOICE
            case ast.Call():
                return self._call(node)
        raise AssertionError(ast.dump(node))

    def _product(self, node: ast.BinOp) -> tuple[str, int]:
        left, strength = self.part(node.left)
        numbers = self.formula.numbers
        by_element = isinstance(node.op, ast.Mult) and not (
            is_number(node.left, numbers) or is_number(node.right, numbers)
        )
        mixed = by_element and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.MatMult)
        if strength < PRODUCT or strength == SERIES or mixed:
            left = self._enclosed(node.left, left)
        right, strength = self.part(node.right)
        if strength <= PRODUCT:
            right = self._enclosed(node.right, right)
        sign = "*" if by_element else "." if right[:1].isdigit() else ""
        return self.product(left, right, sign), SERIES if strength == SERIES else PRODUCT

    def _reduction(self, node: ast.Call) -> tuple[str, int]:
        kind = ast.unparse(node.func)
        indices = ",".join(ast.unparse(each) for each in node.args[1:])
        for each in node.keywords:
            indices = f"all but {ast.unparse(each.value)}"
        if kind == "sum":
            return f"{self.series('sum', indices)} {self.at(node.args[0], POWER)}", SERIES
        inner = self.brackets(self.at(node.args[0], CHOICE))
        return self.series(kind, indices) + inner, ATOM

    def _call(self, node: ast.Call) -> tuple[str, int]:
        template = _template(node)[1]
        if not template:
            return self.function(ast.unparse(node.func), node.args), ATOM
        args = [_Argument(self, each) for each in node.args]
        text = template.format(
            *args,
            sum=_Sign(lambda indices: self.series("sum", indices)),
            max=_Sign(lambda indices: self.series("max", indices)),
            words=_Sign(self.words),
        )
        return text, SERIES if template.startswith(("{sum", "{max")) else PRODUCT if " " in template else ATOM

    def base_of(self, name: str) -> str:
        """`W` for `dW`, the gradient of the loss to W; an empty text for names of other things."""
        known = GREEK | self.formula.numbers
        base = name[1:] if name.startswith("d") and name not in known else ""
        is_known = ONE_LETTER.fullmatch(base) or base in self.names or name == self.formula.target
        return base if is_known else ""


def names_in(node: ast.expr) -> frozenset[str]:
    """The names in an expression, but for functions and indices."""
    match node:
        case ast.Name(id=name):
            return frozenset({name})
        case ast.Subscript(value=value):
            return names_in(value)
        case ast.Call(func=ast.Name(id=name), args=args):
            used: Sequence[ast.AST] = args[:1] if name in REDUCTIONS else args
        case _:
            used = list(ast.iter_child_nodes(node))
    parts = (names_in(each) for each in used if isinstance(each, ast.expr))
    return frozenset[str]().union(*parts).difference(CONSTANTS)


def is_number(node: ast.expr, numbers: Collection[str]) -> bool:
    """Whether an expression is a single number, whatever the arrays' shapes; `numbers` are names of such."""
    match node:
        case ast.Name(id=name):
            return name in numbers
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            if name in REDUCTIONS:
                return len(args) == 1 and not keywords
            return all(is_number(each, numbers) for each in args)
        case ast.Subscript():
            return False
    children = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
    return all(is_number(each, numbers) for each in children)


def _indices(node: ast.expr) -> str:
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return next((indices for call in calls if (indices := _template(call)[0])), "")


def _template(call: ast.Call) -> tuple[str, str]:
    name = ast.unparse(call.func)
    return TEMPLATES.get(f"{name}{len(call.args)}") or TEMPLATES.get(name, ("", ""))


class _Argument:
    """An argument in a template: `{0}`, or with indices `{0:c,r,s}`."""

    def __init__(self, writer: Writer, node: ast.expr) -> None:
        self.writer, self.node = writer, node

    def __format__(self, indices: str) -> str:
        if not indices:
            return self.writer.at(self.node, CHOICE)
        if isinstance(self.node, ast.Name):
            return self.writer.name(self.node.id, indices)
        return self.writer.indexed(self.writer.at(self.node, ATOM), indices)


class _Sign:
    """A sign in a template, with what it is over: `{sum:c,i,j}`."""

    def __init__(self, write: Callable[[str], str]) -> None:
        self.write = write

    def __format__(self, over: str) -> str:
        return self.write(over)
