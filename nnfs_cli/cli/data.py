"""`nnfs data ...`: describe a dataset, make a sample, clear the cache."""

from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.options import AsJson, Config, Overrides, TrustPlugins, check_picture

data = typer.Typer(
    name="data", help="Describe a dataset, make a sample, clear the cache.", no_args_is_help=True
)


@data.command()
def describe(
    config: Config,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the data, before and after normalization.")
    ] = None,
    as_json: AsJson = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Show rows, columns, splits, class balance, and statistics before and after normalization."""
    from nnfs_cli.cli import console
    from nnfs_cli.cli.data_tables import show_description
    from nnfs_cli.config.load import load_config
    from nnfs_cli.preprocessing.description import describe_data
    from nnfs_cli.training.loading import load_data

    check_picture(picture)
    loaded = load_config(config, overrides, trust_plugins=trust_plugins or None)
    found = load_data(loaded)
    description = describe_data(found)
    if as_json:
        console.print_json(description.record())
    else:
        show_description(description, loaded.name)
    if picture is not None:
        from nnfs_cli.plots.dataset import draw_dataset

        draw_dataset(found, loaded.name, picture)
        console.note_on_stderr(f"picture: {picture}") if as_json else console.show_paths([picture])


@data.command()
def kaggle_sample(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write into.")],
) -> None:
    """Make files like those of Kaggle's digit recognizer out of MNIST.

    OUT gets train.csv (42,000 rows), test.csv (28,000 rows without labels) and test-labels.csv.
    """
    import numpy as np

    from nnfs_cli.cli import console
    from nnfs_cli.datasets.mnist import MNIST
    from nnfs_cli.jobs.kaggle import write_sample

    console.show_paths(write_sample(MNIST().load(np.random.default_rng(0)), out))


@data.command()
def clear_cache() -> None:
    """Delete what nnfs keeps in its cache folder: parsed tables and downloaded sets."""
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import listed
    from nnfs_cli.sources.cache import clear_cache as clear

    cleared = clear()
    if cleared.size:
        console.note(f"{cleared.size / 1e6:,.1f} MB deleted from {cleared.folder}")
    else:
        console.note(f"{cleared.folder} had nothing of nnfs")
    if cleared.left:
        console.note(f"left, since nnfs did not make it, or may not delete it: {listed(cleared.left)}")
