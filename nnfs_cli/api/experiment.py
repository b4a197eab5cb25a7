"""An experiment from Python: a config, and perhaps rows in memory, ready to train."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, Literal, TypeAlias

from nnfs_cli.api.progress import showing
from nnfs_cli.api.run import RUNS, Run
from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.find import find_config
from nnfs_cli.config.load import config_from, load_config
from nnfs_cli.config.reader import to_plain
from nnfs_cli.config.values import Overrides, as_overrides
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.html import table_html
from nnfs_cli.doctor.learning_rates import HIGH, LOW, RangeTest
from nnfs_cli.jobs.doctor import Diagnosis, examine_experiment, find_learning_rate
from nnfs_cli.jobs.given import GivenDirectory, given_rows
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training import experiment

Config: TypeAlias = str | Path | Mapping[str, Any] | ExperimentConfig


class Experiment(experiment.Experiment):
    """A config's experiment, ready to train.

    config: the path of a YAML file, or its content as a mapping.
    overrides: Python's values by key, `{"training.epochs": 5}`, dotted or nested; a component is replaced by
        a mapping with its `type`, its options are changed by one without. Or texts, `["training.epochs=5"]`,
        as in `nnfs train --set`.
    x, y: rows in memory, instead of a dataset's file: arrays x (N, ...) of numbers and y (N,) of classes'
        names or numbers, or of real values (N,) or (N, M). Or a DataFrame x, and y as well or the name of
        its column in x (names, for several; none if `dataset.target` names them).
        They replace the data of the config's `dataset`, which need not be there. Of its options stay those
        that the dataset `npz` has, or for a DataFrame `csv`: `standardize`, `validation`, ...
    x_test, y_test: separate test rows, likewise.
    trust_plugins: run the plugins of a config that lies in a run which was not trained here by you.

    Raises NnfsError, which lists every mistake in the config.
    """

    def __init__(
        self,
        config: Config,
        overrides: Sequence[str] | Mapping[str, Any] = (),
        *,
        x: Any = None,
        y: Any = None,
        x_test: Any = None,
        y_test: Any = None,
        trust_plugins: bool = False,
    ) -> None:
        changes = [*as_overrides(overrides)]
        if x is None and not (y is None and x_test is None and y_test is None):
            raise NnfsError("x: missing; y, x_test and y_test go with it")
        self._given = None if x is None else given_rows(x, y, x_test, y_test)
        if self._given is not None:
            changes.append(("dataset", self._given.dataset))
        read = _read(config, changes, trust_plugins=trust_plugins)
        named = read if read.name else replace(read, name="experiment")
        super().__init__(self._given.put_into(named) if self._given is not None else named)
        self._folder = find_config(Path(config)).parent if isinstance(config, str | Path) else None
        self._start = copy.deepcopy(self.state())

    def _repr_html_(self) -> str:
        """IPython asks for this method: the network, layer by layer, and what was said of the data."""
        network = self.network
        rows = [("input", str(network.shapes[0]), "")]
        for name, layer, shape in zip(network.names, network.layers, network.shapes[1:], strict=True):
            rows.append((name, str(shape), f"{sum(param.size for param in layer.params().values()):,}"))
        rows.append(("all", "", f"{network.params.value.size:,}"))
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.data.notes)
        splits = ", ".join(f"{len(split):,} {name} rows" for name, split in self.data.splits.items())
        return (
            table_html(f"{self.config.name}: {splits}", ("layer", "output shape", "parameters"), rows) + notes
        )

    def train(
        self,
        runs: str | Path = RUNS,
        run_id: str | None = None,
        progress: bool | Literal["auto"] = "auto",
    ) -> Run:
        """Train to the end and leave a run directory in `runs`, as `nnfs train` does.

        Each call starts from the config's first weights, also after one that was interrupted: the same
        numbers, in a run directory of its own. `Run.resume` continues an interrupted run.

        progress: whether to show it on standard error; `auto` does so in a terminal and in a notebook.
        """
        self.load_state(self._start, "the start")
        directory = RunDirectory.create(Path(runs), self.config, run_id, folder=self._folder)
        for _ in showing(train_run(self, directory), self, progress):
            pass
        if self._given is not None:
            directory = GivenDirectory(directory.path, self._given, trust_plugins=True)
        return Run(directory)

    def doctor(self, only: Sequence[str] = ()) -> Diagnosis:
        """Check data, network and training before they are trusted, as `nnfs doctor` does.

        only: names of checks; all by default. The experiment stays as it is, and nothing is written.
        """
        return examine_experiment(self, only)

    def find_learning_rate(self, low: float = LOW, high: float = HIGH) -> RangeTest:
        """Train a step at each of growing learning rates and suggest one, as `nnfs lr-find` does.

        The experiment stays as it is. NnfsError unless 0 < low < high.
        """
        return find_learning_rate(self, low, high)


def _read(config: Config, changes: Overrides, *, trust_plugins: bool) -> ExperimentConfig:
    if isinstance(config, str | Path):
        return load_config(Path(config), changes, trust_plugins=trust_plugins or None)
    if isinstance(config, ExperimentConfig):
        return config_from(to_plain(config), config.name or "config", changes) if changes else config
    if isinstance(config, Mapping):
        return config_from(config, "config", changes)
    raise NnfsError(f"config: must be the path of a YAML file or a mapping, found {type(config).__name__}")
