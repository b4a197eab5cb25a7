"""The config: a whole experiment, its components and how to train."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import MinLen

from nnfs_cli.config.dialect import dump
from nnfs_cli.config.names import NAME_RULE, is_plain_name
from nnfs_cli.config.reader import to_plain
from nnfs_cli.config.study import StudyConfig
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
from nnfs_cli.sources.paths import FilePath


@dataclass(frozen=True)
class TrainingConfig(Options):
    """How to train: epochs, batches, clipping, averaging, early stopping, cores.

    epochs: how often to train on all training rows.
    batch_size: rows per step; the last step of an epoch takes the rest.
    log_every: steps from one row of steps.csv to the next.
    accumulate: batches whose gradients are averaged into one step.
    clip_norm: the largest Euclidean norm of the whole gradient; 0 for no limit.
    clip_value: the largest absolute value of any entry of the gradient; 0 for no limit.
    ema: decay of a moving average of the weights; the average is validated and saved; 0 for none.
    patience: epochs without a better monitored value after which training stops; 0 for no early stopping.
    min_delta: by how much a value must be better to count as better.
    monitor: `val_loss` or `val_<metric>`: what chooses the best epoch, if there is a validation split.
    on_divergence: what to do when training diverges: `stop`, or `rollback` to the end of the last epoch whose
        loss was not above that at the start, with half the learning rate, at most 5 times.
    parts: how many parts a batch of images, or a large product of a dense layer, is cut into; workers compute
        them. `auto` follows from the shapes alone and is at most 2. More parts can use more cores, and may
        change the last digits.
    threads: how many cores to use: the largest number of workers that compute the parts. These are processes
        for images, on Linux, and threads for dense layers. It changes no number in the results; where other
        programs keep the cores busy, one worker computes all parts.
    checkpoint_every: seconds from one checkpoint to the next, and more where that would take over 1 % of the
        time; 0 for one at each report.
    engine: `auto` for the fastest; `plain` for the one that is easy to read and debug.
    diagnostics: record each layer's gradients, updates and activations now and then, for `nnfs plot`. It
        changes no number of the training, and takes less than 5 % of its time if
        that is more than a tenth of a second.
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
    on_divergence: Literal["stop", "rollback"] = "stop"
    parts: PositiveInt | Literal["auto"] = "auto"
    threads: PositiveInt | Literal["auto"] = "auto"
    checkpoint_every: NonNegativeFloat = 30.0
    engine: Literal["auto", "plain"] = "auto"
    diagnostics: bool = False


@dataclass(frozen=True)
class ExperimentConfig(Options):
    """A whole experiment. Its components hold options only: building one works on copies.

    dataset: what to learn from, and how it is split.
    layers: the network, from input to output; the last layer gives the predictions, or their logits.
    loss: what training minimizes.
    optimizer: how a gradient changes the parameters.
    training: how long to train, in what batches, and more.
    schedule: how the learning rate changes during training.
    regularizer: a penalty or a bound on parameters; null for none.
    metrics: what is reported besides the loss.
    name: the run folder's name starts with it; by default the config file's name.
    seed: draws initial weights, splits, the order of rows and all other random numbers.
    split_seed: draws the splits in its stead, so that runs with other seeds have the same rows for training,
        validation and test; null follows `seed`.
    dtype: the type of the numbers that training computes with.
    plugins: Python files whose components the config can name.
    initial_weights: a run's folder, or its weights.npz, whose weights and statistics training starts from;
        by default they are drawn.
    study: many runs of this config, which `nnfs study` conducts; null for one run.
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
    split_seed: NonNegativeInt | None = None
    dtype: Literal["float32", "float64"] = "float32"
    plugins: tuple[FilePath, ...] = ()
    initial_weights: FilePath = ""
    study: StudyConfig | None = None

    def __post_init__(self) -> None:
        check_options(
            self,
            name=(not self.name or is_plain_name(self.name), NAME_RULE),
        )

    @property
    def weights_file(self) -> Path:
        """The file of the initial weights: `initial_weights`, or weights.npz in that folder."""
        path = Path(self.initial_weights)
        return path / "weights.npz" if path.is_dir() else path

    def to_yaml(self) -> str:
        """The resolved config, defaults included. Reading it back gives an equal config."""
        plain = to_plain(self)
        first = {
            key: plain.pop(key)
            for key in ("name", "seed", "split_seed", "dtype", "plugins", "initial_weights")
        }
        for key in ("plugins", "initial_weights"):
            if not first[key]:
                del first[key]
        if self.study is None:
            del plain["study"]
        return dump({**first, **plain})


def last_computing(layers: Sequence[Layer]) -> tuple[int, Layer]:
    """The last layer that does not only reshape, and its index; the very last, if all reshape."""
    computing = [i for i, layer in enumerate(layers) if type(layer).view is Layer.view]
    where = computing[-1] if computing else len(layers) - 1
    return where, layers[where]


def contradictions(config: ExperimentConfig) -> list[Mistake]:
    """Mistakes between options, each of which is valid alone."""
    mistakes = []
    where, last = last_computing(config.layers)
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
    monitored = {"training.monitor": config.training.monitor}
    if config.study and config.study.monitor:
        monitored["study.monitor"] = config.study.monitor
    for key, monitor in monitored.items():
        if monitor not in monitors:
            mistakes.append(Mistake(key, f"must be one of {', '.join(monitors)}, found {monitor!r}"))
    twice = sorted({name for name in names if names.count(name) > 1})
    mistakes.extend(Mistake("metrics", f"{name} is listed twice") for name in twice)
    return mistakes
