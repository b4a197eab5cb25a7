"""Checks of classes, of the size of inputs and targets, and of the number of rows."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import counted, listed
from nnfs_cli.doctor.finding import Outcome, check, worst
from nnfs_cli.doctor.subject import FEWEST_HELD_OUT, Subject
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.layer_norm import LayerNorm
from nnfs_cli.preprocessing.balance import class_counts
from nnfs_cli.preprocessing.description import column_names, is_image, target_names

RARE = 10.0
"""How many times the largest class may exceed the smallest."""
SMALL_INPUTS, LARGE_INPUTS, HUGE_INPUTS = 0.02, 10.0, 1e3
SMALL_TARGETS, LARGE_TARGETS = 0.02, 30.0
"""Initial weights are made for numbers near 1."""
UNSEEN = 1e-3
"""The largest number of a column that is too small, as a part of the root mean square of all."""
OUTLYING = 5.0
"""How many times the range of most numbers the standard deviation is, if a few outliers make it."""
MOST_PARAMETERS = 1000
"""Parameters for each training row; more are only noted."""


@check("classes")
def classes(subject: Subject) -> Outcome:
    """Each class has enough rows."""
    data, config = subject.data, subject.config
    if not data.classes:
        return Outcome("pass", "real targets")
    counts = np.array(class_counts(data, data.splits["train"]))
    majority, present = counts.max() / counts.sum(), counts[counts > 0]
    measured = f"{len(counts)} classes; the largest, {data.classes[int(counts.argmax())]}, has {majority:.1%}"
    found: list[Outcome | None] = []
    if len(present) < 2:
        found.append(
            Outcome("FAIL", measured, "there is only one class to learn", "check the targets and the splits")
        )
    elif len(present) < len(counts):
        absent = listed([data.classes[int(k)] for k in np.flatnonzero(counts == 0)], 3)
        found.append(
            Outcome(
                "warn",
                f"{measured}; training has no row of {absent}",
                "a class without training rows is never predicted",
                "leave it out, or split otherwise",
            )
        )
    if len(present) > 1 and present.max() > RARE * present.min():
        weighted = bool(getattr(config.loss, "class_weights", ())) or (
            getattr(config.loss, "positive_weight", 1.0) != 1.0
        )
        rarest = data.classes[int(np.where(counts > 0, counts, counts.max() + 1).argmin())]
        found.append(
            Outcome(
                "note" if weighted else "warn",
                f"{measured}; the smallest, {rarest}, {counted(int(present.min()), 'row')}",
                f"predicting the largest class alone has an accuracy of {majority:.3f}: accuracy says little",
                "report f1 or roc_auc, and give the loss class weights",
            )
        )
    for name, split in data.splits.items():
        if name != "train" and len(present) > 1:
            found.append(_lacks(data.classes, counts, np.array(class_counts(data, split)), name, measured))
    return worst(*found) or Outcome("pass", measured)


def _lacks(
    names: tuple[str, ...], train: Array, held_out: Array, split: str, measured: str
) -> Outcome | None:
    """A class that a split lacks, if by chance that happened less than once in a hundred times."""
    chance = (1.0 - train / train.sum()) ** held_out.sum()
    absent = np.flatnonzero((held_out == 0) & (chance < 0.01))
    if not len(absent):
        return None
    return Outcome(
        "warn",
        f"{measured}; {split} has no row of {listed([names[int(k)] for k in absent], 3)}",
        "the split is not like the training rows, and says nothing about that class",
        "split at random",
    )


@check("input-scale")
def input_scale(subject: Subject) -> Outcome:
    """Inputs are near 1 when the network gets them."""
    first = next(
        (layer for layer in subject.config.layers if type(layer).view is Layer.view), subject.config.layers[0]
    )
    affine = subject.data.inputs
    x = ((subject.train.x - affine.shift) * affine.scale).reshape(len(subject.train), -1)
    size = np.sqrt(np.square(x, dtype=np.float64).mean(axis=0))
    whole = float(np.sqrt(np.square(size).mean()))
    images = len(subject.data.input_shape) > 1
    large = whole if images else float(size.max())
    measured = f"root mean square {whole:.3g}" + (
        "" if images else f"; of a column {size.min():.3g} to {large:.3g}"
    )
    if isinstance(first, BatchNorm | LayerNorm):
        return Outcome("pass", f"{measured}; {first.type_name} normalizes them")
    names = column_names(subject.data)
    if large > LARGE_INPUTS:
        return Outcome(
            "FAIL" if large > HUGE_INPUTS else "warn",
            measured if images else f"{measured} ({names[int(size.argmax())]})",
            "initial weights are made for inputs near 1; larger ones saturate units and make steps wild",
            "set `standardize: true` or `scale: true`",
        )
    peak = np.abs(x).max(axis=0)
    tiny = np.flatnonzero((peak > 0) & (peak < UNSEEN * whole))
    if len(tiny) and not images and whole >= SMALL_INPUTS:
        return Outcome(
            "warn",
            f"{measured}; small: {listed([names[int(i)] for i in tiny], 3)}",
            "next to the large columns, the network hardly sees those that are so small",
            "set `standardize: true`",
        )
    if whole == 0.0:
        return Outcome("FAIL", measured, "all inputs are zero", "check the data's file")
    if whole < SMALL_INPUTS:
        return Outcome(
            "warn",
            measured,
            "inputs this small hardly move the network",
            "set `standardize: true` or `scale: true`",
        )
    return Outcome("pass", measured)


@check("outliers")
def outliers(subject: Subject) -> Outcome:
    """No few numbers are so large that all others look alike beside them."""
    data = subject.data
    if is_image(data) or len(subject.train) < 2 * FEWEST_HELD_OUT:
        return Outcome("pass", "images have none" if is_image(data) else "not looked for: few rows")
    x = subject.train.x.reshape(len(subject.train), -1).astype(np.float64)
    numbers = x if data.classes else np.concatenate([x, subject.train.t.astype(np.float64)], axis=1)
    names = [*column_names(data), *([] if data.classes else target_names(data))]
    low, high = np.quantile(numbers, (0.02, 0.98), axis=0)
    std = numbers.std(axis=0)
    far = np.flatnonzero((high > low) & (std > OUTLYING * (high - low)))
    if not len(far):
        return Outcome("pass", "none")
    i = int(far[0])
    top = numbers[int(np.abs(numbers[:, i] - np.median(numbers[:, i])).argmax()), i]
    return Outcome(
        "warn",
        f"{listed([names[int(k)] for k in far], 3)}: {names[i]} is {top:.3g} in a row, where most lie "
        f"between {low[i]:.3g} and {high[i]:.3g}",
        "beside such a number all others look alike, also once they are standardized",
        "mend or remove these rows, or take the logarithm of that column",
    )


@check("target-scale")
def target_scale(subject: Subject) -> Outcome:
    """Targets vary, on a scale near 1."""
    if subject.data.classes:
        return Outcome("pass", "classes")
    t = subject.as_learned(subject.train.t)
    mean, std = t.mean(axis=0), t.std(axis=0)
    measured = f"mean {_ends(mean)}, standard deviation {_ends(std)}"
    if np.any(np.ptp(t, axis=0) == 0.0):
        return Outcome(
            "FAIL", measured, "a target that never changes leaves nothing to learn", "check the target column"
        )
    if not subject.config.loss.any_units:
        return Outcome("pass", f"{measured}; {subject.config.loss.type_name} takes them as they are")
    if max(std.max(), np.abs(mean).max()) > LARGE_TARGETS:
        return Outcome(
            "warn",
            measured,
            "first outputs are near 1, so errors and gradients start far too large",
            "leave `standardize_target` at auto",
        )
    if std.max() < SMALL_TARGETS:
        return Outcome(
            "warn",
            measured,
            "first outputs are near 1, so that noise of the initial weights is all there is to unlearn",
            "leave `standardize_target` at auto",
        )
    return Outcome("pass", measured)


def _ends(values: Array) -> str:
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"


@check("rows")
def rows(subject: Subject) -> Outcome:
    """There are enough rows for batches and parameters."""
    train, training = len(subject.data.splits["train"]), subject.config.training
    size = subject.experiment.network.params.value.size
    held_out = len(subject.data.splits.get("validation", ()))
    measured = (
        f"{counted(train, 'row')}, batches of {training.batch_size}, {size / train:.3g} parameters a row"
    )
    if 0 < held_out < FEWEST_HELD_OUT < train:
        return Outcome(
            "warn",
            f"{measured}; {counted(held_out, 'row')} for validation",
            "a score on so few rows is mostly chance, and so is the best epoch that it chooses",
            "hold out more rows: raise dataset.validation",
        )
    if training.batch_size > train:
        return Outcome(
            "note", measured, "a batch is larger than the data: each step uses all rows", "that may be meant"
        )
    if size > MOST_PARAMETERS * train:
        return Outcome(
            "note", measured, "many parameters for few rows: watch the validation loss", "make layers smaller"
        )
    return Outcome("pass", measured)
