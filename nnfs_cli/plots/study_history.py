"""history.png: the monitored value of each trial in order, and the best one so far."""

from typing import Any

import numpy as np

from nnfs_cli.core.errors import counted
from nnfs_cli.plots.colors import CLASSES, marker
from nnfs_cli.plots.history import subtitle
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.study_values import mark_beyond, mark_failed, need_trials, scale_values, title
from nnfs_cli.plots.style import ORANGE, ink, panels
from nnfs_cli.plots.ticks import count_axis
from nnfs_cli.studies.record import StudyRecord, TrialRecord


def draw(record: StudyRecord) -> Axes:
    """The trials by their numbers; with halving, by how far each was trained."""
    need_trials(record)
    (axes,) = panels([title(record, "the trials in order")], (9.0, 4.8))
    limits = scale_values(axes, record)
    colors = [CLASSES[0], *CLASSES[2:]]  # orange is the best one's
    for k, (label, trials) in enumerate(_by_training(record.ranked)):
        style: Any = {"color": colors[k % len(colors)], "alpha": 0.85, "mec": "none", "ms": 7}
        x, y = _points(trials)
        axes.plot(x, y, marker(k), label=label, **style)
    mark_beyond(axes, *_points(record.ranked), limits)
    mark_failed(axes, np.array([trial.number for trial in record.trials if not trial.has_value], float))
    _draw_best(axes, record)
    last = max(trial.number for trial in record.trials)
    axes.set_xlim(-0.02 * last - 0.5, 1.02 * last + 0.5)
    count_axis(axes, name="trial", most=10)
    figure: Any = axes.figure
    figure.legend(loc="outside lower center", ncols=3)
    return axes


def _draw_best(axes: Axes, record: StudyRecord) -> None:
    """The best value so far of trials that were trained to their ends, as stairs; the winner in a ring."""
    winner = record.winner
    if winner is None:
        return
    x, y = _points([trial for trial in record.ranked if trial.status == "completed"])
    so_far = np.maximum.accumulate(y) if record.maximize else np.minimum.accumulate(y)
    x = np.append(x, max(trial.number for trial in record.trials))
    axes.step(x, np.append(so_far, so_far[-1]), where="post", color=ORANGE, lw=1.8, label="best so far")
    axes.plot(
        *(winner.number, winner.value), "o", ms=14, mfc="none", mec=ink(), mew=1.8, label="the winner", ls=""
    )
    subtitle(axes, f"the best of {counted(len(record.trials), 'trial')} is trial {winner.number}")


def _points(trials: list[TrialRecord]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and values (n,) of trials, in the order of their numbers."""
    ordered = sorted(trials, key=lambda trial: trial.number)
    return np.array([trial.number for trial in ordered]), np.array([trial.value for trial in ordered])


def _by_training(trials: list[TrialRecord]) -> list[tuple[str, list[TrialRecord]]]:
    """The trials that were trained to their ends, then those left behind, by the epoch where they were."""
    groups: dict[str, list[TrialRecord]] = {}
    order = sorted(trials, key=lambda trial: (trial.status != "completed", -trial.epochs))
    for trial in order:
        label = "trained to the end" if trial.status == "completed" else f"left after epoch {trial.epochs:,}"
        groups.setdefault(label, []).append(trial)
    return list(groups.items()) if len(groups) > 1 else [("a trial", trials)]
