"""One run of a study, as a task that any process may do, or do again: it goes on from what is there."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.dialect import load
from nnfs_cli.config.extending import is_within
from nnfs_cli.config.find import read_text
from nnfs_cli.config.flat import flat_options
from nnfs_cli.config.load import config_from
from nnfs_cli.config.overrides import as_spelled
from nnfs_cli.config.plugins import plugin_errors
from nnfs_cli.config.reader import shown, to_plain
from nnfs_cli.config.repeats import FREE
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import DivergenceError, InterruptionError, NnfsError
from nnfs_cli.jobs.checkpoint import has_checkpoint
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.lock import Writer
from nnfs_cli.studies.directory import StudyDirectory
from nnfs_cli.studies.results import Outcome
from nnfs_cli.training.experiment import Experiment

ATTEMPTS = 2
"""How often a run is trained that fails; one that diverges would do so again."""
FULL = 4 * 2**20
"""Bytes: with less space on the disk, other runs will fail as well."""
ENDED = ("completed", "paused", "diverged")
PATIENCE, POLL = 60.0, 0.1
"""Seconds to wait for a process that still saves the run, since its study was killed; between two looks."""


@dataclass(frozen=True)
class RunTask:
    """A run to train, in plain values that other processes can be sent.

    study: the path of the study's folder.
    name: of the run's folder in it.
    config, overrides: the study's config, as YAML gives it, and what differs in this run.
    monitor, maximize: the monitored value, as `val_loss`, and whether larger ones are better.
    until: the epoch at whose end to pause; None to train to the end.
    failure: why the run failed when the study was conducted before; empty if it did not.
    trust_plugins: whether the run's copies of plugins may run, whoever they are from.
    """

    study: str
    name: str
    config: Mapping[str, Any]
    overrides: Sequence[tuple[str, Any]]
    monitor: str
    maximize: bool
    until: int | None = None
    failure: str = ""
    trust_plugins: bool = False


def train_task(task: RunTask, stop: Callable[[], bool] = lambda: False) -> Outcome:
    """Train a run as far as its task says, unless that is done; and read how it ended.

    stop: asked at each report whether to save the run and stop, where no signal can say so.

    NnfsError if a checkpoint cannot be resumed exactly, or if the disk takes no new run; InterruptionError
    if a signal stops it: these are for the study to tell. Whatever else goes wrong is the run's failure.
    """
    _await_writer(Path(task.study, task.name))
    _refuse_another(task)
    note = ""
    for _ in range(ATTEMPTS):
        if (found := _outcome(task)) is not None:
            return found
        if task.failure:
            return Outcome(task.name, "failed", task.failure)
        try:
            with _ready(task) as (experiment, run), plugin_errors():
                _train(experiment, run, task.until, stop)
        except _UnfitError as error:
            return Outcome(task.name, "failed", str(error))
        except (InterruptionError, _RefusedError):
            raise
        except DivergenceError:
            continue  # the folder says so
        except (NnfsError, MemoryError, OSError) as error:
            note = str(error) or type(error).__name__
            if shutil.disk_usage(task.study).free < FULL:
                raise _RefusedError(note) from None
    return _outcome(task) or Outcome(task.name, "failed", note)


def _train(experiment: Experiment, run: RunDirectory, until: int | None, stop: Callable[[], bool]) -> None:
    try:
        with contextlib.closing(train_run(experiment, run, until=until, draws=False)) as reports:
            for _ in reports:
                if stop():
                    raise InterruptionError("interrupted")
    finally:
        experiment.engine.end()  # its own processes, which scored the run at last, would outlive this one


class _UnfitError(Exception):
    """The run's options do not fit together, or its data cannot be had."""


class _RefusedError(NnfsError):
    """The run cannot be begun, or be gone on with, for a reason that other runs have as well."""


@contextlib.contextmanager
def _ready(task: RunTask) -> Iterator[tuple[Experiment, RunDirectory]]:
    """The run's experiment, from its checkpoint if it has one, and the run, of which this is the writer."""
    run = RunDirectory(Path(task.study, task.name), trust_plugins=task.trust_plugins)
    if has_checkpoint(run):
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(run.writing())
                experiment: Experiment = resume(run)
            except NnfsError as error:
                raise _RefusedError(str(error)) from None
            yield experiment, run
        return
    if run.path.exists():  # its training ended before it had a checkpoint
        StudyDirectory(run.path.parent).forget_run(run.id)
    try:
        with plugin_errors():
            config = config_from(task.config, str(run.path), task.overrides)
            experiment = Experiment(config)
    except (NnfsError, MemoryError) as error:
        raise _UnfitError(str(error)) from None
    try:
        created = RunDirectory.create(run.path.parent, config, run.id)
    except NnfsError as error:
        raise _RefusedError(str(error)) from None
    yield experiment, created


def _refuse_another(task: RunTask) -> None:
    """Raise an error if the folder holds a run with other options, as of a study whose config was edited."""
    file = Path(task.study, task.name, "config.yaml")
    if not file.is_file():
        return
    own = [as_spelled(key) for key, _ in task.overrides]
    config = config_from(task.config, str(file), task.overrides, needs_data=False)
    there, planned = (dict(flat_options(options)) for options in (load(read_text(file)), to_plain(config)))
    # What the run's config lacks is an option of a later version, with its default.
    keys = [*there, *(key for key in planned if key not in there and is_within(key, own))]
    changed = [key for key in keys if there.get(key) != planned.get(key) and not _is_left_open(key, planned)]
    if changed:
        key = changed[0]
        raise _RefusedError(
            f"{file.parent}: is not the run that the study plans: {key} is {shown(there.get(key))} there, "
            f"and should be {shown(planned.get(key))}; put study.yaml, or the version of Optuna, back; or "
            f"start another study"
        )


def _is_left_open(key: str, planned: Mapping[str, Any]) -> bool:
    """Whether an option changes nothing that a run learns, is a copy there, or follows from the data."""
    follows = planned.get(key) == "auto" or (key.startswith("layers") and planned.get("layers") == [])
    return follows or bool(FREE.fullmatch(key)) or key in ("warm_start", "redraw")


def _outcome(task: RunTask) -> Outcome | None:
    """How the run ended, or was when it had got as far as its task says; None if it is to be trained."""
    run = RunDirectory(Path(task.study, task.name))
    if not (run.has("config.yaml") and run.has("summary.json")):
        return None
    summary = run.summary()
    ended = Outcome(
        task.name,
        str(summary.get("status")),
        str(summary.get("divergence", "")),
        epochs=summary.get("epochs", 0),
        seconds=summary.get("seconds", 0.0),
        scores=summary.get("scores", {}),
        intervals=summary.get("intervals", {}),
        rows=summary.get("rows", {}),
        data=str(summary.get("data_fingerprint", "")),
    )
    completed = ended.status == "completed"
    if task.until is not None and not (completed and ended.epochs <= task.until):
        # What still runs at this very epoch, or died there, has yet to pause.
        is_past = ended.status in ENDED or ended.epochs > task.until
        reached = _epochs_until(run, task.until) if is_past else {}
        if reached:
            value = _best(reached[task.monitor], maximize=task.maximize)
            return replace(
                ended, status="paused", note="", epochs=task.until, value=value, scores={}, intervals={}
            )
    elif completed:
        validation = ended.scores.get("validation", {})
        return replace(ended, value=validation.get(task.monitor.removeprefix("val_")))
    return ended if ended.status == "diverged" else None


def _epochs_until(run: RunDirectory, epoch: int) -> dict[str, Array]:
    """The columns of the run's epochs up to this one; {} if it did not get there."""
    columns = run.table("epochs.csv")
    if not columns or columns["epoch"][-1] < epoch:
        return {}
    return {name: column[columns["epoch"] <= epoch] for name, column in columns.items()}


def _best(values: Array, *, maximize: bool) -> float | None:
    """The best of values; None if none is finite."""
    finite = values[np.isfinite(values)]
    return float(finite.max() if maximize else finite.min()) if finite.size else None


def _await_writer(folder: Path) -> None:
    """Wait until no other process trains the run; not for ever: then whoever wants to train it is told."""
    until = time.monotonic() + PATIENCE
    while (writer := Writer.of(folder)) and writer.may_live and time.monotonic() < until:
        time.sleep(POLL)
