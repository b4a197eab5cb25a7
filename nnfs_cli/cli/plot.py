"""`nnfs plot RUN [RUN...]`, `nnfs plot STUDY`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nnfs_cli.cli.compared import compared_folder
from nnfs_cli.cli.completion import complete_picture, complete_run_or_study
from nnfs_cli.cli.options import RUNS, RunsFolder, TrustPlugins


def plot(
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="A run or a study: its path, its id, or `latest`. Several runs are drawn over each other.",
            autocompletion=complete_run_or_study,
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
            help="Where to write; by default plots/ in the folder of the run or study, of several runs "
            "runs/compared/.",
        ),
    ] = None,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Draw all pictures of RUN from its folder alone, or several runs over each other by epoch.

    A study has pictures of its own, of its trials.

    Of several runs, those whose configs differ in seeds alone become one curve, their mean, with a band.
    """
    from nnfs_cli import plots
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError, listed
    from nnfs_cli.jobs.inside import add_inside
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.runs.finding import run_name, study_folder

    if output is not None and output.exists() and not output.is_dir():
        raise NnfsError(f"--output: must be a folder, found the file {output}")
    studies = [folder for one in run if (folder := study_folder(runs, one)) is not None]
    if studies and len(run) > 1:
        raise NnfsError(f"plot: a study is drawn alone, found {len(run)} names; `nnfs compare` takes several")
    if studies:
        console.show_paths(_draw_study(studies[0], only, style, suffix, output))
        return
    found = {
        each.path.resolve(): each
        for each in (RunDirectory.find(runs, one, trust_plugins=trust_plugins) for one in run)
    }
    directories = list(found.values())
    if len(directories) > 1:
        folder = output or compared_folder(runs, [run_name(each.path) for each in directories])
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


def _draw_study(folder: Path, only: list[str], style: str, suffix: str, output: Path | None) -> list[Path]:
    """Draw a study's pictures; say which are left out, and why."""
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.plots.study import draw_study
    from nnfs_cli.studies.directory import StudyDirectory
    from nnfs_cli.studies.record import StudyRecord

    record = StudyRecord(StudyDirectory(folder))
    files, lacking = draw_study(record, only, style=style, suffix=suffix, folder=output)
    reasons = [f"{name}: {reason}" for name, reason in lacking.items()]
    if reasons and (only or not files):
        raise NnfsError(f"{folder}: cannot be drawn: {'; '.join(reasons)}")
    if reasons:
        console.warn(f"left out: {'; '.join(reasons)}")
    return files
