"""Chooses the engine: the fast one, or the plain one if the config asks for it."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.model import Model

SPEED = "nnfs_cli.speed"
"""The package of fast code. Without it the plain engine does everything."""


def choose_engine(subject: Experiment | Model, before: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Give an experiment or a model the fast engine, if there is one and the config allows it.

    before: the `parts` and `blas_threads` that a resumed run was computed with. They count where the config
        leaves them to a rule, which may have changed since.
    """
    if subject.config.training.engine == "plain":
        return
    try:
        speed = importlib.import_module(f"{SPEED}.apply")
    except ModuleNotFoundError as error:
        if error.name != SPEED:
            raise
        return
    speed.accelerate(subject, before)
