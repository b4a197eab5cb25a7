"""`nnfs lr-find CONFIG`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnfs_cli.cli.options import AsJson, Config, Overrides, TrustPlugins, check_picture

if TYPE_CHECKING:
    from nnfs_cli.doctor.learning_rates import RangeTest


def lr_find(
    config: Config,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    low: Annotated[float, typer.Option("--low", help="The first learning rate.")] = 1e-6,
    high: Annotated[float, typer.Option("--high", help="The last learning rate.")] = 10.0,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the loss against the learning rate.")
    ] = None,
    style: Annotated[
        Literal["light", "dark"], typer.Option("--style", help="Of the picture: on light paper or on dark.")
    ] = "light",
    as_json: AsJson = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Train a step at each of growing learning rates, see where the loss falls fastest, suggest a rate."""
    from nnfs_cli.cli import console
    from nnfs_cli.config.load import load_config
    from nnfs_cli.jobs.doctor import find_learning_rate
    from nnfs_cli.training.experiment import Experiment

    check_picture(picture)
    found = find_learning_rate(
        Experiment(load_config(config, overrides, trust_plugins=trust_plugins or None)), low, high
    )
    if as_json:
        console.print_json(found.record())
    else:
        _show(found)
    if picture is not None:
        from nnfs_cli.plots.lr_find import draw_range_test

        draw_range_test(found, picture, style)
        console.note_on_stderr(f"picture: {picture}") if as_json else console.show_paths([picture])


def _show(found: "RangeTest") -> None:
    """The loss at rates three to a factor of ten, and the suggestion."""
    from nnfs_cli.cli.screen import Table, out

    table = Table(f"{found.name}: loss at growing learning rates ({found.optimizer})")
    table.add_column("learning rate", justify="right")
    table.add_column("loss", justify="right")
    for rate, loss in found.shown():
        table.add_row(f"{rate:.2g}", f"{loss:.4g}")
    out.print(table)
    for sentence in found.sentences():
        out.print(sentence)
