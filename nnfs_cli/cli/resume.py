"""`nnfs resume RUN`."""

from typing import Annotated

import typer

from nnfs_cli.cli.options import RUNS, Overrides, Run, RunsFolder, TrustPlugins


def resume(
    run: Run,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", metavar="N", min=1, help="Train to epoch N: --set training.epochs=N."),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="Resume although config, data, NumPy, BLAS or the run's rows are others; a note says so.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the run.")] = False,
) -> None:
    """Resume an interrupted RUN from its checkpoint, to the same result as if it had never stopped.

    With --epochs a finished RUN trains further. The run's config records what --set changes.
    """
    from nnfs_cli.core.blas_kernel import choose_kernel
    from nnfs_cli.runs.finding import find_run, kernel_of

    folder = find_run(runs, run)
    choose_kernel(kernel_of(folder))  # before NumPy is loaded below

    from nnfs_cli.cli.progress import train_and_show
    from nnfs_cli.cli.streams import outlive_streams
    from nnfs_cli.jobs.resume import resume as resumed
    from nnfs_cli.runs.directory import RunDirectory

    outlive_streams()
    directory = RunDirectory(folder, trust_plugins=trust_plugins)
    with directory.writing():
        experiment = resumed(directory, epochs, overrides, anyway=anyway)
        train_and_show(experiment, directory, quiet=quiet)
