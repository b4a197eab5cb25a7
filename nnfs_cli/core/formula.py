"""Formulas: equations that a component states once, to be shown as text or LaTeX, and computed.

A formula is an assignment in Python's notation, such as `dW = x.T @ dy`:

- `@` is the matrix product, `*` and `/` go element by element, and `x > 0` is 1 where it holds, else 0;
- `sum(x)`, `mean(x)` and `var(x)` are over all numbers; `sum(x, n)` is over axes by their index: n of rows,
  c or f of channels, r and s of an image's rows and columns, k of the last axis; `but=c` is over all others;
- `a[c]` is an array (C,) along the channels of the other arrays;
- all other functions are those of `formula_values.FUNCTIONS`.
"""

import ast
import functools
import keyword
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.formula_latex import in_latex
from nnfs_cli.core.formula_text import in_text
from nnfs_cli.core.formula_values import CONSTANTS, FUNCTIONS, INDICES, REDUCTIONS, compute
from nnfs_cli.core.formula_writer import GREEK, is_number, names_in

SIZES = frozenset({"N", "M", "K", "D", "C", "H", "lr", "n", *CONSTANTS})
"""Names that are numbers in every formula: sizes, the learning rate, and the number of steps."""

OPERATIONS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow, ast.USub)
COMPARISONS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq)


@dataclass(frozen=True)
class Formula:
    """One equation.

    text: as stated.
    target: the name on the left; empty for a factor or a term, which has none.
    names: those on the right, but for functions and indices.
    numbers: the names that stand for single numbers. The product of two others is written `⊙`.
    """

    text: str
    target: str
    names: frozenset[str]
    node: ast.expr = field(compare=False, repr=False)
    numbers: frozenset[str] = SIZES

    @classmethod
    def parse(cls, text: str, numbers: Iterable[str] = (), functions: Iterable[str] = ()) -> "Formula":
        """The formula that `text` states. `numbers` are names of single numbers, as options are.

        functions: names of functions whose values only `value` gets. NnfsError says what is wrong, and where.
        """
        return _parsed(text, frozenset(numbers), frozenset(functions))

    @property
    def right(self) -> "Formula":
        """The right side alone."""
        return self._of(self.node)

    @property
    def gradient_of(self) -> str:
        """`W` if this is the gradient of the loss to W, `dW = ...`; else an empty text."""
        return self.target[1:] if self.target.startswith("d") and self.target not in GREEK else ""

    @property
    def unknown(self) -> frozenset[str]:
        """The functions on the right that only `values` can hold; without these there is no value."""
        calls = (ast.unparse(each.func) for each in ast.walk(self.node) if isinstance(each, ast.Call))
        return frozenset(name for name in calls if name not in REDUCTIONS and not FUNCTIONS.get(name))

    @property
    def updates(self) -> bool:
        """Whether it gives its target a new value that depends on the old one, as `w = w - lr * g`."""
        return self.target in self.names

    def written(self, names: Mapping[str, str] = {}) -> str:
        """As text: `dW = xᵀ dy`. `names` maps own names to shown ones; that of W is also used for dW.

        `formula_text.in_ascii` makes `dW = x^T dy` of it, for terminals without these characters.
        """
        return in_text(self, names)

    def latex(self, names: Mapping[str, str] = {}) -> str:
        """As LaTeX without dollars, in what MathJax and Matplotlib both render. `names` gives LaTeX."""
        return in_latex(self, names)

    def value(self, values: Mapping[str, Any]) -> Any:
        """The right side, computed by NumPy. Besides its names, `values` may hold functions, by name."""
        return compute(self.node, values)

    def factors(self, values: Mapping[str, Any]) -> list[tuple["Formula", Any]]:
        """The right side's factors, or else its terms, each with its value: `dy` and `y > 0` of a product.

        A divisor d is the factor 1 / d, a subtracted term is negative.
        """
        parts = [self._of(node) for node in _split(self.node)]
        return [(part, part.value(values)) for part in parts]

    def _of(self, node: ast.expr) -> "Formula":
        return Formula(ast.unparse(node), "", names_in(node), node, self.numbers)


def evaluate(formulas: Iterable[Formula], values: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each formula's target, in order; each formula uses the values of those before it."""
    computed: dict[str, Any] = {}
    for formula in formulas:
        computed[formula.target] = formula.value({**values, **computed})
    return computed


def stated(
    lines: Sequence[str], options: Mapping[str, Any], functions: Iterable[str] = ()
) -> tuple[Formula, ...]:
    """The formulas of a component with these options: those lines whose condition, `if bias`, holds.

    A condition is an option, an option that equals a text, or one of these after `not` or joined by `and`.
    """
    holding = [text for text, condition in map(_halves, lines) if _holds(condition, options)]
    numbers = {name for name, value in options.items() if isinstance(value, Real)}
    formulas = []
    for text in holding:
        formula = Formula.parse(text, numbers, functions)
        if is_number(formula.node, formula.numbers):
            numbers.add(formula.target)
        formulas.append(formula)
    return tuple(formulas)


def function_name(name: str) -> str:
    """A component's name as that of a function: `my_layer` for my-layer."""
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if keyword.iskeyword(plain) or plain[:1].isdigit() else plain


def completed(formulas: Sequence[Formula], name: str, params: Collection[str]) -> tuple[Formula, ...]:
    """A layer's formulas, and in general terms what they lack: y, or the gradient to x or one of `params`.

    y is then a function `name` of x and the parameters, and a gradient the transposed Jacobian times dy.
    """
    function = function_name(name)
    general = {
        "y": f"y = {function}({', '.join(['x', *params])})",
        **{f"d{each}": f"d{each} = vjp(y, {each}, dy)" for each in (*params, "x")},
    }
    for formula in formulas:
        general.pop(formula.target, None)
    added = [Formula.parse(text, (), {function}) for text in general.values()]
    first = [each for each in added if not each.gradient_of]
    return (*first, *formulas, *(each for each in added if each.gradient_of))


def _halves(line: str) -> tuple[str, str]:
    text, _, condition = line.partition(" if ")
    return text, condition


def _holds(condition: str, options: Mapping[str, Any]) -> bool:
    def holds(node: ast.expr) -> Any:
        match node:
            case ast.Name(id=name) if name in options:
                return options[name]
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not holds(operand)
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(holds(part) for part in parts)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                return holds(left) == holds(right)
        raise NnfsError(
            f"formula: a condition asks for options, found `{ast.unparse(node)}` in `{condition}`"
        )

    return not condition or bool(holds(_tree(condition, condition)))


@functools.lru_cache(1024)
def _parsed(text: str, numbers: frozenset[str], functions: frozenset[str]) -> Formula:
    target, _, right = text.partition("=")
    if not right.strip() or not target.strip().isidentifier() or right.startswith("="):
        raise NnfsError(f"formula `{text}`: must be `name = expression`")
    node = _tree(right, text)
    _check(node, text, frozenset(FUNCTIONS) | REDUCTIONS | functions)
    return Formula(text, target.strip(), names_in(node), node, SIZES | numbers)


def _tree(expression: str, text: str) -> ast.expr:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        place = f" at `{expression.strip()[max((error.offset or 1) - 1, 0) :]}`"
        raise NnfsError(f"formula `{text}`: {error.msg}{place}") from None


def _check(node: ast.expr, text: str, functions: frozenset[str]) -> None:
    """Raise NnfsError for what formulas do not have."""
    parts: list[ast.expr]
    match node:
        case ast.Name() | ast.Constant(value=int() | float()):
            parts = []
        case ast.BinOp(left=left, op=operation, right=right) if isinstance(operation, OPERATIONS):
            parts = [left, right]
        case ast.UnaryOp(op=ast.USub(), operand=operand) | ast.Attribute(value=operand, attr="T"):
            parts = [operand]
        case ast.Compare(left=left, ops=[operation], comparators=[right]) if isinstance(
            operation, COMPARISONS
        ):
            parts = [left, right]
        case ast.Subscript(value=ast.Name(), slice=places):
            _check_indices(indices_of(places), text)
            parts = []
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in functions:
            over = args[1:] if name in REDUCTIONS else []
            _check_indices([*over, *(each.value for each in keywords)], text)
            if any(each.arg != "but" or name not in REDUCTIONS for each in keywords):
                raise NnfsError(f"formula `{text}`: only {', '.join(sorted(REDUCTIONS))} take `but=`")
            parts = args[:1] if name in REDUCTIONS else args
        case ast.Call(func=ast.Name(id=name)):
            raise NnfsError(f"formula `{text}`: no function {name!r}{did_you_mean(name, functions)}")
        case _:
            raise NnfsError(f"formula `{text}`: cannot contain `{ast.unparse(node)}`")
    for part in parts:
        _check(part, text, functions)


def _check_indices(found: Sequence[ast.expr], text: str) -> None:
    for each in found:
        if not isinstance(each, ast.Name) or each.id not in INDICES:
            raise NnfsError(
                f"formula `{text}`: `{ast.unparse(each)}` is no index; there are {', '.join(sorted(INDICES))}"
            )


def indices_of(places: ast.expr) -> list[ast.expr]:
    """The indices in the brackets of a subscript."""
    return list(places.elts) if isinstance(places, ast.Tuple) else [places]


def _split(node: ast.expr) -> list[ast.expr]:
    """The factors of a product, or the terms of a sum."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult() | ast.MatMult(), right=right):
            return [*_factors(left), *_factors(right)]
        case ast.BinOp(op=ast.Div()):
            return _factors(node)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [*_terms(left), *_terms(right)]
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return [*_terms(left), ast.UnaryOp(ast.USub(), right)]
    return [node]


def _factors(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp(left=left, op=ast.Mult() | ast.MatMult(), right=right):
            return [*_factors(left), *_factors(right)]
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            inverse = ast.BinOp(ast.Constant(1), ast.Div(), right)
            is_number = isinstance(left, ast.Constant) or (
                isinstance(left, ast.UnaryOp) and isinstance(left.operand, ast.Constant)
            )
            return [node] if is_number else [*_factors(left), inverse]
    return [node]


def _terms(node: ast.expr) -> list[ast.expr]:
    return _split(node) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) else [node]
