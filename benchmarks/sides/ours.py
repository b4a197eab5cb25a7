"""nnfs with the fast or the plain engine: its own training loop, without validation, metrics and log."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from workloads import Workload

from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.speed.inference import ProcessInference, ThreadInference
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.model import Model
from nnfs_cli.training.reports import EpochReport, StepReport
from sides.base import Inference, Trainer, Weights


class Ours(Trainer):
    """Training by nnfs. As usual, images stay bytes and are scaled batch by batch."""

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        super().__init__(workload, threads, variant)
        self.experiment = Experiment(workload.config(threads))
        if variant != "plain":
            choose_engine(self.experiment)
        self._reports = train(self.experiment)

    @property
    def facts(self) -> str:
        engine = self.experiment.engine
        return _who(max(engine.workers, engine.blas_threads), by_processes=self.workload.has_images)

    def start(self, weights: Weights) -> None:
        self.experiment.network.params.load(weights, "the benchmark")

    def first_batches(self, count: int) -> list[Array]:
        """The rows of the first steps. Call it before them."""
        rng = copy.deepcopy(self.experiment.shuffle_rng)
        rows, size = self.experiment.data.splits["train"].rows, self.workload.batch
        batches: list[Array] = []
        while len(batches) < count:
            order = rng.permutation(rows)
            batches += [order[start : start + size] for start in range(0, len(order), size)]
        return batches[:count]

    def steps(self, batches: Sequence[Array]) -> None:
        """Take the next steps. The batches must be those of `first_batches`."""
        for asked, own in zip(batches, self.first_batches(len(batches)), strict=True):
            if not np.array_equal(asked, own):
                raise ValueError("the trainer takes its own batches only")
        config = self.experiment.config
        # With a report for each step, training can stop after any number of steps.
        self.experiment.config = replace(config, training=replace(config.training, log_every=1))
        for _ in islice(filter(_is_step, self._reports), len(batches)):
            pass
        self.experiment.config = config

    def weights(self) -> Weights:
        return self.experiment.network.params.arrays()

    def part(self) -> None:
        next(report for report in self._reports if isinstance(report, EpochReport))


class OurInference(Inference):
    """Inference by nnfs: a model predicts the raw test images."""

    def start(self, weights: Weights) -> None:
        config = self.workload.config(self.threads)
        data = config.dataset.load(np.random.default_rng(0))
        self._model = Model(config, data.preparation, weights, "the benchmark")
        choose_engine(self._model)
        self._x = data.splits["test"].x

    @property
    def facts(self) -> str:
        infer = self._model.infer
        if not isinstance(infer, ThreadInference | ProcessInference):
            return _who(1, by_processes=False)
        workers = infer.count(self._model.batches(len(self._x)))
        return _who(workers, by_processes=isinstance(infer, ProcessInference))

    def predictions(self) -> Array:
        return self._model.outputs(self._x)


def _who(threads: int, *, by_processes: bool) -> str:
    """The number of threads or processes in words."""
    if threads == 1:
        return "1 thread"
    return f"{threads} {'processes' if by_processes else 'threads'}"


def _is_step(report: object) -> bool:
    return isinstance(report, StepReport)
