"""What a report is made from: a run's files, read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.network import Network
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.runs.listing import pictured_split


@dataclass(frozen=True)
class Examples:
    """Some rows of the pictured split, to look at and to try.

    x: (n, ...) raw rows.   rows: (n,) their numbers in the split.
    target, prediction: (n,) class numbers, or (n, M) real values.
    telling: (n, T) of a table with classes, the columns in which a row is least like its class.
    """

    x: Array
    rows: Array
    target: Array
    prediction: Array
    telling: Array | None = None


@dataclass(frozen=True)
class RunRecord:
    """A run, read from its directory. What the run did not write is empty or None.

    id, place: the run's name, and how a command names it.
    yaml: config.yaml as it stands.
    network: with the saved weights if `has_weights`, else with zeros.
    epochs, steps: the columns of epochs.csv and steps.csv; of many rows, some that are evenly spaced.
    recorded_steps: how many rows steps.csv has.
    evaluation: evaluation-<split>.json of the pictured split.
    predictions, diagnostics: the arrays of predictions.npz and diagnostics.npz.
    missing: sentences on what the report lacks, and why.
    """

    id: str
    place: str
    yaml: str
    config: ExperimentConfig
    summary: Mapping[str, Any]
    network: Network | None
    preparation: Preparation | None
    has_weights: bool
    epochs: Mapping[str, Array] = field(default_factory=dict)
    steps: Mapping[str, Array] = field(default_factory=dict)
    recorded_steps: int = 0
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    predictions: Mapping[str, Array] = field(default_factory=dict)
    diagnostics: Mapping[str, Array] = field(default_factory=dict)
    examples: Examples | None = None
    missing: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names; empty for a regression."""
        return tuple(self.summary.get("classes") or ())

    @property
    def pictured_split(self) -> str:
        """The split that confusion, predictions and examples are of."""
        return pictured_split(self.summary)
