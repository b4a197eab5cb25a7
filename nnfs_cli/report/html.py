"""HTML from plain values: everything escaped, numbers aligned."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from nnfs_cli.core.spelling import printable
from nnfs_cli.training.reports import format_column

Cell = str | float | int | None
"""A text, or a number. None and not-a-number are undefined."""


MINUS, TIMES = "\u2212", " \u00d7 "
LONG = 60
"""The letters from which on a value takes a line of its own."""


class Html(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


def text(value: object) -> str:
    """A value as HTML, in which no name acts."""
    return value if isinstance(value, Html) else escape(printable(str(value)))


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str = "") -> Html:
    """A table; columns of numbers are aligned to the right, each with the same number of decimals.

    The first cell of a row is its heading.
    """
    columns = [_column(cells) for cells in zip(*rows, strict=True)]
    kinds = ["n" if is_number else "" for _, is_number in columns] or [""] * len(head)
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    top = "".join(
        f'<th scope="col"{_kind(kind)}>{text(name)}</th>' for name, kind in zip(head, kinds, strict=True)
    )
    lines = []
    for first, *others in zip(*(cells for cells, _ in columns), strict=True):
        cells = "".join(f"<td{_kind(kind)}>{cell}</td>" for cell, kind in zip(others, kinds[1:], strict=True))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    body = "\n".join(lines)
    return Html(
        f'<div class="wide"><table>{title}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def facts(pairs: Mapping[str, object]) -> Html:
    """Names and values as a list of definitions."""
    items = (
        f"<div{_kind('long' if len(str(value)) > LONG else '')}>{_definition(name, value)}</div>"
        for name, value in pairs.items()
    )
    return Html(f'<dl class="facts">{"".join(items)}</dl>')


def bullets(sentences: Iterable[str]) -> Html:
    """Sentences as a list; nothing for none."""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return Html(f"<ul>{items}</ul>" if items else "")


def section(name: str, title: str, *parts: str) -> Html:
    """A section of the page, with a heading that can be linked to; nothing if its parts are empty."""
    inner = "\n".join(part for part in parts if part)
    return Html(f'<section id="{name}"><h2>{text(title)}</h2>\n{inner}</section>' if inner else "")


def aligned(numbers: Sequence[float | None]) -> list[str]:
    """Numbers with the same number of decimals; whole ones with commas."""
    if all(x is not None and float(x).is_integer() and abs(x) < 1e15 for x in numbers) and any(
        isinstance(x, int) for x in numbers
    ):
        return [f"{x:,.0f}" for x in numbers]
    return [score.replace("-", MINUS) for score in format_column(numbers, 4)]


def _column(cells: Sequence[Cell]) -> tuple[list[str], bool]:
    """A column's cells as HTML, and whether they are numbers."""
    numbers = [cell for cell in cells if not isinstance(cell, str)]
    if len(numbers) < len(cells):
        return [text("" if cell is None else cell) for cell in cells], False
    return aligned(numbers), True


def _definition(name: str, value: object) -> str:
    return f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"


def _kind(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
