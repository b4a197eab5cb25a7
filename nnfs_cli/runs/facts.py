"""What is known of a run by name: its config's options, its summary's values, its scores, its marks.

By these names runs are sorted, chosen and shown. This module needs no NumPy.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from nnfs_cli.config.flat import flat_options
from nnfs_cli.runs.finding import CONFIG, STUDY
from nnfs_cli.runs.listing import MOST, UNREADABLE, line_of, summary_or_nothing
from nnfs_cli.runs.study_line import study_line

Facts: TypeAlias = Mapping[str, Any]

MOST_FACTS, MOST_OF_A_NAME, MOST_OF_A_TEXT = 1000, 100, 200
"""Of a run; letters of a name and of a text. What is more or longer is left out."""
LEFT_OUT = {"checksum", "files", "notes", "classes", "scores", "targets", "maximize"}
"""Of the summary: what is long, or has other names here."""
SHORT = {"validation": "val"}
"""How names of scores spell a split, as in epochs.csv."""


def with_facts(folder: Path) -> dict[str, Any]:
    """A run's line with its `facts` but for options, single values by name, and with `maximize`.

    maximize: the scores of which more is better; None for a run of an earlier version, which does not tell.
    """
    summary = summary_or_nothing(folder)
    line = line_of(folder, summary)
    told = summary.get("maximize") if summary else []
    maximize = (
        [name for name in told if isinstance(name, str)][:MOST_FACTS] if isinstance(told, list) else None
    )
    return {**line, "maximize": maximize, "facts": {**_of_summary(summary), **of_line(line)}}


def options_of(folder: Path) -> dict[str, Any]:
    """The options of a run's config, which are facts too, and a status: `unreadable` if there are none."""
    options = _options(folder / CONFIG)
    return {"status": "" if options else UNREADABLE, "options": options}


def study_with_facts(folder: Path) -> dict[str, Any]:
    """The same of a study: the options are those that all its runs begin with."""
    line = study_line(folder)
    return {**line, "facts": {**_options(folder / STUDY), **of_line(line)}}


def of_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in a line: its columns, and the scores that it shows by their bare names.

    `loss` is always a score, never the config's option of this name, which is `loss.type`.
    """
    columns = {name: value for name, value in line.items() if not isinstance(value, dict)}
    scores: Mapping[str, Any] = line.get("scores") or line.get("best") or {}
    return {"loss": None, **_bounded(scores.items()), **columns}


def canonical(name: str) -> str:
    """A name as facts spell it: `layers.0.units` for `layers[0].units`."""
    return re.sub(r"\[(\d+)\]", r".\1", name)


def is_known(facts: Facts, name: str) -> bool:
    """Whether there is a fact of this name, perhaps without a value."""
    return name in facts or value_of(facts, name) is not None


def value_of(facts: Facts, name: str) -> Any:
    """The value of a fact; None if there is none. A component's own name is its `type`."""
    if name in facts:
        return facts[name]
    bare = name.removesuffix(".type")
    return facts.get(bare) if bare != name and isinstance(facts.get(bare), str) else facts.get(f"{name}.type")


def _of_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    scores = summary.get("scores")
    by_split = (
        (f"{SHORT.get(split, split)}_{name}", score)
        for split, named in (scores.items() if isinstance(scores, dict) else ())
        for name, score in (named.items() if isinstance(named, dict) else ())
    )
    rest = {key: value for key, value in summary.items() if key not in LEFT_OUT}
    try:
        return {**_bounded(flat_options(rest)), **_bounded(by_split)}
    except RecursionError:  # someone nested it on purpose
        return {}


def _options(config: Path) -> dict[str, Any]:
    from nnfs_cli.config.written import written_options  # imported here: most lists need no YAML

    return _bounded(written_options(config).items())


def _bounded(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Those of the values that are single and short, or none, as an empty list is; at most so many."""
    short = (
        (canonical(name), None if value in ([], {}) else value)
        for name, value in values
        if len(name) <= MOST_OF_A_NAME and _is_single(value)
    )
    return dict(islice(short, MOST_FACTS))


def _is_single(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MOST_OF_A_TEXT
    if value is None or isinstance(value, bool) or value in ([], {}):
        return True
    return isinstance(value, int | float) and abs(value) < MOST
