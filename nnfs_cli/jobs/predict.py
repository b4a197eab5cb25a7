"""A model's predictions as the lines of a CSV file."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.inputs import Rows
from nnfs_cli.training.model import Model


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model as CSV: a header, and a line for each row.

    columns: the header: a name for the id, then one for each prediction; empty for the targets' names.
        The id is the input's column of that name, or else the picture's name, or else the row's number.
    proba: whether to add each class's probability.

    Raises NnfsError if the columns or `proba` do not suit the model.
    """

    model: Model
    columns: tuple[str, ...] = ()
    proba: bool = False

    def __post_init__(self) -> None:
        preparation, own = self.model.preparation, self.model.target_names
        if self.columns and len(self.columns) != 1 + len(own):
            raise NnfsError(
                f"--columns: must name {1 + len(own)} columns, an id and {' and '.join(own)}, "
                f"found {','.join(self.columns)!r}"
            )
        if self.proba and not preparation.classes:
            raise NnfsError("--proba: the network predicts real values, and has no classes")
        if self.proba and not self.model.gives_probabilities:
            raise NnfsError(
                f"--proba: the network was trained with {self.model.loss.type_name}, which gives scores, "
                f"not probabilities"
            )

    @property
    def id_column(self) -> str:
        """The input's column to take the ids from."""
        return self.columns[0] if self.columns else ""

    def header(self, rows: Rows) -> list[str]:
        """The column names. For pictures, the first column is the file name."""
        names = list(self.columns) or [*(["file"] if rows.ids else []), *self.model.target_names]
        labels = self.model.preparation.classes if self.proba else ()
        return [*names, *(f"probability_{label}" for label in labels)]

    def lines(self, rows: Rows, first: int, batch_size: int = 256) -> Iterator[list[object]]:
        """A line for each row, empty where there is no answer; `first` is the first row's number."""
        answerable = np.ones(len(rows), bool) if rows.answerable is None else rows.answerable
        numbers = first + np.flatnonzero(answerable)
        self.model.refuse_overflow(rows.x, lambda row: f"row {numbers[row]}")
        outputs = rows.spread(self.model.outputs(rows.x, batch_size))
        predictions = self.model.predictions(outputs)
        for i, prediction in enumerate(predictions if predictions.ndim == 2 else predictions[:, None]):
            line: list[object] = [*prediction, *(outputs[i] if self.proba else ())]
            if not answerable[i]:
                line = [""] * len(line)
            if rows.ids:
                line.insert(0, rows.ids[i])
            elif self.columns:
                line.insert(0, first + i)
            yield line
