"""nnfs: train neural networks in pure NumPy, driven by YAML files.

These names are the stable face: what programs use, and all that a plugin needs (docs/plugins.md). Each is
imported at its first use, so that `nnfs --help` loads no NumPy. Modules below this one may move at any time.
"""

import importlib
from typing import TYPE_CHECKING, Any

from nnfs_cli.core import moved
from nnfs_cli.version import __version__ as __version__

if TYPE_CHECKING:  # for type checkers and editors; a test holds it to the table below
    from nnfs_cli.api.experiment import Experiment as Experiment
    from nnfs_cli.api.explanation import Explanation as Explanation
    from nnfs_cli.api.explanation import explain as explain
    from nnfs_cli.api.gradients import GradientCheck as GradientCheck
    from nnfs_cli.api.gradients import gradcheck as gradcheck
    from nnfs_cli.api.run import Run as Run
    from nnfs_cli.api.run import load_run as load_run
    from nnfs_cli.core.arrays import Array as Array
    from nnfs_cli.core.arrays import Shape as Shape
    from nnfs_cli.core.errors import ConfigError as ConfigError
    from nnfs_cli.core.errors import DivergenceError as DivergenceError
    from nnfs_cli.core.errors import InterruptionError as InterruptionError
    from nnfs_cli.core.errors import NnfsError as NnfsError
    from nnfs_cli.core.errors import ShapeError as ShapeError
    from nnfs_cli.core.errors import check_options as check_options
    from nnfs_cli.core.params import FlatParams as FlatParams
    from nnfs_cli.core.params import Param as Param
    from nnfs_cli.core.params import Statistic as Statistic
    from nnfs_cli.core.ranges import Fraction as Fraction
    from nnfs_cli.core.ranges import NonNegativeFloat as NonNegativeFloat
    from nnfs_cli.core.ranges import NonNegativeInt as NonNegativeInt
    from nnfs_cli.core.ranges import PositiveFloat as PositiveFloat
    from nnfs_cli.core.ranges import PositiveInt as PositiveInt
    from nnfs_cli.datasets.base import DATASETS as DATASETS
    from nnfs_cli.datasets.base import ArrayDataset as ArrayDataset
    from nnfs_cli.datasets.base import Dataset as Dataset
    from nnfs_cli.datasets.base import Synthetic as Synthetic
    from nnfs_cli.datasets.base import fingerprint as fingerprint
    from nnfs_cli.initializers.base import INITIALIZERS as INITIALIZERS
    from nnfs_cli.initializers.base import Initializer as Initializer
    from nnfs_cli.initializers.constant import Constant as Constant
    from nnfs_cli.initializers.he_normal import HeNormal as HeNormal
    from nnfs_cli.initializers.he_uniform import HeUniform as HeUniform
    from nnfs_cli.initializers.xavier_normal import XavierNormal as XavierNormal
    from nnfs_cli.initializers.xavier_uniform import XavierUniform as XavierUniform
    from nnfs_cli.initializers.zeros import Zeros as Zeros
    from nnfs_cli.layers.base import LAYERS as LAYERS
    from nnfs_cli.layers.base import Example as Example
    from nnfs_cli.layers.base import Layer as Layer
    from nnfs_cli.losses.base import LOSSES as LOSSES
    from nnfs_cli.losses.base import Loss as Loss
    from nnfs_cli.metrics.base import METRICS as METRICS
    from nnfs_cli.metrics.base import Metric as Metric
    from nnfs_cli.metrics.base import likeliest as likeliest
    from nnfs_cli.optimizers.base import OPTIMIZERS as OPTIMIZERS
    from nnfs_cli.optimizers.base import Optimizer as Optimizer
    from nnfs_cli.optimizers.base import add_weight_decay as add_weight_decay
    from nnfs_cli.optimizers.base import decay_weights as decay_weights
    from nnfs_cli.preprocessing.affine import Affine as Affine
    from nnfs_cli.preprocessing.folds import Fold as Fold
    from nnfs_cli.preprocessing.records import Data as Data
    from nnfs_cli.preprocessing.records import Split as Split
    from nnfs_cli.preprocessing.records import Task as Task
    from nnfs_cli.preprocessing.splitting import HeldOut as HeldOut
    from nnfs_cli.preprocessing.splitting import Validation as Validation
    from nnfs_cli.preprocessing.splitting import split_up as split_up
    from nnfs_cli.regularizers.base import REGULARIZERS as REGULARIZERS
    from nnfs_cli.regularizers.base import Regularizer as Regularizer
    from nnfs_cli.schedules.base import SCHEDULES as SCHEDULES
    from nnfs_cli.schedules.base import Clock as Clock
    from nnfs_cli.schedules.base import Schedule as Schedule
    from nnfs_cli.sources.paths import FilePath as FilePath

_FACE = {
    name: f"nnfs_cli.{module}"
    for module, names in {
        "api.experiment": ["Experiment"],
        "api.run": ["Run", "load_run"],
        "api.explanation": ["explain", "Explanation"],
        "api.gradients": ["gradcheck", "GradientCheck"],
        "core.arrays": ["Array", "Shape"],
        "core.errors": [
            "NnfsError",
            "ConfigError",
            "ShapeError",
            "DivergenceError",
            "InterruptionError",
            "check_options",
        ],
        "core.params": ["Param", "Statistic", "FlatParams"],
        "core.ranges": ["PositiveInt", "NonNegativeInt", "PositiveFloat", "NonNegativeFloat", "Fraction"],
        "layers.base": ["LAYERS", "Layer", "Example"],
        "losses.base": ["LOSSES", "Loss"],
        "optimizers.base": ["OPTIMIZERS", "Optimizer", "add_weight_decay", "decay_weights"],
        "schedules.base": ["SCHEDULES", "Schedule", "Clock"],
        "regularizers.base": ["REGULARIZERS", "Regularizer"],
        "initializers.base": ["INITIALIZERS", "Initializer"],
        "initializers.zeros": ["Zeros"],
        "initializers.constant": ["Constant"],
        "initializers.xavier_uniform": ["XavierUniform"],
        "initializers.xavier_normal": ["XavierNormal"],
        "initializers.he_uniform": ["HeUniform"],
        "initializers.he_normal": ["HeNormal"],
        "metrics.base": ["METRICS", "Metric", "likeliest"],
        "datasets.base": ["DATASETS", "Dataset", "Synthetic", "ArrayDataset", "fingerprint"],
        "preprocessing.records": ["Data", "Split", "Task"],
        "preprocessing.affine": ["Affine"],
        "preprocessing.folds": ["Fold"],
        "preprocessing.splitting": ["split_up", "HeldOut", "Validation"],
        "sources.paths": ["FilePath"],
    }.items()
    for name in names
}
"""Each name and the module that it is imported from."""

__all__ = ["__version__", *_FACE]

moved.install(_FACE)


if not TYPE_CHECKING:  # type checkers that saw this would accept any name

    def __getattr__(name: str) -> Any:
        if name not in _FACE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_FACE[name]), name)
        # The next time, Python finds it without asking here. A package, as `gradcheck`, stays one.
        return globals().setdefault(name, value)


def __dir__() -> list[str]:
    return sorted(__all__)
