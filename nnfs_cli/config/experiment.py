"""What a config may say: a whole experiment, its components and how long to train."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

import yaml
from annotated_types import MinLen

from nnfs_cli.config.reader import to_plain
from nnfs_cli.core.errors import Mistake, check_options
from nnfs_cli.core.options import Options
from nnfs_cli.core.ranges import Expected, Fraction, NonNegativeFloat, NonNegativeInt, PositiveInt
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.layers.base import Layer
from nnfs_cli.losses.base import Loss
from nnfs_cli.metrics.base import Metric
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.regularizers.base import Regularizer
from nnfs_cli.schedules.base import Schedule
from nnfs_cli.schedules.constant import Constant

PLAIN_NAME = r"[A-Za-z0-9][\w.-]*"
"""What may name a run's folder, and is no option of a command."""


@dataclass(frozen=True)
class TrainingConfig(Options):
    """How long and in what portions to train.

    epochs: how often to go through the training rows.
    batch_size: rows a step; the last step of an epoch takes what is left.
    log_every: steps from one row of steps.csv to the next.
    accumulate: batches whose gradients are averaged into one step.
    clip_norm: the largest Euclidean norm of the whole gradient; 0 for any.
    clip_value: the largest size of any entry of the gradient; 0 for any.
    ema: decay of a moving average of the weights, which is what gets validated and saved; 0 for none.
    patience: epochs without a better monitored value after which training stops; 0 to go on.
    min_delta: by how much a value must be better to count as better.
    monitor: `val_loss` or `val_<metric>`: what the best epoch is chosen by, given a validation split.
    parts: into how many parts a batch of images is cut, for worker processes to compute. `auto` follows
        from the shapes alone, and is 2 at most. More parts suit more cores, and may change the last digits.
    threads: how many cores to use. On Linux at most so many workers compute the parts of a batch of images;
        that changes no number. For other networks it is the number of BLAS's threads, which may change the
        last digits; `auto` follows from the shapes alone.
    engine: `auto` for the fastest; `plain` for the one to read, and to put a `print` into.
    """

    epochs: PositiveInt
    batch_size: PositiveInt = 32
    log_every: PositiveInt = 1
    accumulate: PositiveInt = 1
    clip_norm: NonNegativeFloat = 0.0
    clip_value: NonNegativeFloat = 0.0
    ema: Fraction = 0.0
    patience: NonNegativeInt = 0
    min_delta: NonNegativeFloat = 0.0
    monitor: str = "val_loss"
    parts: PositiveInt | Literal["auto"] = "auto"
    threads: PositiveInt | Literal["auto"] = "auto"
    engine: Literal["auto", "plain"] = "auto"


@dataclass(frozen=True)
class ExperimentConfig(Options):
    """A whole experiment. Its components hold options only: building one works on copies.

    dataset: what to learn from, and how it is split.
    layers: the network, from input to output; the last layer gives the predictions, or their logits.
    loss: what training minimizes.
    optimizer: how a step follows from the gradient.
    training: how long and in what portions to train.
    schedule: how the learning rate changes during training.
    regularizer: a penalty or a bound on parameters; null for none.
    metrics: what is reported besides the loss.
    name: what the run's folder is named after; by default the config's file.
    seed: draws initial weights, splits, the order of rows and all other random numbers.
    dtype: the type of the numbers that training computes with.
    plugins: Python files whose components the config can name; paths from the config's folder.
    """

    dataset: Dataset
    layers: Annotated[tuple[Layer, ...], MinLen(1), Expected("a list of at least one layer")]
    loss: Loss
    optimizer: Optimizer
    training: TrainingConfig
    schedule: Schedule = Constant()  # noqa: RUF009  it is frozen
    regularizer: Regularizer | None = None
    metrics: tuple[Metric, ...] = ()
    name: str = ""
    seed: NonNegativeInt = 0
    dtype: Literal["float32", "float64"] = "float32"
    plugins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_options(
            self,
            name=(not self.name or bool(re.fullmatch(PLAIN_NAME, self.name)), "letters, digits, and . _ -"),
        )

    def to_yaml(self) -> str:
        """The resolved config, defaults included. Reading it back gives an equal config."""
        plain = to_plain(self)
        first = {key: plain.pop(key) for key in ("name", "seed", "dtype", "plugins")}
        if not first["plugins"]:
            del first["plugins"]
        return yaml.safe_dump({**first, **plain}, sort_keys=False, default_flow_style=None, width=100)


def contradictions(config: ExperimentConfig) -> list[Mistake]:
    """What each part allows but the parts together do not."""
    mistakes = []
    computing = [i for i, layer in enumerate(config.layers) if type(layer).view is Layer.view]
    where = computing[-1] if computing else len(config.layers) - 1
    last = config.layers[where]
    if config.loss.expects_logits and last.gives_probabilities:
        name = config.loss.type_name
        mistakes.append(
            Mistake(
                f"layers[{where}]",
                f"{last.type_name} right before {name}, which takes logits and does that itself; "
                f"remove this layer, or keep it and write `loss: mse`",
            )
        )
    names = [metric.type_name for metric in config.metrics]
    monitors = ["val_loss", *(f"val_{name}" for name in names)]
    if config.training.monitor not in monitors:
        text = f"must be one of {', '.join(monitors)}, found {config.training.monitor!r}"
        mistakes.append(Mistake("training.monitor", text))
    twice = sorted({name for name in names if names.count(name) > 1})
    mistakes.extend(Mistake("metrics", f"{name} is listed twice") for name in twice)
    return mistakes
