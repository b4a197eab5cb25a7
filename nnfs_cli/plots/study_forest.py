"""forest.png: the means of the best trials and their differences to the best one, with intervals."""

import math

from nnfs_cli.plots import forest
from nnfs_cli.plots.forest import Estimate
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name
from nnfs_cli.plots.study_values import LackingError, need_trials, short_text
from nnfs_cli.studies.record import StudyRecord, TrialRecord, number, short_names

MOST_TRIALS = 20
NAME_LETTERS = 60
DRAWS = ("seed", "repeat", "fold")
"""What runs share that pair."""


def draw(record: StudyRecord) -> Axes:
    """A line for each of the best trials that were trained to their ends, the best on top."""
    need_trials(record)
    best = [trial for trial in record.ranked if trial.status == "completed"][:MOST_TRIALS]
    if len(best) < 2 or max(len(record.runs_of(trial)) for trial in best) < 2:
        raise LackingError("it needs two trials with several runs each")
    scores = [Estimate(_label(record, trial), trial.value, *_ends(trial.low, trial.high)) for trial in best]
    differences = [
        estimate
        for trial, score in zip(best[1:], scores[1:], strict=True)
        if (estimate := _difference(record, trial, best[0], score.label))
    ]
    axes = forest.draw(scores, differences, record.monitor, f"trial {best[0].number}")
    keys = ", ".join(short_names([option.key for option in record.options]).values())
    axes.set_ylabel(shorten_name(f"trial: {keys}", NAME_LETTERS))
    return axes


def _label(record: StudyRecord, trial: TrialRecord) -> str:
    """`12: 0.0013, 64`: a trial's number and options."""
    texts = (short_text(option, trial.cells[option.key]) for option in record.options)
    return f"{trial.number}: {', '.join(texts)}"


def _difference(record: StudyRecord, trial: TrialRecord, best: TrialRecord, label: str) -> Estimate | None:
    """A trial's mean minus the best one's, over the runs of the same seed and fold; None if none pair."""
    theirs, ours = (
        {tuple(row.get(key) for key in DRAWS): number(row.get(record.monitor, "")) for row in rows}
        for rows in (record.runs_of(trial), record.runs_of(best))
    )
    apart = {draw: theirs[draw] - ours[draw] for draw in theirs if draw in ours}
    apart = {draw: value for draw, value in apart.items() if math.isfinite(value)}
    if not apart:
        return None
    values = list(apart.values())
    interval = record.interval(values, [draw[1:] for draw in apart])
    return Estimate(label, math.fsum(values) / len(values), *_ends(interval.low, interval.high))


def _ends(low: float, high: float) -> tuple[float, float] | tuple[None, None]:
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)
