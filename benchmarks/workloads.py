"""The workloads: what every contestant trains, or lets a trained network answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import config_from
from nnfs_cli.core.arrays import Array
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.training.experiment import load_data

ROOT = Path(__file__).parent.parent
MNIST = {"type": "mnist", "path": str(ROOT / "data" / "mnist")}
CUBIC = {"type": "cubic", "samples": 200, "noise": 0.3, "seed": 42}

LayerOptions = Mapping[str, Any]


@dataclass(frozen=True)
class FirstRows(Dataset):
    """The first so many training rows of a dataset, as they came, and its test rows."""

    whole: Dataset
    rows: int

    def load(self, rng: np.random.Generator) -> Data:
        data = self.whole.load(rng)
        train = data.splits["train"]
        splits = {**data.splits, "train": Split(train.x, train.t, np.arange(self.rows))}
        return replace(data, splits=splits)


@dataclass(frozen=True)
class Workload:
    """A network with its data, and how it is trained.

    key: what it is known by.
    layers, dataset, optimizer: as a config file says them, each with its `type`.
    rows: of the training split; the first ones.
    batch: rows a step; the last step of an epoch takes what is left.
    parts: how many epochs, or passes over the test rows, one round is made of.
    reported: how many of them the time that is reported stands for.
    answers: it is the answers for the test rows that count, not training.
    """

    key: str
    title: str
    dataset: Mapping[str, Any]
    layers: Sequence[LayerOptions]
    loss: str
    optimizer: Mapping[str, Any]
    rows: int
    batch: int
    parts: int = 1
    reported: int = 1
    answers: bool = False

    @property
    def regression(self) -> bool:
        return self.loss == "mse"

    @property
    def has_images(self) -> bool:
        return any(layer["type"] == "conv2d" for layer in self.layers)

    def sizes(self) -> list[int]:
        """How many rows each step of an epoch takes."""
        return [min(self.batch, self.rows - start) for start in range(0, self.rows, self.batch)]

    def named_layers(self) -> list[tuple[str, LayerOptions]]:
        """Each layer with the name that our weights are filed under."""
        return [(f"{i}_{layer['type']}", layer) for i, layer in enumerate(self.layers)]

    def config(self, threads: str = "auto") -> ExperimentConfig:
        """Ours, without validation, metrics or log, for as many epochs as anybody may ask for."""
        mapping = {
            "name": "benchmark",
            "seed": 27,
            "dataset": dict(self.dataset),
            "layers": [dict(layer) for layer in self.layers],
            "loss": self.loss,
            "optimizer": dict(self.optimizer),
            "training": {
                "epochs": 10**9,
                "batch_size": self.batch,
                "log_every": 10**9,
                "threads": threads if threads == "auto" else int(threads),
            },
        }
        config = config_from(mapping, f"workload {self.key}")
        return replace(config, dataset=FirstRows(config.dataset, self.rows))

    def arrays(self, split: str = "train") -> tuple[Array, Array]:
        """A split's rows as peers read them: x normalized, in float64, and t as it came."""
        data = load_data(self.config())
        rows = data.splits[split].rows
        x = data.splits[split].x[rows]
        normalized = np.empty(x.shape)
        data.inputs.into(x.dtype, normalized.dtype)(x, normalized)
        return normalized, data.splits[split].t[rows]

    def without_chance(self) -> "Workload":
        """The same with nothing dropped out: masks that differ cannot lead to the same weights."""
        layers = [{**layer, "rate": 0.0} if layer["type"] == "dropout" else layer for layer in self.layers]
        return replace(self, layers=layers)


SGD = {"type": "sgd", "learning_rate": 0.01}
ADAM = {"type": "adam", "learning_rate": 0.001}


def dense(units: int) -> LayerOptions:
    """A dense layer's options."""
    return {"type": "dense", "units": units}


def conv(filters: int) -> LayerOptions:
    """Options of a convolution with a kernel of 3 x 3."""
    return {"type": "conv2d", "filters": filters, "kernel_size": 3}


RELU, POOL = {"type": "relu"}, {"type": "max_pool2d"}
MLP = ({"type": "flatten"}, dense(128), RELU, dense(10))
CNN = (
    {"type": "reshape", "shape": [1, 28, 28]},
    *(conv(16), POOL, RELU),
    *(conv(32), POOL, RELU),
    {"type": "flatten"},
    dense(10),
)
NORMALIZED = (
    {"type": "flatten"},
    dense(128),
    {"type": "batch_norm"},
    RELU,
    {"type": "dropout", "rate": 0.5},
    dense(10),
)
WIDE = ({"type": "flatten"}, dense(1024), RELU, dense(1024), RELU, dense(10))
CURVE = (dense(64), RELU, dense(64), RELU, dense(1))


def _digits(key: str, title: str, layers: Sequence[LayerOptions], **options: Any) -> Workload:
    """A workload on MNIST, which is A but for what is said."""
    given = {"optimizer": SGD, "rows": 42_000, "batch": 64, **options}
    return Workload(key, title, MNIST, layers, "cross_entropy", **given)


WORKLOADS = {
    workload.key: workload
    for workload in (
        _digits("A", "784-128-10, SGD, batches of 64, 42,000 rows: an epoch", MLP),
        Workload(
            *("B", "1-64-64-1, SGD, batches of 32 of 200 rows: 14,000 steps", CUBIC, CURVE, "mse", SGD),
            rows=200,
            batch=32,
            parts=200,
            reported=2000,
        ),
        _digits("C", "two convolutions, SGD, batches of 64, 6,400 images: an epoch", CNN, rows=6_400),
        _digits("D", "784-1024-1024-10, SGD, batches of 256, 42,000 rows: an epoch", WIDE, batch=256),
        _digits("E1", "A with Adam", MLP, optimizer=ADAM),
        _digits("E2", "A with batch norm and dropout", NORMALIZED),
        _digits("F1", "784-128-10 answers for 10,000 images", MLP, parts=20, answers=True),
        _digits("F2", "the network of C answers for 10,000 images", CNN, answers=True),
    )
}
