"""Records reports in epochs.csv and steps.csv."""

import contextlib
import csv
import time
from collections.abc import Mapping
from typing import IO, Any

from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.reports import EpochReport, Report, StepReport

FLUSH_SECONDS = 1.0


class Recorder:
    """Appends reports to a run's CSV files."""

    def __init__(self, run: RunDirectory) -> None:
        self._files = contextlib.ExitStack()
        self._run = run
        self._tables: dict[str, tuple[IO[str], Any]] = {}
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Write all rows, and close the files. Further rows open them again."""
        self._tables.clear()
        self._files.close()

    def record(self, report: Report) -> None:
        """Append a report's row. The first one creates the file, with its header."""
        if isinstance(report, StepReport):
            row = {"step": report.step, "epoch": report.epoch, "loss": report.loss, **report.metrics}
            self._append("steps.csv", row)
        elif isinstance(report, EpochReport):
            self._append("epochs.csv", epoch_row(report))
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write all rows to the files. Call it before a checkpoint that counts these rows is written."""
        self._flushed = time.monotonic()
        for file, _ in self._tables.values():
            file.flush()

    def _append(self, name: str, row: Mapping[str, float]) -> None:
        if name not in self._tables:
            file = self._files.enter_context((self._run.path / name).open("a", encoding="utf-8", newline=""))
            self._tables[name] = file, csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                self._tables[name][1].writerow(row)
        self._tables[name][1].writerow(row.values())


def epoch_row(report: EpochReport) -> dict[str, float]:
    """An epoch as a row of epochs.csv."""
    return {
        "epoch": report.epoch,
        "step": report.step,
        "seconds": round(report.seconds, 4),
        "learning_rate": report.learning_rate,
        **{f"train_{name}": score for name, score in report.train.items()},
        **{f"val_{name}": score for name, score in report.validation.items()},
    }
