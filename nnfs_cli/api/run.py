"""A run from Python: its scores, history, network, plots and predictions."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from nnfs_cli.api.progress import showing
from nnfs_cli.config.values import as_overrides
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.html import table_html
from nnfs_cli.core.spelling import printable
from nnfs_cli.jobs.evaluate import evaluate_run
from nnfs_cli.jobs.given import GivenDirectory, given_rows
from nnfs_cli.jobs.load import load_model
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.sources.inputs import Rows, rows_of_array, rows_of_frame
from nnfs_cli.sources.objects import as_rows, is_frame
from nnfs_cli.sources.table_reader import as_frame
from nnfs_cli.statistics.interval import Interval, read_intervals
from nnfs_cli.training.model import Model
from nnfs_cli.training.reports import format_column, scores_text

if TYPE_CHECKING:
    import pandas as pd

    from nnfs_cli.plots.library import Figure

RUNS = Path("runs")


class Run:
    """A run on disk, with the network that it trained.

    path: its folder.  config: its resolved config.  summary: the contents of summary.json.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self.path = directory.path
        self._read()

    @property
    def directory(self) -> RunDirectory:
        """Its files."""
        return self._directory

    def _read(self) -> None:
        self.config = self._directory.config()
        self.summary = self._directory.summary()

    def __repr__(self) -> str:
        scores = "".join(f"; {split}: {scores_text(scores)}" for split, scores in self.scores.items())
        return printable(f"<Run {self.path}: {self.summary.get('status')}{scores}>")

    def _repr_html_(self) -> str:
        """IPython asks for this method: the scores, and the curve of the loss."""
        names = list(dict.fromkeys(name for scores in self.scores.values() for name in scores))
        columns = [format_column([scores.get(name) for scores in self.scores.values()]) for name in names]
        none, intervals = Interval.none(""), self.intervals
        rows = [
            (
                split,
                *(
                    intervals.get(split, {}).get(name, none).text(cell)
                    for name, cell in zip(names, cells, strict=True)
                ),
            )
            for split, *cells in zip(self.scores, *columns, strict=True)
        ]
        caption = f"{self._directory.id}: {self.summary.get('status')}"
        return table_html(caption, ("split", *names), rows) + self._loss_html()

    def _loss_html(self) -> str:
        """The picture of the loss; an empty text for a run that has recorded none yet."""
        from nnfs_cli import plots
        from nnfs_cli.plots.style import Pictures

        if not (self._directory.has("steps.csv") or self._directory.has("epochs.csv")):
            return ""
        return Pictures(plots.figures(self._directory, ["loss"]))._repr_html_()

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """The saved weights' scores by split: {"test": {"loss": ..., "accuracy": ...}}."""
        return dict(self.summary.get("scores", {}))

    @property
    def intervals(self) -> dict[str, dict[str, Interval]]:
        """The scores' 95 % intervals by split, as of `scores`; empty for a run of an earlier version."""
        return read_intervals(self.summary.get("intervals"))

    @cached_property
    def history(self) -> "pd.DataFrame":
        """The rows of epochs.csv."""
        return as_frame(self._directory.table("epochs.csv"))

    @cached_property
    def model(self) -> Model:
        """The trained network."""
        return load_model(self._directory)

    def predict(self, x: Any) -> Any:
        """The class of each row, or its real values in their own units.

        x: (N, ...) raw rows, before any normalization; or a DataFrame with the columns of the training data.
            Warns if they are on another scale than the training data.
        Returns an array (N,), or (N, M) for several targets; for a DataFrame a DataFrame with the targets'
        names and the same index. A row of a DataFrame that cannot be answered, for an unknown category or a
        gap, gets None or, for real values, not-a-number; a warning says how many there are, and why.
        NnfsError if no row can be answered.
        """
        x, outputs = self._outputs(x)
        predictions = self.model.predictions(outputs)
        if not is_frame(x):
            return predictions[:, 0] if predictions.ndim == 2 and predictions.shape[1] == 1 else predictions
        columns = predictions.reshape(len(predictions), len(self.model.target_names)).T
        return as_frame(dict(zip(self.model.target_names, columns, strict=True)), x.index)

    def predict_proba(self, x: Any) -> Any:
        """The probability of each class for each row, (N, K); for a DataFrame, a column for each class."""
        if not self.model.gives_probabilities:
            raise NnfsError(f"{self.path}: the network gives no probabilities")
        x, outputs = self._outputs(x)
        if not is_frame(x):
            return outputs
        return as_frame(dict(zip(self.model.preparation.labels, outputs.T, strict=True)), x.index)

    def evaluate(self, split: str | None = None) -> dict[str, Any]:
        """What `nnfs evaluate` writes: rows, scores and, for classes, the confusion matrix."""
        record, doubts = evaluate_run(self._directory, split)
        for doubt in doubts:
            warnings.warn(f"{self.path}: {doubt}", stacklevel=2)
        return record

    def resume(
        self,
        progress: bool | Literal["auto"] = "auto",
        overrides: Sequence[str] | Mapping[str, Any] = (),
        *,
        anyway: bool = False,
    ) -> "Run":
        """Continue an interrupted run to its end, as `nnfs resume` does.

        overrides: options to change, as `Experiment` takes them: `{"training.epochs": 300}` trains a
            completed run further.
        anyway: go on also where the result cannot be that of a run that was never stopped.
        """
        with self._directory.writing():
            experiment = resume(self._directory, None, as_overrides(overrides), anyway=anyway)
            for _ in showing(train_run(experiment, self._directory), experiment, progress):
                pass
        return Run(self._directory)

    @overload
    def plot(self, name: None = None) -> dict[str, "Figure"]: ...
    @overload
    def plot(self, name: str) -> "Figure": ...
    def plot(self, name: str | None = None) -> "dict[str, Figure] | Figure":
        """The run's plots as Matplotlib's figures, by name: `loss`, `metrics`, ...; or one of them."""
        from nnfs_cli import plots  # imported here: predicting needs no Matplotlib

        figures = plots.figures(self._directory, () if name is None else (name,))
        return figures if name is None else figures[name]

    def report(self, output: str | Path | None = None) -> Path:
        """Write the run as one HTML file, by default report.html in its folder, and return its path.

        Warns of what the report lacks, as rows to look at if the data are not there any more.
        """
        from nnfs_cli.jobs.report import write_report  # imported here: predicting needs no page

        file, missing = write_report(self._directory, None if output is None else Path(output))
        for sentence in missing:
            warnings.warn(sentence, stacklevel=2)
        return file

    def _outputs(self, x: Any) -> tuple[Any, Array]:
        """Rows as an array or a DataFrame, and the network's outputs for them.

        Where a row has none, they are not-a-number, and a warning says so.
        """
        preparation = self.model.preparation
        x = as_rows(x)
        parts: Iterable[Rows]
        if not len(x):
            parts = []
        elif is_frame(x):
            gaps = self.config.dataset.options().get("na_values") or ()
            parts = rows_of_frame(x, preparation, gaps)
        else:
            parts = rows_of_array(x, preparation, "x")
        outputs: list[Array] = []
        done, answered, totals = 0, 0, ""
        for part in parts:
            for difference in () if outputs else preparation.differences(part.x, "x"):
                warnings.warn(difference, stacklevel=3)
            numbers = done + np.flatnonzero(
                np.ones(len(part)) if part.answerable is None else part.answerable
            )
            self.model.refuse_overflow(part.x, lambda row, numbers=numbers: f"x: row {numbers[row] + 1}")
            done += len(part)
            outputs.append(part.spread(self.model.outputs(part.x)))
            answered, totals = answered + len(part.x), "; ".join(part.notes)
        z = np.concatenate(outputs) if outputs else np.empty((0, *self.model.network.output_shape))
        if len(z) and not answered:
            raise NnfsError(totals)
        if answered < len(z):
            warnings.warn(totals, stacklevel=3)
        return x, z


def load_run(
    path: str | Path,
    runs: str | Path = RUNS,
    *,
    x: Any = None,
    y: Any = None,
    x_test: Any = None,
    y_test: Any = None,
    trust_plugins: bool = False,
) -> Run:
    """A run by its folder, by its id in `runs`, or `latest`. NnfsError if there is none.

    x, y, x_test, y_test: the rows that it was trained on, if they were given from Python. A run keeps none;
        it needs them to evaluate and to resume, not to predict.
    trust_plugins: run the plugins of a run that was not trained here by you. They are code with all your
        rights. Without it, NnfsError if there are some.
    """
    directory = RunDirectory.find(Path(runs), str(path), trust_plugins=trust_plugins)
    if x is not None:
        given = given_rows(x, y, x_test, y_test)
        directory = GivenDirectory(directory.path, given, trust_plugins=trust_plugins)
    return Run(directory)
