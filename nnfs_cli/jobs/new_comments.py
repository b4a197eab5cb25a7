"""Comments in a new config: what was found in the data, beside the options that follow from it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnfs_cli.core.errors import counted, listed
from nnfs_cli.preprocessing.balance import class_counts
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.training.baseline import baseline_scores
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import scores_text

MOST_NAMES = 12
"""Classes, categories or columns in a comment."""
FILLED = {"drop": "leaves out the rows that lack", "median": "fills the gaps of"}
USES = {"validation": "choose the best epoch", "test": "are scored at the end, and choose nothing"}


def beside(options: Mapping[str, Any], data: Data) -> dict[str, str]:
    """For options of the dataset, what is said beside them."""
    gaps = [f"{name} ({count:,})" for name, count in data.missing.items() if count]
    said = {
        "target" if "target" in options else "y": _targets(data),
        "features": "why is said above",
        "standardize": "each number gets mean 0 and standard deviation 1, by the training rows",
        "scale": "numbers become at most 1",
        "missing": f"{FILLED.get(options.get('missing', ''), '')} {listed(gaps, MOST_NAMES)}",
    }
    splits = {
        name: f"{counted(len(data.splits[name]), 'row')}, which {use}"
        for name, use in USES.items()
        if name in data.splits
    }
    return {name: text for name, text in {**said, **splits}.items() if name in options}


def categories(data: Data) -> Iterator[str]:
    """A sentence on each column of categories."""
    for column in data.columns[:MOST_NAMES]:
        if column.categories:
            named = listed(column.categories, MOST_NAMES)
            yield f"{column.name!r} becomes {counted(column.width, 'number')}, one for each category: {named}"


def inputs(data: Data) -> str:
    """How many numbers the network reads."""
    shape = " x ".join(map(str, data.input_shape))
    return f"from input to output; a row has {shape} {'number' if shape == '1' else 'numbers'}"


def baseline(experiment: Experiment) -> str:
    """What a prediction without inputs scores, on the split that a training is judged by."""
    scores = baseline_scores(experiment)  # of a loss that nnfs chose, so there are some
    split = next(name for name in ("test", "validation", "train") if name in scores)
    return f"to beat, with one guess for all rows: {scores_text(scores[split])} ({split})"


def _targets(data: Data) -> str:
    """The classes with their rows, or the range of the numbers."""
    train = data.splits["train"]
    if not data.classes:
        t = train.t
        return f"from {t.min():g} to {t.max():g}, with mean {t.mean():g}"
    counts = np.sum([class_counts(data, split) for split in data.splits.values()], axis=0)
    order = np.argsort(-counts, kind="stable")
    each = [f"{data.classes[k]} {counts[k]:,} ({counts[k] / counts.sum():.0%})" for k in order]
    return f"{counted(len(counts), 'class', 'classes')}: {listed(each, MOST_NAMES)}"
