"""What `nnfs data describe` prints."""

from collections.abc import Sequence

from nnfs_cli.cli.screen import Table, out
from nnfs_cli.core.errors import listed
from nnfs_cli.core.spelling import printable_name
from nnfs_cli.preprocessing.description import Description, Statistics

MOST_COLUMNS = 20
MOST_LEVELS = 12
MOST_UNUSED = 5

HEADINGS = [
    *[("missing", 6), ("mean", 0), ("std", 2), ("min", 4), ("median", 7), ("max", 5)],
    *[("| mean", 1), ("| std", 3), ("| min", 8), ("| max", 9)],
]
"""The columns of numbers, and in which order they are left out: the highest first, 0 never."""


def show_description(description: Description, name: str) -> None:
    """Sizes, classes, statistics before and after normalization, and the first labels as one-hot rows."""
    d = description
    shape = ", ".join(map(str, d.input_shape))
    rows = ", ".join(f"{count:,} {split}" for split, count in d.rows.items())
    out.print(f"{name}: {d.task}", style="bold")
    out.print(f"rows: {rows}; each of shape ({shape}), {d.dtype}")
    for sentence in d.notes:
        out.print(sentence)
    if d.missing:
        counts = ", ".join(f"{column} ({count:,})" for column, count in d.missing.items() if count)
        out.print(f"missing values: {counts or 'none'}")
    if len(d.unused) > MOST_UNUSED:  # else a note lists them all
        out.print(f"columns not used: {', '.join(d.unused)}")
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
        out.print(f"and {more:,} more columns, which --json lists")
    for line in d.one_hot:
        out.print(printable_name(line))


def _classes(d: Description) -> Table:
    table = Table(title="classes")
    table.add_column("class")
    for k, split in enumerate(d.class_counts):
        table.add_column(split, justify="right", drop=k)
        table.add_column("share", justify="right", drop=k + len(d.class_counts))
    for k, label in enumerate(d.classes):
        cells = []
        for split, counts in d.class_counts.items():
            cells += [f"{counts[k]:,}", f"{counts[k] / max(d.rows[split], 1):.1%}"]
        table.add_row(label, *cells)
    return table


def _statistics(columns: Sequence[Statistics], sampled: str) -> Table:
    table = Table(title=f"training rows: raw | as the network gets them{sampled}")
    table.add_column("column")
    table.add_column("kind")
    for heading, drop in HEADINGS:
        table.add_column(heading, justify="right", drop=drop)
    for s in columns:
        before = (s.mean, s.std, s.low, s.median, s.high)
        after = (s.normalized_mean, s.normalized_std, s.normalized_low, s.normalized_high)
        cells = [_number(number) for number in (*before, *after)]
        table.add_row(s.name, s.kind, _count(s.missing), *cells)
    return table


def _categories(columns: Sequence[Statistics], sampled: str) -> Table:
    table = Table(title=f"training rows: categories and their counts{sampled}")
    table.add_column("column")
    table.add_column("missing", justify="right", drop=1)
    table.add_column("categories")
    for s in columns:
        levels = [f"{level} {count:,}" for level, count in s.levels.items()]
        text = f"{len(levels)}: {listed(levels, MOST_LEVELS)}"
        table.add_row(s.name, _count(s.missing), text)
    return table


def _count(missing: int) -> str:
    return f"{missing:,}" if missing else ""


def _number(number: float | None) -> str:
    if number is None:
        return ""
    return f"{0.0 if abs(number) < 1e-12 else number:.4g}"  # a mean of 1e-16 is 0 with a rounding error
