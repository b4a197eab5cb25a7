"""The workloads: networks and data that all contestants train or predict with."""

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
from nnfs_cli.training.loading import load_data

ROOT = Path(__file__).parent.parent
MNIST = {"type": "mnist", "path": str(ROOT / "data" / "mnist")}
CUBIC = {"type": "cubic", "samples": 200, "noise": 0.3, "seed": 42}

LayerOptions = Mapping[str, Any]


@dataclass(frozen=True)
class FirstRows(Dataset):
    """The first training rows of a dataset, not normalized, and its test rows."""

    whole: Dataset
    rows: int

    def load(self, rng: np.random.Generator) -> Data:
        data = self.whole.load(rng)
        train = data.splits["train"]
        splits = {**data.splits, "train": Split(train.x, train.t, np.arange(self.rows))}
        return replace(data, splits=splits)


@dataclass(frozen=True)
class Workload:
    """A network with its data and training options.

    key: its name in reports and on the command line.
    layers, dataset, optimizer: as in a config file, each with its `type`.
    rows: the number of training rows, the first of the dataset.
    batch: rows per step; the last step of an epoch takes the remaining ones.
    parts: epochs, or passes over the test rows, per round.
    reported: epochs, or passes, of which the reported time is.
    inference: whether predictions for the test rows are timed, instead of training.
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
    inference: bool = False

    @property
    def regression(self) -> bool:
        return self.loss == "mse"

    @property
    def has_images(self) -> bool:
        return any(layer["type"] == "conv2d" for layer in self.layers)

    def sizes(self) -> list[int]:
        """The numbers of rows of an epoch's steps."""
        return [min(self.batch, self.rows - start) for start in range(0, self.rows, self.batch)]

    def named_layers(self) -> list[tuple[str, LayerOptions]]:
        """Each layer with its name in our weights, `0_dense`."""
        return [(f"{i}_{layer['type']}", layer) for i, layer in enumerate(self.layers)]

    def config(self, threads: str = "auto") -> ExperimentConfig:
        """Our config, without validation, metrics or log, and with more epochs than are used."""
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
        """A split's rows for peers: x normalized, in float64, and t unchanged."""
        data = load_data(self.config())
        rows = data.splits[split].rows
        x = data.splits[split].x[rows]
        normalized = np.empty(x.shape)
        data.inputs.into(x.dtype, normalized.dtype)(x, normalized)
        return normalized, data.splits[split].t[rows]

    def without_dropout(self) -> "Workload":
        """The same workload with a dropout rate of 0: with other masks, weights would differ."""
        layers = [{**layer, "rate": 0.0} if layer["type"] == "dropout" else layer for layer in self.layers]
        return replace(self, layers=layers)


SGD = {"type": "sgd", "learning_rate": 0.01}
ADAM = {"type": "adam", "learning_rate": 0.001}


def dense(units: int) -> LayerOptions:
    """A dense layer's options."""
    return {"type": "dense", "units": units}


def conv(filters: int) -> LayerOptions:
    """The options of a 3 x 3 convolution."""
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
    """A workload on MNIST, with workload A's options as defaults."""
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
        _digits("F1", "784-128-10, inference for 10,000 images", MLP, parts=20, inference=True),
        _digits("F2", "the network of C, inference for 10,000 images", CNN, inference=True),
    )
}
