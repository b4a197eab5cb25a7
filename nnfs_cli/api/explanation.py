"""A training step explained from Python, as `nnfs explain` does."""

from typing import TYPE_CHECKING

from nnfs_cli.api.experiment import Config, Experiment
from nnfs_cli.api.run import Run
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import counted
from nnfs_cli.explain.markdown import as_markdown
from nnfs_cli.explain.records import Explanation as Record
from nnfs_cli.jobs.explain import explain as explain_experiment
from nnfs_cli.jobs.explain import explain_run
from nnfs_cli.training import experiment as training

if TYPE_CHECKING:
    from nnfs_cli.plots.library import Figure


class Explanation:
    """A training step as equations, or with every number; a notebook shows it with its mathematics.

    record: its parts, equations and arrays.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    def __repr__(self) -> str:
        record = self.record
        what = "with its numbers" if record.has_numbers else "as equations"
        return f"<Explanation of {record.name}, a step of {counted(record.n, 'row')} {what}; text() shows it>"

    def __getitem__(self, name: str) -> Array:
        """The array that is shown by this name: `W1`, `z1`, `L`, `dL/dW1`, `new W1`. KeyError if none is."""
        for equation in self.record.equations():
            for term in (*equation.terms, equation.result):
                if term is not None and term.text == name:
                    return term.value
        raise KeyError(name)

    def text(self, width: int = 80) -> str:
        """Plain text, in lines of this width."""
        return self.record.written("text", width)

    def markdown(self) -> str:
        """Markdown as GitHub renders it."""
        return self.record.written("markdown")

    def latex(self) -> str:
        """A LaTeX document."""
        return self.record.written("latex")

    def figure(self) -> "Figure":
        """A picture for a slide, as a Matplotlib figure."""
        from nnfs_cli.plots.explanation import explanation_figure  # imported here: text needs no Matplotlib

        return explanation_figure(self.record)

    def _repr_markdown_(self) -> str:
        """IPython asks for this method."""
        return as_markdown(self.record, dollars=True)


def explain(
    experiment: training.Experiment | Run | Config, *, row: int | None = None, batch: bool = False
) -> Explanation:
    """Explain the next training step of an experiment, which stays as it is.

    experiment: an Experiment, where it stands; a Run, with the weights that it saved; or a config.
    row: a training row to show with every number, counted from 0.
    batch: show the numbers of the next batch; without row and batch there are equations and shapes alone.

    NnfsError if there is no such row.
    """
    if isinstance(experiment, Run):
        return Explanation(explain_run(experiment.directory, row=row, batch=batch))
    if not isinstance(experiment, training.Experiment):
        experiment = Experiment(experiment)
    return Explanation(explain_experiment(experiment, row=row, batch=batch))
