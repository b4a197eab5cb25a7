"""`nnfs plot RUN [RUN...]`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nnfs_cli.cli.compared import compared_folder
from nnfs_cli.cli.completion import complete_picture, complete_run
from nnfs_cli.cli.options import RUNS, RunsFolder, TrustPlugins


def plot(
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="A run: its path, its id, or `latest`; several are drawn over each other.",
            autocompletion=complete_run,
        ),
    ],
    only: Annotated[
        list[str],
        typer.Option(
            "--only",
            metavar="NAME",
            help="Draw only this picture. Repeatable.",
            autocompletion=complete_picture,
        ),
    ] = [],  # noqa: B006  typer reads the default, nothing changes it
    style: Annotated[
        Literal["light", "dark"], typer.Option("--style", help="On light paper or on dark.")
    ] = "light",
    suffix: Annotated[
        Literal["png", "svg", "pdf"],
        typer.Option("--format", help="The format of pictures; those that move are always GIFs."),
    ] = "png",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            help="Where to write; by default plots/ in the run's folder, of several runs runs/compared/.",
        ),
    ] = None,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Draw all pictures of RUN from its folder alone, or several runs over each other by epoch.

    Of several runs, those whose configs differ in seeds alone become one curve, their mean, with a band.
    """
    from nnfs_cli import plots
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError, listed
    from nnfs_cli.jobs.inside import add_inside
    from nnfs_cli.runs.directory import RunDirectory

    if output is not None and output.exists() and not output.is_dir():
        raise NnfsError(f"--output: must be a folder, found the file {output}")
    found = {
        each.path.resolve(): each
        for each in (RunDirectory.find(runs, one, trust_plugins=trust_plugins) for one in run)
    }
    directories = list(found.values())
    if len(directories) > 1:
        folder = output or compared_folder(runs, [each.id for each in directories])
        files = plots.draw_comparison(directories, only, folder=folder, style=style, suffix=suffix)
        if left_out := plots.without_epochs(directories):
            console.warn(f"not in the pictures, since no epoch is finished: {listed(left_out)}")
    else:
        (directory,) = directories
        if lacking := add_inside(directory, only or plots.NAMES):
            console.warn(lacking)
        files = plots.draw_all(directory, only, style=style, suffix=suffix, folder=output)
        refusal = "" if only else directory.refusal()
        if not files:
            raise NnfsError(
                refusal or f"{directory.path}: nothing to draw yet; the run has recorded no step and no epoch"
            )
        if refusal:
            console.warn(f"pictures of the network are left out. {refusal}")
    console.show_paths(files)
