"""`adds_up`: only losses that declare it are cut or accumulated, and for shipped ones it is true."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.evaluate import evaluate_run
from nnfs_cli.jobs.train import train_run
from nnfs_cli.losses.base import LOSSES, Loss, adds_up
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.losses.mse import MSE
from nnfs_cli.preprocessing.records import Task
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


ROWS, CUTS = 48, (11, 27)
"""The rows for which a loss is tried, and where they are cut."""

TOLERANCE = 1e-5
"""Ten times the rounding error of a few rows' gradient in float32."""


def gap_between_parts(loss: Loss, z: Array, t: Array) -> float:
    """The largest difference of a batch's gradient dz from the mean of its parts', weighted by `Loss.weight`.

    It is relative to the size of a row's gradient, since rounding errors are of that size.
    """
    whole, joined = np.empty_like(z), np.empty_like(z)
    loss.gradient(z, t, whole)
    for part in np.split(np.arange(len(z)), CUTS):
        dz = np.empty_like(z[part])
        loss.gradient(z[part], t[part], dz)
        joined[part] = dz * (loss.weight(t[part]) / loss.weight(t))
    sizes = np.abs(whole).max(axis=1)
    return float((np.abs(joined - whole).max(axis=1) / np.maximum(sizes, 1e-2 * sizes.max())).max())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_shipped_loss_declares_that_it_adds_up_and_does(
    name: str, options: Any, dtype: str, seed: int
) -> None:
    loss = create(Loss, name, options)
    assert vars(type(loss))["adds_up"] is True
    assert adds_up(loss)
    for task, z, t in loss.trials(ROWS, 3, np.random.default_rng(seed)):
        t = t if task == "classification" else t.astype(dtype)
        assert gap_between_parts(loss, z.astype(dtype), t) < TOLERANCE


@dataclass(frozen=True)
class Total(MSE):
    """A user's loss: the sum over all rows."""

    type_name: ClassVar[str] = "total"
    right: bool = True

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        super().gradient(z, t, dz)
        dz *= len(z)

    def weight(self, t: Array) -> float:
        return 1.0 if self.right else super().weight(t)


@dataclass(frozen=True)
class Large(MSE):
    """A user's loss in which rows with large targets have a larger weight."""

    type_name: ClassVar[str] = "large"
    right: bool = True

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        w = 1.0 + np.square(t)
        np.multiply(z - t, 2.0 * w / w.sum(), out=dz)

    def weight(self, t: Array) -> float:
        return float((1.0 + np.square(t)).sum()) if self.right else super().weight(t)


@dataclass(frozen=True)
class Spread(MSE):
    """A user's loss that divides errors by the spread of the batch's targets."""

    type_name: ClassVar[str] = "spread"

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        super().gradient(z, t, dz)
        dz /= t.var()


@dataclass(frozen=True)
class Hardest(MSE):
    """A user's loss of only the worst rows of each batch."""

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
    """A user's loss whose `weight` ignores its class weights."""

    type_name: ClassVar[str] = "unweighted"

    def weight(self, t: Array) -> float:
        return float(len(t))


@dataclass(frozen=True)
class Declared(Large):
    """A user's loss that declares `adds_up`."""

    type_name: ClassVar[str] = "declared"
    adds_up: ClassVar[bool] = True


@dataclass(frozen=True)
class Denied(MSE):
    """A user's loss that declares that it does not add up."""

    type_name: ClassVar[str] = "denied"
    adds_up: ClassVar[bool] = False


def values(n: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, 2)), rng.normal(size=(n, 2))


def classes() -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(ROWS, 3)), rng.permutation(np.arange(ROWS) % 7 // 3)


@pytest.mark.parametrize("loss", [Total(), Large(), Declared()], ids=repr)
def test_the_trial_finds_that_what_adds_up_does(loss: Loss) -> None:
    for n in (ROWS, 5000):
        assert gap_between_parts(loss, *values(n)) < TOLERANCE


@pytest.mark.parametrize(
    "loss", [Total(right=False), Large(right=False), Spread(), Hardest(), Centered()], ids=repr
)
def test_the_trial_finds_out_what_does_not(loss: Loss) -> None:
    for n in (ROWS, 5000):
        assert gap_between_parts(loss, *values(n)) > 10 * TOLERANCE


def test_the_trial_finds_out_class_weights_that_are_not_told() -> None:
    assert gap_between_parts(CrossEntropy(class_weights=WEIGHTS), *classes()) < TOLERANCE
    assert gap_between_parts(Unweighted(class_weights=WEIGHTS), *classes()) > 10 * TOLERANCE


class Bare(Loss):
    """A user's loss without declarations."""

    type_name: ClassVar[str] = "bare"
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)

    def value(self, z: Array, t: Array) -> float:
        return float(np.mean(z - t))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        dz.fill(1.0 / z.size)


@pytest.mark.parametrize("loss", [Bare(), Spread(), Denied(), Large()], ids=lambda loss: loss.type_name)
def test_what_does_not_declare_that_it_adds_up_is_not_accumulated_but_told(loss: Loss) -> None:
    assert not adds_up(loss)
    config = replace(toy_config(CUBIC, ["training.accumulate=3"]), loss=loss)
    with pytest.raises(NnfsError) as told:
        Experiment(config)
    (_, said) = str(told.value).splitlines()
    name = type(loss).__name__
    assert said == (
        f"  training.accumulate: must be 1, since {loss.type_name} does not say that its gradient adds up; "
        f"batch_size: 96 makes the same steps; or, if the gradient of a batch is the mean of its parts' "
        f"gradients, weighted by `{name}.weight`, put `adds_up = True` into the class {name}"
    )
    Experiment(replace(toy_config(CUBIC), loss=loss))


def test_a_run_that_was_so_trained_can_still_be_evaluated(tmp_path: Any) -> None:
    ours = toy(CUBIC, "training.accumulate=3", "training.epochs=1")
    run = RunDirectory.create(tmp_path, ours.config, "old")
    list(train_run(ours, run))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MSE, "adds_up", False)
        with pytest.raises(NnfsError, match="does not say that its gradient adds up"):
            Experiment(ours.config)
        assert evaluate_run(run, None)[0]["scores"]


def test_rows_are_not_shared_where_the_loss_does_not_declare_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.speed.plan.WORTH_A_PART", 1000)
    ends = []
    for threads in (1, 2):
        config = toy_config(BARS, [f"training.threads={threads}"])
        ours = Experiment(replace(config, loss=Unweighted(class_weights=(0.2, 5.0))))
        choose_engine(ours)
        assert (ours.engine.parts, ours.engine.workers) == (1, 1)
        list(train(ours))
        ends.append(ours.network.params.value)
    np.testing.assert_array_equal(ends[0], ends[1])
    declared = Experiment(config)
    choose_engine(declared)
    assert declared.engine.parts == 2


def test_whether_batches_are_accumulated_changes_nothing_that_an_experiment_starts_from() -> None:
    whole, accumulated = toy(BLOBS), toy(BLOBS, "training.accumulate=2", "training.batch_size=8")
    states = [each.shuffle_rng.bit_generator.state for each in (whole, accumulated)]
    assert states[0] == states[1]
    np.testing.assert_array_equal(whole.network.params.value, accumulated.network.params.value)


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_batches_of_a_loss_that_adds_up_are_put_together_to_the_step_of_a_whole_one(engine: str) -> None:
    ends = []
    for batch in ("training.batch_size=96", "training.batch_size=32"):
        config = toy_config(CUBIC, [batch, f"training.accumulate={96 // int(batch[-2:])}", "dtype=float64"])
        ours = Experiment(replace(config, loss=Declared()))
        if engine == "fast":
            choose_engine(ours)
        assert ours.engine.name == engine
        list(train(ours))
        ends.append(ours.network.params.value)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9)
