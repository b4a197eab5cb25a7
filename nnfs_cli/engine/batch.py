"""Batches: rows of a split, gathered and normalized into the arrays that a network reads."""

from dataclasses import replace

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.engine.network import Workspace
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmenter
from nnfs_cli.preprocessing.records import Data, Split

STRETCH = 16384
"""Rows that are normalized at a time."""


class Batch:
    """Brings rows of a split into a workspace's input, and their targets into `t`.

    Rows stay in memory as they came (pixels as bytes). They are augmented, if asked for, and mapped by
    `inputs` one batch at a time.
    """

    def __init__(
        self, split: Split, inputs: Affine, workspace: Workspace, augment: Augmenter | None = None
    ) -> None:
        x = workspace.x
        self.split, self.workspace, self._augment = split, workspace, augment
        self.t: Array = np.empty((len(x), *split.t.shape[1:]), split.t.dtype)
        self._shift, self._scale = inputs.between(x.dtype if augment else split.x.dtype, x.dtype)
        as_it_is = self._shift is None and self._scale is None and augment is None
        direct = as_it_is and split.x.dtype == x.dtype and x.flags.c_contiguous
        self._raw = x if direct else np.empty(x.shape, split.x.dtype)
        self._gathered = [_as_bytes(split.x, self._raw), _as_bytes(split.t, self.t)]

    def fill(self, rows: Array) -> None:
        """Bring in these rows (N,) of split.x, as many as the workspace holds."""
        for source, out, are_bytes in self._gathered:
            if are_bytes:
                # All rows are the split's own: mode="clip" only spares a second check of their numbers.
                source.take(rows, axis=0, out=out, mode="clip")
            else:
                out[...] = source[rows]
        x, raw = self.workspace.x, self._raw
        if raw is x:
            return
        if self._augment is not None:
            self._augment(raw, x)
            raw = x
        if self._shift is not None:
            np.subtract(raw, self._shift, out=x, casting="same_kind")
        elif raw is not x:
            np.copyto(x, raw, casting="same_kind")
        if self._scale is not None:
            x *= self._scale


def _as_bytes(source: Array, out: Array) -> tuple[Array, Array, bool]:
    """Both (R, ...) and (N, ...) as rows of bytes, where that can be.

    `take` would first copy all of a source that does not begin where its type asks for, as arrays in an
    .npz file seldom do. Bytes may begin anywhere. A source that is not in C order stays as it is.
    """
    if not source.flags.c_contiguous:
        return source, out, False
    raw, target = (np.asarray(each).reshape(len(each), -1).view(np.uint8) for each in (source, out))
    return raw, target, True


def ready(data: Data, dtype: str) -> Data:
    """The same data in the network's dtype, with as much done beforehand as memory allows.

    Real numbers are normalized here, once. Bytes would grow fourfold, files are mapped into memory, and
    augmentation comes first: these stay as they are, and `inputs` is left for the batches to apply.
    """
    xs = {id(split.x): split.x for split in data.splits.values()}
    at_once = all(x.dtype != np.uint8 and not isinstance(x, np.memmap) for x in xs.values())
    at_once = at_once and data.augment is None
    if at_once:
        xs = {key: _mapped(x, data.inputs, dtype) for key, x in xs.items()}
    ts = {id(split.t): split.t for split in data.splits.values()}
    if not data.classes:
        ts = {key: _mapped(t, data.targets, dtype) for key, t in ts.items()}
    splits = {name: Split(xs[id(s.x)], ts[id(s.t)], s.rows) for name, s in data.splits.items()}
    return replace(data, splits=splits, inputs=IDENTITY if at_once else data.inputs)


def _mapped(x: Array, affine: Affine, dtype: str) -> Array:
    """x through a map, in dtype, a stretch of rows at a time so that no second copy of x is needed."""
    if affine.is_identity and x.dtype == dtype and x.flags.c_contiguous:
        return x
    y, write = np.empty(x.shape, dtype), affine.into(x.dtype, dtype)
    for here in slices(len(x), STRETCH):
        write(x[here], y[here])
    return y
