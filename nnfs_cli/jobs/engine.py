"""Which engine computes: the fast one, or the plain one where the config asks for it."""

import importlib

from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.model import Model

SPEED = "nnfs_cli.speed"
"""The folder that may be left out; then the plain engine does everything."""


def choose_engine(subject: Experiment | Model) -> None:
    """Let fast code take an experiment's steps, or answer for a model, where there is any and it may."""
    if subject.config.training.engine == "plain":
        return
    try:
        speed = importlib.import_module(f"{SPEED}.apply")
    except ModuleNotFoundError as error:
        if error.name != SPEED:
            raise
        return
    speed.accelerate(subject)
