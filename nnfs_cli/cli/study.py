"""`nnfs study CONFIG`."""

from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.completion import complete_config_or_study
from nnfs_cli.cli.options import RUNS, Jobs, Overrides, RunsFolder, TrustPlugins


def study(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG",
            help="The YAML file with a section `study`, or the name of one that comes with nnfs; with "
            "--resume a study: its path, its id, or `latest`.",
            autocompletion=complete_config_or_study,
        ),
    ],
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    runs: RunsFolder = RUNS,
    study_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Name the study's folder; by default name and time."),
    ] = None,
    jobs: Jobs = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on the workers of this Dask scheduler. They must see the same files.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a study that was stopped: CONFIG names it, or --id does."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything, show what would be trained, but write nothing."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the study.")] = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Train the many runs that the section `study` of CONFIG describes, and choose the best options.

    Each run is a normal run in the study's folder. The winner is scored on test rows, which take no part in
    choosing it, and best.yaml is its config.
    """
    folder = _to_go_on_with(runs, study_id or str(config)) if resume else None

    from nnfs_cli.cli.study_progress import conduct_and_show, show_dry
    from nnfs_cli.config.find import find_config
    from nnfs_cli.config.load import load_config
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.jobs.study_start import begun, completed, reopened

    if jobs is not None and dask is not None:
        raise NnfsError("--jobs: the Dask scheduler knows how many workers there are; leave it out")
    if resume and dry_run:
        raise NnfsError("--dry-run: shows a study before it begins; leave it out, or --resume")
    if folder is None or study_id is not None:
        file = find_config(config)
        given = load_config(file, overrides, trust_plugins=trust_plugins or None), str(file)
        if dry_run:
            show_dry(*completed(*given))
            return
        conductor = (
            reopened(folder, *given, trust_plugins=trust_plugins) if folder else begun(runs, *given, study_id)
        )
    elif overrides:
        raise NnfsError("--set: a study that goes on keeps its config; leave it out, or start another study")
    else:
        conductor = reopened(folder, trust_plugins=trust_plugins)
    conduct_and_show(conductor, jobs, dask, quiet=quiet)


def _to_go_on_with(runs: Path, reference: str) -> Path:
    """The folder of a study. The kernel of BLAS that its runs were computed with is chosen."""
    from nnfs_cli.core.blas_kernel import choose_kernel
    from nnfs_cli.runs.finding import find_study, kernel_of, run_folders

    folder = find_study(runs, reference)
    if (run := next(run_folders(folder), None)) is not None:
        choose_kernel(kernel_of(run))  # before NumPy is loaded
    return folder
