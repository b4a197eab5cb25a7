"""Checks before training: whether a config's parts fit each other and its data."""

import math

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.component import refuse_result
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.network import Network
from nnfs_cli.kernels.windows import channels_last
from nnfs_cli.layers.base import every_layer
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.reshape import Reshape
from nnfs_cli.losses.base import Loss, adds_up
from nnfs_cli.metrics.base import Metric
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.training.defined import need_probabilities


def channels_last_warning(config: ExperimentConfig, data: Data) -> str:
    """A warning if rows look like images with channels last and are used as images; else an empty text."""
    as_images = data.augment is not None or any(layer.images for layer in config.layers)
    one_channel = data.input_shape[-1:] == (1,)
    if not as_images or (one_channel and data.augment is None and isinstance(config.layers[0], Reshape)):
        return ""  # the reshape puts the single channel first
    return channels_last(data.input_shape)


def check_fit(config: ExperimentConfig, network: Network, data: Data, *, trains: bool) -> None:
    """Raise NnfsError unless the loss, the metrics and the last layer fit the data.

    trains: also check that the loss allows the training's options.
    """
    problems = []
    parts: list[tuple[str, Loss | Metric]] = [("loss", config.loss)]
    parts += [(f"metrics[{i}]", metric) for i, metric in enumerate(config.metrics)]
    for path, part in parts:
        if data.task not in part.tasks:
            problems.append(
                f"{path}: {part.type_name} is for {' or '.join(part.tasks)}, "
                f"but {config.dataset.type_name} is {data.task}"
            )
    width = config.loss.width(data)
    if network.output_shape != (width,):
        what = f"{len(data.classes)} classes" if data.classes else f"targets of width {data.target_width}"
        last = len(config.layers) - 1
        hint = "; put flatten after it" if math.prod(network.output_shape) == width else ""
        hint = hint or ("; `units: auto` follows the data" if isinstance(config.layers[-1], Dense) else "")
        problems.append(
            f"layers[{last}]: the last layer gives {network.output_shape} for each row, "
            f"but {config.dataset.type_name} has {what}: {config.loss.type_name} wants ({width},){hint}"
        )
    if problems and data.why_task:
        problems.append(f"dataset.{data.why_task}")
    if config.training.monitor != "val_loss" and "validation" not in data.splits:
        problems.append(
            f"training.monitor: {config.training.monitor} needs a validation split, and there is none"
        )
    if config.training.patience and "validation" not in data.splits:
        problems.append("training.patience: needs a validation split to watch, and there is none")
    if not network.params.named:
        problems.append("layers: no layer has parameters, so there is nothing to train")
    if trains and config.training.accumulate > 1 and not adds_up(config.loss):
        problems.append(_cannot_accumulate(config))
    if trains:
        problems += need_probabilities(config, network, data)
        problems += _too_few_rows(config, network, data)
    if problems:
        raise NnfsError("\n  ".join([f"{config.name}: the parts do not fit together", *problems]))


def check_descent(descent: Descent) -> None:
    """Raise NnfsError unless the optimizer's state, as a plugin may write it, can be saved."""
    state: object = descent.optimizer.state()
    if not isinstance(state, dict):
        refuse_result(descent.optimizer, "state", "a dictionary of arrays", state)


def _cannot_accumulate(config: ExperimentConfig) -> str:
    training, loss = config.training, type(config.loss)
    return (
        f"training.accumulate: must be 1, since {config.loss.type_name} does not say that its gradient adds "
        f"up; batch_size: {training.batch_size * training.accumulate} makes the same steps; or, if the "
        f"gradient of a batch is the mean of its parts' gradients, weighted by `{loss.__name__}.weight`, put "
        f"`adds_up = True` into the class {loss.__name__}"
    )


def _too_few_rows(config: ExperimentConfig, network: Network, data: Data) -> list[str]:
    """The mistake of batches that have too few rows for some layer."""
    fewest, name = _neediest(network)
    rows, batch_size = len(data.splits["train"]), config.training.batch_size
    if min(rows, batch_size) >= fewest:
        return []
    why = f"since {name} normalizes by the mean and the variance of a batch; layer_norm takes any"
    if batch_size < fewest:
        return [f"training.batch_size: must be at least {fewest}, found {batch_size}, {why}"]
    return [f"dataset: must have at least {fewest} training rows, found {rows}, {why}"]


def last_batch_note(config: ExperimentConfig, network: Network, data: Data) -> str:
    """A sentence on an epoch's last batch, if it has too few rows for some layer; else an empty text."""
    fewest, name = _neediest(network)
    rows, batch_size = len(data.splits["train"]), config.training.batch_size
    if not 0 < rows % batch_size < fewest:
        return ""
    return (
        f"the last batch of an epoch has a single row, which {name} cannot normalize; "
        f"another training.batch_size than {batch_size} avoids that"
    )


def _neediest(network: Network) -> tuple[int, str]:
    """The fewest rows that a batch must have, and the layer that wants them."""
    return max(
        (max(each.fewest_rows for each in every_layer([layer])), name)
        for name, layer in zip(network.names, network.layers, strict=True)
    )
