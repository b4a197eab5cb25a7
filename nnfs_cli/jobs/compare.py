"""Comparing configs by their runs: how far scores are apart, whether by chance, and what differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from nnfs_cli.config.repeats import DRAWN, FREE
from nnfs_cli.core.errors import NnfsError, did_you_mean, listed
from nnfs_cli.jobs.compare_rows import Outputs, outputs_of, over_rows, refuse_other_rows
from nnfs_cli.jobs.compare_runs import over_runs
from nnfs_cli.jobs.contenders import Contender, Member
from nnfs_cli.jobs.differences import Difference
from nnfs_cli.jobs.options_compared import ABSENT, option_changes
from nnfs_cli.jobs.pairing import draws_anew, pair, why_other_rows
from nnfs_cli.jobs.verdict import FOR_CONFIGS, sentence
from nnfs_cli.runs.listing import default_split
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.paired import holm

Estimate: TypeAlias = tuple[str, float, float | None, float | None]

NOTES = {
    "test": "these are test rows: who chooses a config by them has none left to test it; choose by {}",
    "validation": "validation rows also chose the epochs whose weights are scored, which flatters a little",
    "train": "these are training rows, which were fitted: they say nothing of new ones",
}


@dataclass(frozen=True)
class Versus:
    """A contender, b, against the first one, a.

    by, pairs: what pairs them, as in `Pairing`, and how many pairs of runs there are.
    differences: by the names of scores.
    notes: sentences on what was left out, and why.
    """

    a: str
    b: str
    by: str
    pairs: int
    differences: Mapping[str, Difference]
    notes: tuple[str, ...]

    def sentence(self, metric: str, *, alone: bool = True) -> str:
        return sentence(self.differences[metric], self.a, self.b, alone=alone)


@dataclass(frozen=True)
class Comparison:
    """Contenders on a split: each against the first.

    metric: the score that the sentences are about.
    options: what differs between the configs: the key, and each contender's value, ABSENT where it has none.
    notes: sentences on limits, and on what was chosen for the user.
    """

    split: str
    metric: str
    contenders: tuple[Contender, ...]
    versus: tuple[Versus, ...]
    options: Mapping[str, Sequence[Any]]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """One for each comparison; of several each begins with who is compared."""
        alone = len(self.versus) == 1
        return [
            each.sentence(self.metric) if alone else f"{each.b}: {each.sentence(self.metric, alone=False)}"
            for each in self.versus
        ]

    def estimates(self) -> tuple[list[Estimate], list[Estimate]]:
        """Each contender's score, and each difference, as (label, value, low, high), for the forest plot."""
        differences = [(each.b, each.differences[self.metric]) for each in self.versus]
        scores = [(self.versus[0].a, differences[0][1].a), *((name, found.b) for name, found in differences)]
        return (
            [_estimate(name, each.value, each.interval) for name, each in scores if each.value is not None],
            [_estimate(b, each.value, each.interval) for b, each in differences if each.value is not None],
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "metric": self.metric,
            "contenders": [
                {"name": each.name, "runs": [str(member.run.path) for member in each.members]}
                for each in self.contenders
            ],
            "comparisons": [
                {
                    "a": each.a,
                    "b": each.b,
                    "paired_by": each.by,
                    "pairs": each.pairs,
                    "scores": {name: found.to_json() for name, found in each.differences.items()},
                    "verdict": each.differences[self.metric].verdict,
                    "sentence": each.sentence(self.metric),
                    "notes": list(each.notes),
                }
                for each in self.versus
            ],
            "config": [
                {"key": key, "values": [None if value is ABSENT else value for value in values]}
                for key, values in self.options.items()
            ],
            "notes": list(self.notes),
        }


def _estimate(name: str, value: float, interval: Interval | None) -> Estimate:
    there = interval is not None and interval.exists
    return (name, value, interval.low, interval.high) if interval and there else (name, value, None, None)


def compare(
    contenders: Sequence[Contender], split: str | None = None, metric: str | None = None
) -> Comparison:
    """Compare each contender with the first one on a split, by default the one that says most.

    NnfsError if two of them cannot be compared, with the reason.
    """
    split = _split(contenders, split)
    outputs = cache(lambda member: outputs_of(member, split))
    versus = _adjusted([_versus(contenders[0], other, split, outputs) for other in contenders[1:]])
    notes = _notes(contenders, split)
    if len(versus) > 1 and any(each.by == "row" for each in versus):
        notes.append(f"one run each: {FOR_CONFIGS}")
    return Comparison(
        split=split,
        metric=_metric(contenders[0].first, versus, metric),
        contenders=tuple(contenders),
        versus=tuple(versus),
        options=_options(contenders),
        notes=tuple(notes),
    )


def _split(contenders: Sequence[Contender], wanted: str | None) -> str:
    """The split to compare on. NnfsError if a contender has no scores on it."""
    shared = [
        split for split in contenders[0].first.scores if all(split in c.first.scores for c in contenders)
    ]
    if wanted is None:
        folds = any(contender.first.is_fold for contender in contenders)
        return "validation" if folds and "validation" in shared else default_split([*shared, "train"])
    if wanted not in NOTES:
        raise NnfsError(f"--split: no split {wanted!r}{did_you_mean(wanted, NOTES)}")
    for contender in contenders:
        if wanted not in contender.first.scores:
            there = listed(list(contender.first.scores))
            raise NnfsError(
                f"--split: {contender.name} has no scores on {wanted} rows; it has some on {there}"
            )
    return wanted


def _metric(first: Member, versus: Sequence[Versus], wanted: str | None) -> str:
    """The score to judge by: what the first one monitors, or its first metric, if all have it."""
    shared = [name for name in versus[0].differences if all(name in each.differences for each in versus)]
    if not shared:
        notes = listed(list(dict.fromkeys(note for each in versus for note in each.notes)))
        raise NnfsError(f"there is no score that all of them have: {notes}; give them a metric in common")
    if wanted is not None:
        if wanted not in shared:
            raise NnfsError(f"--metric: no {wanted!r} that all of them have{did_you_mean(wanted, shared)}")
        return wanted
    monitored = first.config.training.monitor.removeprefix("val_")
    if monitored != "loss" and monitored in shared:
        return monitored
    return next((name for name in shared if name != "loss"), "loss")


def _versus(
    first: Contender, other: Contender, split: str, outputs: Callable[[Member], tuple[Outputs, list[str]]]
) -> Versus:
    pairing = pair(first, other, split)
    notes, a, b = list(pairing.notes), first.name, other.name
    if first.first.kind == other.first.kind:
        notes.append(
            f"the configs of {a} and {b} are the same but for what is drawn: any difference is chance"
        )
    if pairing.by == "row":
        one, two = outputs(pairing.a[0]), outputs(pairing.b[0])
        refuse_other_rows(one[0], two[0], split, why_other_rows(pairing.a[0], pairing.b[0], split))
        notes += [*one[1], *two[1], *_on_dependent_rows(pairing.a[0])]
        found, more = over_rows(one[0], two[0])
        a, b = (a if first.is_single else one[0].name), (b if other.is_single else two[0].name)
    else:
        found, more = over_runs(pairing, split)
        if pairing.by == "seed" and not draws_anew(pairing.a, split):
            notes.append(
                f"all runs have the same {split} rows: this is about other seeds, and says less of other rows"
            )
    differences = {difference.name: difference for difference in found}
    return Versus(a, b, pairing.by, min(len(pairing.a), len(pairing.b)), differences, (*notes, *more))


def _on_dependent_rows(member: Member) -> list[str]:
    """What to know of a test over rows that are not drawn one by one."""
    dataset = member.options.get("dataset")
    named = [name for name in ("group", "time") if isinstance(dataset, dict) and dataset.get(name)]
    return [
        f"dataset.{name}: rows that belong together count as independent here, so that p is too small and "
        f"the interval too narrow; compare several seeds or folds"
        for name in named
    ]


def _adjusted(versus: Sequence[Versus]) -> list[Versus]:
    """The same with p values adjusted by Holm's method, of each score for as many comparisons as have it."""
    adjusted = [dict(each.differences) for each in versus]
    for name in dict.fromkeys(name for each in versus for name in each.differences):
        having = [each for each in adjusted if name in each]
        ps = holm([each[name].p for each in having])
        for each, p in zip(having, ps, strict=True):
            each[name] = replace(each[name], tests=len(having), adjusted=p)
    return [replace(each, differences=found) for each, found in zip(versus, adjusted, strict=True)]


def _options(contenders: Sequence[Contender]) -> dict[str, list[Any]]:
    """What differs between the configs, by key. Where one has several runs, seeds are no difference."""
    several = any(not contender.is_single for contender in contenders)
    base, table = contenders[0].first.options, dict[str, list[Any]]()
    for i, contender in enumerate(contenders[1:], 1):
        for change in option_changes(base, contender.first.options):
            if FREE.fullmatch(change.key) or (several and DRAWN.fullmatch(change.key)):
                continue
            table.setdefault(change.key, [change.a] * len(contenders))[i] = change.b
    return table


def _notes(contenders: Sequence[Contender], split: str) -> list[str]:
    notes = [note for contender in contenders for note in contender.notes]
    if split != "validation" or any("best" in contender.first.summary for contender in contenders):
        validated = all("validation" in contender.first.scores for contender in contenders)
        notes.append(NOTES[split].format("`--split validation`" if validated else "a validation split"))
    if len(contenders) > 2:
        notes.append(
            f"p values are adjusted by Holm's method for {len(contenders) - 1} comparisons with "
            f"{contenders[0].name}; intervals are not"
        )
    return notes
