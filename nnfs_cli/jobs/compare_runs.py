"""Two configs with several runs each: how far their runs' scores are apart, over seeds or over folds."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from nnfs_cli.config.reader import to_plain
from nnfs_cli.core.errors import NnfsError, counted
from nnfs_cli.jobs.contenders import Member
from nnfs_cli.jobs.differences import Difference, over_folds, over_seeds, over_splits, undefined, unpaired
from nnfs_cli.jobs.pairing import Pairing, draws_anew
from nnfs_cli.jobs.recorded import Score
from nnfs_cli.statistics.interval import Interval


def over_runs(pairing: Pairing, split: str) -> tuple[list[Difference], list[str]]:
    """The differences of the loss and of the metrics that both have; and what is not compared."""
    found, notes = [], []
    a, b = pairing.a[0], pairing.b[0]
    for name, maximize, same in _scores_of(a, b):
        if same:
            difference, lost = _difference(name, maximize, pairing, split)
            found.append(difference)
            notes += lost
        else:
            notes.append(f"{name}: not compared, since it is not the same function in both")
    return found, notes


def _scores_of(a: Member, b: Member) -> list[tuple[str, bool, bool]]:
    """The loss and each metric of a: its name, whether larger is better, and whether b has the same."""
    others = {metric.type_name: to_plain(metric) for metric in b.config.metrics}
    same_loss = to_plain(a.config.loss) == to_plain(b.config.loss) and _targets(a) == _targets(b)
    return [
        ("loss", False, same_loss),
        *(
            (metric.type_name, metric.maximize, others.get(metric.type_name) == to_plain(metric))
            for metric in a.config.metrics
        ),
    ]


def _targets(member: Member) -> Any:
    """How the targets were scaled for the loss; None if that is not known."""
    try:
        return member.run.json("preparation.json").get("targets")
    except NnfsError:
        return None


def _difference(name: str, maximize: bool, pairing: Pairing, split: str) -> tuple[Difference, list[str]]:
    """A score's difference, and a note on the runs that do not have it."""
    a, b, lost = _values(name, pairing, split)
    what = "run" if pairing.by == "none" else "pair"
    notes = [f"{name}: undefined in {counted(lost, what)} of runs, left out"] if lost else []
    if min(len(a), len(b)) < 2:
        one, other = (Score(fmean(side) if side else None) for side in (a, b))
        return undefined(name, maximize, one, other, f"too few runs have a {split} {name}"), notes
    if pairing.by == "fold":
        return over_folds(name, maximize, a, b, 1.0 / pairing.a[0].folds), notes
    if pairing.by == "seed" and draws_anew(pairing.a, split):
        return over_splits(name, maximize, a, b, _tested_share(pairing.a, split)), notes
    if pairing.by == "none":
        return unpaired(name, maximize, a, b), notes
    own = None if lost else (_own(pairing.a, split, name), _own(pairing.b, split, name))
    return over_seeds(name, maximize, a, b, own), notes


def _own(members: Sequence[Member], split: str, name: str) -> list[Interval]:
    """Each run's own interval of a score, over the rows of a split."""
    scores = [member.scores.get(split, {}).get(name) for member in members]
    return [(score and score.interval) or Interval.none("it is not recorded") for score in scores]


def _tested_share(members: Sequence[Member], split: str) -> float:
    """The mean share of a split's rows in these and the training rows."""
    shares = [n / (n + m.rows("train")) for m in members if (n := m.rows(split)) and m.rows("train")]
    return fmean(shares) if shares else 0.5


def _values(name: str, pairing: Pairing, split: str) -> tuple[list[float], list[float], int]:
    """The scores of either side, paired ones in the same order, and how many runs or pairs lack theirs.

    Of folds it is the mean over the seeds of each fold: seeds of one fold are no new rows.
    """
    a, b = ([_value(member, split, name) for member in side] for side in (pairing.a, pairing.b))
    if pairing.by == "none":
        of_a, of_b = ([value for value in side if value is not None] for side in (a, b))
        return of_a, of_b, len(a) + len(b) - len(of_a) - len(of_b)
    folds: dict[Any, list[tuple[float, float]]] = {}
    for member, x, y in zip(pairing.a, a, b, strict=True):
        if x is not None and y is not None:
            folds.setdefault(member.rows_draw if pairing.by == "fold" else member.draw, []).append((x, y))
    of_a, of_b = ([fmean(pair[side] for pair in pairs) for pairs in folds.values()] for side in (0, 1))
    return of_a, of_b, len(a) - sum(map(len, folds.values()))


def _value(member: Member, split: str, name: str) -> float | None:
    score = member.scores.get(split, {}).get(name)
    return score.value if score else None
