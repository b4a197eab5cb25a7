"""An explanation as Markdown with LaTeX mathematics, for GitHub, notebooks and sites."""

from collections.abc import Iterable, Iterator

from nnfs_cli.explain.mathematics import remarks, sections, shapes, worked
from nnfs_cli.explain.records import Equation, Explanation
from nnfs_cli.explain.text import after, backward_costs, forward_costs

MARKS = str.maketrans({letter: f"\\{letter}" for letter in r"\`*_{}[]<>#|$~"})


def as_markdown(explanation: Explanation, *, dollars: bool = False) -> str:
    """The explanation as a page of Markdown.

    dollars: write mathematics between dollars, as notebooks want it. GitHub reads these as Markdown first,
        which would eat backslashes; it leaves alone what stands in fences and backticks.
    """
    lines = [f"# {plain(explanation.name)}: a training step", ""]
    lines += [f"- {plain(sentence)}" for sentence in explanation.about]
    lines += [f"- Names: {plain(explanation.names)}.", ""]
    page = _Page(dollars=dollars)
    lines += page.numbers(explanation) if explanation.has_numbers else page.tree(explanation)
    return "\n".join(lines)


def plain(text: str) -> str:
    """Text whose letters do not act in Markdown."""
    return text.translate(MARKS)


class _Page:
    def __init__(self, *, dollars: bool) -> None:
        self._dollars = dollars

    def inline(self, latex: str) -> str:
        # A bar would end a table's cell.
        safe = latex.replace(r"\left|", r"\left\vert ").replace(r"\right|", r"\right\vert ")
        return f"${safe}$" if self._dollars else f"$`{safe}`$"

    def block(self, latex: str) -> list[str]:
        fences = ("$$", "$$") if self._dollars else ("```math", "```")
        return [fences[0], latex, fences[1], ""]

    def tree(self, explanation: Explanation) -> Iterator[str]:
        """A table: forward on the left, from the input below up to the loss; backward on the right, down."""
        yield from ("| | forward, read upward | backward, read downward |", "|---|---|---|")
        for part in reversed(explanation.parts):
            forward = self._cell(part.forward[::-1], "")
            backward = self._cell(part.backward, backward_costs(part))
            costs = plain(forward_costs(part).strip("[]"))
            yield f"| {'→ ' * part.depth}{costs} | {forward} | {backward} |"
        yield from ("", f"**Update** of each parameter by {plain(explanation.descent)}:", "")
        for equation in explanation.rules:
            yield from self.block(equation.latex)
        yield f"{explanation.totals}."

    def _cell(self, equations: Iterable[Equation], costs: str) -> str:
        lines = [f"{self.inline(each.latex)}<br>{self.inline(shapes(each))}" for each in equations]
        return "<br>".join([*lines, *([plain(costs.strip("[]"))] if costs else [])])

    def numbers(self, explanation: Explanation) -> Iterator[str]:
        """Each equation with its numbers."""
        for title, equations in sections(explanation):
            yield from (f"## {plain(title)}", "")
            for equation in equations:
                yield from self.block(rf"{equation.latex} \qquad {shapes(equation)}")
                if numbers := worked(equation):
                    yield from self.block(numbers)
                notes = [f"- {self.inline(name)}: {plain(text)}" for name, text in remarks(equation)]
                yield from [*notes, ""] if notes else ()
            if title == "Forward":
                yield from (f"- prediction: {plain(each)}" for each in explanation.prediction)
                yield ""
        yield after(explanation)
