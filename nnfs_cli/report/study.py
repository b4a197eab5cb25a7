"""The page of a study: what was varied, the winner and its test score, the trials, pictures, and the runs."""

import base64
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnfs_cli.core.errors import counted
from nnfs_cli.core.spelling import typed
from nnfs_cli.report.html import Cell, Html, bullets, facts, section, table, text
from nnfs_cli.report.page import framed, scripts
from nnfs_cli.report.sections import configuration, environment
from nnfs_cli.runs.finding import STUDY
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.studies.directory import BEST
from nnfs_cli.studies.record import Option, StudyRecord, TrialRecord, number
from nnfs_cli.training.reports import format_score

MOST_ROWS = 1000
"""Of a table; the study's own have all."""
SCRIPTS = ("paint", "frame", "sort", "study")
CAPTIONS = {
    "history": "Each trial's value in order, and the best so far.",
    "parallel_coordinates": "Each trial as a line through its options to its value, the best ones on top.",
    "importance": "Which options tell the best trials from the others. It is no proof of a cause.",
    "slices": "The value against each varied option.",
    "learning_curve": "What more rows would bring: the curve of validation still moves, or is flat.",
    "seeds": "How far the runs of a trial lie apart, and how sure their mean is.",
    "forest": "Means and differences to the best trial, pairs of runs with the same seed and fold. The best "
    "of many looks better than it is.",
}
STATUS = {
    "completed": "completed",
    "interrupted": "interrupted: nnfs study --resume goes on with it",
    "running": "not finished when this page was written",
    "failed": "failed",
}


@dataclass(frozen=True)
class StudyPage:
    """What the page of a study is made from.

    pictures: by name, as PNG files on light and on dark paper.
    links: by run, where its own report is, seen from the page.
    missing: sentences on what the page lacks, and why.
    """

    record: StudyRecord
    place: str
    pictures: Mapping[str, tuple[bytes, bytes]]
    links: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def render_study(page: StudyPage) -> str:
    """The report of a study as HTML that needs no other file."""
    record = page.record
    main = [
        f'<div class="opening">{_opening(record)}</div>',
        _winner(record),
        _varied(record),
        _pictures(page),
        _trials(record),
        _runs(page),
        configuration(record.yaml),
        environment(record.summary),
        _again(page),
    ]
    script = f'<script>\n"use strict";\n{scripts(SCRIPTS)}\n</script>'
    return framed(record.name, record.study.id, "\n".join(main), script)


def _opening(record: StudyRecord) -> Html:
    summary = record.summary
    status = str(summary.get("status"))
    if record.options:
        count = counted(len(record.trials), "trial")
        lead = f"A study of {count}, {counted(len(record.runs), 'run')} in all, chosen by {record.monitor}."
    else:
        lead = f"{counted(len(record.runs), 'run')} of one config."
    tiles = "".join(
        f"<div class='{'main' if i == 0 else ''}'><dt>{text(name)}</dt><dd>{text(value)}</dd></div>"
        for i, (name, value) in enumerate(_tiles(record))
    )
    return Html(
        f'<p class="status {text(status)}">{text(STATUS.get(status, status))}</p>'
        f'<h1>{text(record.name)}</h1><p class="lead">{text(lead)}</p><dl class="tiles">{tiles}</dl>'
    )


def _tiles(record: StudyRecord) -> Iterator[tuple[str, str]]:
    scores = _scores(record)
    split = next((name for name in ("test", "validation", "train") if name in scores), "")
    for name, (value, interval) in sorted(scores.get(split, {}).items(), key=lambda each: each[0] == "loss"):
        yield f"{split} {name.replace('_', ' ')} {interval.ends}", format_score(value, 4)
    if record.options and record.winner:
        yield f"{record.monitor} of the winner", format_score(record.winner.value, 4)


def _scores(record: StudyRecord) -> dict[str, dict[str, tuple[float | None, Interval]]]:
    """The winner's scores with their intervals, by split and name."""
    found = _recorded_winner(record).get("scores")
    return {
        str(split): {str(name): (mean.get("mean"), Interval.of_json(mean)) for name, mean in names.items()}
        for split, names in (found or {}).items()
    }


def _recorded_winner(record: StudyRecord) -> dict[str, Any]:
    """What summary.json has of the winner; {} before there is one, or if the tables have another by now.

    Where nothing is varied, the one trial is the winner, with or without a monitored value.
    """
    recorded: dict[str, Any] = record.summary.get("winner") or {}
    number = record.winner.number if record.winner else None
    return recorded if not record.options or recorded.get("trial") == number else {}


def _winner(record: StudyRecord) -> Html:
    """The best trial, the scores of its runs, and what its test score is worth."""
    scores, winner = _scores(record), record.winner
    parts: list[str] = []
    if record.options and winner is None:
        parts.append("<p>No trial was trained to its end yet.</p>")
    elif record.options and winner is not None:
        parts.append(facts({option.key: option.text(winner.cells[option.key]) for option in record.options}))
        parts.append(f"<p>{text(' '.join(_verdict(record, winner, has_test='test' in scores)))}</p>")
    rows = [
        [split, name, value, interval.ends or "none", interval.method.removeprefix("none: ")]
        for split, names in scores.items()
        for name, (value, interval) in names.items()
    ]
    if rows:
        head = ["split", "score", "mean", "95 % interval", "by, or why there is none"]
        parts.append(table(head, rows, f"means of {counted(_runs_of_winner(record), 'run')}"))
    title = f"The winner: trial {winner.number}" if record.options and winner else "Scores"
    return section("winner", title, *parts)


def _verdict(record: StudyRecord, winner: TrialRecord, *, has_test: bool) -> Iterator[str]:
    count = counted(len(record.trials), "trial")
    yield (
        f"It was chosen among {count} by its {record.monitor}, {format_score(winner.value, 4)}, which "
        f"therefore flatters it."
    )
    took_no_part = _recorded_winner(record).get("test_rows_took_no_part") is True
    if has_test and took_no_part:
        yield "The test rows took no part in choosing it: its test score is what to expect on new rows."


def _runs_of_winner(record: StudyRecord) -> int:
    return len(_recorded_winner(record).get("runs") or ())


def _varied(record: StudyRecord) -> Html:
    rows = [[option.key, _space(option)] for option in record.options]
    words = f"<p>Options are sampled by {text(record.config.chosen_by)}.</p>" if rows else ""
    return section("varied", "What was varied", table(["option", "values"], rows) + words if rows else "")


def _space(option: Option) -> str:
    if option.labels:
        return ", ".join(option.labels)
    low, high = option.space.values
    kinds = {"int": "integers", "log": "numbers, on a logarithmic scale,", "uniform": "numbers"}
    return f"{kinds[option.space.kind]} from {low:g} to {high:g}"


def _pictures(page: StudyPage) -> Html:
    figures = [
        f'<figure class="picture">{_image(light, "on-light")}{_image(dark, "on-dark")}'
        f"<figcaption>{text(CAPTIONS[name])}</figcaption></figure>"
        for name, (light, dark) in page.pictures.items()
    ]
    return section("pictures", "Pictures", *figures, bullets(page.missing))


def _image(png: bytes, kind: str) -> str:
    return f'<img class="{kind}" alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _trials(record: StudyRecord) -> Html:
    """The trials, the best first, then those without a value."""
    ordered = [*record.ranked, *(trial for trial in record.trials if not trial.has_value)]
    rows: list[list[Cell]] = [
        [
            str(trial.number),
            trial.value if trial.has_value else None,
            Interval(trial.low, trial.high, "").ends,
            *(option.text(trial.cells[option.key]) for option in record.options),
            str(trial.epochs),
            trial.status,
        ]
        for trial in ordered[:MOST_ROWS]
    ]
    keys = [option.key for option in record.options]
    head = ["trial", record.monitor, "95 % interval", *keys, "epochs", "status"]
    return _sortable("trials", "Trials", head, rows, len(ordered)) if keys else Html()


def _runs(page: StudyPage) -> Html:
    record = page.record
    places = ["repeat", "fold"] if record.config.folds else []
    columns = ["trial", "seed", *places, "status", "epochs", "seconds"]
    rows: list[list[Cell]] = [
        [_named(row["run"], page.links), *(row.get(column, "") for column in columns), _value(row, record)]
        for row in record.runs[:MOST_ROWS]
    ]
    head = ["run", *columns, record.monitor]
    return _sortable("runs", "Runs", head, rows, len(record.runs)) if rows else Html()


def _value(row: Mapping[str, str], record: StudyRecord) -> float | None:
    value = number(row.get(record.monitor, ""))
    return value if math.isfinite(value) else None


def _named(run: str, links: Mapping[str, str]) -> str:
    """A run's name, with a link to its report if it has one."""
    return Html(f'<a href="{text(links[run])}">{text(run)}</a>') if run in links else run


def _sortable(name: str, title: str, head: list[str], rows: list[list[Cell]], count: int) -> Html:
    less = (
        f"<p>The first {MOST_ROWS:,} of {count:,}; the study's folder has all.</p>"
        if count > MOST_ROWS
        else ""
    )
    return section(name, title, f'<div class="sortable">{table(head, rows)}</div>', less)


def _again(page: StudyPage) -> Html:
    commands = [typed("plot", page.place)]
    if page.record.study.has(BEST):
        commands.insert(0, typed("train", f"{page.place}/{BEST}"))
    if page.record.summary.get("status") != "completed":
        commands.insert(0, typed("study", "--resume", page.place))
    lines = "\n".join(map(text, [*commands, typed("study", f"{page.place}/{STUDY}")]))
    notes = page.record.summary.get("notes") or ()
    words = "<p>The same config, data and versions give the same tables, on one core and on sixteen.</p>"
    return section(
        "again", "Reproduce it", words, f'<pre tabindex="0"><code>{lines}</code></pre>', bullets(notes)
    )
