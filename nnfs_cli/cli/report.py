"""`nnfs report RUN`, `nnfs report STUDY`."""

from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.completion import complete_run_or_study
from nnfs_cli.cli.options import RUNS, RunsFolder, TrustPlugins


def report(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run or a study: its path, its id, or `latest`.",
            autocompletion=complete_run_or_study,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write; by default report.html in its folder."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Write RUN as one HTML file: curves, mistakes, weights, and the network itself to try.

    Of a study: what was varied, the winner and its test score, the trials, and pictures.
    """
    import webbrowser

    from nnfs_cli.cli import console
    from nnfs_cli.jobs.report import write_report
    from nnfs_cli.jobs.report_study import write_study_report
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.runs.finding import study_folder
    from nnfs_cli.studies.directory import StudyDirectory

    if (folder := study_folder(runs, run)) is not None:
        file, missing = write_study_report(StudyDirectory(folder, trust_plugins=trust_plugins), output)
    else:
        file, missing = write_report(RunDirectory.find(runs, run, trust_plugins=trust_plugins), output)
    for sentence in missing:
        console.warn(sentence)
    console.show_paths([file])
    if open_ and not webbrowser.open(file.absolute().as_uri()):
        console.warn("no browser was found; open the file yourself")
