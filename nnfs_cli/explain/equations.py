"""A component's formulas as equations of this network: its names, real shapes, and the numbers of a step."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import listed
from nnfs_cli.core.formula import Formula
from nnfs_cli.core.formula_text import in_ascii
from nnfs_cli.core.formula_values import FUNCTIONS, REDUCTIONS, compute
from nnfs_cli.explain.names import Name
from nnfs_cli.explain.records import Equation, Term


class Writer:
    """Writes the formulas of one component.

    names: of arrays, by the names that the formulas use; of gradients too, where they are not `d` and a name.
    values: of all names. What formulas define is added as it is computed.
    seen: names whose values the reader has seen; one set for the whole explanation.
    has_numbers: whether to show values.
    most: numbers up to which the factors or terms of an equation are shown; None for any number.
    """

    def __init__(
        self,
        names: Mapping[str, Name],
        values: Mapping[str, Any],
        seen: set[str],
        *,
        has_numbers: bool,
        most: int | None = None,
    ) -> None:
        self.names = dict(names)
        self.values = dict(values)
        self._seen, self._has_numbers, self._most = seen, has_numbers, most

    def equation(self, formula: Formula, result: Any = None, *, left: Name | None = None) -> Equation:
        """One formula as an equation.

        result: the value of its target, if it is known; else it is computed.
        left: how the left side is written, if it is not by its name.
        """
        target = left or self.names.get(formula.target) or Name.of(formula.target)
        texts = {name: shown.text for name, shown in self.names.items()} | {formula.target: target.text}
        latex = {name: shown.latex for name, shown in self.names.items()} | {formula.target: target.latex}
        value = np.asarray(formula.value(self.values) if result is None else result)
        text = in_ascii(formula.written(texts))
        terms = tuple(self._terms(formula, texts, latex)) if self._has_numbers else ()
        result_term = new(target, value) if formula.updates else Term(target.text, target.latex, value)
        if _is_finite(value):
            terms, result_term = _without_overflow(terms, result_term)
        equation = Equation(
            text=text,
            latex=formula.latex(latex),
            shapes=f"{self._operands(formula, text)} -> {shape_text(value.shape)}",
            terms=terms,
            result=result_term,
        )
        self.values[formula.target] = value
        self._seen.add(target.text)
        if left is not None:
            self._seen.add(self.names[formula.target].text)
        return equation

    def _terms(self, formula: Formula, texts: Mapping[str, str], latex: Mapping[str, str]) -> Iterator[Term]:
        """Arrays that the reader has not seen, and then the factors or terms that are not just names."""
        for name in _names_in_order(formula.node):
            shown = texts.get(name, name)
            is_new = shown not in self._seen and name != formula.target
            if is_new and isinstance(self.values.get(name), np.ndarray):
                self._seen.add(shown)
                yield Term(shown, latex.get(name) or Name.of(name).latex, np.asarray(self.values[name]))
        if not is_computable(formula):
            return
        factors = formula.factors(self.values)
        for factor, value in factors if len(factors) > 1 else ():
            if self._most is not None and np.size(value) > self._most:
                continue
            yield from self._summands(factor, texts, latex)
            if not _is_plain(factor.node):
                text = in_ascii(factor.written(texts))
                note = self._note(factor, texts) if not np.ndim(value) else ""
                yield Term(text, factor.latex(latex), np.asarray(value), note)

    def _summands(
        self, factor: Formula, texts: Mapping[str, str], latex: Mapping[str, str]
    ) -> Iterator[Term]:
        """What a factor is the sum of, if it is a sum of several numbers."""
        match factor.node:
            case ast.Call(func=ast.Name(id="sum"), args=[summand]) if not isinstance(summand, ast.Name):
                inner = replace(factor, text=ast.unparse(summand), node=summand)
                value = np.asarray(inner.value(self.values))
                if value.size > 1:
                    yield Term(in_ascii(inner.written(texts)), inner.latex(latex), value)

    def _operands(self, formula: Formula, text: str) -> str:
        """The shapes of a matrix product's two sides, `(64, 784)(784, 128)`; else of the arrays."""
        for node in ast.walk(formula.node):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                return "".join(
                    shape_text(compute(side, self.values).shape) for side in (node.left, node.right)
                )
        named = [name for name in _names_in_order(formula.node) if self._is_written(name, text)]
        shapes = dict.fromkeys(shape_text(self.values[name].shape) for name in named)
        return ", ".join(shapes) or "a number"

    def _is_written(self, name: str, text: str) -> bool:
        """Whether a name is that of an array, and stands in an equation's text."""
        shown = self.names[name].text if name in self.names else name
        is_there = re.search(rf"(?<!\w){re.escape(shown)}(?!\w)", text.partition("=")[2] or text)
        return isinstance(self.values.get(name), np.ndarray) and is_there is not None

    def _note(self, factor: Formula, texts: Mapping[str, str]) -> str:
        """A number's names with their values: `N = 64`."""
        known = [
            f"{texts.get(name, name)} = {self.values[name]:.6g}"
            for name in _names_in_order(factor.node)
            if not np.ndim(self.values.get(name, ())) and isinstance(self.values[name], int | float)
        ]
        return ", ".join(dict.fromkeys(known))


def _without_overflow(terms: Sequence[Term], result: Term) -> tuple[tuple[Term, ...], Term]:
    """The terms of a finite result that are finite, too; a note on the result says why others are missing."""
    lost = [term.text for term in terms if not _is_finite(term.value)]
    if not lost:
        return tuple(terms), result
    why = (
        f"{listed(lost, 3)} cannot be shown: a number in it overflows, or is rounded to 0 or 1. "
        f"{result.text} is computed in another form, which is exact."
    )
    return tuple(term for term in terms if _is_finite(term.value)), replace(result, note=why)


def _is_finite(value: Array) -> bool:
    return bool(np.isfinite(value).all())


def new(name: Name, value: Array) -> Term:
    """The value that an array has after the step."""
    return Term(f"new {name.text}", rf"\mathrm{{new}}\ {name.latex}", value)


def equation_of_names(
    left: Name, terms: Sequence[Name], shape: Shape, value: Array | None = None
) -> Equation:
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
    calls = (ast.unparse(node.func) for node in ast.walk(formula.node) if isinstance(node, ast.Call))
    return all(name in REDUCTIONS or FUNCTIONS.get(name) is not None for name in calls)


def contradicts(formula: Formula, values: Mapping[str, Any], result: Array) -> bool:
    """Whether a formula gives other numbers than the component computes, as a plugin's may by mistake."""
    if not is_computable(formula) or not _is_finite(result):
        return False
    value = np.asarray(formula.value(values))
    if value.size != result.size:
        return True
    return _is_finite(value) and not np.allclose(value.ravel(), result.ravel(), rtol=1e-5, atol=1e-8)


def told_wrong(equation: Equation) -> Equation:
    """The equation, with a note that its numbers are not those of its formula."""
    if equation.result is None:
        return equation
    note = "The formula gives other numbers than these, which are computed: `nnfs gradcheck` shows where."
    return replace(equation, result=replace(equation.result, note=note))


def shape_text(shape: Shape) -> str:
    """`(64, 128)`, `(128,)`, or `a number`."""
    return str(tuple(map(int, shape))) if shape else "a number"


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


def statement(formula: Formula, names: Mapping[str, Name]) -> Equation:
    """A formula that holds for several arrays, without shapes and numbers."""
    texts = {name: shown.text for name, shown in names.items()}
    latex = {name: shown.latex for name, shown in names.items()}
    return Equation(in_ascii(formula.written(texts)), formula.latex(latex), "", (), None)
