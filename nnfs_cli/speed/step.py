"""The work of a batch as one list of calls: forward, the loss's gradient, backward."""

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.batch import Batch
from nnfs_cli.losses.base import Loss
from nnfs_cli.speed.losses import ScaledGradient


class ListedBatch:
    """Computes the gradient of each batch of one size.

    y: the network's outputs for the batch.
    """

    def __init__(self, batch: Batch, loss: Loss) -> None:
        workspace = batch.workspace
        self.y, self._fill = workspace.y, batch.fill
        self._gradient = ScaledGradient(loss, workspace.y, batch.t, workspace.dy)
        self._calls = [workspace.forward, *self._gradient.calls, workspace.backward]

    def compute(self, rows: Array, scale: float) -> None:
        """Forward and backward over these training rows. `scale` multiplies the gradient."""
        self._fill(rows)
        self._gradient.use_scale(scale)
        for call in self._calls:
            call()
