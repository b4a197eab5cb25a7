"""Formulas as plain text: `dW = xᵀ dy`."""

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnfs_cli.core.formula_writer import PRODUCT, Writer, is_number

if TYPE_CHECKING:
    from nnfs_cli.core.formula import Formula

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = {"n": "ₙ", "k": "ₖ", "r": "ᵣ", "s": "ₛ", "i": "ᵢ", "j": "ⱼ", "m": "ₘ"}
BESIDE = {"": " ", "*": " ⊙ ", ".": " · "}
SIGNS = {">=": "≥", "<=": "≤"}

ASCII = {
    **{lowered: f"_{letter}" for letter, lowered in LOWERED.items()},
    **{raised: f"^{digit}" for digit, raised in zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)},
    "Σ": "sum",
    "ᵀ": "^T",
    "⊙": "*",
    "·": "*",
    "√": "sqrt",
    "←": "<-",
    "∂": "d",
    "≥": ">=",
    "≤": "<=",
}


def in_text(formula: "Formula", names: Mapping[str, str]) -> str:
    """The formula as text; `names` gives the shown names."""
    return Text(formula, names).line()


def in_ascii(text: str) -> str:
    """The text of a formula for terminals that have ASCII alone: `dW = x^T dy`."""
    return "".join(ASCII.get(character, character) for character in text)


class Text(Writer):
    """Plain text, with a few characters that ASCII lacks."""

    @property
    def assigned(self) -> str:
        return "←" if self.formula.updates else "="

    def name(self, name: str, indices: str = "") -> str:
        base = self.base_of(name)
        shown = self.names.get(name) or (f"d{self.names.get(base, base)}" if base else name)
        return self.indexed(shown, indices) if indices else shown

    def indexed(self, shown: str, indices: str) -> str:
        return f"{shown}[{indices.replace(',', ', ')}]"

    def brackets(self, text: str) -> str:
        return f"({text})"

    def product(self, left: str, right: str, sign: str) -> str:
        return left + BESIDE[sign] + right

    def quotient(self, node: ast.BinOp) -> tuple[str, int]:
        left, right = self.divided(node.left), self.at(node.right, PRODUCT + 2)
        slash = "/" if is_number(node, self.formula.numbers) and " " not in left else " / "
        return f"{left}{slash}{right}", PRODUCT

    def divided(self, node: ast.expr) -> str:
        text, strength = self.part(node)
        return self.brackets(text) if strength < PRODUCT or strength == PRODUCT + 1 else text

    def power(self, base: str, exponent: ast.expr) -> str:
        if isinstance(exponent, ast.Constant) and isinstance(exponent.value, int):
            return base + str(exponent.value).translate(RAISED)
        return f"{base}^{self.at(exponent, PRODUCT + 3)}"

    def transposed(self, text: str) -> str:
        return f"{text}ᵀ"

    def number(self, value: float) -> str:
        return str(value) if isinstance(value, int) else f"{value:.6g}"

    def series(self, kind: str, indices: str) -> str:
        sign = "Σ" if kind == "sum" else kind
        if indices in LOWERED:
            return sign + LOWERED[indices]
        return f"{sign}_{{{indices.replace(',', ', ')}}}" if indices else sign

    def compared(self, left: str, sign: str, right: str) -> str:
        return f"{left} {SIGNS.get(sign, sign)} {right}"

    def indicator(self, condition: str) -> str:
        return self.brackets(condition)

    def choice(self, condition: str, then: str, other: str) -> str:
        return f"{then} where {condition}, else {other}"

    def function(self, name: str, args: list[ast.expr]) -> str:
        inner = ", ".join(self.at(each, 0) for each in args)
        if name == "abs":
            return f"|{inner}|"
        return f"{'√' if name == 'sqrt' else name}({inner})"

    def words(self, text: str) -> str:
        return text.replace("^T", "ᵀ")
