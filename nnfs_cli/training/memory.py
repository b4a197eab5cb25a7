"""The memory that a training takes at least, from shapes alone; too much is refused beforehand."""

import copy
import math

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.component import is_plugin
from nnfs_cli.core.memory import require_memory
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.engine.network import Network
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.preprocessing.records import Data

SAMPLE = 1000
"""Parameters of the vector that shows how many numbers an optimizer keeps for each."""


def require_room(config: ExperimentConfig, network: Network, data: Data) -> None:
    """Raise NnfsError if training would take more memory than is left. The network and the data are there.

    It takes more than is counted here, such as a layer's own arrays: what is refused could not work.
    """
    training, size = config.training, network.dtype.itemsize
    rows = len(data.splits["train"])
    trained = _sizes(rows, training.batch_size)
    piece = network.evaluation_batch_size
    evaluated = {n for split in data.splits.values() for n in _sizes(len(split), piece)}
    if data.input_shape in ((1,), (2,)):
        evaluated.add(piece)  # a run's pictures show the answers to so many points, and more
    scored = [] if network.has_images else evaluated - trained  # images may be scored in the parts of a batch
    averages = 2 if training.ema else 0
    largest = max(network.params.named, key=lambda name: network.params.named[name].size, default="")
    takes = [
        (
            size * network.params.value.size * (numbers_kept(config.optimizer) + averages),
            f"the optimizer's arrays for {network.params.value.size:,} parameters",
            f"make the layers smaller: the most are in {largest}",
        ),
        (
            2 * network.row_bytes * sum(trained),
            f"a batch of {max(trained, default=0):,} rows",
            "reduce `training.batch_size`, or make the layers smaller",
        ),
        (
            network.row_bytes * sum(scored),
            f"batches of up to {max(evaluated, default=0):,} rows that are evaluated",
            "make the layers smaller",
        ),
        (
            size * math.prod(network.output_shape) * rows,
            f"the outputs for {rows:,} rows",
            "use fewer rows",
        ),
    ]
    _, what, remedy = max(takes)
    require_memory(sum(each for each, *_ in takes), f"training, and most of it {what},", remedy)


def _sizes(rows: int, batch: int) -> set[int]:
    """The sizes of the batches that so many rows are cut into. Arrays are made once for each."""
    return {min(rows, batch), rows % batch} - {0}


def numbers_kept(optimizer: Optimizer) -> int:
    """The numbers that an optimizer keeps for each parameter, those of `scratch` included."""
    if is_plugin(type(optimizer)):
        return 1
    sample = copy.deepcopy(optimizer)
    sample.build(FlatParams({"W": Param((SAMPLE,), Zeros())}, {}, "float32"))
    return 1 + sum(array.size for array in sample.state().values()) // SAMPLE
