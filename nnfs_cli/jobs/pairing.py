"""How two contenders are paired: by row, by seed, by fold, or not at all; and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nnfs_cli.config.flat import flat_options
from nnfs_cli.config.reader import shown
from nnfs_cli.core.errors import NnfsError, counted, listed
from nnfs_cli.jobs.contenders import Contender, Member

SPLIT_OPTIONS = {"test": ("test",), "validation": ("test", "validation"), "train": ("test", "validation")}
"""Options of a dataset that choose the rows of a split, beside `group`, `time` and what draws them."""


@dataclass(frozen=True)
class Pairing:
    """Which runs of two contenders are compared with which.

    by: `row`, one pair of runs, whose outputs are compared row by row; `seed`; `fold`; `none`, all with all.
    a, b: the runs of either side; those that pair have the same place.
    notes: sentences on what was left out, or why runs do not pair.
    """

    by: Literal["row", "seed", "fold", "none"]
    a: Sequence[Member]
    b: Sequence[Member]
    notes: list[str] = field(default_factory=list)


def pair(a: Contender, b: Contender, split: str) -> Pairing:
    """How two contenders are compared on a split. NnfsError with the reason if they cannot be."""
    if not _data_of(a.members) & _data_of(b.members):
        _refuse_other_data(a, b, a.first, b.first)
    if a.first.is_fold != b.first.is_fold:
        folded, plain = (a, b) if a.first.is_fold else (b, a)
        raise NnfsError(
            f"{folded.name} is of folds and {plain.name} is not, so that their {split} rows are others, and "
            f"do not compare; train both with the same `study.folds`"
        )
    of_a, of_b = (_by_draw(each) for each in (a, b))
    shared = [draw for draw in of_a if draw in of_b]
    if a.is_single and b.is_single:
        return Pairing("row", a.members, b.members)
    differing = _split_difference(a.first, b.first, split)
    if differing and a.first.is_fold:
        raise NnfsError(
            f"{a.name} and {b.name} are cut into other folds: {differing}; their rows do not pair"
        )
    if not shared or (len(shared) < 2 and min(len(of_a), len(of_b)) > 1) or (differing and len(shared) > 1):
        return _unpaired(a, b, differing, split)
    for draw in shared:
        _refuse_other_data(a, b, of_a[draw], of_b[draw])
    notes = [
        f"{name}: {counted(len(left), 'run')} left out, since {other} has none with the same "
        f"{_drawn(draws)}: {listed([member.name for member in left])}"
        for name, other, draws in ((a.name, b.name, of_a), (b.name, a.name, of_b))
        if (left := [member for draw, member in draws.items() if draw not in shared])
    ]
    ones, others = ([of[draw] for draw in shared] for of in (of_a, of_b))
    folds = {member.rows_draw for member in ones} if a.first.is_fold else set()
    return Pairing("row" if len(shared) < 2 else "fold" if len(folds) > 1 else "seed", ones, others, notes)


def _by_draw(contender: Contender) -> dict[Any, Member]:
    """Its runs by what was drawn for them; of runs that repeat one exactly, the first."""
    found: dict[Any, Member] = {}
    for member in contender.members:
        found.setdefault(member.draw, member)
    return found


def _unpaired(a: Contender, b: Contender, differing: str, split: str) -> Pairing:
    """All runs of both, if there are several of each, and of the same data."""
    why = (
        f"they are split otherwise ({differing})"
        if differing
        else "no two of their runs have the same `seed` and `split_seed`"
    )
    of_a, of_b = (list(_by_draw(each).values()) for each in (a, b))
    if a.first.is_fold:
        raise NnfsError(f"{a.name} and {b.name} do not pair: {why}; folds are compared in pairs alone")
    if min(len(of_a), len(of_b)) < 2:
        single = a.name if len(of_a) < 2 else b.name
        raise NnfsError(
            f"{a.name} and {b.name} do not pair: {why}. Runs that do not pair are compared over seeds, and "
            f"{single} has one run alone: train it with more seeds, or with one of the other's"
        )
    if not _rows_are_like(of_a, of_b, differing, split):
        cure = "split both alike, or give neither a" if differing else "give both the same"
        raise NnfsError(
            f"{a.name} and {b.name} do not pair: {why}; and the runs of one have {split} rows in common that "
            f"the other's do not have, so that the rows alone may make the difference: {cure} "
            f"`split_seed`"
        )
    if _data_of(of_a) != _data_of(of_b):
        raise NnfsError(f"{a.name} and {b.name}: some of their runs are of other data, and none of them pair")
    return Pairing("none", of_a, of_b, [f"not paired: {why}; so Welch's t test compares all runs with all"])


def draws_anew(members: Sequence[Member], split: str) -> bool:
    """Whether each of these runs drew the rows of a split for itself, at random, from the same data."""
    chosen = _split_options(members[0].options.get("dataset"), split)
    is_random = bool(chosen) and "time" not in chosen
    return is_random and len({member.rows_draw for member in members}) == len(members)


def _rows_are_like(a: Sequence[Member], b: Sequence[Member], differing: str, split: str) -> bool:
    """Whether no side has rows in common but the other: each run has its own, or all have the same."""
    if not any(_split_options(member.options.get("dataset"), split) for member in (*a, *b)):
        return True  # the dataset brings them
    draws = [[member.rows_draw for member in side] for side in (a, b)]
    own = all(len(set(side)) == len(side) for side in draws)
    return own or (not differing and len({*draws[0], *draws[1]}) == 1)


def why_other_rows(a: Member, b: Member, split: str) -> str:
    """Why two runs have other rows in a split, and what gives them the same."""
    folds = [dict(each.draw).get("dataset.validation.fold") for each in (a, b)]
    if folds[0] != folds[1]:
        which = listed([str(fold) for fold in folds])
        return f"their folds are {which}; compare the same fold of both, or several folds of each"
    if differing := _split_difference(a, b, split):
        return f"they are split otherwise ({differing}); split both alike"
    return "give both the same `seed` or `split_seed`, or compare several seeds of each"


def _data_of(members: Sequence[Member]) -> set[str]:
    """The fingerprints of the data of runs."""
    return {_data_print(member) for member in members}


def _data_print(member: Member) -> str:
    return str(member.summary.get("data_fingerprint"))


def _refuse_other_data(a: Contender, b: Contender, one: Member, other: Member) -> None:
    prints = [_data_print(member) for member in (one, other)]
    if prints[0] != prints[1]:
        raise NnfsError(
            f"{a.name} and {b.name} are of other data: {one.name} has the fingerprint {prints[0][:12]}, "
            f"{other.name} {prints[1][:12]}; scores on other data do not compare"
        )


def _split_difference(a: Member, b: Member, split: str) -> str:
    """The options that choose other rows for a split, as `test 0.2 and 0.3`; empty if none do."""
    options = [_split_options(each.options.get("dataset"), split) for each in (a, b)]
    keys = dict.fromkeys([*options[0], *options[1]])
    return listed(
        [
            f"dataset.{key} {shown(options[0].get(key))} and {shown(options[1].get(key))}"
            for key in keys
            if options[0].get(key) != options[1].get(key)
        ]
    )


def _split_options(dataset: Any, split: str) -> Mapping[str, Any]:
    options = dataset if isinstance(dataset, Mapping) else {}
    names = (*SPLIT_OPTIONS[split], "group", "time")
    chosen = {name: options[name] for name in names if options.get(name)}  # 0, null: not there
    return {key: value for key, value in flat_options(chosen) if not key.endswith((".seed", ".fold"))}


def _drawn(draws: Mapping[Any, Member]) -> str:
    return "seed and fold" if any(member.is_fold for member in draws.values()) else "seed"
