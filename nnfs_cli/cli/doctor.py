"""`nnfs doctor CONFIG`."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnfs_cli.cli.completion import complete_check
from nnfs_cli.cli.options import AsJson, Config, Overrides, TrustPlugins

if TYPE_CHECKING:
    from nnfs_cli.doctor.finding import Finding
    from nnfs_cli.jobs.doctor import Diagnosis

PROSE = 100
"""The largest width of sentences."""
COLORS = {"pass": "green", "note": "cyan", "warn": "yellow", "FAIL": "bold red"}


def doctor(
    config: Config,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    only: Annotated[
        list[str],
        typer.Option(
            "--only", metavar="CHECK", help="Make only this check. Repeatable.", autocompletion=complete_check
        ),
    ] = [],  # noqa: B006  likewise
    as_json: AsJson = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say of each check that passes what that shows.")
    ] = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Check data, network and training as people do before they trust them; exit status 1 if a check fails.

    Some checks train for a few seconds. Nothing is written, and test rows are never scored.
    """
    from nnfs_cli.cli import console
    from nnfs_cli.cli.screen import err
    from nnfs_cli.config.load import load_config
    from nnfs_cli.doctor.examine import choose
    from nnfs_cli.jobs.doctor import examine_config

    loaded, names = load_config(config, overrides, trust_plugins=trust_plugins or None), choose(only)
    with err.status("") as status:

        def show_next(done: int) -> None:
            if err.is_live and done < len(names):
                status.update(f"{names[done]} ({done + 1} of {len(names)})")

        seen: list[Finding] = []

        def see(finding: "Finding") -> None:
            seen.append(finding)
            show_next(len(seen))

        show_next(0)
        found = examine_config(loaded, names, see)
    if as_json:
        console.print_json(found.record())
    else:
        _show(found, verbose=verbose)
    if not found.passed:
        raise typer.Exit(1)


def _show(found: "Diagnosis", *, verbose: bool) -> None:
    """A row for each check; then each that does not pass, with why and what to do."""
    from rich.text import Text

    from nnfs_cli.cli.screen import Table, out

    table = Table(lines=False)
    for heading in ("verdict", "check", "measured"):
        table.add_column(heading)
    for finding in found.findings:
        table.add_row(Text(finding.verdict, COLORS[finding.verdict]), finding.check, finding.measured)
    out.print(table)
    for finding in found.findings if verbose else found.to_tell:
        out.print(Text.assemble("\n", (finding.verdict, COLORS[finding.verdict]), f": {finding.check}"))
        _prose(finding.why, indent=2)
        if finding.advice:
            _prose(f"-> {finding.advice}", indent=2)
    out.print(f"\n{found.name}: {found.summary}", style="bold")
    for note in found.notes:
        _prose(note, "dim")


def _prose(text: str, style: str = "", indent: int = 0) -> None:
    from nnfs_cli.cli.screen import out, wrap

    out.print(wrap(" " * indent + text, min(out.width, PROSE)), style=style)
