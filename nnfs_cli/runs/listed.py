"""The list of runs and studies in a folder: chosen by conditions, sorted by a fact."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from nnfs_cli.core.errors import nearest
from nnfs_cli.runs.conditions import Condition, ordered, refuse_unknown
from nnfs_cli.runs.facts import Facts, canonical, is_known, of_line, options_of, study_with_facts, with_facts
from nnfs_cli.runs.finding import kept_folders
from nnfs_cli.runs.index import Index
from nnfs_cli.runs.listing import overview
from nnfs_cli.runs.lock import status_now
from nnfs_cli.runs.study_line import study_line

Line: TypeAlias = dict[str, Any]

OF_SCORES = re.compile(r"(?:.*\.)?(?:train_|val_|validation_|test_)?(\w+)")
"""How the name of a fact ends in that of a score."""


@dataclass(frozen=True)
class Query:
    """Which runs to list, in what order, with what facts.

    where: conditions, which must all hold.   tags: that a run must have.
    sort: a fact; the best scores come first, of others the smallest values; `-NAME` is the other way. Empty
        for the order in which the runs began.
    columns: facts to show.
    """

    where: Sequence[Condition] = ()
    tags: Sequence[str] = ()
    sort: str = ""
    reverse: bool = False
    columns: Sequence[str] = ()

    @classmethod
    def parse(
        cls,
        where: Sequence[str],
        tags: Sequence[str],
        sort: str = "",
        columns: str = "",
        *,
        reverse: bool = False,
    ) -> "Query":
        """The query of a command line: conditions as texts, columns with commas between them."""
        names = [canonical(name.strip()) for name in columns.split(",") if name.strip()]
        shown = list(dict.fromkeys(["id", *names])) if names else []
        return cls([Condition.parse(each) for each in where], tags, sort, reverse, shown)

    @property
    def sort_key(self) -> str:
        return canonical(self.sort.removeprefix("-"))

    @property
    def names(self) -> list[str]:
        """The facts that it needs of each run."""
        return [*(each.name for each in self.where), *([self.sort_key] if self.sort else []), *self.columns]

    @property
    def chosen_by(self) -> set[str]:
        """The facts by which it chooses."""
        return {*(each.name for each in self.where), *(["tags"] if self.tags else [])}

    def nearest_tag(self, lines: Sequence[Line]) -> str:
        """`; did you mean the tag 'paper'?` if no run has a tag that it asks for, but one like it."""
        known = {tag for line in lines for tag in line["tags"]}
        near = (nearest(tag, known) for tag in self.tags if tag not in known)
        return next((f"; did you mean the tag {tag!r}?" for tag in near if tag), "")

    def chosen(self, lines: Sequence[Line]) -> list[Line]:
        """The lines that it asks for, in its order. NnfsError for a name that no run has."""
        sort = self.sort_key
        facts = [facts_of(line) if self.names else {} for line in lines]
        refuse_unknown("--where", [each.name for each in self.where], facts)
        for each in self.where:
            each.refuse_other_kind(facts)
        refuse_unknown("--sort", [sort] if sort else [], facts)
        refuse_unknown("--columns", self.columns, facts)
        kept = [line for line, known in zip(lines, facts, strict=True) if self._takes(line, known)]
        is_reversed = self.reverse != self.sort.startswith("-")
        if not sort:
            return kept[::-1] if is_reversed else kept
        descending = is_maximized(sort, kept) != is_reversed
        return [kept[place] for place in ordered([*map(facts_of, kept)], sort, descending=descending)]

    def _takes(self, line: Line, facts: Facts) -> bool:
        return set(self.tags) <= set(line["tags"]) and all(each.holds(facts) for each in self.where)


def all_lines(root: Path, names: Sequence[str] | None = None) -> tuple[list[Line], str]:
    """A line for each run and study in a folder, newest last; and why they could not be kept in the cache.

    names: the facts that are needed, perhaps none in particular. Then lines have `facts` and `maximize`.
    """
    folders = kept_folders(root)
    index = Index(root, "lines", overview) if names is None else Index(root, "facts", with_facts)
    runs = [path for path, is_study in folders if not is_study]
    found = index.contents(runs)
    if not all(any(is_known(line["facts"], name) for line in found) for name in names or ()):
        options = Index(root, "options", options_of).contents(runs)  # reading YAML takes milliseconds
        pairs = zip(found, options, strict=True)
        found = [{**line, "facts": {**more["options"], **line["facts"]}} for line, more in pairs]
    of_runs = dict(zip(runs, found, strict=True))
    read_study = study_line if names is None else study_with_facts
    lines = [read_study(path) if is_study else _now(path, of_runs[path]) for path, is_study in folders]
    return lines, index.trouble


def facts_of(line: Line) -> Facts:
    """What is known of a run or study by name."""
    facts: Facts = line.get("facts") or of_line(line)
    return facts


def is_maximized(name: str, lines: Sequence[Line]) -> bool:
    """Whether a name is that of a score of which more is better."""
    found = OF_SCORES.fullmatch(name)
    score = found[1] if found else name
    if any(score in (line.get("maximize") or ()) for line in lines):
        return True
    if all(line.get("maximize") is not None for line in lines):
        return False
    from nnfs_cli.metrics.base import METRICS  # of runs of earlier versions; it needs NumPy

    return score in METRICS and METRICS[score].maximize


def _now(folder: Path, line: Line) -> Line:
    """A line with the present status."""
    if line["status"] != "running":
        return line
    now = {"status": status_now(folder, "running")}
    return {**line, **now, **({"facts": {**line["facts"], **now}} if "facts" in line else {})}
