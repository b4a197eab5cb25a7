"""`nnfs diff A B`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnfs_cli.cli.completion import complete_run
from nnfs_cli.cli.options import RUNS, AsJson, RunsFolder, TrustPlugins

if TYPE_CHECKING:
    from nnfs_cli.jobs.diff import Diff


def diff(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A run: its path, its id, or `latest`.", autocompletion=complete_run
        ),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="Another run.", autocompletion=complete_run)],
    as_json: AsJson = False,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Show what differs between two runs: the config's keys, scores, and what trained them.

    `nnfs compare A B` says whether one is better.
    """
    from nnfs_cli.cli import console
    from nnfs_cli.jobs.diff import diff_runs, refuse_studies
    from nnfs_cli.runs.directory import RunDirectory

    refuse_studies(runs, (a, b))
    one, other = (RunDirectory.find(runs, each, trust_plugins=trust_plugins) for each in (a, b))
    found = diff_runs(one, other)
    if as_json:
        console.print_json(found.to_json())
    else:
        _show(found)


def _show(found: "Diff") -> None:
    from nnfs_cli.cli.screen import Table, out
    from nnfs_cli.jobs.options_compared import option_text

    table = Table(title="config")
    for column in ("key", found.a, found.b):
        table.add_column(column)
    for change in found.options:
        table.add_row(change.key, option_text(change.a), option_text(change.b))
    for name in found.plugins:
        table.add_row(name, "other content", "other content")
    out.print(table if found.options or found.plugins else "config: the same")
    table = Table(title="scores")
    for column in ("split", "score", found.a, found.b):
        table.add_column(column)
    for split, scores in found.scores.items():
        for name, pair in scores.items():
            table.add_row(split, name, *(str(score) if score else "" for score in pair))
    out.print(table if found.scores else "scores: neither run has any")
    for title, sides in (("training", found.training), ("environment", found.environment)):
        _show_facts(title, found, sides)


def _show_facts(title: str, found: "Diff", sides: Any) -> None:
    """A table of the facts that differ, and a line with the names of the others."""
    from nnfs_cli.cli.screen import Table, out

    table = Table(title=title)
    for column in ("what", found.a, found.b):
        table.add_column(column)
    differing = {name: pair for name, pair in sides.items() if pair[0] != pair[1]}
    for name, pair in differing.items():
        table.add_row(name, *("" if fact is None else str(fact) for fact in pair))
    if differing:
        out.print(table)
    if same := [name for name, pair in sides.items() if name not in differing and pair[0] is not None]:
        out.print(f"{title}, the same: {', '.join(same)}", style="dim")
