"""What pictures of a study share: the scale of its values, names of options, and trials without a value."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import mark_strays
from nnfs_cli.plots.names import shorten_name, shorten_names
from nnfs_cli.plots.style import GRAY
from nnfs_cli.plots.ticks import log_axis, number_axis
from nnfs_cli.studies.record import Option, StudyRecord

FAR = 2.5
"""Values that are so many times as far from the best as three quarters of them are beyond the scale."""
DECADE = 10.0
MOST_LETTERS, MOST_CHOICES = 20, 12
CHOICE_LETTERS, NAME_LETTERS = 18, 32


class LackingError(NnfsError):
    """A study lacks what a picture needs; the message says what."""


def value_scale(record: StudyRecord) -> tuple[bool, tuple[float, float]]:
    """Whether the monitored values are drawn on a logarithmic scale, and its ends.

    The best value is always on it. A few that are far worse are not, since they would make all others alike.
    """
    values = np.array([trial.value for trial in record.ranked])
    log = bool(values.min() > 0 and values.max() > DECADE * values.min())
    drawn = np.log10(values) if log else values
    sign = -1.0 if record.maximize else 1.0
    worse = sign * drawn - (sign * drawn).min()  # how much worse than the best
    most = worse.max()
    if (typical := FAR * np.quantile(worse, 0.75)) > 0:
        most = min(most, max(typical, 1.0 if log else 0.0))
    best = sign * (sign * drawn).min()
    low, high = sorted((best, best + sign * most))
    room = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    ends = np.array([low - room, high + room])
    low, high = (10**ends if log else ends).tolist()
    return log, (low, high)


def scale_values(axes: Axes, record: StudyRecord, which: str = "y") -> tuple[float, float]:
    """Give an axis the scale of the monitored values, and its name; return its ends."""
    log, limits = value_scale(record)
    getattr(axes, f"set_{which}lim")(*limits)
    (log_axis if log else number_axis)(axes, which)
    getattr(axes, f"set_{which}label")(better(record))
    return limits


def title(record: StudyRecord, what: str) -> str:
    """The title of a picture, which begins with the study's name."""
    return f"{shorten_name(record.name, NAME_LETTERS)}: {what}"


def better(record: StudyRecord) -> str:
    """The monitored value's name, and which ones are better."""
    name = shorten_name(record.monitor, 2 * MOST_LETTERS)
    return f"{name} ({'higher' if record.maximize else 'lower'} is better)"


def mark_beyond(axes: Axes, x: Array, y: Array, limits: tuple[float, float]) -> None:
    """Mark the trials at x (n,) whose values y (n,) are beyond the scale."""
    mark_strays(axes, x, y, limits, "trial", GRAY)


def mark_failed(axes: Axes, x: Array) -> None:
    """Mark the trials at x (n,) that have no value, at the lower edge."""
    x = x[np.isfinite(x)]
    if len(x):
        axes.plot(
            *(x, np.full(len(x), 0.03)),
            "x",
            color=GRAY,
            mew=2,
            transform=axes.get_xaxis_transform(),
            label=f"without a value: {len(x):,}",
        )


def need_trials(record: StudyRecord, fewest: int = 2) -> None:
    """Raise LackingError unless so many trials have a value."""
    if not record.options:
        raise LackingError("the study varies no option")
    if len(record.ranked) < fewest:
        raise LackingError(f"it needs {fewest} trials with a value, found {len(record.ranked)}")


def option_name(option: Option) -> str:
    """An option's key; a long one on two lines."""
    if len(option.key) <= MOST_LETTERS:
        return shorten_name(option.key, MOST_LETTERS)
    head, dot, tail = option.key.rpartition(".")
    return "\n".join(shorten_name(part, MOST_LETTERS) for part in (head + dot, tail) if part)


def choice_ticks(option: Option, letters: int = CHOICE_LETTERS) -> tuple[list[int], list[str]]:
    """Places and names of an option's choices; of many, some that are evenly spaced."""
    step = -(-len(option.labels) // MOST_CHOICES)
    return list(range(0, len(option.labels), step)), shorten_names(option.labels[::step], letters)


def short_text(option: Option, cell: str) -> str:
    """A value in trials.csv in few letters, other ones for each choice."""
    place = option.place(cell)
    if option.labels and np.isfinite(place):
        return shorten_names(option.labels, CHOICE_LETTERS)[int(place)]
    return shorten_name(option.text(cell), CHOICE_LETTERS)


def span(option: Option) -> tuple[float, float]:
    """The ends of an option's axis."""
    if option.labels:
        return -0.4, len(option.labels) - 0.6
    low, high = map(float, option.space.values)
    return low, high
