"""JAX on the CPU: a compiled step called in a loop, or a whole epoch compiled as a scan."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from workloads import Workload

from nnfs_cli.core.arrays import Array
from sides.base import Trainer, Weights


class Jax(Trainer):
    """Dense layers and ReLU. Variants: `steps`, a call for each step; `scan`, a call for each epoch.

    With one thread the process runs on one core, since XLA has no option for its thread pools.
    """

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        super().__init__(workload, threads, variant)
        if threads == "1":
            os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.environ["JAX_PLATFORMS"] = "cpu"
        import jax

        self._jax: Any = jax
        x, t = workload.arrays()
        self._x = jax.device_put(x.reshape(len(x), -1).astype(np.float32))
        t = t if workload.regression else np.eye(10)[t]
        self._t = jax.device_put(t.astype(np.float32))
        self._rng = np.random.default_rng(0)
        self._step = jax.jit(self._descend, donate_argnums=0)
        self._scan = jax.jit(self._descend_all, donate_argnums=0)

    def start(self, weights: Weights) -> None:
        names = [name for name, layer in self.workload.named_layers() if layer["type"] == "dense"]
        put = self._jax.device_put
        self._params = {f"{name}/{key}": put(weights[f"{name}/{key}"]) for name in names for key in "Wb"}
        self._names = names

    def steps(self, batches: Sequence[Array]) -> None:
        self._train([rows.astype(np.int32) for rows in batches])

    def part(self) -> None:
        order = self._rng.permutation(self.workload.rows).astype(np.int32)
        if self.variant == "steps":
            size = self.workload.batch
            self._train([order[start : start + size] for start in range(0, len(order), size)])
        else:
            self._train_scanned(order)

    def round(self) -> None:
        super().round()
        self._jax.block_until_ready(self._params)

    def weights(self) -> Weights:
        return {name: np.asarray(array) for name, array in self._params.items()}

    def _train(self, batches: list[Array]) -> None:
        """Take a step for each batch; with `scan`, one call for all full batches."""
        if self.variant == "steps":
            for rows in batches:
                self._params = self._step(self._params, self._x, self._t, rows)
            return
        together: list[Array] = []
        for rows in batches:
            together.append(rows)
            if len(rows) < self.workload.batch:
                self._train_scanned(np.concatenate(together))
                together = []
        if together:
            self._train_scanned(np.concatenate(together))

    def _train_scanned(self, order: Array) -> None:
        """Take an epoch's steps in one call: a scan over full batches, and a step for the remaining rows."""
        whole = len(order) // self.workload.batch * self.workload.batch
        batches = order[:whole].reshape(-1, self.workload.batch)
        self._params = self._scan(self._params, self._x, self._t, batches, order[whole:])

    def _descend_all(self, params: Any, x: Any, t: Any, batches: Any, left: Any) -> Any:
        def step(params: Any, rows: Any) -> tuple[Any, None]:
            return self._descend(params, x, t, rows), None

        params, _ = self._jax.lax.scan(step, params, batches)
        return self._descend(params, x, t, left) if len(left) else params

    def _descend(self, params: Any, x: Any, t: Any, rows: Any) -> Any:
        """The parameters after a step of gradient descent on these rows of x and t."""
        x, t = (array.at[rows].get(mode="promise_in_bounds") for array in (x, t))
        rate = self.workload.optimizer["learning_rate"]
        gradient = self._jax.grad(self._loss)(params, x, t)
        return self._jax.tree.map(lambda w, g: w - rate * g, params, gradient)

    def _loss(self, params: Any, x: Any, t: Any) -> Any:
        for name in self._names:
            x = x @ params[f"{name}/W"] + params[f"{name}/b"]
            if name != self._names[-1]:
                x = self._jax.nn.relu(x)
        if self.workload.regression:
            return ((x - t) ** 2).mean()
        return -(self._jax.nn.log_softmax(x) * t).sum(axis=1).mean()
