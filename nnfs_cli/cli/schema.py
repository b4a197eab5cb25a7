"""`nnfs schema`."""


def schema() -> None:
    """Print the JSON Schema of configs, which lets an editor complete and check them."""
    from nnfs_cli.cli import console
    from nnfs_cli.config.catalog import json_schema

    console.print_json(json_schema())
