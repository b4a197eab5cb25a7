"""Small datasets and experiments for tests."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from nnfs_cli import DATASETS, Affine, Array, Data, Dataset, Split
from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import parse_config
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.training.experiment import Experiment

ROOT = Path(__file__).parent.parent


@DATASETS.register("toy_blobs")
@dataclass(frozen=True)
class ToyBlobs(Dataset):
    """Three overlapping clouds of bytes in a plane: 240 rows for training, 30 for validation, 30 for test."""

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(5)
        t = points.integers(0, 3, 300)
        x = points.normal(size=(300, 2)) * 30 + np.array([[60, 60], [120, 180], [200, 90]])[t]
        pixels = np.clip(x, 0, 255).astype(np.uint8)
        order = rng.permutation(270)
        splits = {
            "train": Split(pixels, t, order[30:]),
            "validation": Split(pixels, t, order[:30]),
            "test": Split(pixels, t, np.arange(270, 300)),
        }
        return Data(splits, ("red", "green", "blue"), inputs=Affine(scale=1 / 255), fingerprint="toy")


@DATASETS.register("toy_halves")
@dataclass(frozen=True)
class ToyHalves(ToyBlobs):
    """The same clouds in two classes: the first, and the other two."""

    def load(self, rng: np.random.Generator) -> Data:
        data = super().load(rng)
        splits = {name: Split(s.x, (s.t > 0).astype(np.intp), s.rows) for name, s in data.splits.items()}
        return Data(splits, ("red", "other"), inputs=data.inputs, fingerprint="toy halves")


@DATASETS.register("toy_bars")
@dataclass(frozen=True)
class ToyBars(Dataset):
    """Images of 10 x 10 bytes, 0 except for a noisy bar, vertical or horizontal."""

    def load(self, rng: np.random.Generator) -> Data:
        draw = np.random.default_rng(6)
        t = draw.integers(0, 2, 90)
        images = np.zeros((90, 10, 10), np.uint8)
        for image, lies in zip(images, t, strict=True):
            bar = image.T if lies else image
            bar[3:8, draw.integers(2, 7) :][:, :2] = draw.integers(100, 256, (5, 2))
        order = rng.permutation(90)
        splits = {"train": Split(images, t, order[20:]), "validation": Split(images, t, order[:20])}
        return Data(splits, ("upright", "lying"), inputs=Affine(scale=1 / 255), fingerprint="toy bars")


CUBIC = """
name: cubic
seed: 3
dataset: {type: cubic, validation: 40}
layers: [{type: dense, units: 8}, tanh, {type: dense, units: 1}]
loss: mse
metrics: [rmse, r2]
optimizer: {type: sgd, learning_rate: 0.02, momentum: 0.9}
training: {epochs: 5, batch_size: 32}
"""

BLOBS = """
name: blobs
seed: 3
dataset: toy_blobs
layers: [{type: dense, units: 8}, relu, {type: dense, units: 3}]
loss: cross_entropy
metrics: [accuracy, brier]
optimizer: {type: sgd, learning_rate: 0.5}
training: {epochs: 5, batch_size: 16}
"""

BARS = """
name: bars
seed: 3
dataset: toy_bars
layers:
  - {type: reshape, shape: [1, 10, 10]}
  - {type: conv2d, filters: 3, kernel_size: 3}
  - max_pool2d
  - tanh
  - {type: conv2d, filters: 4, kernel_size: 3, padding: same}
  - relu
  - max_pool2d
  - flatten
  - {type: dense, units: 2}
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: adam, learning_rate: 0.01}
training: {epochs: 3, batch_size: 16}
"""


def toy_config(text: str = CUBIC, overrides: Sequence[str] = ()) -> ExperimentConfig:
    return parse_config(text, "toy.yaml", overrides)


def toy(text: str = CUBIC, *overrides: str, engine: Literal["plain", "fast"] = "plain") -> Experiment:
    """An experiment with the plain engine, or with the default one."""
    experiment = Experiment(toy_config(text, overrides))
    if engine == "fast":
        choose_engine(experiment)
    return experiment


def write_idx(path: Path, array: Array) -> None:
    """Write bytes as an IDX file, gzipped if the name ends in .gz."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    content = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
