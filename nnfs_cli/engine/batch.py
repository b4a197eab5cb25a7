"""Batches: rows of a split, copied and normalized into a network's input array."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnfs_cli.core.arrays import Array, row_slices, slices
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.network import Workspace
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmenter
from nnfs_cli.preprocessing.description import column_names, target_names
from nnfs_cli.preprocessing.limits import Place, in_rows_of
from nnfs_cli.preprocessing.records import Data, Split

ROWS_PER_CHUNK = 16384
"""Rows normalized at a time."""


class Batch:
    """Copies rows of a split into a workspace's input x, and their targets into `t` (N, ...).

    The split keeps rows as they were read, pixels as bytes. Each batch is augmented, if asked for, and then
    normalized by the map `inputs`.
    """

    def __init__(
        self, split: Split, inputs: Affine, workspace: Workspace, augment: Augmenter | None = None
    ) -> None:
        x = workspace.x
        self.split, self.workspace, self._augment = split, workspace, augment
        self.t: Array = np.empty((len(x), *split.t.shape[1:]), split.t.dtype)
        self._shift, self._scale = inputs.between(split.x.dtype, x.dtype)
        unchanged = self._shift is None and self._scale is None and augment is None
        direct = unchanged and split.x.dtype == x.dtype and x.flags.c_contiguous
        self._raw = x if direct else np.empty(x.shape, split.x.dtype)
        self._copies = [_as_bytes(split.x, self._raw), _as_bytes(split.t, self.t)]

    def fill(self, rows: Array) -> None:
        """Write the rows with these numbers (N,) into x and t. N is the workspace's batch size."""
        for source, out, are_bytes in self._copies:
            if are_bytes:
                # All row numbers are valid; mode="clip" saves the time to check them again.
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
    """source (R, ...) and out (N, ...) as rows of bytes, and True; unchanged and False if not in C order.

    `take` first copies the whole source if it is not aligned to its type, as arrays in .npz files seldom
    are. Bytes need no alignment.
    """
    if not source.flags.c_contiguous:
        return source, out, False
    raw, target = (np.asarray(each).reshape(len(each), -1).view(np.uint8) for each in (source, out))
    return raw, target, True


def convert(data: Data, dtype: str) -> Data:
    """The data in the network's dtype, normalized now where that costs little memory.

    Real numbers are normalized now, once. Bytes would take four times the memory, files are mapped into
    memory, and augmentation comes before normalization: in these cases each batch is normalized instead.
    """
    xs = {id(split.x): split.x for split in data.splits.values()}
    at_once = all(x.dtype != np.uint8 and not isinstance(x, np.memmap) for x in xs.values())
    at_once = at_once and data.augment is None
    for key, x in xs.items():
        if at_once:
            xs[key] = _normalized(x, data.inputs, dtype, column_names(data))
        else:  # an augmented batch is normalized after it was copied
            inputs = IDENTITY if data.augment else data.inputs
            refuse_overflow(x, inputs, dtype, column_names(data), in_rows_of("dataset"))
    ts = {id(split.t): split.t for split in data.splits.values()}
    own = dict(ts)
    if not data.classes:
        ts = {key: _normalized(t, data.targets, dtype, target_names(data)) for key, t in ts.items()}
        own = {key: t.astype(np.float64, copy=False) for key, t in own.items()}
    splits = {name: Split(xs[id(s.x)], ts[id(s.t)], s.rows, own[id(s.t)]) for name, s in data.splits.items()}
    return replace(data, splits=splits, inputs=IDENTITY if at_once else data.inputs)


def _normalized(x: Array, affine: Affine, dtype: str, names: Sequence[str]) -> Array:
    """affine(x) in dtype. It works on some rows at a time, so that temporary arrays stay small.

    names: what messages call the numbers of a row.
    """
    if affine.is_identity and x.dtype == dtype and x.flags.c_contiguous:
        return x
    y, write = np.empty(x.shape, dtype), affine.into(x.dtype, dtype)
    try:
        with np.errstate(over="raise"):
            for here in slices(len(x), ROWS_PER_CHUNK):
                write(x[here], y[here])
    except FloatingPointError:
        refuse_overflow(x, affine, dtype, names, in_rows_of("dataset"))
    return y


def refuse_overflow(x: Array, affine: Affine, dtype: str, names: Sequence[str], place: Place) -> None:
    """Raise NnfsError for the first number of x (R, ...) that affine takes beyond what dtype holds.

    names: what messages call the numbers of a row.
    """
    if x.dtype.kind != "f" or x.dtype.itemsize <= np.dtype(dtype).itemsize:
        return
    write = affine.into(x.dtype, dtype)
    for here in row_slices(x, len(x)):
        y = np.empty(x[here].shape, dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            write(x[here], y)
        if np.isfinite(y).all():
            continue
        row, entry = (int(i[0]) for i in (~np.isfinite(y)).reshape(len(y), -1).nonzero())
        found = float(x[here].reshape(len(y), -1)[row, entry])
        raise NnfsError(
            f"{place(here.start + row)}: {names[entry]!r} reaches {found:g}, but {dtype} holds at most "
            f"{np.finfo(dtype).max:.3g}; use a larger unit, or write `dtype: float64`"
        )
