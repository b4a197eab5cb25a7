"""What the commands print of scores: with their intervals, for splits, targets and classes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.text import Text

from nnfs_cli.cli.screen import Table, out
from nnfs_cli.core.errors import counted
from nnfs_cli.core.spelling import typed
from nnfs_cli.statistics.interval import Interval, methods_text, read_intervals
from nnfs_cli.training.reports import format_column, interval_text

if TYPE_CHECKING:
    from nnfs_cli.runs.directory import RunDirectory

Scores: TypeAlias = Mapping[str, float | None]

MOST_TARGETS = 10
"""Targets whose scores are shown after a training. `nnfs evaluate` shows all."""
MOST_MISTAKES = 20
GAPS = (" ", "\n", "")
"""Between a score and its interval: the first that leaves room for all columns; none leaves intervals out."""


def show_scores(run: "RunDirectory") -> None:
    """A finished run's scores, seconds, path and pictures."""
    from nnfs_cli import plots

    summary = run.summary()
    best = summary.get("best")
    which = f"weights of epoch {best['epoch']}, the best by {best['monitor']}" if best else "final weights"
    intervals = read_intervals(summary.get("intervals"))
    _show_table(f"scores of the {which}", "split", summary["scores"], intervals)
    if targets := summary.get("targets"):
        _show_targets(summary["pictured_split"], dict(list(targets.items())[:MOST_TARGETS]), summary)
    for split, of_scores in intervals.items():
        out.print(methods_text(of_scores, split), style="dim")
    out.print("(an epoch's own train scores come from its steps, each before its update)", style="dim")
    speed = summary["samples_per_second"]
    out.print(f"trained for {summary['seconds']:.1f} s, {speed:,.0f} samples/s")
    out.print(f"run: {run.path}", soft_wrap=True)
    if drawn := [file.stem for file in plots.essential_files(run)]:
        more = f"`{typed('plot', run.path)}` draws more"
        out.print(f"pictures: {', '.join(drawn)} in {run.path / 'plots'}; {more}", soft_wrap=True)


def _show_targets(split: str, targets: Mapping[str, Scores], record: Mapping[str, Any]) -> None:
    """A row for each target: its own scores on a split."""
    intervals = read_intervals(record.get("target_intervals"))
    _show_table(f"each target, {split}", "target", targets, intervals)
    said = {methods_text(own, "each target"): None for own in intervals.values()}
    for text in said if len(said) == 1 else (methods_text(own, name) for name, own in intervals.items()):
        out.print(text, style="dim")


def _show_table(
    title: str, heading: str, rows: Mapping[str, Scores], intervals: Mapping[str, Mapping[str, Interval]]
) -> None:
    """A row for each split or target; intervals stand beside the scores, or below them, if there is room."""
    names = list(next(iter(rows.values())))
    columns = [format_column([scores[name] for scores in rows.values()]) for name in names]
    for gap in GAPS:
        table = Table(title=title)
        table.add_column(heading)
        for name in names:
            table.add_column(name, justify="right")
        for row, *cells in zip(rows, *columns, strict=True):
            ends = (_ends(intervals.get(row, {}), name) for name in names)
            table.add_row(row, *(_beside(cell, end, gap) for cell, end in zip(cells, ends, strict=True)))
        if table.fits(out.width):
            break
    out.print(table)
    if intervals and not gap:
        out.print(f"{out.width} columns have no room for intervals: `nnfs evaluate` lists them", style="dim")


def _ends(intervals: Mapping[str, Interval], name: str) -> str:
    return intervals[name].ends if name in intervals else ""


def _beside(cell: str, ends: str, gap: str) -> Text:
    """A score and its interval, if it has one, and there is a gap between them."""
    return Text(f"{cell}{gap}{ends}" if gap and ends else cell)


def show_evaluation(record: Mapping[str, Any], run: "RunDirectory") -> None:
    """One split's scores; for classes also the confusion matrix and each class's scores."""
    split = record["split"]
    out.print(f"{run.id}, {split}, {counted(record['rows'], 'row')}", style="bold")
    intervals = read_intervals({split: record.get("intervals")}).get(split, {})
    wide = max(map(len, record["scores"]), default=0)
    for name, score in record["scores"].items():
        out.print(f"  {name:<{wide}} {interval_text(score, intervals.get(name), 6, '  ')}")
    if intervals:
        out.print(f"  {methods_text(intervals, split)}", style="dim")
    if "targets" in record:
        _show_targets(split, record["targets"], record)
    if "classes" not in record:
        return
    out.print(_confusion([score["name"] for score in record["classes"]], record["confusion"]))
    out.print(_class_table(record["classes"]))
    out.print(f"written to {run.path / f'evaluation-{split}.json'}", soft_wrap=True)


def _class_table(classes: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each class, with intervals beside the scores, or else below them."""
    intervals = read_intervals({score["name"]: score.get("intervals") for score in classes})
    any_there = any(interval.exists for own in intervals.values() for interval in own.values())
    for gap in GAPS[:-1]:
        table = Table(title="classes" + (", with Wilson's 95 % intervals" if any_there else ""))
        table.add_column("class")
        for column, drop in (("precision", 3), ("recall", 2), ("f1", 0), ("support", 1)):
            table.add_column(column, justify="right", drop=drop)
        for score in classes:
            cells = (
                _beside(f"{score[key]:.4f}", _ends(intervals.get(score["name"], {}), key), gap)
                for key in ("precision", "recall", "f1")
            )
            table.add_row(score["name"], *cells, f"{score['support']:,}")
        if table.fits(out.width):
            break
    return table


def _confusion(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Table:
    """The matrix; if it is too wide, with numbers for the classes or, at last, the most frequent mistakes."""
    zero = "·" if out.spell("·") == "·" else "."
    numbers = [str(k) for k in range(1, len(names) + 1)]
    numbered = [f"{k} {name}" for k, name in zip(numbers, names, strict=True)]
    for heads, labels in ((names, names), (numbers, numbered)) if 4 * len(names) < out.width else ():
        matrix = Table(title="confusion: rows actual, columns predicted")
        matrix.add_column()
        for head in heads:
            matrix.add_column(head, justify="right")
        for label, row in zip(labels, counts, strict=True):
            matrix.add_row(label, *(str(count) if count else zero for count in row))
        if matrix.fits(out.width):
            return matrix
    wrong = [(n, i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if n and i != j]
    total = sum(n for n, *_ in wrong)
    mistakes = Table(title=f"the most frequent of {total:,} mistakes" if total else "no mistakes")
    for column in ("actual", "predicted"):
        mistakes.add_column(column)
    mistakes.add_column("rows", justify="right")
    for n, i, j in sorted(wrong, key=lambda mistake: -mistake[0])[:MOST_MISTAKES]:
        mistakes.add_row(names[i], names[j], f"{n:,}")
    return mistakes
