"""A whole run: train, record every report, survive being stopped, score, draw."""

import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from types import FrameType
from typing import Any

import numpy as np

from nnfs_cli import __version__, plots
from nnfs_cli.core.errors import DivergenceError, HelperError, InterruptionError, NnfsError
from nnfs_cli.core.records import EpochReport, Evaluation, Report
from nnfs_cli.evaluation import evaluate, predictions
from nnfs_cli.experiment import Experiment
from nnfs_cli.model import Model
from nnfs_cli.runs import Recorder, RunDirectory, epoch_row, most_telling
from nnfs_cli.trainer import train

CHECKPOINT_SECONDS = 30.0

Handler = Callable[[int, FrameType | None], Any] | int | None
"""What hears a signal, as `signal` has it."""


def conduct(experiment: Experiment, run: RunDirectory) -> Iterator[Report]:
    """Train and yield every report once it is on record; then save weights, scores and plots.

    Raises InterruptionError after SIGINT or SIGTERM, and passes DivergenceError on, both with the
    run directory complete and marked so. A second SIGINT stops at once, perhaps half-way through a
    step: then the last checkpoint stays as it is, and is where the run goes on. So it does where a
    helper process ends, which HelperError tells.
    """
    try:
        yield from _conduct(experiment, run)
    except HelperError as error:
        if not run.has("checkpoint.npz"):
            raise
        raise HelperError(f"{error}; `nnfs resume {run.path}` goes on from the last checkpoint") from None


def _conduct(experiment: Experiment, run: RunDirectory) -> Iterator[Report]:
    """`conduct`, whose HelperError knows nothing of the run yet."""
    summary = first_summary(experiment, run)
    run.write_json("summary.json", summary)
    run.write_json("preparation.json", experiment.preparation.record())
    run.write_arrays("checkpoint.npz", experiment.state())
    status, whole, saved = "failed", True, time.monotonic()
    try:
        with Recorder(run) as recorder, StopRequest() as stop, closing(train(experiment)) as reports:
            for report in reports:
                recorder.record(report)
                if isinstance(report, EpochReport):
                    summary["final"] = epoch_row(report)
                yield report
                if stop.requested:
                    break
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    recorder.flush()
                    run.write_arrays("checkpoint.npz", experiment.state())
                    saved = time.monotonic()
        status = "completed" if experiment.finished else "interrupted"
    except DivergenceError:
        status = "diverged"
        raise
    except GeneratorExit:
        status = "interrupted"
        raise
    except KeyboardInterrupt:
        status, whole = "interrupted", False
        raise
    finally:
        count(experiment, summary, status)
        worth_saving = whole and status != "failed"
        try:
            if worth_saving:
                save(experiment, run, summary)
        except BaseException as error:
            # There are no weights or scores yet; to go on is to make them.
            summary["status"] = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            raise
        finally:
            run.write_json("summary.json", summary)
        if worth_saving:
            plots.draw_all(run)
    if status == "interrupted":
        raise InterruptionError(
            f"interrupted in epoch {experiment.progress.epoch + 1} of {experiment.config.training.epochs}; "
            f"everything is saved in {run.path}; `nnfs resume {run.path}` goes on"
        )


def count(experiment: Experiment, summary: dict[str, Any], status: str) -> None:
    """Put into the summary how far the training came, and how fast."""
    progress = experiment.progress
    seconds = progress.seconds
    samples = progress.epoch * len(progress.order) + progress.position
    summary |= {
        "status": status,
        "epochs": progress.epoch,
        "steps": progress.step,
        "seconds": round(seconds, 3),
        "samples_per_second": round(samples / seconds, 1) if seconds else None,
    }
    if progress.best_epoch:
        monitor = experiment.config.training.monitor
        summary["best"] = {"epoch": progress.best_epoch, "monitor": monitor, "value": progress.best_value}


def save(experiment: Experiment, run: RunDirectory, summary: dict[str, Any]) -> None:
    """Leave checkpoint, weights, scores and predictions of a training that stands between two steps."""
    if summary["status"] in ("completed", "interrupted"):
        run.write_arrays("checkpoint.npz", experiment.state())
    experiment.use_best()
    usable = bool(np.isfinite(experiment.network.params.value).all())
    if usable:
        run.write_arrays("weights.npz", experiment.network.params.arrays())
        with np.errstate(over="ignore", invalid="ignore"):  # of a diverged network's scores
            evaluations = {name: evaluate(experiment, name) for name in experiment.data.splits}
        summary["scores"] = {name: dict(evaluation.scores) for name, evaluation in evaluations.items()}
        pictured = evaluations[most_telling(evaluations)]
        summary["pictured_split"] = pictured.split
        run.write_arrays("predictions.npz", predictions(experiment, pictured))
        run.write_json(f"evaluation-{pictured.split}.json", evaluation_record(pictured))


def first_summary(experiment: Experiment, run: RunDirectory) -> dict[str, Any]:
    """What is known of a run when it starts."""
    config, splits = experiment.config, experiment.data.splits
    epochs = run.table("epochs.csv")  # of a run that goes on
    final = {name: int(x[-1]) if name in ("epoch", "step") else float(x[-1]) for name, x in epochs.items()}
    return {
        "id": run.id,
        "name": config.name,
        "status": "running",
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "task": experiment.data.task,
        "classes": list(experiment.data.classes),
        "epochs": experiment.progress.epoch,
        "epochs_planned": config.training.epochs,
        "steps": experiment.progress.step,
        **({"final": final} if final else {}),
        "parameters": experiment.network.params.value.size,
        "rows": {name: len(split) for name, split in splits.items()},
        "threads": experiment.threads,
        "versions": {
            "nnfs": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "data_fingerprint": experiment.data.fingerprint,
    }


def resume(run: RunDirectory) -> Experiment:
    """The experiment of an unfinished run as its checkpoint has it, and its CSV files cut back to there."""
    summary = run.summary()
    status = summary.get("status")
    if status == "completed":
        raise NnfsError(f"{run.path}: the run is completed; there is nothing to go on with")
    if not run.has("checkpoint.npz"):
        raise NnfsError(f"{run.path}: {status}, and no checkpoint was written to go on from")
    experiment = Experiment(run.config())
    if summary.get("data_fingerprint") != experiment.data.fingerprint:
        raise NnfsError(
            f"{run.path}: the data is not what the run was trained on: its fingerprint has changed"
        )
    experiment.load_state(run.arrays("checkpoint.npz"), f"{run.path / 'checkpoint.npz'}")
    run.drop_rows_after(experiment.progress.step)
    return experiment


def load(run: RunDirectory) -> Experiment:
    """A run's experiment with the weights that it saved."""
    fitted = run.preparation() if run.has("preparation.json") else None
    experiment = Experiment(run.config(), fitted)
    experiment.network.params.load(run.arrays("weights.npz"), f"{run.path / 'weights.npz'}")
    return experiment


def load_model(run: RunDirectory) -> Model:
    """What a run trained, ready to answer; its data are not needed."""
    weights = run.arrays("weights.npz")
    return Model(run.config(), run.preparation(), weights, str(run.path / "weights.npz"))


def evaluate_run(run: RunDirectory, split: str | None) -> tuple[dict[str, Any], list[str]]:
    """Score a run's saved weights, write evaluation-<split>.json, and return it with any warnings."""
    summary = run.summary()
    experiment = load(run)
    evaluation = evaluate(experiment, split or most_telling(experiment.data.splits))
    record = evaluation_record(evaluation)
    run.write_json(f"evaluation-{evaluation.split}.json", record)
    warnings = []
    if summary.get("data_fingerprint") != experiment.data.fingerprint:
        warnings.append("the data is not what the run was trained on: its fingerprint has changed")
    return record, warnings


def evaluation_record(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation as JSON holds it."""
    record: dict[str, Any] = {
        "split": evaluation.split,
        "rows": evaluation.rows,
        "scores": dict(evaluation.scores),
    }
    if evaluation.classes:
        record["confusion"] = [list(row) for row in evaluation.confusion]
        record["classes"] = [vars(score) for score in evaluation.classes]
    return record


class StopRequest:
    """While entered, the first SIGINT or SIGTERM only sets `requested`; the next acts as ever.

    Of several, the one entered last hears of it, in whatever order they are left.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[int, Handler] = {}
        self._beyond: dict[int, Handler] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():  # only there may handlers be set
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = self._beyond[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        while self._previous:  # one by one: another signal may come in between
            number, before = self._previous.popitem()
            there = signal.signal(number, before)
            listener = getattr(there, "__self__", None)
            if isinstance(listener, StopRequest) and listener is not self:  # it was entered later
                signal.signal(number, there)

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self._beyond and not self._previous:  # put back by one that was entered later, and left later
            signal.signal(number, self._beyond[number])
            signal.raise_signal(number)
            return
        self.requested = True
        self.__exit__()
