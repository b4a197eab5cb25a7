"""A run's network, with the weights that it saved."""

import re

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.changes import MOST_CHANGES, changes
from nnfs_cli.jobs.checkpoint import read_made_with
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.model import Model

NETWORK = re.compile(r"(layers|loss|dtype)\b|plugin_")
"""Changes after which weights are those of another function."""
PREDICTIONS = re.compile(rf"{NETWORK.pattern}|dataset\b")
"""The same, and those after which a table is read otherwise."""


def load_experiment(run: RunDirectory) -> Experiment:
    """A run's experiment with the weights that it saved, and the engine that suits it."""
    experiment = load_plain(run)
    choose_engine(experiment)
    return experiment


def load_plain(run: RunDirectory) -> Experiment:
    """A run's experiment with the weights that it saved, and the plain engine."""
    fitted = run.preparation() if run.has("preparation.json") else None
    config = run.config()
    refuse_another_network(run, config, NETWORK)
    experiment = Experiment(config, fitted)
    experiment.network.params.load(run.arrays("weights.npz"), str(run.path / "weights.npz"))
    return experiment


def load_model(run: RunDirectory) -> Model:
    """A run's trained model, ready to predict; its data are not needed."""
    weights, config = run.arrays("weights.npz"), run.config()
    refuse_another_network(run, config, PREDICTIONS)
    model = Model(config, run.preparation(), weights, str(run.path / "weights.npz"))
    choose_engine(model)
    return model


def refuse_another_network(
    run: RunDirectory, config: ExperimentConfig, matters: re.Pattern[str] = NETWORK
) -> None:
    """Raise NnfsError if config.yaml or plugins are not those that the weights were trained with.

    matters: the options that count. A change of others, or of the data, is for the caller to tell.
    """
    found = [change for change in changes(read_made_with(run), config, run) if matters.match(change)]
    if found:
        lines = [
            f"{run.path}: config.yaml or plugins are not those that its weights were trained with",
            *found[:MOST_CHANGES],
            "take this back, or train anew",
        ]
        raise NnfsError("\n  ".join(lines))
