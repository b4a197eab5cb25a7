"""Progress of a training from Python: one line on standard error, in terminals and notebooks."""

import shutil
import sys
import time
from collections.abc import Iterator
from typing import Literal, TextIO

from nnfs_cli.core.spelling import printable
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport, Heartbeat, Report, Rollback, epoch_text

LINES = 20
"""About how many lines there are where one cannot be written over."""

PAUSE = 0.1
"""The seconds between two states of the line: a notebook sends and keeps each."""


def showing(
    reports: Iterator[Report], experiment: Experiment, progress: bool | Literal["auto"]
) -> Iterator[Report]:
    """The same reports. Each epoch's scores are shown, and what was said about data and epochs."""
    rewritable = is_rewritable(sys.stderr)
    if not (rewritable if progress == "auto" else progress):
        yield from reports
        return
    line = ProgressLine(sys.stderr, experiment.config.training.epochs, rewritable=rewritable)
    for sentence in experiment.data.notes:
        line.say(sentence)
    try:
        for report in reports:
            line.show(report)
            yield report
    finally:
        line.end()


def is_rewritable(stream: TextIO) -> bool:
    """Whether a stream shows a carriage return as one: a terminal, or a notebook."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel.")


class ProgressLine:
    """A line that each report rewrites; where that is not possible, about LINES lines in all."""

    def __init__(self, stream: TextIO, epochs: int, *, rewritable: bool) -> None:
        self._stream, self._epochs, self._rewritable = stream, epochs, rewritable
        self._scores = self._text = ""
        self._shown, self._next = 0, 0.0

    def show(self, report: Report) -> None:
        """Show how far training is, and the scores of the last epoch."""
        if isinstance(report, EpochReport):
            self._scores = epoch_text(report)
        if isinstance(report, EpochReport | Rollback | Heartbeat):
            for sentence in report.notes:
                self.say(sentence)
        text = f"epoch {report.epoch:>{len(str(self._epochs))}}/{self._epochs}  {self._scores}"
        if self._rewritable:
            self._text = text
            if time.monotonic() >= self._next:
                self._rewrite(text)
                self._next = time.monotonic() + PAUSE
        elif isinstance(report, EpochReport) and self._is_worth_a_line(report.epoch):
            self._stream.write(f"{text}\n")

    def say(self, sentence: str) -> None:
        """Write a line that stays."""
        self._rewrite("")
        self._stream.write(f"{printable(sentence)}\n")
        self._shown = 0

    def end(self) -> None:
        """Let the last line stay."""
        if self._text:
            self._rewrite(self._text)
            self._stream.write("\n")
        self._stream.flush()

    def _is_worth_a_line(self, epoch: int) -> bool:
        return epoch in (1, self._epochs) or epoch % max(self._epochs // LINES, 1) == 0

    def _rewrite(self, text: str) -> None:
        """Write over the line, with blanks where the former one was longer."""
        if text or self._shown:
            text = printable(text)[: shutil.get_terminal_size().columns - 1]
            self._stream.write(f"\r{text.ljust(self._shown)}" + ("" if text else "\r"))
            self._stream.flush()
            self._shown = len(text)
