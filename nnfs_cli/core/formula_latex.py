r"""Formulas as LaTeX: `\dfrac{\partial L}{\partial W} = x^{\top} \, \dfrac{\partial L}{\partial y}`.

MathJax (as on GitHub) and Matplotlib's mathtext both render what is written here. mathtext has no cases.
"""

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnfs_cli.core.formula_writer import CHOICE, GREEK, PRODUCT, Writer, is_number, names_in

if TYPE_CHECKING:
    from nnfs_cli.core.formula import Formula

SPECIAL = {"lr": r"\eta", "epsilon": r"\varepsilon"}
NAMED = frozenset({"log", "exp", "tanh", "cos", "cosh", "max", "min"})
WORDS_OR_SPACE = re.compile(r"([a-z]{2,}(?: [a-z]{2,})*)| ")
FLOOR = re.compile(r"\\mathrm\{floor\}\((.*?)\)")
BESIDE = {"": r" \, ", "*": r" \odot ", ".": r" \cdot "}
SHORT = 12
"""Exponents of e up to this length are raised; longer ones stand in brackets."""
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

    depth = 0

    @property
    def assigned(self) -> str:
        return r"\leftarrow" if self.formula.updates else "="

    def name(self, name: str, indices: str = "") -> str:
        base = self.base_of(name)
        if base and name not in self.names:
            of = self.indexed(self.names.get(base) or name_in_latex(base), indices)
            return rf"{self._fraction}{{\partial L}}{{\partial {of}}}"
        return self.indexed(self.names.get(name) or name_in_latex(name), indices)

    @property
    def _fraction(self) -> str:
        """Of full size, but for fractions in others, in roots and in exponents."""
        return r"\frac" if self.depth else r"\dfrac"

    def inner(self, node: ast.expr) -> str:
        """An expression as a part of a fraction, a root or an exponent."""
        self.depth += 1
        text = self.at(node, CHOICE)
        self.depth -= 1
        return text

    def indexed(self, shown: str, indices: str) -> str:
        """In brackets where the whole formula has indices, or where the name already ends in one."""
        if not indices:
            return shown
        written = WORDS_OR_SPACE.sub(
            lambda found: rf"\mathrm{{{_escaped(found[1])}}}" if found[1] else r"\,", indices
        )
        written = FLOOR.sub(r"\\lfloor \1 \\rfloor", written)
        if self.indices or "_" in shown or "^" in shown:
            spaced = written.replace(",", r",\,")
            return f"{shown}[{spaced}]"
        return f"{shown}_{{{written}}}"

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def product(self, left: str, right: str, sign: str) -> str:
        return left + BESIDE[sign] + right

    def quotient(self, node: ast.BinOp) -> tuple[str, int]:
        right, sign = self.inner(node.right), ""
        if not self.depth and any(map(self.base_of, names_in(node.left))):  # a fraction itself, of full size
            by = "" if is_number(node.right, self.formula.numbers) else "*"
            return self.product(rf"\dfrac{{1}}{{{right}}}", self.at(node.left, PRODUCT), by), PRODUCT
        left = self.inner(node.left)
        if left.startswith("-") and not isinstance(node.left, ast.BinOp):
            left, sign = left[1:], "-"
        return rf"{sign}{self._fraction}{{{left}}}{{{right}}}", PRODUCT

    def power(self, base: str, exponent: ast.expr) -> str:
        return f"{base}^{{{self.inner(exponent)}}}"

    def transposed(self, text: str) -> str:
        return rf"{text}^{{\top}}"

    def number(self, value: float) -> str:
        digits, _, exponent = (str(value) if isinstance(value, int) else f"{value:.6g}").partition("e")
        return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits

    def series(self, kind: str, indices: str) -> str:
        sign = f"\\{kind}" if kind in ("sum", "max") else self.words(kind)
        words, _, index = indices.rpartition(" ")
        over = rf"\mathrm{{{_escaped(words)}\ }}{index}" if words else indices
        beside = r" \," if kind in ("sum", "max") else ""
        return (f"{sign}_{{{over}}}" if indices else sign) + beside

    def compared(self, left: str, sign: str, right: str) -> str:
        return f"{left} {SIGNS[sign]} {right}"

    def indicator(self, condition: str) -> str:
        return rf"\mathbf{{1}}_{{{condition}}}"

    def choice(self, condition: str, then: str, other: str) -> str:
        return rf"{then}\ \mathrm{{where}}\ {condition},\ \mathrm{{else}}\ {other}"

    def function(self, name: str, args: list[ast.expr]) -> str:
        if name == "sqrt":
            return rf"\sqrt{{{self.inner(args[0])}}}"
        if name == "exp" and len(exponent := self.inner(args[0])) <= SHORT:
            return f"e^{{{exponent}}}"
        inner = ", ".join(self.at(each, CHOICE) for each in args)
        if name == "abs":
            return rf"\left|{inner}\right|"
        return (f"\\{name}" if name in NAMED else name_in_latex(name)) + self.brackets(inner)

    def words(self, text: str) -> str:
        return {"^T": r"^{\top}", "∂": r"\partial "}.get(text, rf"\mathrm{{{_escaped(text)}}}")
