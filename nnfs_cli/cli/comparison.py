"""How a comparison is shown: as tables and sentences, as Markdown, as CSV."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nnfs_cli.cli.screen import Table, out
from nnfs_cli.core.spelling import printable_name
from nnfs_cli.jobs.compare import Comparison, Versus
from nnfs_cli.jobs.differences import Difference
from nnfs_cli.jobs.options_compared import option_text
from nnfs_cli.jobs.verdict import amount_text, p_number

PAIRED = {
    "row": "row by row",
    "seed": "by {} pairs of seeds",
    "fold": "by {} pairs of runs on the same folds",
    "none": "not paired",
}
COLUMNS = (
    *("split", "a", "b", "paired_by", "pairs", "score", "a_score", "a_low", "a_high", "b_score", "b_low"),
    *("b_high", "difference", "low", "high", "test", "p", "p_adjusted", "verdict"),
)


def show(found: Comparison, pictures: Sequence[Path]) -> None:
    """Tables of options and scores, notes, and the sentences."""
    if found.options:
        table = Table(title="config")
        for column in ("key", *(contender.name for contender in found.contenders)):
            table.add_column(column)
        for key, values in found.options.items():
            table.add_row(key, *map(option_text, values))
        out.print(table)
    else:
        out.print("config: the same but for seeds, names, and what is recorded")
    for versus in found.versus:
        table = Table(title=_title(found, versus))
        for column in ("score", versus.a, versus.b, "difference", "p", "verdict"):
            table.add_column(column)
        for row in _score_rows(versus):
            table.add_row(*row)
        out.print(table)
    for note in _notes(found):
        out.print(note)
    if pictures:
        names = ", ".join(file.stem for file in pictures)
        out.print(f"pictures: {names} in {pictures[0].parent}", soft_wrap=True)
    for sentence in found.sentences:
        out.print(sentence, style="bold")


def print_markdown(found: Comparison) -> None:
    """The same as Markdown."""
    names = [contender.name for contender in found.contenders]
    lines = [*found.sentences, ""]
    for versus in found.versus:
        header = ["score", versus.a, versus.b, "difference", "p", "verdict"]
        lines += [f"**{_cell(_title(found, versus))}**", "", *_table(header, _score_rows(versus)), ""]
    if found.options:
        options = [[f"`{key}`", *map(option_text, values)] for key, values in found.options.items()]
        lines += ["**config**", "", *_table(["key", *names], options), ""]
    lines += [f"- {_cell(note)}" for note in _notes(found)]
    out.print("\n".join(lines).rstrip(), soft_wrap=True)


def csv_rows(found: Comparison) -> Iterator[Sequence[Any]]:
    """A heading, and a row for each score of each comparison."""
    yield COLUMNS
    for versus in found.versus:
        for name, each in versus.differences.items():
            scores: list[Any] = []
            for score in (each.a, each.b):
                interval = score.interval
                ends = [interval.low, interval.high] if interval and interval.exists else ["", ""]
                scores += [score.value, *ends]
            ends = [each.interval.low, each.interval.high] if each.interval.exists else ["", ""]
            p = ["" if number != number else number for number in (each.p, each.adjusted)]
            yield [
                *(found.split, versus.a, versus.b, versus.by, each.pairs, name),
                *(*scores, each.value, *ends, each.test, *p, each.verdict),
            ]


def _title(found: Comparison, versus: Versus) -> str:
    return f"{versus.b} against {versus.a}, {found.split}, {PAIRED[versus.by].format(versus.pairs)}"


def _score_rows(versus: Versus) -> Iterator[list[str]]:
    for name, each in versus.differences.items():
        texts = [amount_text(score.value, score.interval) for score in (each.a, each.b)]
        yield [name, *texts, amount_text(each.value, each.interval), p_number(each), each.verdict]


def _notes(found: Comparison) -> list[str]:
    """How differences were tested, with the scores that it is so for; and each note once."""
    how: dict[str, dict[str, None]] = {}
    for name, each in ((name, each) for versus in found.versus for name, each in versus.differences.items()):
        if each.value is not None:
            method = each.interval.method.removeprefix("none: ")
            interval = f"its interval: {method}" if each.interval.exists else f"no interval: {method}"
            how.setdefault(f"{each.test}; {interval}{_of_scores(each)}", {})[name] = None
    methods = [f"{', '.join(names)}: {text}" for text, names in how.items()]
    return list(
        dict.fromkeys([*methods, *(note for each in found.versus for note in each.notes), *found.notes])
    )


def _of_scores(found: Difference) -> str:
    """How the intervals of the scores themselves were found, if not as that of their difference."""
    intervals = [score.interval for score in (found.a, found.b) if score.interval and score.interval.exists]
    methods = dict.fromkeys(each.method for each in intervals if each.method != found.interval.method)
    return f"; those of scores: {' and '.join(methods)}" if methods else ""


def _table(header: Sequence[str], rows: Any) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines]


def _cell(text: str) -> str:
    """A text in which nothing ends a cell or a line."""
    return printable_name(text).replace("|", "\\|")
