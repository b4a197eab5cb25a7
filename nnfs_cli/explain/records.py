"""What an explanation is made of: parts of a network, their equations, and the numbers of a step."""

from collections.abc import Iterator
from dataclasses import dataclass

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import counted


@dataclass(frozen=True, eq=False)
class Term:
    """A named array, or a factor or term of an equation, with its value in the step.

    text, latex: how it is written.
    value: an array of any shape, or () for a single number.
    note: a sentence on it; empty if there is nothing to say.
    labels: names of the columns, where a table's row is shown.
    """

    text: str
    latex: str
    value: Array
    note: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Equation:
    """One equation.

    text, latex: the equation, `z1 = x W1 + b1`.
    shapes: `(64, 784)(784, 128) -> (64, 128)`.
    terms: what the reader has not seen yet of its right side: parameters, and factors.
    result: its left side; None if it only gives an array another name.
    """

    text: str
    latex: str
    shapes: str
    terms: tuple[Term, ...]
    result: Term | None

    @property
    def line(self) -> str:
        """The equation with its shapes."""
        return f"{self.text} : {self.shapes}" if self.shapes else self.text


@dataclass(frozen=True, eq=False)
class Part:
    """A layer, the input, the loss, or a parameter's update.

    name: `0_dense`, as the weights file has it.   title: `dense`, with the options that formulas name.
    forward, backward: its equations in the order in which they are computed.
    parameters: how many numbers it trains.
    forward_adds, backward_adds: the multiply-adds of a step, over all rows.
    depth: how many residual blocks it is inside of.
    """

    name: str
    title: str
    forward: tuple[Equation, ...] = ()
    backward: tuple[Equation, ...] = ()
    parameters: int = 0
    forward_adds: int = 0
    backward_adds: int = 0
    depth: int = 0


@dataclass(frozen=True, eq=False)
class Explanation:
    """A training step as equations and, if `has_numbers`, with every number.

    name: the config's or the run's.   about: which rows, in which state: a line each.
    n: the rows of the batch.
    parts: from the input up to the loss.
    names: the rule for the arrays' names.
    descent: the optimizer with its options and the step's learning rate.
    rules: what it does with each parameter w and the loss's gradient to it.
    updates: a part for each parameter, whose forward equations are its update; and for each statistic.
    prediction: sentences on what the network answers for the rows.
    loss, loss_after: before and after the step, on these rows.
    """

    name: str
    about: tuple[str, ...]
    n: int
    has_numbers: bool
    parts: tuple[Part, ...]
    names: str
    descent: str
    rules: tuple[Equation, ...]
    updates: tuple[Part, ...]
    prediction: tuple[str, ...]
    loss: float
    loss_after: float

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def totals(self) -> str:
        """Parameters and multiply-adds per step, in a sentence."""
        forward = sum(part.forward_adds for part in self.parts)
        backward = sum(part.backward_adds for part in self.parts)
        return (
            f"{counted(self.parameters, 'parameter')}; multiply-adds per step of {counted(self.n, 'row')}: "
            f"{forward:,} forward, {backward:,} backward"
        )

    def equations(self) -> Iterator[Equation]:
        """All equations of the step, in the order in which they are computed."""
        for part in self.parts:
            yield from part.forward
        for part in reversed(self.parts):
            yield from part.backward
        for part in self.updates:
            yield from part.forward

    def written(self, form: str, width: int = 80) -> str:
        """As `text`, in lines of this width, or as `markdown` or `latex`."""
        from nnfs_cli.explain.latex import as_latex  # these modules need this one
        from nnfs_cli.explain.markdown import as_markdown
        from nnfs_cli.explain.text import as_text

        if form == "text":
            return as_text(self, width)
        return as_markdown(self) if form == "markdown" else as_latex(self)
