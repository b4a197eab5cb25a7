"""What a preparation must be that was read from a file, before anything is computed with it."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np

from nnfs_cli.core.ranges import fits
from nnfs_cli.preprocessing.affine import Affine

if TYPE_CHECKING:
    from nnfs_cli.preprocessing.preparation import Preparation


def require_sound(preparation: "Preparation") -> None:
    """Raise ValueError for a preparation that no training leaves."""
    for part in (preparation, *preparation.columns, preparation.pixels):
        _require_types(part)
    wrong = next((words for words, holds in _rules(preparation) if not holds), None)
    if wrong:
        raise ValueError(f"{wrong} cannot be right")


def _require_types(part: Any) -> None:
    for name, annotation in get_type_hints(type(part)).items() if part is not None else ():
        if not fits(annotation, getattr(part, name)):
            raise ValueError(f"{name} has the wrong type")


def _rules(preparation: "Preparation") -> Iterator[tuple[str, bool]]:
    """What is looked at, and whether it holds, one after the other."""
    shape, columns, ranges, pixels = (
        preparation.input_shape,
        preparation.columns,
        preparation.ranges,
        preparation.pixels,
    )
    yield "input_shape", 1 <= len(shape) <= 3 and all(size > 0 for size in shape)
    yield "columns", not columns or sum(column.width for column in columns) == math.prod(shape)
    for column in columns:
        fill = column.fill
        known = fill in column.categories if column.categories else isinstance(fill, int | float)
        yield f"the fill of column {column.name!r}", fill is None or known
    yield "inputs", _is_map(preparation.inputs, shape)
    targets, names = preparation.targets, preparation.target_names
    row = (len(names),) if names else np.broadcast_shapes(np.shape(targets.shift), np.shape(targets.scale))
    yield "targets", len(row) <= 1 and _is_map(targets, row) and bool(np.all(targets.scale))
    yield "ranges", ranges is None or ranges.low.shape == ranges.high.shape == shape
    yield "pixels", pixels is None or -math.inf < pixels.low < pixels.high < math.inf
    yield "dtype", not preparation.dtype or _is_real(preparation.dtype)


def _is_map(affine: Affine, shape: tuple[int, ...]) -> bool:
    """Whether a map is one of finite numbers, for rows of this shape."""
    numbers = [np.asarray(each) for each in (affine.shift, affine.scale)]
    return all(
        each.ndim <= len(shape)
        and np.isfinite(each).all()
        and all(size in (1, whole) for size, whole in zip(each.shape[::-1], shape[::-1], strict=False))
        for each in numbers
    )


def _is_real(dtype: str) -> bool:
    """Whether NumPy calls a type of real numbers so."""
    try:
        return np.dtype(dtype).kind in "buif"
    except TypeError:
        return False
