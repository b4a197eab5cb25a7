"""`nnfs new [NAME]`."""

from typing import Annotated

import typer

from nnfs_cli.core.spelling import typed


def new(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The config's name; by default the table's.")
    ] = "",
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="FILE", help="A table (.csv, .csv.gz, .parquet) or an .npz file to learn from."
        ),
    ] = "",
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="The column to predict. Repeatable.")
    ] = [],  # noqa: B006  typer reads the default, nothing changes it
) -> None:
    """Write a config to start with, NAME.yaml: for a table, or else a small example."""
    from nnfs_cli.cli import console
    from nnfs_cli.jobs.new import new_config

    file = new_config(name, source, target)
    console.show_paths([file])
    console.note(f"train it: {typed('train', file)}")
