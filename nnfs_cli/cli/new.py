"""`nnfs new [NAME]`."""

from typing import Annotated

import typer

from nnfs_cli.cli.init import write_config


def new(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The config's name; by default `first`.")
    ] = "",
    source: Annotated[
        str, typer.Option("--from", metavar="FILE", help="As in `nnfs init`.", hidden=True)
    ] = "",
    target: Annotated[list[str], typer.Option(metavar="COLUMN", help="As in `nnfs init`.", hidden=True)] = [],  # noqa: B006  typer reads the default, nothing changes it
) -> None:
    """Write an example of a config to start with, NAME.yaml. For a table of your own, see `nnfs init`."""
    write_config(name, source, target)
