"""Resuming a run: an interrupted one, or a finished one for more epochs."""

from dataclasses import replace

from nnfs_cli.config.edit import set_option
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.checkpoint import FILE, changes, read_record, refuse_changes, rounding_note
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.epoch import stopped_early
from nnfs_cli.training.experiment import Experiment


def resume(run: RunDirectory, epochs: int | None = None) -> Experiment:
    """Load a run's experiment from its checkpoint; cut its CSV files back to that step.

    epochs: how many epochs to train in all; it replaces `training.epochs` in the run's config.

    NnfsError if there is nothing left to train, or if config, plugins or data are not what the checkpoint
    was made with.
    """
    summary, config = run.summary(), replace(run.config(), initial_weights="")  # the checkpoint has weights
    if not run.has(FILE):
        raise NnfsError(
            f"{run.path}: {summary.get('status')}, and no checkpoint was written to resume from; "
            f"`nnfs train {run.path / 'config.yaml'}` starts anew"
        )
    record = read_record(run)
    found = changes(record, config, run)
    planned = record["config"]["training"]["epochs"] if record else config.training.epochs
    if epochs is not None:
        config = replace(config, training=replace(config.training, epochs=epochs))
    try:
        experiment = Experiment(config)
    except NnfsError:
        refuse_changes(run, found)  # they may be why; if there are none, the error itself says it
        raise
    if summary.get("data_fingerprint") != experiment.data.fingerprint:
        found.append("the data: their fingerprint has changed")
    elif run.has("preparation.json") and not experiment.preparation.agrees_with(run.preparation()):
        found.append("the data: columns, classes or normalization are not those in preparation.json")
    refuse_changes(run, found)
    choose_engine(experiment)
    experiment.load_state(run.arrays(FILE), f"{run.path / FILE}")
    _refuse_nothing_to_train(run, experiment, epochs, completed=summary.get("status") == "completed")
    notes = [*rounding_note(record, experiment, run), *_schedule_note(experiment, planned)]
    experiment.data = replace(experiment.data, notes=(*experiment.data.notes, *notes))
    if epochs is not None:
        text = (run.path / "config.yaml").read_text(encoding="utf-8")
        run.write("config.yaml", set_option(text, ("training", "epochs"), str(epochs)).encode())
    run.drop_rows_after(experiment.progress.step)
    return experiment


def _refuse_nothing_to_train(
    run: RunDirectory, experiment: Experiment, epochs: int | None, *, completed: bool
) -> None:
    """Raise NnfsError unless training can go on. What a completed training could not save is saved anew."""
    done, planned = experiment.progress.epoch, experiment.config.training.epochs
    if epochs is not None and epochs <= done:
        raise NnfsError(f"--epochs: must be more than the {done} epochs that are done, found {epochs}")
    if not completed or not experiment.finished:
        return
    if done < planned:
        raise NnfsError(
            f"{run.path}: the run is completed; there is nothing to resume: {stopped_early(experiment)}; a "
            f"larger training.patience in {run.path / 'config.yaml'} lets it go on"
        )
    raise NnfsError(
        f"{run.path}: the run is completed; there is nothing to resume; "
        f"`nnfs resume {run.path} --epochs N`, with N above {done}, trains it further"
    )


def _schedule_note(experiment: Experiment, before: int) -> list[str]:
    """A sentence if `before`, the number of epochs planned until now, gave the steps so far other learning
    rates than the present number does; or none.
    """
    planned, done = experiment.config.training.epochs, experiment.progress.step
    for step in range(0, done, experiment.steps_per_epoch):
        clock = experiment.clock(step)
        rates = (experiment.descent.learning_rate(clock._replace(epochs=n)) for n in (before, planned))
        if len(set(rates)) > 1:
            return [
                f"the schedule {experiment.config.schedule.type_name} depends on the number of epochs, which "
                f"was {before} and is {planned}: the result is not that of {planned} epochs from the start"
            ]
    return []
