"""The data of a config, with the splits and maps that training uses."""

from dataclasses import replace

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.component import refuse_result
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.memory import require_memory
from nnfs_cli.preprocessing.balance import note_on_folds, notes_on_classes
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.training.scaling import large_inputs
from nnfs_cli.training.targets import fit_to_outputs


def seeds(seed: int) -> list[np.random.SeedSequence]:
    """Independent seeds for initial weights, the order of rows, splits, layers, and augmentation."""
    return np.random.SeedSequence(seed).spawn(5)


def load_data(config: ExperimentConfig, fitted: Preparation | None = None) -> Data:
    """A config's data with the splits and maps that training uses; rows are not normalized yet.

    Their targets are such that the loss and the last layer can do with them, or as an earlier run's were
    (`fitted`).
    """
    split_seed = seeds(config.seed if config.split_seed is None else config.split_seed)[2]
    rng = np.random.default_rng(split_seed)
    if least := config.dataset.least_memory():
        points = f"dataset: the points of {config.dataset.type_name}"
        require_memory(least, points, "ask for fewer of them, or of their numbers")
    data = config.dataset.load_as(fitted, rng) if fitted else config.dataset.load(rng)
    if not isinstance(data, Data):
        refuse_result(config.dataset, "load", "a Data", data)
    if fitted and data.input_shape != fitted.input_shape:
        raise NnfsError(
            f"dataset: a row has shape {data.input_shape}, but preparation.json is for {fitted.input_shape}"
        )
    data = data if fitted else fit_to_outputs(config, data)
    large = large_inputs(config, data)
    notes = [
        *notes_on_classes(data),
        note_on_folds(data, getattr(config.dataset, "validation", 0)),
        large and f"{large}; networks learn best from inputs near 1",
    ]
    return replace(data, notes=(*data.notes, *filter(None, notes)))
