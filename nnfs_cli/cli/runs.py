"""`nnfs runs`."""

from typing import Annotated

import typer

from nnfs_cli.cli.options import RUNS, AsJson, RunsFolder


def runs(
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Show what computed: BLAS, its kernel, processor; and the commit."
        ),
    ] = False,
) -> None:
    """List the runs with status, epochs, best score and time, newest last."""
    from nnfs_cli.cli import console
    from nnfs_cli.runs.directory import all_runs
    from nnfs_cli.runs.listing import overview

    rows = [overview(run, verbose=verbose) for run in all_runs(runs)]
    if as_json:
        console.print_json(rows)
    elif rows:
        console.show_runs(rows)
        if verbose:
            console.show_computed_by(rows)
    else:
        console.note(f"no runs in {runs.absolute()} yet; `nnfs train CONFIG` makes one")
