"""`nnfs init TABLE`."""

from typing import Annotated

import typer

from nnfs_cli.core.spelling import typed


def init(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", help="A table (.csv, .csv.gz, .parquet) or an .npz file to learn from."
        ),
    ],
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="The column to predict. Repeatable.")
    ] = [],  # noqa: B006  typer reads the default, nothing changes it
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The config's name; by default the table's.")
    ] = "",
) -> None:
    """Look at TABLE and write a first config for it, NAME.yaml, with comments on what was found."""
    write_config(name, table, target)


def write_config(name: str, source: str, targets: list[str]) -> None:
    """Write a first config, and say how to train it."""
    from nnfs_cli.cli import console
    from nnfs_cli.jobs.new import new_config

    file = new_config(name, source, targets)
    console.show_paths([file])
    console.note(f"train it: {typed('train', file)}")
