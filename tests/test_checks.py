"""Losses that batches cannot be put together from are found out, and no others."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from nnfs_cli.training.parts import TOLERANCE, adds_up, gap_between_parts

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.network import Network
from nnfs_cli.jobs.evaluate import evaluate_run
from nnfs_cli.jobs.train import conduct
from nnfs_cli.layers.base import Layer
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.losses.mse import MSE
from nnfs_cli.preprocessing.records import Data, Split, Task
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from tests.toys import BARS, BLOBS, CUBIC, toy, toy_config

WEIGHTS = (0.5, 3.0, 1.0)
CASES = [
    pytest.param(name, options, id=f"{name}-{options}")
    for name in LOSSES
    for options in LOSSES[name].examples
]


def given(loss: Loss, dtype: str, n: int = 30) -> Iterator[tuple[Network, Data]]:
    """A network and data that suit the loss, of each kind that it is for."""
    for task, z, t in loss.trials(n, 3, np.random.default_rng(1)):
        yield suiting(task, z.shape[1], t, dtype)


def suiting(task: Task, width: int, t: Array, dtype: str) -> tuple[Network, Data]:
    network = Network([create(Layer, "dense", {"units": width})], (2,), dtype)
    t = t if task == "classification" else t.astype(dtype)
    classes = tuple("abc")[: max(width, 2)] if task == "classification" else ()
    split = Split(np.zeros((len(t), 2), dtype), t, np.arange(len(t)))
    return network, Data(splits={"train": split}, classes=classes)


@pytest.mark.parametrize("n", [1, 30, 300_000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_shipped_loss_adds_up(name: str, options: Any, dtype: str, n: int) -> None:
    loss = create(Loss, name, options)
    for network, data in given(loss, dtype, n):
        assert gap_between_parts(loss, network, data) < 0.01 * TOLERANCE


@dataclass(frozen=True)
class Total(MSE):
    """A user's loss: the sum over all rows, where each part counts as much as the whole."""

    type_name: ClassVar[str] = "total"
    right: bool = True

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        super().gradient(z, t, dz)
        dz *= len(z)

    def weight(self, t: Array) -> float:
        return 1.0 if self.right else super().weight(t)


@dataclass(frozen=True)
class Large(MSE):
    """A user's loss: rows with large targets count more."""

    type_name: ClassVar[str] = "large"
    right: bool = True

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        w = 1.0 + np.square(t)
        np.multiply(z - t, 2.0 * w / w.sum(), out=dz)

    def weight(self, t: Array) -> float:
        return float((1.0 + np.square(t)).sum()) if self.right else super().weight(t)


@dataclass(frozen=True)
class Likelihood(Loss):
    """A user's loss of positive outputs alone."""

    type_name: ClassVar[str] = "likelihood"
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)

    def value(self, z: Array, t: Array) -> float:
        return float(np.mean(z - t * np.log(z)))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        dz[...] = (1.0 - np.exp(np.log(np.abs(t)) - np.log(z))) / z.size
        if np.isnan(dz).any():
            dz.fill(np.nan)


@dataclass(frozen=True)
class Spread(MSE):
    """A user's loss that measures errors by how much the batch's targets vary."""

    type_name: ClassVar[str] = "spread"

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        super().gradient(z, t, dz)
        dz /= t.var()


@dataclass(frozen=True)
class Hardest(MSE):
    """A user's loss of the worst rows of each batch alone."""

    type_name: ClassVar[str] = "hardest"

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        super().gradient(z, t, dz)
        dz[np.abs(dz) < 0.5 * np.abs(dz).max()] = 0.0


@dataclass(frozen=True)
class Centered(MSE):
    """A user's loss with a small penalty on the mean of the batch's outputs."""

    type_name: ClassVar[str] = "centered"

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        super().gradient(z, t, dz)
        dz += 0.1 * z.mean() / z.size


@dataclass(frozen=True)
class Unweighted(CrossEntropy):
    """A user's loss that forgets to say what its class weights make of rows."""

    type_name: ClassVar[str] = "unweighted"

    def weight(self, t: Array) -> float:
        return float(len(t))


@dataclass(frozen=True)
class Remembering(MSE):
    """A user's loss that counts how often it was asked."""

    type_name: ClassVar[str] = "remembering"

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", 0)

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        object.__setattr__(self, "count", vars(self)["count"] + 1)
        super().gradient(z, t, dz)


@pytest.mark.parametrize("loss", [Total(), Large(), Likelihood(), Remembering()], ids=repr)
def test_a_users_loss_that_adds_up_may_be_put_together(loss: Loss) -> None:
    for n in (1, 50, 5000):
        t = np.random.default_rng(2).normal(size=(n, 2))
        assert adds_up(loss, *suiting("regression", 2, t, "float32"))


@pytest.mark.parametrize("n", [50, 5000])
@pytest.mark.parametrize(
    "loss", [Total(right=False), Large(right=False), Spread(), Hardest(), Centered()], ids=repr
)
def test_a_users_loss_that_does_not_is_found_out(loss: Loss, n: int) -> None:
    t = np.random.default_rng(2).normal(size=(n, 2))
    assert not adds_up(loss, *suiting("regression", 2, t, "float32"))


def test_rows_of_a_rare_class_and_rare_targets_are_tried_too() -> None:
    t = np.zeros(10_000, np.intp)
    assert not adds_up(Unweighted(class_weights=WEIGHTS), *suiting("classification", 3, t, "float32"))
    labels = np.zeros((10_000, 2))
    labels[5000] = 4.0
    assert not adds_up(Large(right=False), *suiting("regression", 2, labels, "float32"))


def test_what_does_not_add_up_is_not_accumulated_but_told() -> None:
    config = replace(toy_config(CUBIC, ["training.accumulate=3"]), loss=Spread())
    with pytest.raises(NnfsError) as told:
        Experiment(config)
    (_, said) = str(told.value).splitlines()
    assert said.startswith("  training.accumulate: must be 1, since the gradient of spread does not add up")
    assert "`Spread.weight`" in said
    assert "batch_size, here 96" in said
    Experiment(replace(toy_config(CUBIC), loss=Spread()))


def test_a_run_that_was_so_trained_can_still_be_evaluated(tmp_path: Any) -> None:
    ours = toy(CUBIC, "training.accumulate=3", "training.epochs=1")
    run = RunDirectory.create(tmp_path, ours.config, "old")
    list(conduct(ours, run))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MSE, "weight", lambda self, t: float(np.square(t).sum()))
        with pytest.raises(NnfsError, match="does not add up"):
            Experiment(ours.config)
        assert evaluate_run(run, None)[0]["scores"]


def test_rows_are_not_shared_where_the_loss_does_not_add_up() -> None:
    ends = []
    for threads in (1, 2):
        config = toy_config(BARS, [f"training.threads={threads}"])
        ours = Experiment(replace(config, loss=Unweighted(class_weights=(0.2, 5.0))))
        assert ours.passes.crew.size == 1
        list(train(ours))
        ends.append(ours.network.params.value)
    np.testing.assert_array_equal(ends[0], ends[1])


def test_nothing_is_drawn_from_the_experiment_and_the_loss_is_not_touched() -> None:
    whole, accumulated = toy(BLOBS), toy(BLOBS, "training.accumulate=2", "training.batch_size=8")
    for name in ("shuffle_rng", "layer_rng", "augment_rng"):
        states = [getattr(each, name).bit_generator.state for each in (whole, accumulated)]
        assert states[0] == states[1]
    np.testing.assert_array_equal(whole.network.params.value, accumulated.network.params.value)
    loss = Remembering()
    Experiment(replace(toy_config(CUBIC, ["training.accumulate=3"]), loss=loss))
    assert vars(loss)["count"] == 0


def test_the_same_is_found_every_time() -> None:
    loss, t = Spread(), np.random.default_rng(2).normal(size=(50, 2))
    given_ = suiting("regression", 2, t, "float32")
    assert gap_between_parts(loss, *given_) == gap_between_parts(loss, *given_)


def test_batches_of_a_loss_that_adds_up_are_put_together_to_the_step_of_a_whole_one() -> None:
    ends = []
    for batch in ("training.batch_size=96", "training.batch_size=32"):
        config = toy_config(CUBIC, [batch, f"training.accumulate={96 // int(batch[-2:])}", "dtype=float64"])
        ours = Experiment(replace(config, loss=Large()))
        list(train(ours))
        ends.append(ours.network.params.value)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9)
