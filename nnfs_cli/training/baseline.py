"""The baseline: what a prediction scores that knows the training targets, and no inputs."""

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW
from nnfs_cli.training.experiment import Experiment


@np.errstate(**IGNORE_OVERFLOW)
def baseline_scores(experiment: Experiment) -> dict[str, dict[str, float]]:
    """The loss and all metrics, on each split, of the outputs that `Loss.constant` gives for every row."""
    train = experiment.data.splits["train"]
    z = experiment.loss.constant(train.t[train.rows], *experiment.network.output_shape)
    z = z.astype(experiment.network.dtype)
    return {
        name: experiment.scores(np.tile(z, (len(split), 1)), split, split.rows)
        for name, split in experiment.data.splits.items()
    }
