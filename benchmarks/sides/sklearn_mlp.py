"""scikit-learn's multilayer perceptron with solver sgd, in float32."""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from workloads import Workload

from nnfs_cli.core.arrays import Array
from sides.base import Trainer, Weights


class Sklearn(Trainer):
    """Runs all epochs of a round in one call of `fit`, which is faster than calls of `partial_fit`."""

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        super().__init__(workload, threads, variant)
        # Each round would warn that it did not converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        x, t = workload.arrays()
        self._x = x.reshape(len(x), -1).astype(np.float32)
        self._t = t.ravel().astype(np.float32) if workload.regression else t
        units = tuple(layer["units"] for layer in workload.layers if layer["type"] == "dense")
        rate = workload.optimizer["learning_rate"]
        self._model = (MLPRegressor if workload.regression else MLPClassifier)(
            hidden_layer_sizes=units[:-1],
            solver="sgd",
            alpha=0.0,
            batch_size=workload.batch,
            # Its squared loss and gradient are half of ours.
            learning_rate_init=2 * rate if workload.regression else rate,
            momentum=0.0,
            nesterovs_momentum=False,
            max_iter=workload.parts,
            n_iter_no_change=10**9,
            tol=0.0,
            warm_start=True,
            random_state=0,
        )

    def start(self, weights: Weights) -> None:
        self._fit_part(np.arange(self.workload.batch))  # creates the weights, which are then replaced
        names = [name for name, layer in self.workload.named_layers() if layer["type"] == "dense"]
        for name, W, b in zip(names, self._model.coefs_, self._model.intercepts_, strict=True):
            W[...], b[...] = weights[f"{name}/W"], weights[f"{name}/b"]

    def steps(self, batches: Sequence[Array]) -> None:
        for rows in batches:
            self._fit_part(rows)

    def _fit_part(self, rows: Array) -> None:
        classes = {} if self.workload.regression else {"classes": np.arange(10)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a smaller last batch
            self._model.partial_fit(self._x[rows], self._t[rows], **classes)

    def part(self) -> None:
        self._fit_part(np.arange(len(self._x)))

    def round(self) -> None:
        self._model.fit(self._x, self._t)

    def weights(self) -> Weights:
        names = [name for name, layer in self.workload.named_layers() if layer["type"] == "dense"]
        pairs = zip(names, self._model.coefs_, self._model.intercepts_, strict=True)
        return {f"{name}/{key}": array for name, W, b in pairs for key, array in (("W", W), ("b", b))}
