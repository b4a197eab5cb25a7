"""How many rows each class has in each split, and which splits lack some."""

from collections.abc import Iterator

import numpy as np

from nnfs_cli.core.errors import counted, listed
from nnfs_cli.preprocessing.folds import Fold
from nnfs_cli.preprocessing.records import Data, Split


def class_counts(data: Data, split: Split) -> tuple[int, ...]:
    """How many rows of a split each class has."""
    counts = np.bincount(split.t[split.rows], minlength=len(data.classes))
    return tuple(int(count) for count in counts)


def notes_on_classes(data: Data) -> Iterator[str]:
    """For each split that lacks classes, and for training on a single row of some, a sentence."""
    for name, split in data.splits.items() if data.classes else ():
        counts = dict(zip(data.classes, class_counts(data, split), strict=True))
        where = "training" if name == "train" else name
        absent = [label for label, count in counts.items() if count == 0]
        if absent:
            yield f"{where} has no row of {_classes(absent)} ({len(absent)} of {len(counts)} classes)"
        single = [label for label, count in counts.items() if count == 1]
        if single and name == "train":
            each = "" if len(single) == 1 else " each"
            yield f"{where} has only 1 row{each} of {_classes(single)}, too few to learn from"


def note_on_folds(data: Data, validation: object) -> str:
    """A sentence if there are more folds than rows of a class, so that some folds have none of it."""
    if not isinstance(validation, Fold) or not data.classes or "validation" not in data.splits:
        return ""
    parts = (class_counts(data, data.splits[name]) for name in ("train", "validation"))
    counts = dict(zip(data.classes, map(sum, zip(*parts, strict=True)), strict=True))
    few = [f"{label} ({counted(count, 'row')})" for label, count in counts.items() if count < validation.of]
    return f"some of the {validation.of} folds have no row of {_classes(few)}" if few else ""


def _classes(labels: list[str]) -> str:
    return f"{'class' if len(labels) == 1 else 'classes'} {listed(labels)}"
