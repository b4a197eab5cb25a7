"""`nnfs resume RUN`."""

from typing import Annotated

import typer

from nnfs_cli.cli.options import RUNS, Run, RunsFolder


def resume(
    run: Run,
    runs: RunsFolder = RUNS,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the run.")] = False,
) -> None:
    """Resume an interrupted RUN from its checkpoint, to the same result as if it had never stopped."""
    from nnfs_cli.cli.progress import train_and_show
    from nnfs_cli.jobs.resume import resume as resumed
    from nnfs_cli.runs.directory import RunDirectory

    directory = RunDirectory.find(runs, run)
    train_and_show(resumed(directory), directory, quiet=quiet)
