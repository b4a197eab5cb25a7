"""The model: a trained network with all that it takes to answer for raw rows."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.inference import Bring, infer
from nnfs_cli.engine.network import Network, Workspace, room_for_outputs
from nnfs_cli.preprocessing.preparation import Preparation

Infer: TypeAlias = Callable[[Bring, Sequence[slice], int], Array]
"""Computes the outputs z (n, M) for pieces of n rows."""


class Model:
    """Predicts for rows as they come. It needs to know nothing of them but how they were prepared.

    weights: the network's parameters by name; `source` is what messages call them.
    infer: what computes the outputs: one piece after the other, until something else is put in its place.
    """

    infer: Infer

    def __init__(
        self, config: ExperimentConfig, preparation: Preparation, weights: Mapping[str, Array], source: str
    ) -> None:
        self.config, self.preparation, self.loss = config, preparation, config.loss
        self.network = Network(copy.deepcopy(config.layers), preparation.input_shape, config.dtype)
        self.network.params.load(weights, source)
        self.infer = self._infer

    def outputs(self, x: Array, batch_size: int | None = None) -> Array:
        """What the network says of raw rows x (N, ...) in the targets' own terms and units.

        (N, K) probabilities, or scores of a loss that knows none; or (N, M) real values.
        """
        if x.shape[1:] != self.preparation.input_shape:
            raise NnfsError(f"rows must have shape {self.preparation.input_shape}, found {x.shape[1:]}")
        write = self.preparation.inputs.into(x.dtype, self.network.dtype)

        def bring(workspace: Workspace) -> Callable[[slice], None]:
            return lambda piece: write(x[piece], workspace.x)

        with limit_blas(1):
            z = self.infer(bring, self.pieces(len(x), batch_size), len(x))
        y = self.loss.predict(z)
        return y if self.preparation.targets.is_identity else self.preparation.targets.undo(y)

    def pieces(self, n: int, batch_size: int | None = None) -> list[slice]:
        """n rows in pieces that go through the network together; `batch_size` may ask for smaller ones."""
        return list(slices(n, min(batch_size or n or 1, self.network.rows_at_a_time)))

    def _infer(self, bring: Bring, pieces: Sequence[slice], n: int) -> Array:
        z = room_for_outputs(self.network, n)
        infer(self.network, bring, pieces, z)
        return z

    @property
    def target_names(self) -> list[str]:
        """The targets' own names, or `prediction` where they have none."""
        width = 1 if self.preparation.classes else self.network.output_shape[0]
        if len(self.preparation.target_names) == width:
            return list(self.preparation.target_names)
        return ["prediction"] if width == 1 else [f"prediction_{m + 1}" for m in range(width)]

    @property
    def gives_probabilities(self) -> bool:
        """Whether outputs for classes are probabilities."""
        return self.loss.expects_logits or self.network.layers[-1].gives_probabilities

    def predictions(self, outputs: Array) -> Array:
        """The classes' names (N,) of `outputs`, or the real values (N, M) that they are."""
        return self.preparation.labels[outputs.argmax(axis=1)] if self.preparation.classes else outputs
