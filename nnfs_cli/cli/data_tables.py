"""What `nnfs data describe` prints."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from nnfs_cli.cli.console import out
from nnfs_cli.core.errors import listed
from nnfs_cli.preprocessing.description import Description, Statistics

MOST_COLUMNS = 20
MOST_LEVELS = 12
MOST_UNUSED = 5


def show_description(description: Description, name: str) -> None:
    """Sizes, classes, statistics before and after normalization, and the first labels as one-hot rows."""
    d = description
    shape = ", ".join(map(str, d.input_shape))
    rows = ", ".join(f"{count:,} {split}" for split, count in d.rows.items())
    out.print(f"{name}: {d.task}", style="bold", markup=False)
    out.print(f"rows: {rows}; each of shape ({shape}), {d.dtype}", markup=False)
    for sentence in d.notes:
        out.print(sentence, markup=False)
    if d.missing:
        counts = ", ".join(f"{column} ({count:,})" for column, count in d.missing.items() if count)
        out.print(f"missing values: {counts or 'none'}", markup=False)
    if len(d.unused) > MOST_UNUSED:  # else a note lists them all
        out.print(f"columns not used: {', '.join(d.unused)}", markup=False)
    if d.classes:
        out.print(_classes(d))
    sampled = f", of {d.sampled:,} of the training rows" if d.sampled < d.rows["train"] else ""
    shown = d.features[:MOST_COLUMNS]
    if numbers := [*(s for s in shown if not s.levels), *d.targets]:
        out.print(_statistics(numbers, sampled))
    if categories := [s for s in shown if s.levels]:
        out.print(_categories(categories, sampled))
    if d.features[MOST_COLUMNS:]:
        more = len(d.features) - MOST_COLUMNS
        out.print(f"and {more:,} more columns, which --json lists", markup=False)
    for line in d.one_hot:
        out.print(line, markup=False)


def _classes(d: Description) -> Table:
    table = Table(title="classes", title_justify="left", title_style="bold")
    table.add_column("class")
    for split in d.class_counts:
        table.add_column(split, justify="right")
        table.add_column("share", justify="right")
    for k, label in enumerate(d.classes):
        cells = []
        for split, counts in d.class_counts.items():
            cells += [f"{counts[k]:,}", f"{counts[k] / max(d.rows[split], 1):.1%}"]
        table.add_row(Text(label), *cells)
    return table


def _statistics(columns: Sequence[Statistics], sampled: str) -> Table:
    table = Table(
        title=f"training rows: raw | as the network gets them{sampled}",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("column", no_wrap=True)
    table.add_column("kind")
    for heading in ("missing", "mean", "std", "min", "median", "max", "| mean", "std", "min", "max"):
        table.add_column(heading, justify="right", no_wrap=True)
    for s in columns:
        before = (s.mean, s.std, s.low, s.median, s.high)
        after = (s.normalized_mean, s.normalized_std, s.normalized_low, s.normalized_high)
        cells = [_number(number) for number in (*before, *after)]
        table.add_row(Text(s.name), s.kind, _count(s.missing), *cells)
    return table


def _categories(columns: Sequence[Statistics], sampled: str) -> Table:
    table = Table(
        title=f"training rows: categories and their counts{sampled}",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("column", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("categories", overflow="fold")
    for s in columns:
        levels = [f"{level} {count:,}" for level, count in s.levels.items()]
        text = f"{len(levels)}: {listed(levels, MOST_LEVELS)}"
        table.add_row(Text(s.name), _count(s.missing), Text(text))
    return table


def _count(missing: int) -> str:
    return f"{missing:,}" if missing else ""


def _number(number: float | None) -> str:
    if number is None:
        return ""
    return f"{0.0 if abs(number) < 1e-12 else number:.4g}"  # a mean of 1e-16 is 0 with a rounding error
