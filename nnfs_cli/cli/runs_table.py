"""The list of runs as a table, as CSV and as JSON."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from nnfs_cli.cli.output import csv_output
from nnfs_cli.cli.screen import Justify, Table, out
from nnfs_cli.core.errors import counted, listed
from nnfs_cli.runs.facts import canonical, value_of
from nnfs_cli.runs.listed import Line, facts_of
from nnfs_cli.runs.listing import COMPUTED_BY
from nnfs_cli.training.reports import format_score, scores_text

MOST_OF_A_NOTE = 60
"""Letters of a note in the table."""
COLUMNS = ("id", "status", "tags", "note", "epochs", "epochs_planned", "best_epoch", "seconds", "started")
"""The columns of CSV, before those of scores."""
SHOWN = {"id", "status", "epochs", "best_epoch", "seconds", "tags", "note"}
"""Facts that the table has in any case."""


def show_runs(lines: Sequence[Line], sorted_by: str = "", chosen_by: Collection[str] = ()) -> None:
    """The runs and studies, one a row, with the fact that they are sorted by.

    What they are sorted or chosen by is not left out where there is little room.
    """
    asked = {sorted_by, *chosen_by}
    table = Table()
    table.add_column("run")
    table.add_column("status")
    for name, drop in (("epochs", 1), ("best_epoch", 3), ("scores", 0), ("seconds", 2)):
        justify: Justify = "left" if name == "scores" else "right"
        table.add_column(name.replace("_", " "), justify=justify, drop=0 if name in asked else drop)
    marks = [name for name in ("tags", "note") if any(line.get(name) for line in lines)]
    for name in marks:
        table.add_column(name, drop=0 if name in asked else 4)
    more = [sorted_by] if sorted_by and sorted_by not in SHOWN else []
    for name in more:
        table.add_column(name, justify="right")
    for line in lines:
        cells = _of_study(line) if line.get("study") else _of_run(line)
        table.add_row(*cells, *(_mark(line, name) for name in marks), *map(_shown, _row(line, more)))
    out.print(table)
    if died := [line["id"] for line in lines if line["status"] == "died" and not line.get("study")]:
        out.print(f"died: the process is gone; `nnfs resume RUN` continues {listed(died)}")


def _of_run(line: Line) -> tuple[str, ...]:
    scores = scores_text(line.get("scores") or {})
    return (
        line["id"],
        line["status"],
        f"{line.get('epochs', '?')}/{line.get('epochs_planned', '?')}",
        str(line.get("best_epoch") or ""),
        f"{line['split']}: {scores}" if scores else "",
        f"{line['seconds']:.1f}" if line.get("seconds") is not None else "",
    )


def _of_study(line: Line) -> tuple[str, ...]:
    trials = "" if line["trials"] is None else f"{counted(line['trials'], 'trial')}, "
    best = "  ".join(f"{name} {_shown(value)}" for name, value in line["best"].items())
    return (
        f"{line['id']}/",
        line["status"],
        f"{trials}{counted(line['runs'], 'run')}",
        "",
        best and f"best: {best}",
        "",
    )


def _mark(line: Line, name: str) -> str:
    text = ", ".join(line.get("tags") or ()) if name == "tags" else str(line.get("note") or "")
    return _shortened(text)


def _shortened(note: str) -> str:
    text = " ".join(note.split())
    return text if len(text) <= MOST_OF_A_NOTE else f"{text[: MOST_OF_A_NOTE - 3]}..."


def show_columns(lines: Sequence[Line], columns: Sequence[str]) -> None:
    """The runs with chosen facts; numbers stand at the right."""
    table = Table()
    rows = [_row(line, columns) for line in lines]
    for name, values in zip(columns, zip(*rows, strict=True), strict=True):
        is_number = any(isinstance(value, int | float) for value in values)
        table.add_column("run" if name == "id" else name, justify="right" if is_number else "left")
    for row in rows:
        shown = zip(columns, map(_shown, row), strict=True)
        table.add_row(*(_shortened(text) if name == "note" else text for name, text in shown))
    out.print(table)


def show_computed_by(lines: Sequence[Line]) -> None:
    """What computed each run: BLAS, its kernel, who chose that, its threads, the processor; the commit."""
    table = Table()
    table.add_column("run")
    table.add_column("BLAS and kernel")
    table.add_column("chosen by", drop=2)
    table.add_column("threads", justify="right", drop=1)
    table.add_column("processor", drop=4)
    table.add_column("commit", drop=3)
    names = ("blas", "kernel_chosen_by", "blas_threads", "processor", "git_commit")
    for line in lines:
        facts = {name: str(line.get(name) or "") for name in names}
        table.add_row(line["id"], *(facts | {"git_commit": facts["git_commit"][:12]}).values())
    out.print(table)


def print_csv(lines: Sequence[Line], columns: Sequence[str] = ()) -> None:
    """The runs as CSV: chosen facts, or else the columns of the list and the scores of every split."""
    names = columns or [*COLUMNS, *_scores_of(lines)]
    with csv_output(None) as writer:
        writer.writerow(names)
        writer.writerows([_cell(value) for value in _row(line, names)] for line in lines)


def as_json(lines: Sequence[Line], columns: Sequence[str] = (), *, verbose: bool) -> list[dict[str, Any]]:
    """The runs for JSON: chosen facts, or else the columns of the list; verbose, with what computed."""
    if columns:
        return [dict(zip(columns, _row(line, columns), strict=True)) for line in lines]
    hidden = {"facts", "maximize", *(() if verbose else COMPUTED_BY)}
    return [{name: value for name, value in line.items() if name not in hidden} for line in lines]


def _scores_of(lines: Sequence[Line]) -> list[str]:
    """The names of all scores with their splits: `val_loss`."""
    shown = dict.fromkeys(name for line in lines for name in line.get("scores") or ())
    known = {name for line in lines for name in facts_of(line)}
    names = (f"{split}_{name}" for split in ("train", "val", "test") for name in shown)
    return [name for name in names if name in known]


def _row(line: Line, columns: Sequence[str]) -> list[Any]:
    facts = facts_of(line) if columns else {}
    return [value_of(facts, canonical(name)) for name in columns]


def _shown(value: object) -> str:
    if isinstance(value, float):
        return format_score(value)
    return "" if value is None else ", ".join(value) if isinstance(value, list) else _cell(value)


def _cell(value: Any) -> str:
    """A value in CSV: numbers in full, JSON's words for truth values."""
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
