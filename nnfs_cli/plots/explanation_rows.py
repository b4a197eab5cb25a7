"""What stands in the boxes of an explanation's picture, in more or less detail."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nnfs_cli.core.errors import counted
from nnfs_cli.explain.numbers import norm, number, shown, summary
from nnfs_cli.explain.records import Equation, Part, Term

LONG = 25
"""Letters of an equation from which a caption stands in several lines, to leave it room."""
FEW = 8
"""Numbers of an array that a picture shows."""

GRADIENT = re.compile(r"\\frac\{\\partial L\}\{\\partial ((?:[^{}]|\{[^{}]*\})*)\}")


@dataclass(frozen=True)
class Line:
    """A line of text: an equation in LaTeX if `is_math`; a remark, in small letters, if `is_small`."""

    text: str
    is_math: bool = False
    is_small: bool = False


@dataclass(frozen=True)
class Box:
    """What a part computes in one direction.

    lines: from top to bottom.   caption: what the part is, at the right.
    """

    lines: tuple[Line, ...]
    caption: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Row:
    """Two boxes side by side: forward, from below, and backward, from above."""

    forward: Box
    backward: Box
    depth: int


def slim(latex: str) -> str:
    r"""An equation with `dz` for the gradients on its right side, and \partial L/\partial z on the left."""
    left, equals, right = latex.replace("dfrac", "frac").partition("=")
    short = GRADIENT.sub(r"d\1", right if equals else left)
    return (GRADIENT.sub(r"\\partial L/\\partial \1", left) + equals + short) if equals else short


def row_of(part: Part, detail: int, *, has_numbers: bool) -> Row:
    """The boxes of a part."""
    forward, backward = list(part.forward[::-1]), list(part.backward)
    result = forward[0].shapes.rpartition("->")[2].strip() if forward else ""
    if detail == 0:  # the output; the gradients to the first parameter and to the input
        forward, backward = forward[:1], list(dict.fromkeys([*backward[:1], *backward[-1:]]))
    caption = [part.title.partition(" (")[0] if detail == 0 else part.title]
    if part.parameters:
        caption.append(counted(part.parameters, "parameter"))
    if part.forward_adds and detail:
        caption.append(counted(part.forward_adds, "multiply-add"))
    if detail < 2 and result:
        caption.append(result)
    adds = [counted(part.backward_adds, "multiply-add")] if part.backward_adds and detail else []
    if detail == 0 and not part.parameters and len(forward[0].text) < LONG:
        caption = [", ".join(caption)]
    return Row(
        Box(tuple(_lines(forward, detail, has_numbers=has_numbers)), _remarks(caption)),
        Box(tuple(_lines(backward, detail, has_numbers=has_numbers)), _remarks(adds)),
        part.depth,
    )


def only_reshapes(part: Part) -> bool:
    """Whether a part only gives an array, which keeps its name, another shape."""
    return any(re.fullmatch(r"(\w+) = \w+\(\1\)", equation.text) for equation in part.forward)


def _remarks(texts: Iterable[str]) -> tuple[Line, ...]:
    return tuple(Line(text, is_small=True) for text in texts if text)


def _lines(equations: Iterable[Equation], detail: int, *, has_numbers: bool) -> Iterable[Line]:
    for equation in equations:
        yield Line(slim(equation.latex), is_math=True)
        if has_numbers and equation.result is not None and detail:
            given = [term for term in equation.terms if term.text.isidentifier() and _is_telling(term)]
            values = [_few(term) for term in (*given, equation.result)]
            yield Line(",   ".join(values))
        if detail == 2:
            yield Line(equation.shapes, is_small=True)


def _is_telling(term: Term) -> bool:
    """Whether a term's numbers say something in a line: the norm of class numbers does not."""
    return term.value.size <= FEW or term.value.dtype.kind == "f"


def _few(term: Term) -> str:
    """`b1 = [0.5  0.25]`, an array's numbers if they are few, else its norm, `‖W1‖ = 2.4`."""
    numbers = shown(term.value)
    if term.value.size > FEW and not numbers.is_number:
        if term.value.dtype.kind == "f":
            return f"‖{term.text}‖ = {number(norm(term.value))}"
        return f"{term.text} {summary(term.value)}"
    if numbers.is_number:
        return f"{term.text} = {numbers.rows[0][0]} {numbers.summary}".rstrip()
    rows = ["  ".join(row) for row in numbers.rows]
    return f"{term.text} = [{';  '.join(rows)}]"
