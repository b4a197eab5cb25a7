"""Explains a config's first step, or the next step of a run's network, as equations or with numbers."""

import copy
from pathlib import Path

import numpy as np

from nnfs_cli.config.find import find_config
from nnfs_cli.config.load import load_config
from nnfs_cli.config.values import Overrides
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, nearest
from nnfs_cli.explain.build import explain_step
from nnfs_cli.explain.records import Explanation
from nnfs_cli.jobs.load import load_plain
from nnfs_cli.runs.directory import RunDirectory, all_runs
from nnfs_cli.training.experiment import Experiment


def explain_target(
    target: str,
    runs: Path,
    overrides: Overrides = (),
    *,
    row: int | None = None,
    batch: bool = False,
    trust_plugins: bool = False,
) -> Explanation:
    """Explain what a command names: a config, or a run with the weights that it saved.

    row: a training row to show with every number, counted from 0.   batch: the first batch of an epoch.
    trust_plugins: whether to run a run's plugins, whoever it is from.
    """
    run = _run(target, runs, trust_plugins=trust_plugins)
    if run is None:
        file = _config(target, runs)
        config = load_config(file, overrides, trust_plugins=trust_plugins or None)
        return explain(Experiment(config), row=row, batch=batch)
    if overrides:
        raise NnfsError("--set: needs a CONFIG; a run is explained as it was trained")
    return explain_run(run, row=row, batch=batch)


def explain_run(run: RunDirectory, *, row: int | None = None, batch: bool = False) -> Explanation:
    """Explain a run's network with the weights that it saved."""
    experiment = load_plain(run)
    weights = (
        f"The weights are those that run {run.id} saved. The step is what the first step of a new training "
        f"would be: the optimizer remembers no earlier one."
    )
    return explain(experiment, row=row, batch=batch, weights=weights)


def explain(
    experiment: Experiment, *, row: int | None = None, batch: bool = False, weights: str = ""
) -> Explanation:
    """Explain an experiment's next step, without changing it.

    weights: a sentence on where they come from.
    """
    if row is not None and batch:
        raise NnfsError("--row, --batch: give one of them")
    train = experiment.data.splits["train"]
    if row is None:
        rows = _first_batch(experiment)
        which = (
            f"the rows of step {experiment.progress.step + 1}"
            if experiment.progress.step
            else "the first batch of the first epoch"
        )
    else:
        if not 0 <= row < len(train):
            raise NnfsError(f"--row: must be from 0 to {len(train) - 1}, a training row; found {row}")
        rows = train.rows[[row]]
        which = f"row {row} of the {len(train):,} training rows"
    notes = list(_notes(experiment, which, rows, weights, has_numbers=batch or row is not None))
    return explain_step(experiment, rows, tuple(notes), has_numbers=batch or row is not None)


def _notes(experiment: Experiment, which: str, rows: Array, weights: str, *, has_numbers: bool) -> list[str]:
    """What the reader must know of the rows and the weights."""
    config, training = experiment.config, experiment.config.training
    start = "as they are now" if experiment.progress.step else f"as seed {config.seed} draws them"
    notes = [f"{config.name}: one training step on {which}, N = {len(rows):,}."]
    notes.append(weights or f"The weights are {start}.")
    if has_numbers:
        notes.append("Numbers are computed in float64 and rounded to about 5 digits.")
    mixing = [layer.type_name for layer in experiment.network.layers if layer.mixes_rows]
    if len(rows) == 1 and mixing:
        notes.append(f"{mixing[0]} compares the rows of a batch; of one row it learns little: see --batch.")
    if training.accumulate > 1 and len(rows) > training.batch_size:
        notes.append(
            f"Training computes this step as {training.accumulate} batches of {training.batch_size} rows and "
            f"takes the mean of their gradients, which is the gradient of all rows."
        )
    if experiment.data.augment is not None:
        notes.append(
            "Training changes each row at random (dataset.augment); here rows are as they were read."
        )
    return notes


def _first_batch(experiment: Experiment) -> Array:
    """The rows (N,) of the next step."""
    progress, training = experiment.progress, experiment.config.training
    order = progress.order
    if not progress.position:
        rng = copy.deepcopy(experiment.shuffle_rng)
        rng.bit_generator.state = experiment.shuffle_state
        order = rng.permutation(experiment.data.splits["train"].rows)
    start = progress.position
    return np.array(order[start : start + training.batch_size * training.accumulate])


def _run(target: str, runs: Path, *, trust_plugins: bool) -> RunDirectory | None:
    """The run that `target` names; None if it names a config."""
    if target == "latest" or (Path(target) / "config.yaml").is_file():
        return RunDirectory.find(runs, target, trust_plugins=trust_plugins)
    if (runs / target / "config.yaml").is_file() and not _is_config(target):
        return RunDirectory.find(runs, target, trust_plugins=trust_plugins)
    return None


def _config(target: str, runs: Path) -> Path:
    """The config that `target` names. NnfsError with the nearest run or config if there is none."""
    if _is_config(target):
        return find_config(Path(target))
    close = nearest(target, [run.id for run in all_runs(runs)])
    if close is not None:
        raise NnfsError(f"{target}: no config and no run; did you mean the run {close!r}?")
    return find_config(Path(target))


def _is_config(target: str) -> bool:
    try:
        find_config(Path(target))
    except NnfsError:
        return False
    return True
