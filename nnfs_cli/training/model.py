"""The model: a trained network with all that it needs to predict for raw rows."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array, slices
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.batch import refuse_overflow
from nnfs_cli.engine.inference import Fill, infer
from nnfs_cli.engine.network import Network, Workspace, zero_outputs
from nnfs_cli.preprocessing.description import column_names
from nnfs_cli.preprocessing.limits import Place
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.training.defined import gives_probabilities

Infer: TypeAlias = Callable[[Fill, Sequence[slice], int], Array]
"""Computes the outputs z (n, M) of n rows, which the slices cut into batches."""


class Model:
    """A trained network that predicts for raw rows.

    preparation: how raw rows become inputs, and outputs predictions.
    weights: the network's parameters by name; `source` names the file in messages.
    infer: computes the network's outputs, one batch after the other. `speed/` replaces it.
    """

    infer: Infer

    def __init__(
        self, config: ExperimentConfig, preparation: Preparation, weights: Mapping[str, Array], source: str
    ) -> None:
        self.config, self.preparation, self.loss = config, preparation, config.loss
        self.network = Network(copy.deepcopy(config.layers), preparation.input_shape, config.dtype)
        self.network.params.load(weights, source)
        self.infer = self._infer

    def __repr__(self) -> str:
        return f"<Model {self.config.name}: {repr(self.network).strip('<>')}>"

    def refuse_overflow(self, x: Array, place: Place) -> None:
        """Raise NnfsError for the first number of raw rows x (N, ...) that is too large for the network."""
        names = column_names(self.preparation)
        refuse_overflow(x, self.preparation.inputs, str(self.network.dtype), names, place)

    def outputs(self, x: Array, batch_size: int | None = None) -> Array:
        """Predictions for raw rows x (N, ...): (N, K) probabilities, or (N, M) values in the targets' units.

        With a loss that has no probabilities, as hinge, (N, K) scores.
        """
        if x.shape[1:] != self.preparation.input_shape:
            raise NnfsError(f"rows must have shape {self.preparation.input_shape}, found {x.shape[1:]}")
        write = self.preparation.inputs.into(x.dtype, self.network.dtype)

        def fill(workspace: Workspace, rows: slice) -> None:
            write(x[rows], workspace.x)

        with limit_blas(1), np.errstate(**IGNORE_OVERFLOW):
            z = self.infer(fill, self.batches(len(x), batch_size), len(x))
            y = self.loss.predict(z)
            return y if self.preparation.targets.is_identity else self.preparation.targets.undo(y)

    def batches(self, n: int, batch_size: int | None = None) -> list[slice]:
        """n rows in batches of evaluation's usual size, or of `batch_size` if that is smaller."""
        return list(slices(n, min(batch_size or n or 1, self.network.evaluation_batch_size)))

    def _infer(self, fill: Fill, batches: Sequence[slice], n: int) -> Array:
        z = zero_outputs(self.network, n)
        infer(self.network, fill, batches, z)
        return z

    @property
    def target_names(self) -> list[str]:
        """The targets' names; `prediction`, or `prediction_1`, ..., if they have none."""
        width = 1 if self.preparation.classes else self.network.output_shape[0]
        return self.preparation.output_names(width, "prediction")

    @property
    def gives_probabilities(self) -> bool:
        """Whether the outputs for classes are probabilities, which add up to 1."""
        return gives_probabilities(self.loss, self.network)

    def predictions(self, outputs: Array) -> Array:
        """The classes' names (N,) of `outputs`, or the real values (N, M) that they are.

        Where outputs are not-a-number, the class is None.
        """
        if not self.preparation.classes:
            return outputs
        names: Array = self.preparation.labels
        if outputs.shape[1:] != names.shape:
            raise NnfsError(
                f"the network tells {outputs.shape[1]} classes apart, but preparation.json has {len(names)}"
            )
        labels: Array = names[outputs.argmax(axis=1)]
        undefined = np.isnan(outputs).any(axis=1)
        if undefined.any():
            labels = labels.astype(object)
            labels[undefined] = None
        return labels
