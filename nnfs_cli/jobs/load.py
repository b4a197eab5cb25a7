"""A run's network, with the weights that it saved."""

from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.model import Model


def load_experiment(run: RunDirectory) -> Experiment:
    """A run's experiment with the weights that it saved, and the engine that suits it."""
    experiment = load_plain(run)
    choose_engine(experiment)
    return experiment


def load_plain(run: RunDirectory) -> Experiment:
    """A run's experiment with the weights that it saved, and the plain engine."""
    fitted = run.preparation() if run.has("preparation.json") else None
    experiment = Experiment(run.config(), fitted)
    experiment.network.params.load(run.arrays("weights.npz"), str(run.path / "weights.npz"))
    return experiment


def load_model(run: RunDirectory) -> Model:
    """A run's trained model, ready to predict; its data are not needed."""
    weights = run.arrays("weights.npz")
    model = Model(run.config(), run.preparation(), weights, str(run.path / "weights.npz"))
    choose_engine(model)
    return model
