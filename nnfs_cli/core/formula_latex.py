r"""Formulas as LaTeX: `\frac{\partial L}{\partial W} = x^{\top} \frac{\partial L}{\partial y}`.

MathJax (as on GitHub) and Matplotlib's mathtext both render what is written here. mathtext has no cases.
"""

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnfs_cli.core.formula_writer import CHOICE, GREEK, PRODUCT, Writer

if TYPE_CHECKING:
    from nnfs_cli.core.formula import Formula

SPECIAL = {"lr": r"\eta", "epsilon": r"\varepsilon"}
NAMED = frozenset({"log", "exp", "tanh", "cos", "cosh", "max", "min"})
WORDS_OR_SPACE = re.compile(r"([a-z]{2,}(?: [a-z]{2,})*)| ")
FLOOR = re.compile(r"\\mathrm\{floor\}\((.*?)\)")
BESIDE = {"": r" \, ", "*": r" \odot ", ".": r" \cdot "}
SIGNS = {">": ">", ">=": r"\geq", "<": "<", "<=": r"\leq", "=": "="}


def in_latex(formula: "Formula", names: Mapping[str, str]) -> str:
    """The formula as LaTeX; `names` gives LaTeX for names."""
    return Latex(formula, names).line()


def name_in_latex(name: str) -> str:
    r"""`\beta_{1}` for `beta1`, `\hat{m}` for `mhat`, `x` for `x`, upright words for others."""
    stem, hat, digits = re.findall(r"^(.+?)(hat)?_?(\d*)$", name)[0]
    if name in SPECIAL or stem in SPECIAL:
        shown = SPECIAL.get(name) or SPECIAL[stem]
    elif stem in GREEK:
        shown = f"\\{stem}"
    elif len(stem) == 1:
        shown = stem
    else:
        stem, hat = stem + hat, ""
        shown = f"\\mathrm{{{_escaped(stem)}}}"
    shown = f"\\hat{{{shown}}}" if hat else shown
    return f"{shown}_{{{digits}}}" if digits else shown


def _escaped(text: str) -> str:
    return text.replace("_", r"\_").replace(" ", r"\ ")


class Latex(Writer):
    """What MathJax and Matplotlib both render."""

    @property
    def assigned(self) -> str:
        return r"\leftarrow" if self.formula.updates else "="

    def name(self, name: str, indices: str = "") -> str:
        base = self.base_of(name)
        if base and name not in self.names:
            of = self.names.get(base) or name_in_latex(base)
            return rf"\frac{{\partial L}}{{\partial {self._with(of, indices)}}}"
        return self._with(self.names.get(name) or name_in_latex(name), indices)

    def indexed(self, shown: str, indices: str) -> str:
        return self._with(shown, indices)

    def _with(self, shown: str, indices: str) -> str:
        if not indices:
            return shown
        subscript = WORDS_OR_SPACE.sub(
            lambda found: rf"\mathrm{{{_escaped(found[1])}}}" if found[1] else r"\,", indices
        )
        subscript = FLOOR.sub(r"\\lfloor \1 \\rfloor", subscript)
        plain = "_" not in shown and "^" not in shown and "frac" not in shown
        return f"{shown}_{{{subscript}}}" if plain else f"{{{shown}}}_{{{subscript}}}"

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def product(self, left: str, right: str, sign: str) -> str:
        return left + BESIDE[sign] + right

    def quotient(self, node: ast.BinOp) -> tuple[str, int]:
        left, sign = self.at(node.left, CHOICE), ""
        if left.startswith("-") and not isinstance(node.left, ast.BinOp):
            left, sign = left[1:], "-"
        return rf"{sign}\frac{{{left}}}{{{self.at(node.right, CHOICE)}}}", PRODUCT

    def power(self, base: str, exponent: ast.expr) -> str:
        return f"{base}^{{{self.at(exponent, CHOICE)}}}"

    def transposed(self, text: str) -> str:
        return rf"{text}^{{\top}}"

    def number(self, value: float) -> str:
        return f"{value:.6g}"

    def series(self, kind: str, indices: str) -> str:
        return self._with(f"\\{kind}" if kind in ("sum", "max") else self.words(kind), indices)

    def compared(self, left: str, sign: str, right: str) -> str:
        return f"{left} {SIGNS[sign]} {right}"

    def indicator(self, condition: str) -> str:
        return rf"\mathbf{{1}}_{{{condition}}}"

    def choice(self, condition: str, then: str, other: str) -> str:
        return rf"{then}\ \mathrm{{where}}\ {condition},\ \mathrm{{else}}\ {other}"

    def function(self, name: str, args: list[ast.expr]) -> str:
        inner = ", ".join(self.at(each, CHOICE) for each in args)
        if name == "abs":
            return rf"\left|{inner}\right|"
        if name == "sqrt":
            return rf"\sqrt{{{inner}}}"
        if name == "exp" and len(inner) < 24 and "frac" not in inner:
            return f"e^{{{inner}}}"
        head = f"\\{name}" if name in NAMED else rf"\mathrm{{{_escaped(name)}}}"
        return rf"{head}\left({inner}\right)"

    def words(self, text: str) -> str:
        return {"^T": r"^{\top}", "∂": r"\partial "}.get(text, rf"\mathrm{{{_escaped(text)}}}")
