"""What pictures of a split's predictions share: predictions.npz with the names of what is in it."""

from dataclasses import dataclass

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.preprocessing.description import column_names
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.listing import pictured_split

MOST_LETTERS = 24


@dataclass(frozen=True)
class Predicted:
    """The predictions for a run's pictured split.

    arrays: those of `plot_data`; runs of earlier versions lack some.
    classes: their whole names; none for a regression.
    preparation: None if the run has none.
    """

    id: str
    split: str
    arrays: dict[str, Array]
    classes: tuple[str, ...]
    preparation: Preparation | None

    def names(self, most: int = MOST_LETTERS) -> list[str]:
        """The classes' names, each with at most so many letters."""
        return shorten_names(self.classes, most)

    def input_names(self, most: int = 40) -> list[str]:
        """The names of one or two inputs: those of the columns, or x, or x1, x2."""
        width = self.arrays["x"].shape[1]
        if self.preparation is not None and self.preparation.columns:
            return shorten_names(column_names(self.preparation), most)
        return ["x"] if width == 1 else [f"x{i + 1}" for i in range(width)]

    def target_names(self, most: int = MOST_LETTERS) -> list[str]:
        """The names of a regression's targets, or y, or y1, y2, ..."""
        width = self.arrays["target"].shape[1]
        if self.preparation is not None and len(self.preparation.target_names) == width:
            return shorten_names(self.preparation.target_names, most)
        return ["y"] if width == 1 else [f"y{m + 1}" for m in range(width)]


def regression(run: RunDirectory) -> Predicted | None:
    """The predictions of a regression's run; None if it has none, or is of classes."""
    return _predicted(run, "regression")


def classification(run: RunDirectory) -> Predicted | None:
    """The predictions of a run with classes; None if it has none, or is a regression."""
    return _predicted(run, "classification")


def _predicted(run: RunDirectory, task: str) -> Predicted | None:
    summary = run.summary()
    if summary.get("task") != task or not summary.get("scores") or not run.has("predictions.npz"):
        return None  # not scored yet
    classes = tuple(summary["classes"]) if task == "classification" else ()
    preparation = run.preparation() if run.has("preparation.json") else None
    return Predicted(run.id, pictured_split(summary), run.arrays("predictions.npz"), classes, preparation)
