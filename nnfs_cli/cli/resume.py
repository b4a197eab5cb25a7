"""`nnfs resume RUN`."""

from typing import Annotated

import typer

from nnfs_cli.cli.options import RUNS, Run, RunsFolder


def resume(
    run: Run,
    runs: RunsFolder = RUNS,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", metavar="N", min=1, help="Train to epoch N; the run's config records it."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the run.")] = False,
) -> None:
    """Resume an interrupted RUN from its checkpoint, to the same result as if it had never stopped.

    With --epochs a finished RUN trains further.
    """
    from nnfs_cli.cli.progress import train_and_show
    from nnfs_cli.cli.streams import outlive_streams
    from nnfs_cli.jobs.resume import resume as resumed
    from nnfs_cli.runs.directory import RunDirectory

    outlive_streams()
    directory = RunDirectory.find(runs, run)
    with directory.writing():
        train_and_show(resumed(directory, epochs), directory, quiet=quiet)
