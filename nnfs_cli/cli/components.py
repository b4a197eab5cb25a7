"""`nnfs components [KIND] [NAME]`."""

from typing import Annotated

import typer

from nnfs_cli.cli.completion import complete_component, complete_kind
from nnfs_cli.cli.options import AsJson


def components(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND]",
            help="layer, loss, optimizer, ...; or a component's name.",
            autocompletion=complete_kind,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Show this component in full.", autocompletion=complete_component
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the components that a config can use, with options, defaults and equations."""
    from nnfs_cli.cli import console
    from nnfs_cli.config.catalog import catalog

    entries = catalog(kind, name)
    if as_json:
        console.print_json([vars(entry) for entry in entries])
    elif name is not None or all(entry.name == kind for entry in entries):
        for entry in entries:
            console.show_component(entry)
    else:
        console.show_components(entries)
