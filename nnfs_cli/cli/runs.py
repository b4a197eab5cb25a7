"""`nnfs runs`: list runs and studies, mark them, remove them."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nnfs_cli.cli.completion import complete_run_or_study, complete_study
from nnfs_cli.cli.options import RUNS, AsJson, RunsFolder, Where
from nnfs_cli.cli.runs_rm import distinct, rm

LIST = "list"


class ListingGroup(TyperGroup):
    """A group of commands whose `list` is meant where none is named: `nnfs runs` alone lists."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        is_completed = ctx.resilient_parsing and not args
        return super().parse_args(ctx, args if is_named or is_completed else [LIST, *args])


runs = typer.Typer(
    name="runs",
    cls=ListingGroup,
    help="List runs and studies, mark them, remove them. `nnfs runs` is `nnfs runs list`, with its options.",
)


@runs.command(name=LIST)
def list_(
    study: Annotated[
        str,
        typer.Argument(
            metavar="[STUDY]",
            help="A study, whose runs are listed: its path, its id, or `latest`.",
            autocompletion=complete_study,
        ),
    ] = "",
    where: Where = [],  # noqa: B006  typer reads the default, nothing changes it
    tags: Annotated[
        list[str], typer.Option("--tag", metavar="TAG", help="Only runs with this tag. Repeatable.")
    ] = [],  # noqa: B006
    sort: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help="Sort by a score, the best first, or by another fact, as a config key; -KEY: the other way.",
        ),
    ] = "",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    columns: Annotated[
        str,
        typer.Option(
            metavar="KEY,...", help="What to show: scores, config keys, facts of the summary, tags, note."
        ),
    ] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="Show the first N runs alone.")
    ] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Show what computed: BLAS, its kernel, processor; and the commit."
        ),
    ] = False,
) -> None:
    """List the runs with status, epochs, scores, time and marks, newest last; studies are one line each."""
    from nnfs_cli.cli import console, runs_table
    from nnfs_cli.core.errors import NnfsError, counted
    from nnfs_cli.runs.finding import find_study
    from nnfs_cli.runs.listed import Query, all_lines

    if as_json and as_csv:
        raise NnfsError("--csv: cannot go with --json")
    root = find_study(runs, study) if study else runs
    query = Query.parse(where, tags, sort, columns, reverse=reverse)
    lines, trouble = all_lines(root, query.names if query.names or as_csv else None)
    found = query.chosen(lines)
    shown = found[:limit]
    if as_json:
        console.print_json(runs_table.as_json(shown, query.columns, verbose=verbose))
    elif as_csv:
        runs_table.print_csv(shown, query.columns)
    elif not lines:
        console.note(f"no runs in {root.absolute()} yet; `nnfs train CONFIG` makes one")
    elif not found:
        near = query.nearest_tag(lines)
        console.note(f"none of {counted(len(lines), 'run')} in {root.absolute()} is like that{near}")
    else:
        runs_table.show_columns(shown, query.columns) if query.columns else runs_table.show_runs(
            shown, query.sort_key, query.chosen_by
        )
        if verbose:
            runs_table.show_computed_by(shown)
        if shown != found:
            console.note(f"the first {len(shown):,} of {len(found):,}")
    if verbose and trouble:
        console.warn(f"the list is not kept, which makes the next one slower: {trouble}")


@runs.command()
def mark(
    references: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Runs or studies: their paths, their ids, or `latest`.",
            autocompletion=complete_run_or_study,
        ),
    ],
    tags: Annotated[list[str], typer.Option("--tag", metavar="TAG", help="Add this tag. Repeatable.")] = [],  # noqa: B006
    untags: Annotated[
        list[str], typer.Option("--untag", metavar="TAG", help="Take this tag away. Repeatable.")
    ] = [],  # noqa: B006
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Set the note; an empty text takes it away.")
    ] = None,
    runs: RunsFolder = RUNS,
) -> None:
    """Give runs tags and a note, which `nnfs runs` shows; no other file of a run changes."""
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.runs.finding import find_kept
    from nnfs_cli.runs.marks import marking, read_marks, write_marks

    if not tags and not untags and note is None:
        raise NnfsError("nothing to mark with; add --tag TAG, --untag TAG or --note TEXT")
    folders = distinct(find_kept(runs, reference) for reference in references)
    with marking(folders):
        changed = [(folder, read_marks(folder).changed(tags, untags, note)) for folder in folders]
        for folder, marks in changed:
            write_marks(RunDirectory(folder), marks)
            said = [f"tags {', '.join(marks.tags)}"] if marks.tags else []
            said += [f"note: {marks.note}"] if marks.note else []
            console.note(f"{folder.name}: {'; '.join(said) or 'no marks'}")


runs.command()(rm)
