"""`nnfs gradcheck [CONFIG | FILE.py]`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnfs_cli.cli.completion import complete_component, complete_config_or_plugin
from nnfs_cli.cli.options import AsJson, Overrides, TrustPlugins, check_picture

if TYPE_CHECKING:
    from nnfs_cli.core.arrays import Array


def gradcheck(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG|FILE.py]",
            help="A config, to check its whole network on its data; a Python file, to check the components "
            "that it registers; by default every component of nnfs.",
            autocompletion=complete_config_or_plugin,
        ),
    ] = None,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    only: Annotated[
        list[str],
        typer.Option(
            "--only",
            metavar="NAME",
            help="Check only components of this name. Repeatable.",
            autocompletion=complete_component,
        ),
    ] = [],  # noqa: B006  likewise
    tolerance: Annotated[float, typer.Option(min=0.0, help="The largest relative error that passes.")] = 1e-6,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of random inputs, targets, entries, directions.")
    ] = 0,
    burn_in: Annotated[
        int, typer.Option(min=0, help="Steps of training after which a CONFIG's network is checked again.")
    ] = 20,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw the error against the step h for all that is checked."),
    ] = None,
    as_json: AsJson = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show each tensor and law, and the rule for errors.")
    ] = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Prove every gradient by numeric slopes of the loss, in float64; exit status 1 if one is not proved."""
    from nnfs_cli.cli import console
    from nnfs_cli.cli.verdicts import show_gradcheck
    from nnfs_cli.config.load import load_config
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.gradcheck.step_sizes import error_by_step
    from nnfs_cli.jobs.gradcheck import check_components, check_network

    check_picture(picture)
    curves: dict[str, Array] = {}
    see = None if picture is None else lambda subject: curves.update(error_by_step(subject, seed))
    if target is not None and target.suffix != ".py":
        if only:
            raise NnfsError("--only: selects components; it cannot go with a CONFIG")
        config = load_config(target, overrides, trust_plugins=trust_plugins or None)
        found = check_network(config, seed=seed, burn_in=burn_in, tolerance=tolerance, see=see)
    else:
        if overrides:
            raise NnfsError("--set: needs a CONFIG")
        found = check_components(target, only, seed=seed, tolerance=tolerance, see=see)
    if as_json:
        console.print_json(found.record())
    else:
        show_gradcheck(found, verbose=verbose)
    if picture is not None:
        from nnfs_cli.plots.step_sizes import draw_error_by_step

        draw_error_by_step(curves, picture)
        console.note_on_stderr(f"picture: {picture}") if as_json else console.show_paths([picture])
    if not found.passed:
        raise typer.Exit(1)
