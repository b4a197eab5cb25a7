"""`nnfs evaluate RUN`."""

from typing import Annotated

import typer

from nnfs_cli.cli.completion import complete_split
from nnfs_cli.cli.options import RUNS, AsJson, Run, RunsFolder, TrustPlugins


def evaluate(
    run: Run,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="train, validation or test; by default the last of them that exists.",
            autocompletion=complete_split,
        ),
    ] = None,
    as_json: AsJson = False,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Score RUN's saved weights on one split, and write evaluation-<split>.json into the run."""
    from nnfs_cli.cli import console
    from nnfs_cli.cli.scores import show_evaluation
    from nnfs_cli.jobs.evaluate import evaluate_run
    from nnfs_cli.runs.directory import RunDirectory

    directory = RunDirectory.find(runs, run, trust_plugins=trust_plugins)
    record, warnings = evaluate_run(directory, split)
    for warning in warnings:
        console.warn(warning)
    if as_json:
        console.print_json(record)
    else:
        show_evaluation(record, directory)
