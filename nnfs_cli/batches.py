"""Batches: rows of a split, gathered and normalized into the arrays that a network reads."""

from collections.abc import Callable

import numpy as np

from nnfs_cli.core.affine import Affine
from nnfs_cli.core.augmentation import Augmenter
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Split
from nnfs_cli.network import Workspace


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
