"""nnfs from Python: train a config, load a run, predict."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import config_from, load_config
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.evaluate import evaluate_run
from nnfs_cli.jobs.load import load_model
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.sources.inputs import Rows, rows_of_array, rows_of_frame
from nnfs_cli.sources.table_reader import as_frame
from nnfs_cli.training import experiment
from nnfs_cli.training.model import Model

if TYPE_CHECKING:
    import pandas as pd

Table = TypeVar("Table", Array, "pd.DataFrame")
RUNS = Path("runs")


class Experiment(experiment.Experiment):
    """A config's experiment, ready to train.

    config: the path of a YAML file, or its content as a mapping.
    overrides: `"key=value"` for any key of it, as in `nnfs train --set`.

    Raises NnfsError, which lists every mistake in the config.
    """

    def __init__(
        self, config: str | Path | Mapping[str, Any] | ExperimentConfig, overrides: Sequence[str] = ()
    ) -> None:
        if isinstance(config, str | Path):
            config = load_config(Path(config), overrides)
        elif not isinstance(config, ExperimentConfig):
            config = config_from(config, "config", overrides)
        super().__init__(config if config.name else replace(config, name="experiment"))

    def train(self, runs: str | Path = RUNS, run_id: str | None = None) -> "Run":
        """Train to the end and leave a run directory in `runs`, as `nnfs train` does."""
        directory = RunDirectory.create(Path(runs), self.config, run_id)
        for _ in train_run(self, directory):
            pass
        return Run(directory)


class Run:
    """A run on disk, with the network that it trained.

    path: its folder.  config: its resolved config.  summary: the contents of summary.json.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self.path = directory.path
        self.config = directory.config()
        self.summary = directory.summary()

    def __repr__(self) -> str:
        return f"<Run {self.path}: {self.summary.get('status')}>"

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """The saved weights' scores by split: {"test": {"loss": ..., "accuracy": ...}}."""
        return dict(self.summary.get("scores", {}))

    @cached_property
    def history(self) -> "pd.DataFrame":
        """The rows of epochs.csv."""
        return as_frame(self._directory.table("epochs.csv"))

    @cached_property
    def model(self) -> Model:
        """The trained network."""
        return load_model(self._directory)

    def predict(self, x: Table) -> Table:
        """The class of each row, or its real values in their own units.

        x: (N, ...) raw rows, before any normalization; or a DataFrame with the columns of the training data.
        Warns if they are on another scale than the training data.
        Returns an array (N,), or (N, M) for several targets; for a DataFrame a DataFrame with the targets'
        names and the same index.
        """
        outputs = self._outputs(x)
        predictions = self.model.predictions(outputs)
        if isinstance(x, np.ndarray):
            return predictions[:, 0] if predictions.ndim == 2 and predictions.shape[1] == 1 else predictions
        columns = predictions.reshape(len(predictions), -1).T
        return as_frame(dict(zip(self.model.target_names, columns, strict=True)), x.index)

    def predict_proba(self, x: Table) -> Table:
        """The probability of each class for each row, (N, K); for a DataFrame, a column for each class."""
        if not self.model.gives_probabilities:
            raise NnfsError(f"{self.path}: the network gives no probabilities")
        outputs = self._outputs(x)
        if isinstance(x, np.ndarray):
            return outputs
        return as_frame(dict(zip(self.model.preparation.labels, outputs.T, strict=True)), x.index)

    def evaluate(self, split: str | None = None) -> dict[str, Any]:
        """What `nnfs evaluate` writes: rows, scores and, for classes, the confusion matrix."""
        return evaluate_run(self._directory, split)[0]

    def _outputs(self, x: Any) -> Array:
        preparation = self.model.preparation
        parts: Iterable[Rows] | Iterator[Rows]
        if hasattr(x, "iloc"):
            parts = rows_of_frame(x, preparation)
        else:
            parts = rows_of_array(np.asanyarray(x), preparation, "the array")
        outputs: list[Array] = []
        for part in parts:
            for difference in () if outputs else preparation.differences(part.x, "x"):
                warnings.warn(difference, stacklevel=3)
            outputs.append(self.model.outputs(part.x))
        return np.concatenate(outputs) if outputs else np.empty((0, *self.model.network.output_shape))


def load_run(path: str | Path, runs: str | Path = RUNS) -> Run:
    """A run by its folder, by its id in `runs`, or `latest`. NnfsError if there is none."""
    return Run(RunDirectory.find(Path(runs), str(path)))
