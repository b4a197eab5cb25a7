r"""An explanation as a LaTeX document that needs amsmath, geometry and longtable alone.

What stands between \begin{document} and \end{document} can be put into a document of one's own.
"""

from collections.abc import Iterable, Iterator

from nnfs_cli.explain.mathematics import escaped, remarks, sections, shapes, worked
from nnfs_cli.explain.records import Equation, Explanation
from nnfs_cli.explain.text import after, backward_costs, forward_costs

HEAD = r"""% Compile with lualatex or xelatex if names have letters that are not Latin.
\documentclass[a4paper]{article}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\usepackage{longtable}
\setlength{\parindent}{0pt}
\setcounter{MaxMatrixCols}{20}
\begin{document}"""


def as_latex(explanation: Explanation) -> str:
    """The explanation as a document."""
    body = _numbers if explanation.has_numbers else _tree
    title = rf"\section*{{{escaped(explanation.name)}: a training step}}"
    about = [escaped(each) for each in (*explanation.about, f"Names: {explanation.names}.")]
    return "\n".join([HEAD, title, "\n\n".join(about), "", *body(explanation), r"\end{document}"])


def _tree(explanation: Explanation) -> Iterator[str]:
    yield r"\begin{longtable}{p{0.47\textwidth} p{0.47\textwidth}}"
    yield r"\textbf{Forward}, read upward & \textbf{Backward}, read downward \\ \hline"
    for part in reversed(explanation.parts):
        forward = _cell(part.forward[::-1], forward_costs(part))
        yield rf"{forward} & {_cell(part.backward, backward_costs(part))} \\ \hline"
    yield r"\end{longtable}"
    yield f"\nUpdate of each parameter by {escaped(explanation.descent)}:"
    for equation in explanation.rules:
        yield rf"\[ {equation.latex} \]"
    yield f"{escaped(explanation.totals)}."


def _cell(equations: Iterable[Equation], costs: str) -> str:
    lines = [rf"${each.latex}$ \newline {{\footnotesize ${shapes(each)}$}}" for each in equations]
    if costs:
        lines.append(rf"{{\footnotesize {escaped(costs)}}}")
    return r" \newline ".join(lines)


def _numbers(explanation: Explanation) -> Iterator[str]:
    for title, equations in sections(explanation):
        yield rf"\subsection*{{{escaped(title)}}}"
        for equation in equations:
            yield rf"\[ {equation.latex} \qquad {shapes(equation)} \]"
            if numbers := worked(equation):
                yield rf"\[ {numbers} \]"
            for name, text in remarks(equation):
                yield rf"{{\footnotesize ${name}$: {escaped(text)}\par}}"
        if title == "Forward":
            for sentence in explanation.prediction:
                yield rf"prediction: {escaped(sentence)}\par"
    yield escaped(after(explanation))
