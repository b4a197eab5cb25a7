"""`nnfs gradcheck [CONFIG | FILE.py]`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnfs_cli.cli.options import AsJson, Overrides, check_picture

if TYPE_CHECKING:
    from nnfs_cli.core.arrays import Array
    from nnfs_cli.gradcheck.compare import TensorCheck


def gradcheck(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG|FILE.py]",
            help="A config, to check its whole network on its data; a Python file, to check the components "
            "that it registers; by default every component of nnfs.",
        ),
    ] = None,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    only: Annotated[
        list[str],
        typer.Option("--only", metavar="NAME", help="Check only components of this name. Repeatable."),
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
) -> None:
    """Compare every gradient with numeric slopes of the loss, in float64; exit status 1 if one is wrong."""
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.gradcheck.compare import RULE
    from nnfs_cli.gradcheck.select import choose
    from nnfs_cli.gradcheck.step_sizes import error_by_step
    from nnfs_cli.gradcheck.subject import check
    from nnfs_cli.gradcheck.subjects import component_subjects
    from nnfs_cli.jobs.gradcheck import config_subjects

    check_picture(picture)
    if target is not None and target.suffix != ".py":
        if only:
            raise NnfsError("--only: selects components; it cannot go with a CONFIG")
        subjects = config_subjects(target, overrides, seed, burn_in)
    else:
        if overrides:
            raise NnfsError("--set: needs a CONFIG")
        subjects = component_subjects(choose(target, only), seed)
    checks: list[TensorCheck] = []
    curves: dict[str, Array] = {}
    for subject in subjects:
        checks.extend(check(subject, seed, tolerance))
        if picture is not None:
            curves |= error_by_step(subject, seed)
    if as_json:
        records = [each.record() for each in checks]
        console.print_json({"rule": RULE, "seed": seed, "tolerance": tolerance, "checks": records})
    else:
        console.show_gradcheck(checks, seed=seed, tolerance=tolerance)
    if picture is not None:
        from nnfs_cli.plots.step_sizes import draw_error_by_step

        draw_error_by_step(curves, picture)
        console.note_on_stderr(f"picture: {picture}") if as_json else console.show_paths([picture])
    if not all(each.passed for each in checks):
        raise typer.Exit(1)
