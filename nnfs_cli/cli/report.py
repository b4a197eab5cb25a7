"""`nnfs report RUN`."""

from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.options import RUNS, Run, RunsFolder, TrustPlugins


def report(
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write; by default report.html in the run."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Write RUN as one HTML file: curves, mistakes, weights, and the network itself to try."""
    import webbrowser

    from nnfs_cli.cli import console
    from nnfs_cli.jobs.report import write_report
    from nnfs_cli.runs.directory import RunDirectory

    file, missing = write_report(RunDirectory.find(runs, run, trust_plugins=trust_plugins), output)
    for sentence in missing:
        console.warn(sentence)
    console.show_paths([file])
    if open_ and not webbrowser.open(file.absolute().as_uri()):
        console.warn("no browser was found; open the file yourself")
