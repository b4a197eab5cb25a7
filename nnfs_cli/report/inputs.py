"""How a reader of the page can make inputs: draw a picture, choose a point, or set a table's values."""

import math
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.feature_ranges import PIXELS
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.report.network import Add
from nnfs_cli.report.record import RunRecord

MOST_FIELDS, POINTS = 60, 600
"""The most columns of a table to set by hand, and the most points drawn in a plane or along a line."""


def inputs_record(record: RunRecord, add: Add) -> dict[str, Any] | None:
    """The kind of inputs, and what the page needs to make them; None where there is no simple way."""
    preparation = record.preparation
    if preparation is None:
        return None
    picture = picture_record(preparation, is_mnist=record.config.dataset.type_name == "mnist")
    if picture:
        return {"kind": "picture", **picture}
    columns = [
        {"name": column.name, "categories": list(column.categories)} for column in preparation.columns
    ] or [{"name": name, "categories": []} for name in _names(preparation)]
    if len(preparation.input_shape) != 1 or len(columns) > MOST_FIELDS:
        return None
    low, high = _ranges(preparation, record)
    numbers = all(not column["categories"] for column in columns)
    kind = {1: "line", 2: "plane"}.get(len(columns), "fields") if numbers else "fields"
    points = {} if kind == "fields" else _points(record, add)
    return {"kind": kind, "columns": columns, "low": add(low), "high": add(high), **points}


def picture_record(preparation: Preparation, *, is_mnist: bool) -> dict[str, Any] | None:
    """The size and scale of pictures, if rows are pictures: images, or tables whose numbers are pixels.

    centered: whether digits are scaled and centered as in MNIST, in a box of 20 of 28 pixels by their
        center of mass (LeCun, Bottou, Bengio and Haffner, 1998).
    """
    shape, pixels = preparation.input_shape, preparation.pixels
    if pixels is not None and (len(shape) == 2 or shape[0] in (1, 3)):
        return {
            "size": list(shape[-2:]),
            "channels": shape[0] if len(shape) == 3 else 1,
            "low": pixels.low,
            "high": pixels.high,
            "ink_is_light": (pixels.background or 0.0) < 0.5,
            "centered": is_mnist,
        }
    side = math.isqrt(shape[0])
    ranges = preparation.ranges
    if len(shape) == 1 and side * side == shape[0] >= PIXELS and ranges is not None:
        top = ranges.high.max()
        if ranges.low.min() >= 0 and np.median(ranges.high) >= 0.75 * top and top > 0:
            return {
                "size": [side, side],
                "channels": 1,
                "low": 0.0,
                "high": float(top),
                "ink_is_light": True,
                "centered": is_mnist,
            }
    return None


def _names(preparation: Preparation) -> list[str]:
    return preparation.feature_names if len(preparation.input_shape) == 1 else []


def _ranges(preparation: Preparation, record: RunRecord) -> tuple[Array, Array]:
    """The least and largest number of each feature; without a record of them, those of some rows."""
    width = preparation.input_shape[0]
    if preparation.ranges is not None:
        return preparation.ranges.low, preparation.ranges.high
    if record.examples is not None and len(record.examples.x):
        return record.examples.x.min(axis=0).astype(float), record.examples.x.max(axis=0).astype(float)
    shift, scale = (
        np.broadcast_to(a, (width,)) for a in (preparation.inputs.shift, preparation.inputs.scale)
    )
    return np.asarray(shift - 2.0 / scale), np.asarray(shift + 2.0 / scale)


def _points(record: RunRecord, add: Add) -> dict[str, Any]:
    """Rows of the pictured split with their targets, to draw them among the network's answers."""
    kept = record.predictions
    if "x" in kept:
        x, target = kept["x"], kept["target"]
    elif record.examples is not None:
        x, target = record.examples.x, record.examples.target
    else:
        return {}
    some = np.linspace(0, len(x) - 1, min(len(x), POINTS)).astype(np.intp)
    return {"x": add(np.asarray(x[some], np.float64)), "target": add(target[some])}
