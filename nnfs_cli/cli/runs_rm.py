"""`nnfs runs rm RUN...`."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnfs_cli.cli.completion import complete_run_or_study
from nnfs_cli.cli.options import RUNS, RunsFolder, Where

if TYPE_CHECKING:
    from nnfs_cli.jobs.remove import Removal

MOST_SHOWN = 20
"""Runs that the question names."""


def rm(
    references: Annotated[
        list[str],
        typer.Argument(
            metavar="[RUN...]",
            help="Runs or studies: their paths, their ids, or `latest`.",
            autocompletion=complete_run_or_study,
        ),
    ] = [],  # noqa: B006  typer reads the default, nothing changes it
    where: Where = [],  # noqa: B006
    tags: Annotated[
        list[str], typer.Option("--tag", metavar="TAG", help="All runs with this tag. Repeatable.")
    ] = [],  # noqa: B006
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without a question.")] = False,
    runs: RunsFolder = RUNS,
) -> None:
    """Delete runs and studies for good, after a question that names them and their size.

    Only what nnfs wrote is deleted. A run that is being trained, a link, and what is no run are refused.
    """
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.jobs.remove import plan_removal, remove

    removals = [plan_removal(folder) for folder in _folders(references, where, tags, runs)]
    if not removals:
        console.note(f"no run in {runs.absolute()} is like that: nothing was deleted")
        return
    what = f"{_counted(removals)}, {_size(sum(each.size for each in removals))}"
    console.note(f"to be deleted for good: {what}")
    for each in removals[:MOST_SHOWN]:
        console.note(f"  {_described(each)}")
    if len(removals) > MOST_SHOWN:
        console.note(f"  and {len(removals) - MOST_SHOWN:,} more")
    if not yes and not sys.stdin.isatty():
        raise NnfsError("nothing was deleted: nobody can be asked here; --yes deletes without a question")
    if not yes and not console.confirmed("delete them?"):
        console.note("nothing was deleted")
        return
    for done, each in enumerate(removals):
        try:
            remove(each)
        except BaseException:  # Ctrl-C too
            console.note_on_stderr(_said_before(removals, done))
            raise
    console.note(f"deleted: {what}")


def _folders(references: list[str], where: list[str], tags: list[str], runs: Path) -> list[Path]:
    """The folders that the command line means. By conditions only runs are meant, since studies hold many."""
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError, counted
    from nnfs_cli.core.spelling import typed
    from nnfs_cli.jobs.remove import refuse_link
    from nnfs_cli.runs.finding import find_kept
    from nnfs_cli.runs.listed import Query, all_lines

    if references and (where or tags):
        raise NnfsError("--where, --tag: choose runs; they cannot go with named ones")
    if references:
        found = [find_kept(runs, each) for each in references]
        for folder in found:
            refuse_link(folder)
        places = {Path(os.path.realpath(folder)): folder for folder in distinct(found)}
        return [folder for place, folder in places.items() if places.keys().isdisjoint(place.parents)]
    if not where and not tags:
        raise NnfsError("nothing to delete; name RUN... or choose by --where CONDITION or --tag TAG")
    query = Query.parse(where, tags)
    lines, _ = all_lines(runs, query.names)
    chosen = query.chosen(lines)
    if studies := [runs / line["id"] for line in chosen if line.get("study")]:
        are = f"{counted(len(studies), 'study is', 'studies are')} like that too"
        console.note(f"{are}; studies are deleted by name alone: `{typed('runs', 'rm', *studies)}`")
    return [runs / line["id"] for line in chosen if not line.get("study")]


def distinct(folders: Iterable[Path]) -> list[Path]:
    """The folders, each once, however it is spelled."""
    places: dict[str, Path] = {}
    for folder in folders:
        places.setdefault(os.path.realpath(folder), folder)
    return list(places.values())


def _said_before(removals: "Sequence[Removal]", done: int) -> str:
    """What was deleted before an error, of what was asked for."""
    from nnfs_cli.core.errors import listed

    names = f": {listed([str(each.folder) for each in removals[:done]])}" if done else ""
    return f"deleted so far: {done:,} of {_counted(removals)}{names}"


def _counted(removals: "Sequence[Removal]") -> str:
    """`3 runs and 1 study`."""
    from nnfs_cli.core.errors import counted

    studies = sum(each.is_study for each in removals)
    runs = len(removals) - studies
    parts = [
        *([counted(runs, "run")] if runs else []),
        *([counted(studies, "study", "studies")] if studies else []),
    ]
    return " and ".join(parts)


def _described(removal: "Removal") -> str:
    """A line on a run or a study: where it is, how large, and what stays."""
    from nnfs_cli.core.errors import counted, listed

    of_study = f"; a study with {counted(len(removal.runs), 'run')}" if removal.is_study else ""
    left = [str(path.relative_to(removal.folder)) for path in removal.all_left]
    stays = f"; stays with what nnfs did not write: {listed(left)}" if left else ""
    return f"{removal.folder}: {_size(removal.size)}{of_study}{stays}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
