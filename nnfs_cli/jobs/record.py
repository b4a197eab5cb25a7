"""What a training leaves in its run: rows, what observers saw, checkpoints, weights, scores and a summary."""

import time
from collections.abc import Iterable
from contextlib import suppress

from nnfs_cli import plots
from nnfs_cli.core.errors import DivergenceError, StorageError
from nnfs_cli.core.os_errors import is_gone
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.checkpoint import FILE, Checkpoint, keep_as_last, made_with, write_checkpoint
from nnfs_cli.jobs.observers import Observers
from nnfs_cli.jobs.results import write_results
from nnfs_cli.jobs.resume import Resumed
from nnfs_cli.jobs.summary import earlier_summary, final_row, first_summary, update_progress
from nnfs_cli.jobs.troubles import DISK_ERRORS, Troubles, said
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.leftovers import remove_leftovers
from nnfs_cli.runs.recorder import Recorder, epoch_row
from nnfs_cli.training.epoch import STOPPED
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport, Heartbeat, Report, Rollback

SHARE = 0.01
"""The part of the time that writing checkpoints may take."""


class Record:
    """The record of a training that is about to begin or to resume. Only its writer may make one.

    Rows, what observers saw, and checkpoints are one transaction. A checkpoint is written when the disk has
    all that belongs to it, and counts that. Whoever goes on from it first cuts off the rest.

    draws: whether to draw pictures at the end.
    """

    def __init__(self, experiment: Experiment, run: RunDirectory, *, draws: bool = True) -> None:
        self._experiment, self._run, self._draws = experiment, run, draws
        self._troubles = Troubles(run.troubles)
        remove_leftovers(run.path)
        checkpoint = experiment.checkpoint if isinstance(experiment, Resumed) else None
        if checkpoint:  # from now on its files are not those at its end
            run.write_json("summary.json", {**earlier_summary(run)[0], "status": "running", "files": {}})
        if isinstance(experiment, Resumed) and experiment.config_text:
            run.write("config.yaml", experiment.config_text.encode())
        self._go_on_from(checkpoint)
        self._summary = first_summary(experiment, run)
        if not experiment.finished:
            notes = self._summary["notes"]
            self._summary["notes"] = [note for note in notes if not note.startswith(STOPPED)]
        experiment.said.update(self._summary["notes"])
        self._made_with = made_with(experiment, run)
        run.write_json("preparation.json", experiment.preparation.record())
        try:
            self._observers.see()
            self.checkpoint()
        except BaseException as error:
            self.leave("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise

    def _go_on_from(self, checkpoint: Checkpoint | None) -> None:
        """Cut off what was written after a checkpoint, whose state the experiment has; None for the start."""
        run, experiment = self._run, self._experiment
        recorded = checkpoint.recorded if checkpoint else {}
        if checkpoint:
            keep_as_last(run, checkpoint)
        self._rows = Recorder(run, experiment, recorded)
        self._observers = Observers(experiment, run, recorded)

    def add(self, report: Report) -> Report:
        """Add a report: its row, and what observers see. Return it with what the disk did not take.

        StorageError if the disk does not take what is needed to go on.
        """
        report = self._troubles.said_with(report)
        self._rows.record(report)
        if isinstance(report, EpochReport):
            self._summary["final"] = epoch_row(report)
        if isinstance(report, EpochReport | Rollback | Heartbeat):
            notes = self._summary["notes"]
            notes += [note for note in report.notes if note not in notes]
        if isinstance(report, Rollback):
            try:
                self._roll_back(report)
            except DISK_ERRORS as error:
                raise self.storage_error([said(error)]) from None
        self._observers.see()
        return report

    def _roll_back(self, report: Rollback) -> None:
        """Drop what was recorded after the step where training is again, as a resumed run does.

        The checkpoint that does not count it comes first, so that a run which is killed here resumes from it.
        """
        experiment, run = self._experiment, self._run
        self._summary["rollbacks"].append({"diverged_at": report.diverged_at, "back_to": report.step})
        self._run.write_json("summary.json", self._summary)  # a checkpoint before it would not count this one
        self._rows.sync()
        self._observers.save()
        self._observers = Observers(experiment, run, {})
        recorded = self._rows.recorded_until(report.epoch, report.step)
        write_checkpoint(experiment, run, self._made_with, {**recorded, **self._observers.recorded})
        self._rows.close()
        self._rows = Recorder(run, experiment, recorded)
        self._summary["final"] = final_row(run)
        self.checkpoint()

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint, unless the last one is younger than `training.checkpoint_every`, or than makes
        checkpoints take more than their share of the time. Where the disk does not take it, go on.
        """
        if time.monotonic() >= self._due:
            with self._troubles.surviving(f"training goes on and tries again; {self._kept()}"):
                self.checkpoint()

    def checkpoint(self) -> None:
        """Write a checkpoint of the present state, after all that belongs to it."""
        started = time.monotonic()
        try:
            self._rows.sync()
            self._observers.save()
            update_progress(self._experiment, self._summary, "running")
            self._run.write_json("summary.json", self._summary)
            recorded = {**self._rows.recorded, **self._observers.recorded}
            write_checkpoint(self._experiment, self._run, self._made_with, recorded)
            self._last_step = self._experiment.progress.step
        finally:
            ended, every = time.monotonic(), self._experiment.config.training.checkpoint_every
            self._due = ended + max(every, (ended - started) / SHARE if every else 0.0)

    def diverged(self, error: DivergenceError) -> DivergenceError:
        """End a training that diverged; its error, with what is kept. It keeps its last checkpoint."""
        self._summary["divergence"] = str(error)
        try:
            self.end("diverged")
        except StorageError as failure:
            raise StorageError(f"{error}\n  {failure}") from None
        best, step = self._experiment.progress.best_epoch, self._experiment.progress.step
        kept = f"those of the best epoch, {best}" if best else f"the last finite ones, after step {step}"
        return DivergenceError(f"{error}\n  the weights in {self._run.path} are {kept}")

    def end(self, status: str) -> None:
        """Write the last checkpoint, weights, scores, pictures and the summary with its final status.

        Where the disk does not take one of them, the others are written all the same; then StorageError says
        how to go on. Pictures may be missing.
        """
        failures = []
        for write in (self._observers.save if status == "diverged" else self.checkpoint, self._save):
            try:
                write()
            except DISK_ERRORS as error:
                failures.append(said(error))
            except BaseException as error:
                # Weights or scores are missing. Resuming the run writes them.
                self.leave("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
                raise
        if not failures:
            seals = {name: seal for name, seal in self._run.seals.items() if name != FILE}
            rows = {} if status == "diverged" else self._rows.recorded  # else the disk has them all
            self._summary["files"] = {**seals, **rows}
        try:
            self._write_rows_and_status("failed" if failures else status)
        except DISK_ERRORS as error:
            failures.append(said(error))
        if failures:
            raise self.storage_error(failures)
        if not self._draws:
            return
        with self._troubles.surviving(f"`{typed('plot', self._run.path)}` draws the pictures"):
            plots.draw_essential(self._run)

    def leave(self, status: str) -> None:
        """Write the rows and the status, and no more: the last checkpoint is what is left."""
        with suppress(*DISK_ERRORS):  # rows that a full disk does not take, a resumed run writes again
            self._write_rows_and_status(status)

    def storage_error(self, failures: Iterable[str]) -> StorageError:
        """The error that the disk did not take something, which a resumed run writes again."""
        if is_gone(self._run.path):
            return StorageError(f"{'; '.join(failures)}; nothing is left of the run")
        again = f"`{typed('resume', self._run.path)}` goes on from it when the disk takes files again"
        return StorageError(f"{'; '.join(dict.fromkeys(failures))}; {self._kept()}, and {again}")

    def _write_rows_and_status(self, status: str) -> None:
        try:
            self._rows.close()
        finally:
            update_progress(self._experiment, self._summary, status)
            notes = self._summary["notes"]
            notes += [sentence for sentence in self._run.troubles if sentence not in notes]
            self._run.write_json("summary.json", self._summary)

    def _save(self) -> None:
        write_results(self._experiment, self._run, self._summary)

    def _kept(self) -> str:
        return f"the checkpoint of step {self._last_step} is kept"
