"""`nnfs verify RUN`."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnfs_cli.cli.options import RUNS, AsJson, Run, RunsFolder, TrustPlugins

if TYPE_CHECKING:
    from nnfs_cli.jobs.verify import Verification


def verify(
    run: Run,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Train RUN again in a temporary folder, and say whether every number is the same to the byte.

    If one is not: the first difference, and what differs in versions, kernel, processor, data and plugins;
    then the exit status is 1. RUN itself is only read.
    """
    from nnfs_cli.core.blas_kernel import choose_kernel
    from nnfs_cli.runs.finding import find_run, kernel_of

    folder = find_run(runs, run)
    choose_kernel(kernel_of(folder))  # before NumPy is loaded below

    from nnfs_cli.cli import console
    from nnfs_cli.cli.progress import watched
    from nnfs_cli.jobs.verify import repetition
    from nnfs_cli.runs.directory import RunDirectory

    with repetition(RunDirectory(folder, trust_plugins=trust_plugins)) as again:
        for difference in again.environment:
            console.warn(f"not as it was: {difference}")
        watched(again.experiment, again.reports(), quiet=quiet or as_json)
        found = again.verification()
    if as_json:
        console.print_json(found.record())
    else:
        _show(found, str(folder))
    if not found.same:
        raise typer.Exit(1)


def _show(found: "Verification", folder: str) -> None:
    """What was compared, file by file; then the first difference, and what may be why."""
    from nnfs_cli.cli.screen import Table, out
    from nnfs_cli.core.errors import counted, listed

    trained = f"{counted(found.end.epochs, 'epoch')}, {counted(found.end.steps, 'step')}"
    table = Table(f"{folder}, trained again: {trained}", lines=False)
    for name in ("file", "verdict", "compared"):
        table.add_column(name)
    for each in found.compared:
        table.add_row(each.file, "the same" if each.difference is None else "differs", each.what)
    out.print(table)
    if found.first is None:
        out.print("verified: the same to the byte")
        return
    out.print(f"not the same: {found.first}")
    for note in found.notes:
        out.print(f"the run says: {note}")
    if found.missing:
        out.print(f"{folder} has no {listed(found.missing)} any more")
    elif not found.environment and not found.notes:
        out.print("nothing that the run records of versions, kernel, processor, data and config differs here")
