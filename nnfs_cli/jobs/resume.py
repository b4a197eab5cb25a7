"""Resuming a run: an interrupted one, or a finished one for more epochs."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.values import Overrides
from nnfs_cli.core.errors import DamageError, NnfsError
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.changes import changes, network_changes, refuse_changes, rounding
from nnfs_cli.jobs.checkpoint import Checkpoint, made_with, read_checkpoint
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.observers import SERIES
from nnfs_cli.jobs.summary import earlier_summary
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.growing import Extent, damage_of
from nnfs_cli.runs.recorder import TABLES, columns_changed
from nnfs_cli.runs.series import series_damage
from nnfs_cli.training.epoch import stopped_early
from nnfs_cli.training.experiment import Experiment


class Resumed(Experiment):
    """An experiment that goes on from a run's checkpoint.

    checkpoint: the one that its state came from. `recorded` lacks files that are damaged.
    config_text: what the run's config.yaml is to hold from now on; empty if it stays as it is.
    """

    checkpoint: Checkpoint
    config_text: str = ""

    def warm_start(self) -> None:
        """Nothing: the checkpoint has weights."""


def resume(
    run: RunDirectory, epochs: int | None = None, overrides: Overrides = (), *, anyway: bool = False
) -> Resumed:
    """Load a run's experiment from its last whole checkpoint. Nothing is written before it trains.

    epochs: how many epochs to train in all: short for `training.epochs` among the overrides.
    overrides: options to change, as `--set` takes them. The run's config will record them.
    anyway: go on also where the result cannot be that of a run that was never stopped; a note will say why.

    NnfsError if there is nothing left to train; if config, plugins or data are not what the checkpoint was
    made with, or NumPy or BLAS would round otherwise; or if rows of the run's files are lost.
    """
    config, config_text = _configs(run, epochs, overrides)
    checkpoint, (summary, damage) = read_checkpoint(run), earlier_summary(run)
    found = changes(checkpoint.made_with, config, run)
    try:
        experiment = Resumed(config)
    except NnfsError as error:
        if found:  # they may be why
            refuse_changes(run, found, [str(error)] if anyway else [])
        raise
    choose_engine(experiment, checkpoint.made_with.get("computed_by", {}))
    now = made_with(experiment, run)
    fingerprint = summary.get("data_fingerprint", checkpoint.made_with.get("data_fingerprint"))
    forgotten = [f"{damage}; resumed without it: earlier notes and rollbacks are lost"] if damage else []
    if fingerprint != experiment.data.fingerprint:
        found.append("the data: their fingerprint has changed")
    else:
        differs, unreadable = _prepared_otherwise(run, experiment)
        found += differs
        forgotten += unreadable
    sure, unsure = rounding(checkpoint.made_with, now)
    lost = _lost(run, checkpoint.recorded, has_summary=not damage)
    found += [*sure, *lost.values()]
    impossible = [*network_changes(checkpoint.made_with, now), *columns_changed(run, experiment)]
    refuse_changes(run, found, impossible, anyway=anyway)
    _load(experiment, run, checkpoint, found)
    _refuse_nothing_to_train(run, experiment, epochs, completed=summary.get("status") == "completed")
    kept = {name: extent for name, extent in checkpoint.recorded.items() if name not in lost}
    kept |= {name: 0 for name in lost if name not in TABLES}  # what is left of a table is kept
    experiment.checkpoint, experiment.config_text = replace(checkpoint, recorded=kept), config_text
    notes = [*forgotten, *_notes(checkpoint, found, unsure), *_schedule_note(experiment, checkpoint)]
    experiment.data = replace(experiment.data, notes=(*experiment.data.notes, *notes))
    return experiment


def _prepared_otherwise(run: RunDirectory, experiment: Experiment) -> tuple[list[str], list[str]]:
    """What differs from preparation.json; and what is wrong with that file, which is written anew."""
    if not run.has("preparation.json"):
        return [], []
    try:
        agree = experiment.preparation.agrees_with(run.preparation())
    except DamageError as error:
        return [], [f"{error}; resumed without it: it is written anew, from the data"]
    differs = "the data: columns, classes or normalization are not those in preparation.json"
    return ([] if agree else [differs]), []


def _configs(run: RunDirectory, epochs: int | None, overrides: Overrides) -> tuple[ExperimentConfig, str]:
    """The config to resume with, and the text of config.yaml that says the same; empty if it says so now."""
    asked = [*overrides, *([] if epochs is None else [("training.epochs", epochs)])]
    config, text = run.config(asked), ""
    if asked:
        before = run.config()
        for name in ("plugins", "warm_start"):
            if getattr(before, name) != getattr(config, name):
                raise NnfsError(f"--set {name}: a run that is resumed keeps its own")
        file = run.path / "config.yaml"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        head = itertools.takewhile(lambda line: line.startswith("#"), lines)
        portable = replace(
            config,
            plugins=tuple(_inside(run, plugin) for plugin in config.plugins),
            warm_start=_inside(run, config.warm_start),
        )
        text = "".join(head) + portable.to_yaml()
    return config, text


def _inside(run: RunDirectory, path: str) -> str:
    """A path as the run's config names it: by its name alone, if it is the run's own copy."""
    return Path(path).name if path and Path(path).parent == run.path.absolute() else path


def _lost(run: RunDirectory, recorded: Mapping[str, Any], *, has_summary: bool) -> dict[str, str]:
    """The files that have not all that a checkpoint counts, and what is wrong with each."""
    tables = {name: Extent(*recorded[name]) for name in TABLES if name in recorded}
    found = {name: damage_of(run.path / name, extent) for name, extent in tables.items()}
    for name in SERIES:
        found[name] = series_damage(run, name, recorded.get(name), told_by_summary=has_summary)
    return {name: f"{name}: {damage}" for name, damage in found.items() if damage}


def _load(experiment: Experiment, run: RunDirectory, checkpoint: Checkpoint, found: list[str]) -> None:
    """Load the state. NnfsError if it does not fit, which no --anyway helps."""
    place, progress, train = run.path / checkpoint.name, experiment.progress, experiment.split("train")
    try:
        experiment.load_state(checkpoint.state, str(place))
        if progress.position and not np.array_equal(np.sort(progress.order), np.sort(train.rows)):
            raise NnfsError(f"{place}: the state of another experiment: of other rows")
    except NnfsError as error:
        if found:
            refuse_changes(run, found, [str(error)])
        raise
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise NnfsError(f"{place}: damaged: {error}") from None


def _refuse_nothing_to_train(
    run: RunDirectory, experiment: Experiment, epochs: int | None, *, completed: bool
) -> None:
    """Raise NnfsError unless training can go on. What a completed training could not save is saved anew."""
    done, planned = experiment.progress.epoch, experiment.config.training.epochs
    if planned < done or (completed and epochs == done):
        option = "training.epochs" if epochs is None else "--epochs"
        raise NnfsError(f"{option}: must be more than the {done} epochs that are done, found {planned}")
    if not completed or not experiment.finished:
        return
    if done < planned:
        option = "training.budget=null" if experiment.out_of_budget else "training.patience=0"
        raise NnfsError(
            f"{run.path}: the run is completed; there is nothing to resume: {stopped_early(experiment)}; "
            f"`--set {option}`, or a larger one, lets it go on"
        )
    raise NnfsError(
        f"{run.path}: the run is completed; there is nothing to resume; "
        f"`{typed('resume', run.path, '--epochs', 'N')}`, with N above {done}, trains it further"
    )


def _notes(checkpoint: Checkpoint, found: list[str], unsure: list[str]) -> list[str]:
    """What is said of a resumed run in its summary."""
    notes = []
    if checkpoint.damage:
        notes.append(f"{checkpoint.damage}; resumed from {checkpoint.name}, the one before it")
    if not checkpoint.recorded:
        notes.append(
            "resumed from a checkpoint of an earlier version, which does not tell how much of epochs.csv and "
            "steps.csv belongs to it: rows were dropped by their numbers"
        )
    if found:
        notes.append(
            f"resumed although this differs: {'; '.join(found)}: the result is not that of a run that was "
            f"never stopped"
        )
    if unsure:
        notes.append(
            f"resumed with {', '.join(unsure)}: if that rounds otherwise, the last digits differ from those "
            f"of a run that was never stopped"
        )
    return notes


def _schedule_note(experiment: Experiment, checkpoint: Checkpoint) -> list[str]:
    """A sentence if the number of epochs planned until now gave the steps so far other learning rates than
    the present number does; or none.
    """
    planned, done = experiment.config.training.epochs, experiment.progress.step
    config = checkpoint.made_with.get("config")
    before = config["training"]["epochs"] if config else planned
    for step in range(0, done, experiment.steps_per_epoch):
        clock = experiment.clock(step)
        rates = (experiment.descent.learning_rate(clock._replace(epochs=n)) for n in (before, planned))
        if len(set(rates)) > 1:
            return [
                f"the schedule {experiment.config.schedule.type_name} depends on the number of epochs, which "
                f"was {before} and is {planned}: the result is not that of {planned} epochs from the start"
            ]
    return []
