"""The baseline: what a prediction scores that knows the training targets, and no inputs."""

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW
from nnfs_cli.training.experiment import Experiment


@np.errstate(**IGNORE_OVERFLOW)
def baseline_scores(experiment: Experiment) -> dict[str, dict[str, float]]:
    """The loss and all metrics, on each split, of the outputs that `Loss.constant` gives for every row.

    Nothing, if a plugin's loss does not say what these are: its outputs are no shares of classes, say.
    """
    train, shape = experiment.data.splits["train"], experiment.network.output_shape
    z = experiment.loss.constant(train.t[train.rows], *shape).astype(experiment.network.dtype)
    if z.shape != shape:
        return {}
    return {
        name: experiment.scores(np.tile(z, (len(split), 1)), split, split.rows)
        for name, split in experiment.data.splits.items()
    }
