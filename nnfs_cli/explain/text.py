"""An explanation as plain text, in ASCII but for names: a tree of equations, or every number of a step."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from nnfs_cli.core.errors import counted
from nnfs_cli.explain.numbers import MOST, Shown, number, shown
from nnfs_cli.explain.records import Equation, Explanation, Part, Term

TREE_WIDTH, MOST_WIDTH = 72, 160
"""Columns from which forward and backward stand side by side, and that a line has at most."""
INDENT = "  "
COLUMNS = (MOST, 4, 2)
"""How many columns of a matrix are shown, if there is room."""
SUMMARY = 24
"""Columns that a matrix's norm and range have at least."""


def as_text(explanation: Explanation, width: int = 80) -> str:
    """The explanation in lines of at most `width` characters, but for what cannot be broken."""
    width = min(width, MOST_WIDTH)
    body = _numbers if explanation.has_numbers else _tree
    lines = [*_heading(explanation, width), *body(explanation, width)]
    return "\n".join(line.rstrip() for line in lines)


def _heading(explanation: Explanation, width: int) -> Iterator[str]:
    for sentence in explanation.about:
        yield from textwrap.wrap(sentence, width)
    yield from textwrap.wrap(
        f"Names: {explanation.names}. dz1 is short for dL/dz1, the loss's gradient to z1.", width
    )
    yield ""


def _tree(explanation: Explanation, width: int) -> Iterator[str]:
    parts = explanation.parts[::-1]
    if width >= TREE_WIDTH:
        yield from _side_by_side(parts, width)
    else:
        yield from _section("FORWARD, from the input up to the loss", width)
        for part in explanation.parts:
            yield from _cell(part, part.forward, forward_costs(part), width)
        yield ""
        yield from _section("BACKWARD, from the loss down", width)
        for part in parts:
            yield from _cell(part, part.backward, backward_costs(part), width)
    yield ""
    yield from _section(f"UPDATE of each parameter w by {explanation.descent}", width)
    yield from _statements(explanation.rules, width)
    yield ""
    yield from textwrap.wrap(explanation.totals, width)


def _side_by_side(parts: Sequence[Part], width: int) -> Iterator[str]:
    left = (width - 3) // 2
    right = width - 3 - left
    yield f"{'FORWARD: read upward':<{left}} | BACKWARD: read downward"
    for part in parts:
        yield f"{'-' * left}-+-{'-' * right}"
        forward = _cell(part, part.forward[::-1], forward_costs(part), left)
        backward = _cell(part, part.backward, backward_costs(part), right)
        yield from _beside(list(forward), list(backward), left)


def _beside(left: list[str], right: list[str], width: int) -> Iterator[str]:
    for i in range(max(len(left), len(right))):
        texts = [lines[i] if i < len(lines) else "" for lines in (left, right)]
        yield f"{texts[0]:<{width}} | {texts[1]}"


def _cell(part: Part, equations: Iterable[Equation], costs: str, width: int) -> Iterator[str]:
    """A part's equations with their shapes, and a line on what it is and costs."""
    indent = INDENT * part.depth
    about = textwrap.wrap(costs, width - len(indent), initial_indent=indent, subsequent_indent=f"{indent}  ")
    for equation in equations:
        yield from _statement(equation, width, indent)
    yield from about


def _statement(equation: Equation, width: int, indent: str = "") -> Iterator[str]:
    """An equation with its shapes; the shapes on a line of their own where one line is too short."""
    if len(indent + equation.line) <= width:
        yield indent + equation.line
        return
    for text, first in ((equation.text, indent), (f": {equation.shapes}", f"{indent}  ")):
        yield from textwrap.wrap(
            text,
            max(width, len(first) + 20),
            initial_indent=first,
            subsequent_indent=f"{indent}    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _statements(equations: Iterable[Equation], width: int) -> Iterator[str]:
    for equation in equations:
        yield from _statement(equation, width, INDENT)


def forward_costs(part: Part) -> str:
    """What a part is, its parameters, and what its forward pass takes."""
    costs = [part.title]
    if part.parameters:
        costs.append(counted(part.parameters, "parameter"))
    if part.forward_adds:
        costs.append(counted(part.forward_adds, "multiply-add"))
    return f"[{', '.join(costs)}]"


def backward_costs(part: Part) -> str:
    """What a part's backward pass takes."""
    return f"[{counted(part.backward_adds, 'multiply-add')}]" if part.backward_adds else ""


def _section(title: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(title, width)
    yield "-" * width


def _numbers(explanation: Explanation, width: int) -> Iterator[str]:
    yield from _section("FORWARD", width)
    for part in explanation.parts:
        yield from _worked(part.forward, width)
    for sentence in explanation.prediction:
        yield from textwrap.wrap(f"prediction: {sentence}", width)
    yield ""
    yield from _section("BACKWARD: the chain rule, from the loss down", width)
    for part in reversed(explanation.parts):
        yield from _worked(part.backward, width)
    yield ""
    yield from _section(f"UPDATE by {explanation.descent}", width)
    for part in explanation.updates:
        yield from _worked(part.forward, width)
        yield from [""] if len(part.forward) > 1 else []
    yield ""
    yield from textwrap.wrap(after(explanation), width)


def after(explanation: Explanation) -> str:
    """What the step did to the loss."""
    change = explanation.loss_after - explanation.loss
    return (
        f"The loss on the same rows after the step: {number(explanation.loss_after)}; "
        f"it was {number(explanation.loss)}, so it changed by {number(change)}."
    )


def _worked(equations: Iterable[Equation], width: int) -> Iterator[str]:
    """Each equation, then the numbers that go into it, and its result."""
    for equation in equations:
        yield from _statement(equation, width)
        yield from _flow([_block(term, width) for term in equation.terms], width)
        yield from _notes(equation.terms, width)
        if equation.result is not None:
            yield from _flow([_block(equation.result, width)], width)
            yield from _notes([equation.result], width)


def _notes(terms: Iterable[Term], width: int) -> Iterator[str]:
    for term in terms:
        yield from textwrap.wrap(term.note, width, initial_indent=INDENT * 2, subsequent_indent=INDENT * 2)


def _block(term: Term, width: int) -> list[str]:
    """A term's lines, with as many columns of its numbers as there is room for; below its name if need be."""
    room = width - len(INDENT * 2)
    above = textwrap.wrap(f"{term.text} =", room, subsequent_indent=INDENT)
    for name, head, equals in (([], term.text, " = "), (above, INDENT, " ")):
        for columns in COLUMNS:
            numbers = shown(term.value, term.labels, columns)
            block = [*name, *_lines(f"{head}{numbers.where}{equals}", numbers, room)]
            if _width(block) <= room:
                return block
    return block


def _lines(head: str, numbers: Shown, width: int) -> list[str]:
    """The lines `W1 = [0.5  -0.25]` for the head `W1 = `, with the rows of a matrix below each other."""
    if numbers.is_number and not numbers.labels:
        return [f"{head}{numbers.rows[0][0]} {numbers.summary}".rstrip()]
    table = [numbers.labels, *numbers.rows] if numbers.labels else numbers.rows
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(f"{text:>{w}}" for text, w in zip(row, widths, strict=True)) for row in table]
    rows = [f"[{line}]" for line in lines[-len(numbers.rows) :]]
    indent = " " * len(head)
    block = [f"{indent} {lines[0]}"] if numbers.labels else []
    block += [(indent if i else head) + line for i, line in enumerate(rows)]
    summary = textwrap.wrap(numbers.summary, max(width - len(head), SUMMARY))
    return [*block, *(indent + line for line in summary)]


def _flow(blocks: list[list[str]], width: int) -> Iterator[str]:
    """Blocks of lines side by side, as many as there is room for."""
    while blocks:
        line, blocks = [blocks[0]], blocks[1:]
        while blocks and sum(_width(block) + 3 for block in [*line, blocks[0]]) + 1 <= width:
            line.append(blocks.pop(0))
        for i in range(max(map(len, line))):
            texts = (f"{block[i] if i < len(block) else '':<{_width(block)}}" for block in line)
            yield f"{INDENT * 2}{'   '.join(texts)}"


def _width(block: list[str]) -> int:
    return max(map(len, block))
