"""Files of random rows, and a network to train on them."""

from pathlib import Path

import numpy as np

from nnfs_cli.config.load import parse_config
from nnfs_cli.training.experiment import Experiment

CLASSES = 10
CONFIG = """
name: growth
dataset: {{type: npy, x: {folder}/x.npy, y: {folder}/y.npy, scale: true}}
layers: [{{type: dense, units: 32}}, relu, {{type: dense, units: 10}}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {{type: sgd, learning_rate: 0.01}}
training: {{epochs: {epochs}, batch_size: {batch_size}, log_every: 1000000000, threads: 1}}
"""


def experiment(folder: Path, batch_size: int, epochs: int) -> Experiment:
    """An experiment on the bytes of x.npy and the classes of y.npy in a folder."""
    text = CONFIG.format(folder=folder, batch_size=batch_size, epochs=epochs)
    return Experiment(parse_config(text, "growth.yaml", ()))


def write_rows(folder: Path, rows: int, features: int) -> None:
    """Write x.npy with bytes (rows, features), which repeat 64 random MB, and y.npy with classes."""
    rng, at_once = np.random.default_rng(0), 2**26 // features
    block = memoryview(rng.bytes(at_once * features))
    header = {"descr": "|u1", "fortran_order": False, "shape": (rows, features)}
    with (folder / "x.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, rows, at_once):
            file.write(block[: min(at_once, rows - start) * features])
    np.save(folder / "y.npy", rng.permutation(np.arange(rows) % CLASSES))
