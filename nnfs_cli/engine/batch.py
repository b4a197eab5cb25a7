"""Batches: rows of a split, gathered and normalized into the arrays that a network reads."""

from collections.abc import Callable
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

    Rows stay in memory as they came (pixels as bytes) and go through `augment`, if there is one, and
    through `inputs` one batch at a time.
    """

    def __init__(
        self,
        split: Split,
        inputs: Affine,
        workspace: Workspace,
        augment: Augmenter | None = None,
    ) -> None:
        x = workspace.x
        self.split = split
        self.workspace = workspace
        self.t: Array = np.empty((len(x), *split.t.shape[1:]), split.t.dtype)
        self._augment = augment
        self._map = inputs.into(x.dtype if augment else split.x.dtype, x.dtype)
        direct = split.x.dtype == x.dtype and x.flags.c_contiguous and inputs.is_identity and not augment
        self._raw = x if direct else np.empty(x.shape, split.x.dtype)
        self._gather_x, self._gather_t = gathering(split.x, self._raw), gathering(split.t, self.t)

    def use_rng(self, rng: np.random.Generator) -> None:
        """Let augmentation draw from `rng`."""
        if self._augment is not None:
            self._augment.rng = rng

    def fill(self, rows: Array) -> None:
        """Bring in these rows of split.x, as many as the workspace holds."""
        self._gather_x(rows)
        self._gather_t(rows)
        x = self.workspace.x
        if self._augment is not None:
            self._augment(self._raw, x)
            self._map(x, x)
        elif self._raw is not x:
            self._map(self._raw, x)


def gathering(source: Array, out: Array) -> Callable[[Array], object]:
    """A function that writes the rows of `source` (R, ...) with given numbers (N,) into `out` (N, ...).

    `take` would first copy all of a source that is not in C order or, as arrays in an .npz file seldom
    are, not at an address that its type asks for. Bytes are at home anywhere.
    """
    if not source.flags.c_contiguous:
        return lambda rows: np.copyto(out, source[rows])
    raw, target = (np.asarray(each).reshape(len(each), -1).view(np.uint8) for each in (source, out))
    # The rows are the split's own and need no second bounds check: mode="clip" is the fast path.
    return lambda rows: raw.take(rows, axis=0, out=target, mode="clip")


def ready(data: Data, dtype: str) -> Data:
    """The same data in the network's dtype, with as much done beforehand as memory allows.

    Real numbers are normalized here, once. Bytes, which would grow fourfold, files mapped into memory,
    and what is augmented first stay as they are: their `inputs` is left for the batches to apply.
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
