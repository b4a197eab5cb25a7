"""The map from raw numbers to normalized ones."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array


@dataclass(frozen=True, eq=False)
class Affine:
    """x -> (x - shift) * scale

    shift, scale: a number for each entry of a row, in the row's shape, or one () for all; float64.
    """

    shift: Array | float = 0.0
    scale: Array | float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift", np.asarray(self.shift, np.float64))
        object.__setattr__(self, "scale", np.asarray(self.scale, np.float64))

    @cached_property
    def is_identity(self) -> bool:
        return bool(np.all(self.shift == 0.0) and np.all(self.scale == 1.0))

    def between(self, source: npt.DTypeLike, target: npt.DTypeLike) -> tuple[Array | None, Array | None]:
        """Shift and scale that map rows of dtype `source` into `target`; None for one that changes nothing.

        The shift is subtracted first, in float64: in float32 a time stamp would lose the digits in which the
        rows differ. Pixels, which are of one byte or two, have fewer digits: for them `target` will do.
        """
        is_narrow = np.dtype(source).itemsize <= 2
        shift = np.asarray(self.shift, target if is_narrow else np.float64)
        scale = np.asarray(self.scale, target)
        return shift if shift.any() else None, scale if (scale != 1.0).any() else None

    def into(self, source: npt.DTypeLike, target: npt.DTypeLike) -> Callable[[Array, Array], None]:
        """A function that writes rows x (N, ...) of dtype `source`, mapped, into `out` of dtype `target`."""
        shift, scale = self.between(source, target)

        def write(x: Array, out: Array) -> None:
            if shift is not None:
                np.subtract(x, shift, out=out, casting="same_kind")
            else:
                np.copyto(out, x, casting="same_kind")
            if scale is not None:
                np.multiply(out, scale, out=out)

        return write

    def undo(self, y: Array) -> Array:
        """The inverse map, in float64: float32 would lose the digits in which large numbers differ."""
        return np.asarray(y.astype(np.float64) / self.scale + self.shift)


IDENTITY = Affine()
"""The map that changes nothing."""
