"""Equations and arrays as LaTeX mathematics, for documents and for Markdown."""

from collections.abc import Iterable

from nnfs_cli.explain.numbers import CUT, EVERYWHERE, shown
from nnfs_cli.explain.records import Equation, Explanation, Part, Term

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def escaped(text: str) -> str:
    """Text for LaTeX, in which some letters act."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def shapes(equation: Equation) -> str:
    r"""`(64, 784)(784, 128) \to (64, 128)`."""
    words = equation.shapes.replace("a number", r"\mathrm{a\ number}")
    return words.replace("->", r"\to").replace(", ", r",\,")


def array(term: Term) -> str:
    r"""The numbers of a term, as a matrix where there are several."""
    numbers = shown(term.value, term.labels)
    if numbers.is_number:
        return _number(numbers.rows[0][0])
    rows = [
        [r"\vdots" if set(row) == {CUT} else r"\cdots" if text == CUT else _number(text) for text in row]
        for row in numbers.rows
    ]
    lines = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{bmatrix}} {lines} \end{{bmatrix}}"


def summary(term: Term) -> str:
    """What is said of a term's numbers where not all are shown."""
    numbers = shown(term.value)
    where = f"at {numbers.where}; " if numbers.where else ""
    same = f"{numbers.rows[0][0]} " if numbers.summary == EVERYWHERE else ""
    return where + same + numbers.summary


def worked(equation: Equation) -> str:
    """The numbers that go into an equation and its result, below each other."""
    terms = [*equation.terms, *([equation.result] if equation.result is not None else [])]
    lines = r" \\ ".join(rf"{term.latex} &= {array(term)}" for term in terms)
    return rf"\begin{{aligned}} {lines} \end{{aligned}}" if lines else ""


def remarks(equation: Equation) -> Iterable[tuple[str, str]]:
    """(name in LaTeX, sentence) of what is to be said of the equation's numbers."""
    terms = [*equation.terms, *([equation.result] if equation.result is not None else [])]
    for term in terms:
        if text := summary(term):
            yield term.latex, text
        if term.note:
            yield term.latex, term.note


def sections(explanation: Explanation) -> tuple[tuple[str, tuple[Equation, ...]], ...]:
    """The worked equations of a step, forward, backward and update."""

    def listed(parts: Iterable[Part], *, forward: bool) -> tuple[Equation, ...]:
        return tuple(each for part in parts for each in (part.forward if forward else part.backward))

    return (
        ("Forward", listed(explanation.parts, forward=True)),
        ("Backward", listed(explanation.parts[::-1], forward=False)),
        (f"Update by {explanation.descent}", listed(explanation.updates, forward=True)),
    )


def _number(text: str) -> str:
    r"""`3.1 \cdot 10^{-8}` for 3.1e-08."""
    if text in ("nan", "inf", "-inf"):
        return {"nan": r"\mathrm{nan}", "inf": r"\infty", "-inf": r"-\infty"}[text]
    digits, e, power = text.partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if e else digits
