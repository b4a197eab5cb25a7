"""Which scores are defined: for the network's outputs, and on each split."""

from collections.abc import Collection

from nnfs_cli.config.experiment import ExperimentConfig, last_computing
from nnfs_cli.engine.network import Network
from nnfs_cli.losses.base import Loss
from nnfs_cli.metrics.base import Metric
from nnfs_cli.preprocessing.records import Data


def gives_probabilities(loss: Loss, network: Network) -> bool:
    """Whether predictions for classes are probabilities, which add up to 1 in each row."""
    if loss.expects_logits:
        return True
    where, last = last_computing(network.layers)
    return last.sums_to_one and network.shapes[where + 1] == network.output_shape


def has_meaning(metric: Metric, loss: Loss, network: Network, data: Data) -> bool:
    """Whether the predictions are what the metric needs: probabilities, or others."""
    needs = bool(data.classes) and metric.needs_probabilities(len(data.classes))
    return not needs or gives_probabilities(loss, network)


def need_probabilities(config: ExperimentConfig, network: Network, data: Data) -> list[str]:
    """The mistakes of metrics that need probabilities, where there are none."""
    last = last_computing(network.layers)[1].type_name
    return [
        f"metrics[{i}]: {metric.type_name} needs probabilities, which add up to 1, but {last} with "
        f"{config.loss.type_name} gives scores; write `loss: cross_entropy`, or make softmax the last layer, "
        f"with mse"
        for i, metric in enumerate(config.metrics)
        if not has_meaning(metric, config.loss, network, data)
    ]


def undefined_notes(config: ExperimentConfig, data: Data, splits: Collection[str]) -> list[str]:
    """For each of the splits and each metric that is undefined on it, a sentence that says why."""
    return [
        f"{name} has {lacks}, so {metric.type_name} is undefined there"
        for name, split in data.splits.items()
        for metric in config.metrics
        if name in splits and (lacks := metric.lacks(split.t[split.rows], data.classes))
    ]
