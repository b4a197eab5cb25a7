"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from nnfs_cli.cli.completion import complete_config, complete_run

Run: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run: its path, its id, or `latest`.", autocompletion=complete_run),
]
Config: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG",
        help="The YAML file that describes the experiment, or the name of one that comes with nnfs.",
        autocompletion=complete_config,
    ),
]
RunsFolder: TypeAlias = Annotated[
    Path, typer.Option("--runs", metavar="DIR", help="The folder that holds the runs.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Overrides: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a key of the config, e.g. layers.1.units=32. Repeatable."
    ),
]
TrustPlugins: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--trust-plugins",
        help="Run the plugins of a run that was not trained here by you. They are code with all your rights.",
    ),
]
Jobs: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", min=1, help="Train N runs of a study at once; by default one per core."
    ),
]
RUNS = Path("runs")


def check_picture(picture: Path | None) -> None:
    """Raise NnfsError unless it names a .png file in an existing folder."""
    from nnfs_cli.core.errors import NnfsError

    if picture is not None and (picture.suffix != ".png" or not picture.absolute().parent.is_dir()):
        raise NnfsError(f"--picture: must be a .png file in an existing folder, found {picture}")
