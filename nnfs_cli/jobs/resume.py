"""Resuming an interrupted run."""

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment


def resume(run: RunDirectory) -> Experiment:
    """Load an unfinished run's experiment from its checkpoint; cut its CSV files back to that step."""
    summary = run.summary()
    status = summary.get("status")
    if status == "completed":
        raise NnfsError(f"{run.path}: the run is completed; there is nothing to resume")
    if not run.has("checkpoint.npz"):
        raise NnfsError(f"{run.path}: {status}, and no checkpoint was written to resume from")
    experiment = Experiment(run.config())
    choose_engine(experiment)
    if summary.get("data_fingerprint") != experiment.data.fingerprint:
        raise NnfsError(
            f"{run.path}: the data is not what the run was trained on: its fingerprint has changed"
        )
    experiment.load_state(run.arrays("checkpoint.npz"), f"{run.path / 'checkpoint.npz'}")
    run.drop_rows_after(experiment.progress.step)
    return experiment
