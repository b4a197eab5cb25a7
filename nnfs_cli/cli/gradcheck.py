"""`nnfs gradcheck [CONFIG]`."""

from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.options import AsJson, Overrides


def gradcheck(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG]", help="Check this config's whole network; by default every component."
        ),
    ] = None,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    tolerance: Annotated[float, typer.Option(min=0.0, help="The largest relative error that passes.")] = 1e-6,
    seed: Annotated[int, typer.Option(min=0, help="Draws the inputs, targets and sampled entries.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare every gradient with central differences in float64; exit status 1 if one is wrong."""
    from nnfs_cli.cli import console
    from nnfs_cli.gradcheck import check_components, check_experiment

    if config is None:
        if overrides:
            raise typer.BadParameter("--set needs a CONFIG to override")
        checks = check_components(seed=seed, tolerance=tolerance)
    else:
        from nnfs_cli.config import load_config
        from nnfs_cli.experiment import Experiment

        experiment = Experiment(load_config(config, [*overrides, "dtype=float64"]))
        checks = check_experiment(experiment, seed=seed, tolerance=tolerance)
    if as_json:
        console.print_json([check.record() for check in checks])
    else:
        console.show_gradcheck(checks, seed=seed, tolerance=tolerance)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)
