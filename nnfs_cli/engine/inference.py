"""Inference: a network's outputs for many rows, batch by batch."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.preprocessing.records import Split

Fill: TypeAlias = Callable[[Workspace, slice], None]
"""Writes the rows that a slice names into a workspace's input."""


def infer(network: Network, fill: Fill, batches: Iterable[slice], z: Array) -> None:
    """Compute the outputs z (N, M) of the rows that `fill` writes, for each slice of z in `batches`."""
    for rows in batches:
        workspace = network.workspace(rows.stop - rows.start)
        fill(workspace, rows)
        workspace.infer()
        z[rows] = workspace.y


def fill_from(split: Split, inputs: Affine) -> Fill:
    """A `Fill` with the rows of a split, normalized by `inputs` and never augmented."""
    batches: dict[Workspace, Batch] = {}

    def fill(workspace: Workspace, rows: slice) -> None:
        if workspace not in batches:
            batches[workspace] = Batch(split, inputs, workspace)
        batches[workspace].fill(split.rows[rows])

    return fill
