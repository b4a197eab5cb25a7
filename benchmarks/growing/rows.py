"""The time of epochs over more and more rows."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from report import Claim, table
from workers import Worker, interleave, serve

from growing import SCRIPT
from growing.files import CLASSES, experiment, write_rows
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport

ROWS = (1_000, 10_000, 100_000, 1_000_000)
FEATURES = 64
ROWS_A_ROUND = 100_000
"""With fewer rows, a round has several epochs."""


def work_rows(folder: Path, rows: int) -> None:
    """Run as a worker: a round is as many epochs as make ROWS_A_ROUND rows, at least one."""
    ours = experiment(folder, 64, 10**6)
    choose_engine(ours)
    reports = train(ours)

    def round_() -> None:
        for _ in range(max(ROWS_A_ROUND // rows, 1)):
            next(report for report in reports if isinstance(report, EpochReport))

    serve(f"{rows} rows", round_)


def measure_rows(folder: Path, repeats: int) -> dict[int, list[float]]:
    """The seconds of epochs, by their number of rows. Sizes take turns."""
    with ExitStack() as stack:
        workers = []
        for rows in ROWS:
            place = folder / str(rows)
            place.mkdir()
            write_rows(place, rows, FEATURES)
            arguments = ["--work", "rows", "--folder", str(place), "--rows", str(rows)]
            workers.append(stack.enter_context(Worker(str(rows), SCRIPT, *arguments)))
        rounds = interleave(workers, repeats)
    return {rows: [seconds / max(ROWS_A_ROUND // rows, 1) for seconds in rounds[str(rows)]] for rows in ROWS}


def rows_table(seconds: Mapping[int, list[float]]) -> str:
    """A table of the time of epochs and of rows, for each size."""
    lines = [
        (f"{rows:,} rows", f"{median(each):.4g}", f"{min(each):.4g}", f"{1e6 * median(each) / rows:.3g}")
        for rows, each in seconds.items()
    ]
    return table(("", "epoch, median s", "epoch, minimum s", "microseconds a row"), lines)


def rows_part(seconds: Mapping[int, list[float]]) -> tuple[str, list[Claim]]:
    """The text and claims about epochs over more and more rows."""
    a_row = {rows: median(each) / rows for rows, each in seconds.items()}
    about = (
        f"Rows of {FEATURES} bytes, mapped from a file; a network {FEATURES}-32-{CLASSES}, batches of 64, "
        "one thread; whole epochs with shuffling and scores, the sizes in turn."
    )
    claim = Claim("time a row with 10^6 rows, to that with 10^4", a_row[1_000_000] / a_row[10_000], 1.2)
    return f"{about}\n\n{rows_table(seconds)}", [claim]
