"""Inference: a network's outputs for many rows, a piece at a time."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.preprocessing.records import Split

Bring: TypeAlias = Callable[[Workspace], Callable[[slice], None]]
"""Makes for a workspace what brings a piece of the rows into its input."""


def infer(network: Network, bring: Bring, pieces: Iterable[slice], z: Array) -> None:
    """Write the outputs for pieces of the rows into z (N, M)."""
    into: dict[int, Callable[[slice], None]] = {}
    for piece in pieces:
        n = piece.stop - piece.start
        workspace = network.workspace(n)
        if n not in into:
            into[n] = bring(workspace)
        into[n](piece)
        workspace.infer()
        z[piece] = workspace.y


def rows_of(split: Split, inputs: Affine) -> Bring:
    """What brings rows of a split into a workspace, as they are: nothing is augmented in evaluation."""

    def bring(workspace: Workspace) -> Callable[[slice], None]:
        batch = Batch(split, inputs, workspace)
        return lambda piece: batch.fill(split.rows[piece])

    return bring
