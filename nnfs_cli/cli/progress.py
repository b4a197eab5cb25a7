"""Progress of a training: a live bar in a terminal, plain lines elsewhere."""

import sys
import time
from contextlib import suppress
from types import TracebackType

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from nnfs_cli.cli.console import show_network, show_paths, warn
from nnfs_cli.cli.curve import LETTERS, LossCurve
from nnfs_cli.cli.scores import show_scores
from nnfs_cli.cli.screen import Screen, beside, out
from nnfs_cli.core.errors import InterruptionError
from nnfs_cli.core.interrupts import is_ctrl_c
from nnfs_cli.jobs.train import train_run, what_is_kept
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport, Report, Rollback, epoch_text, scores_text

REFRESH_SECONDS, SHARE = 1.0, 0.0025
"""The live bar is drawn again after so long, or later, so that it takes at most this share of the time."""

PLAIN_LINES = 20
CURVE_LINES = 20
"""The lines of a screen that has room for a curve."""
BAR_WIDTH, BESIDE = 76, 130
"""The columns of the bar with its texts, and those from which the curve stands beside it, not below."""


def train_and_show(experiment: Experiment, run: RunDirectory, *, quiet: bool) -> None:
    """Train `experiment` into the directory `run`; show network, progress, scores and path."""
    try:
        _train_and_show(experiment, run, quiet=quiet)
        for sentence in run.troubles:
            warn(sentence)
    except (KeyboardInterrupt, ImportError) as error:
        if not is_ctrl_c(error):
            raise
        raise InterruptionError(f"stopped at once; {what_is_kept(run)}") from None


def _train_and_show(experiment: Experiment, run: RunDirectory, *, quiet: bool) -> None:
    if quiet:
        for _ in train_run(experiment, run, _say):
            pass
        show_paths([run.path])
        return
    show_network(experiment)
    # A live bar would draw over a debugger's prompt.
    live = out.is_live and experiment.engine.name != "plain"
    with (Bar if live else Lines)(experiment, out) as view:
        for report in train_run(experiment, run, view.say):
            view.show(report)
    show_scores(run)


def _say(sentence: str) -> None:
    """Say something in a signal's handler, which may have come while the same stream was written to."""
    with suppress(OSError, ValueError, RuntimeError):
        sys.stderr.write(f"nnfs: {sentence}\n")
        sys.stderr.flush()


class Lines:
    """Progress when the output is not a terminal: about PLAIN_LINES lines in all."""

    def __init__(self, experiment: Experiment, console: Screen) -> None:
        self._experiment = experiment
        self._console = console
        self._first_rows = _rows_done(experiment)
        self._first_seconds = experiment.progress.seconds
        self._every = max(1, experiment.config.training.epochs // PLAIN_LINES)
        self._curve = LossCurve(experiment.steps_per_epoch)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_tty and (curve := self._curve_text(self._console.width)):
            self._console.print(curve)

    def say(self, sentence: str) -> None:
        _say(sentence)

    def show(self, report: Report) -> None:
        self._curve.add(report)
        if isinstance(report, EpochReport):
            last = self._experiment.config.training.epochs
            if report.epoch == 1 or report.epoch % self._every == 0 or report.epoch == last:
                left = self._seconds_left()
                line = f"epoch {report.epoch:>{len(str(last))}}/{last}  {epoch_text(report)}  {self._speed()}"
                self._console.print(f"{line}  {_duration(left)} left")
        self._show_notes(report)

    def _curve_text(self, width: int) -> Text:
        """The curve of the loss, where the screen has room and letters for it."""
        if self._console.height < CURVE_LINES or self._console.spell(LETTERS) != LETTERS:
            return Text()
        return self._curve.text(width, color=self._console.color_system is not None)

    def _show_notes(self, report: Report) -> None:
        if isinstance(report, EpochReport | Rollback):
            for sentence in report.notes:
                self._console.print(sentence)

    def _speed(self) -> str:
        return f"{self._rows_per_second():,.0f} samples/s"

    def _rows_per_second(self) -> float:
        seconds = self._experiment.progress.seconds - self._first_seconds
        return (_rows_done(self._experiment) - self._first_rows) / max(seconds, 1e-9)

    def _seconds_left(self) -> float:
        total = self._experiment.config.training.epochs * len(self._experiment.progress.order)
        return (total - _rows_done(self._experiment)) / max(self._rows_per_second(), 1e-9)


class Bar(Lines):
    """Progress in a terminal: a live bar, and the last epoch's scores under it."""

    def __init__(self, experiment: Experiment, console: Screen) -> None:
        super().__init__(experiment, console)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("[cyan]{task.fields[speed]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
        )
        total = experiment.config.training.epochs * len(experiment.progress.order)
        self._task = self._bar.add_task("", total=total, completed=self._first_rows, speed="")
        self._scores = Text()
        # `show` refreshes it: a refreshing thread would slow down the training.
        self._live = Live(self._picture(), console=console, auto_refresh=False)
        self._due = 0.0

    def __enter__(self) -> "Bar":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._refresh()
        self._live.stop()

    def say(self, sentence: str) -> None:
        with suppress(OSError, ValueError, RuntimeError):
            self._console.print(f"nnfs: {sentence}")  # above the live bar

    def show(self, report: Report) -> None:
        self._curve.add(report)
        if isinstance(report, EpochReport):
            lines = [f"  train       {scores_text(report.train)}"]
            if report.validation:
                lines.append(f"  validation  {scores_text(report.validation)}")
            self._scores.plain = "\n".join(lines)
        self._show_notes(report)
        started = time.monotonic()
        if started >= self._due:
            self._refresh()
            ended = time.monotonic()
            self._due = ended + max(REFRESH_SECONDS, (ended - started) / SHARE)

    def _refresh(self) -> None:
        progress, last = self._experiment.progress, self._experiment.config.training.epochs
        self._bar.update(
            self._task,
            completed=_rows_done(self._experiment),
            description=f"epoch {min(progress.epoch + 1, last)}/{last}",
            speed=self._speed(),
        )
        self._live.update(self._picture(), refresh=True)

    def _picture(self) -> RenderableType:
        """The bar and the scores, and the curve beside them or, on a narrow screen, below."""
        texts = Group(self._bar, self._scores)
        is_wide = self._console.width >= BESIDE
        curve = self._curve_text(self._console.width - (BAR_WIDTH if is_wide else 0) - 2)
        if not curve:
            return texts
        return beside(texts, curve, BAR_WIDTH) if is_wide else Group(texts, curve)


def _rows_done(experiment: Experiment) -> int:
    return experiment.progress.epoch * len(experiment.progress.order) + experiment.progress.position


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
