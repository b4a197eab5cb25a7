"""A component's formulas as equations of this network: its names, real shapes, and the numbers of a step."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.formula import Formula
from nnfs_cli.core.formula_values import FUNCTIONS, REDUCTIONS, compute
from nnfs_cli.explain.names import Name
from nnfs_cli.explain.records import Equation, Term

SIZES = ("N", "M", "K")
"""Names of numbers that the reader knows from the shapes."""


class Writer:
    """Writes the formulas of one component.

    names: of arrays, by the names that the formulas use; of gradients too, where they are not `d` and a name.
    values: of all names. What formulas define is added as it is computed.
    seen: names whose values the reader has seen; one set for the whole explanation.
    has_numbers: whether to show values.
    """

    def __init__(
        self, names: Mapping[str, Name], values: Mapping[str, Any], seen: set[str], *, has_numbers: bool
    ) -> None:
        self.names = dict(names)
        self.values = dict(values)
        self._seen, self._has_numbers = seen, has_numbers

    def equation(self, formula: Formula, result: Any = None, *, left: Name | None = None) -> Equation:
        """One formula as an equation.

        result: the value of its target, if it is known; else it is computed.
        left: how the left side is written, if it is not by its name.
        """
        target = left or self.names.get(formula.target) or Name.of(formula.target)
        texts = {name: shown.text for name, shown in self.names.items()} | {formula.target: target.text}
        latex = {name: shown.latex for name, shown in self.names.items()} | {formula.target: target.latex}
        value = np.asarray(formula.value(self.values) if result is None else result)
        terms = tuple(self._terms(formula, texts, latex)) if self._has_numbers else ()
        equation = Equation(
            text=formula.written(texts),
            latex=formula.latex(latex),
            shapes=f"{_operands(formula, self.values)} -> {shape_text(value.shape)}",
            terms=terms,
            result=Term(target.text, target.latex, value),
        )
        self.values[formula.target] = value
        self._seen.add(target.text)
        return equation

    def _terms(self, formula: Formula, texts: Mapping[str, str], latex: Mapping[str, str]) -> Iterator[Term]:
        """Arrays that the reader has not seen, and then the factors or terms that are not just names."""
        for name in _names_in_order(formula.node):
            shown = texts.get(name, name)
            if np.ndim(self.values.get(name)) and shown not in self._seen and name != formula.target:
                self._seen.add(shown)
                yield Term(shown, latex.get(name) or Name.of(name).latex, np.asarray(self.values[name]))
        if not is_computable(formula):
            return
        factors = formula.factors(self.values)
        for factor, value in factors if len(factors) > 1 else ():
            if not _is_plain(factor.node):
                text = factor.written(texts)
                note = self._note(factor, value) if not np.ndim(value) else ""
                yield Term(text, factor.latex(latex), np.asarray(value), note)

    def _note(self, factor: Formula, value: Any) -> str:
        """A number's names with their values: `N = 64`."""
        known = [
            f"{name} = {self.values[name]:.6g}"
            for name in _names_in_order(factor.node)
            if not np.ndim(self.values.get(name, ())) and isinstance(self.values[name], int | float)
        ]
        return ", ".join(dict.fromkeys(known))


def equation_of_names(left: Name, terms: Sequence[Name], shape: Shape, value: Array | None = None) -> Equation:
    """`h1 = a1 + z2`, all of one shape; without a value where it only gives an array another name."""
    return Equation(
        text=f"{left.text} = {' + '.join(term.text for term in terms)}",
        latex=f"{left.latex} = {' + '.join(term.latex for term in terms)}",
        shapes=f"{shape_text(shape)} -> {shape_text(shape)}",
        terms=(),
        result=None if value is None else Term(left.text, left.latex, value),
    )


def is_computable(formula: Formula) -> bool:
    """Whether NumPy can compute it: a layer that states no formulas is a function that has no value."""
    calls = (node.func.id for node in ast.walk(formula.node) if _is_call(node))
    return all(name in REDUCTIONS or FUNCTIONS.get(name) is not None for name in calls)


def _is_call(node: ast.AST) -> Any:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def shape_text(shape: Shape) -> str:
    """`(64, 128)`, `(128,)`, or `a number`."""
    return str(tuple(map(int, shape))) if shape else "a number"


def _operands(formula: Formula, values: Mapping[str, Any]) -> str:
    """The shapes of the first matrix product's two sides, `(64, 784)(784, 128)`; else those of the arrays."""
    nodes = ast.walk(formula.node)
    product = next(
        (node for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)), None
    )
    if product is not None:
        sides = (np.shape(compute(side, values)) for side in (product.left, product.right))
        return "".join(map(shape_text, sides))
    arrays = [np.shape(values[name]) for name in _names_in_order(formula.node) if np.ndim(values.get(name))]
    return ", ".join(dict.fromkeys(map(shape_text, arrays))) or "a number"


def _names_in_order(node: ast.expr) -> list[str]:
    """The names in an expression from left to right, each once; those of functions and indices too."""
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    names.sort(key=lambda each: each.col_offset)
    return list(dict.fromkeys(each.id for each in names))


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression is a name, or a transposed or indexed one."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name)

