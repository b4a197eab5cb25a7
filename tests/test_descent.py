"""From gradient to new parameters: accumulation, clipping, averaging, schedules, early stopping."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import FlatParams
from nnfs_cli.engine.descent import clip
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.optimizers.adam import Adam
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.optimizers.lion import Lion
from nnfs_cli.optimizers.rmsprop import RMSprop
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.speed.engine import FastDescent
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, StepReport
from tests.toys import BLOBS, CUBIC, toy


def epochs(experiment: Experiment) -> list[EpochReport]:
    return [report for report in train(experiment) if isinstance(report, EpochReport)]


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_accumulated_batches_are_the_same_step_as_one_large_batch(engine: Literal["plain", "fast"]) -> None:
    small = toy(BLOBS, "dtype=float64", "training.batch_size=7", "training.accumulate=3", engine=engine)
    large = toy(BLOBS, "dtype=float64", "training.batch_size=21", engine=engine)
    assert [e.step for e in epochs(small)] == [e.step for e in epochs(large)]
    np.testing.assert_allclose(small.network.params.value, large.network.params.value, rtol=1e-9)


def test_clipping_bounds_entries_and_then_the_norm() -> None:
    grad = np.array([3.0, -4.0, 0.5])
    clip(grad, 1.0, 0.0)
    np.testing.assert_array_equal(grad, [1.0, -1.0, 0.5])
    clip(grad, 0.0, 0.75)
    np.testing.assert_allclose(grad, [0.5, -0.5, 0.25])
    clip(grad, 0.0, 100.0)
    np.testing.assert_allclose(grad, [0.5, -0.5, 0.25])


def test_clipping_keeps_a_training_in_bounds_that_would_diverge() -> None:
    epochs(toy(CUBIC, "optimizer.learning_rate=0.5", "training.clip_norm=0.1", "training.epochs=20"))
    epochs(toy(CUBIC, "optimizer.learning_rate=0.5", "training.clip_value=0.01", "training.epochs=20"))


def test_the_moving_average_is_what_is_validated_and_kept() -> None:
    experiment = toy(BLOBS, "training.ema=0.9", "training.epochs=3")
    expected = experiment.network.params.value.copy()
    step = 0
    for report in train(experiment):
        if isinstance(report, StepReport):
            decay = min(0.9, (1 + step) / (10 + step))
            expected += (1 - decay) * (experiment.network.params.value - expected)
            step += 1
        if isinstance(report, EpochReport):
            trained = experiment.network.params.value.copy()
            assert experiment.descent.average is not None
            np.testing.assert_allclose(experiment.descent.average, expected, rtol=1e-5)
            with experiment.descent.averaged():
                assert evaluate(experiment, "validation").scores == report.validation
            np.testing.assert_array_equal(experiment.network.params.value, trained)


def test_without_validation_the_average_is_kept_at_the_end() -> None:
    experiment = toy(CUBIC, "dataset.validation=0", "training.ema=0.9")
    epochs(experiment)
    experiment.use_best()
    np.testing.assert_array_equal(experiment.network.params.value, experiment.descent.average)


def test_training_stops_when_patience_runs_out_and_the_best_epoch_is_kept() -> None:
    experiment = toy(BLOBS, "training.patience=4", "training.epochs=500", "optimizer.learning_rate=2.0")
    reports = epochs(experiment)
    losses = [report.validation["loss"] for report in reports]
    assert len(reports) < 500
    assert len(reports) == losses.index(min(losses)) + 1 + 4
    experiment.use_best()
    assert evaluate(experiment, "validation").scores["loss"] == min(losses)


def test_the_best_weights_are_kept_when_training_runs_to_its_end_too() -> None:
    experiment = toy(BLOBS, "training.epochs=30", "optimizer.learning_rate=2.0")
    losses = [report.validation["loss"] for report in epochs(experiment)]
    experiment.use_best()
    assert evaluate(experiment, "validation").scores["loss"] == min(losses) != losses[-1]


def test_patience_without_validation_is_refused() -> None:
    with pytest.raises(NnfsError, match=r"training.patience: needs a validation split"):
        toy(CUBIC, "dataset.validation=0", "training.patience=3")


def test_min_delta_makes_small_gains_count_as_none() -> None:
    assert len(epochs(toy(BLOBS, "training.patience=2", "training.min_delta=100", "training.epochs=50"))) == 3


def test_the_scheduled_rate_is_reported_and_used() -> None:
    experiment = toy(BLOBS, "schedule={type: step, every: 2, factor: 0.5}", "training.epochs=6")
    assert [report.learning_rate for report in epochs(experiment)] == [0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


@pytest.mark.parametrize("text", [BLOBS, CUBIC.replace("validation: 40", "validation: 0")])
def test_a_plateau_cuts_the_rate(text: str) -> None:
    schedule = "schedule={type: reduce_on_plateau, patience: 1, threshold: 0.5, factor: 0.1}"
    rates = [report.learning_rate for report in epochs(toy(text, schedule, "training.epochs=12"))]
    assert rates[-1] < rates[0]


def test_the_penalty_is_reported_apart_from_the_loss() -> None:
    plain = toy(BLOBS, "training.epochs=1")
    penalized = toy(BLOBS, "training.epochs=1", "regularizer={type: l2, strength: 0.5}")
    (one,), (other,) = epochs(plain), epochs(penalized)
    assert "penalty" not in one.train
    weights = penalized.network.params.value[penalized.network.params.decayed].astype(np.float64)
    assert other.train["penalty"] == pytest.approx(0.25 * np.dot(weights, weights), rel=1e-5)
    assert np.abs(weights).sum() < np.abs(plain.network.params.value[plain.network.params.decayed]).sum()


@pytest.mark.parametrize("name", ["l1", "l2", "elastic_net", "max_norm"])
def test_biases_are_spared_unless_asked(name: str) -> None:
    options = (
        "limit: 0.01" if name == "max_norm" else "l1: 9, l2: 9" if name == "elastic_net" else "strength: 9"
    )
    for everything in (False, True):
        experiment = toy(
            BLOBS, f"regularizer={{type: {name}, {options}, all_parameters: {str(everything).lower()}}}"
        )
        params, regularizer = experiment.network.params, experiment.descent.regularizer
        assert regularizer is not None
        params.value[...] = 1.0
        params.grad[...] = 0.0
        regularizer.add_gradient(params)
        regularizer.constrain(params)
        b = params.named["0_dense/b"]
        assert bool(np.any(b.grad != 0) or np.any(b.value != 1)) is everything


def test_max_norm_scales_columns_down_and_leaves_short_ones() -> None:
    experiment = toy(BLOBS, "regularizer={type: max_norm, limit: 1.0}")
    W = experiment.network.params.named["0_dense/W"].value
    W[...] = 0.1
    W[:, 0] = [3.0, 4.0]
    assert experiment.descent.regularizer is not None
    experiment.descent.regularizer.constrain(experiment.network.params)
    np.testing.assert_allclose(W[:, 0], [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(W[:, 1:], 0.1, rtol=1e-6)


STATEFUL = [
    "optimizer=adam", "optimizer=nadam", "optimizer={type: rmsprop, centered: true, momentum: 0.5}",
    "schedule={type: reduce_on_plateau, patience: 0, factor: 0.5}", "training.ema=0.95",
    "layers.1={type: dropout, rate: 0.3}", "layers.1=batch_norm", "schedule={type: one_cycle, warmup: 1}",
    "layers.1={type: residual, layers: [{type: dense, units: 8}, batch_norm, dropout]}",
]  # fmt: skip


@pytest.mark.parametrize("override", STATEFUL)
@pytest.mark.parametrize("stop_after", [7, 17, 40])
@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_resumed_equals_uninterrupted_whatever_has_a_state(
    override: str, stop_after: int, engine: Literal["plain", "fast"]
) -> None:
    whole, first, second = (toy(BLOBS, override, engine=engine) for _ in range(3))
    for _ in train(whole):
        pass
    for count, _ in enumerate(train(first), start=1):
        if count == stop_after:
            break
    second.load_state({name: array.copy() for name, array in first.state().items()}, "memory")
    for _ in train(second):
        pass
    for name, array in whole.network.params.arrays().items():
        np.testing.assert_array_equal(second.network.params.arrays()[name], array)
    assert second.progress.best_value == whole.progress.best_value


@pytest.mark.parametrize(
    ("options", "scaled"),
    [
        ([], True),
        (["schedule.type=cosine", "training.accumulate=3", "training.ema=0.9"], True),
        (["optimizer.momentum=0.9"], False),
        (["optimizer.weight_decay=0.1"], False),
        (["training.clip_norm=0.5"], False),
    ],
)
def test_a_rate_multiplied_in_where_backpropagation_starts_gives_the_same_steps(
    options: list[str], scaled: bool
) -> None:
    overrides = ["dtype=float64", "training.epochs=3", *options]
    early, late = toy(BLOBS, *overrides, engine="fast"), toy(BLOBS, *overrides)
    assert FastDescent(early.descent).folds_rate == scaled
    assert (early.engine.name, late.engine.name) == ("fast", "plain")
    for each in (early, late):
        list(train(each))
    np.testing.assert_allclose(early.network.params.value, late.network.params.value, rtol=1e-12)
    if early.descent.average is not None and late.descent.average is not None:
        np.testing.assert_allclose(early.descent.average, late.descent.average, rtol=1e-12)


class SignSGD(SGD):
    """A user's optimizer with another step than its base class."""

    def step(self, params: FlatParams, learning_rate: float) -> None:
        params.value -= learning_rate * np.sign(params.grad)


def test_a_step_that_overrides_sgds_is_taken_and_with_the_gradient_itself() -> None:
    experiment = toy(BLOBS)
    assert FastDescent(experiment.descent).folds_rate
    before = experiment.network.params.value.copy()
    config = replace(experiment.config, optimizer=SignSGD(learning_rate=0.125))
    experiment = Experiment(config)
    choose_engine(experiment)
    assert not FastDescent(experiment.descent).folds_rate
    next(iter(train(experiment)))
    moved = np.abs(experiment.network.params.value - before)
    np.testing.assert_allclose(moved[moved != 0], 0.125, rtol=1e-5)
    assert np.any(moved)


class Signs(SGD):
    """A user's optimizer, to which no number is too small."""

    def state(self) -> dict[str, Array]:
        return {"kept": self.kept}

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.kept = np.full_like(params.value, 1e-40)

    def step(self, params: FlatParams, learning_rate: float) -> None:
        params.value -= learning_rate * np.sign(self.kept)


@pytest.mark.parametrize(
    "optimizer", [Lion(beta2=0.3), Adam(epsilon=1e-30), RMSprop(epsilon=1e-25), Signs(learning_rate=0.1)]
)
def test_what_an_optimizer_still_tells_from_zero_is_not_taken_for_faded(optimizer: Optimizer) -> None:
    moved = []
    for descent_type in (lambda plain: plain, FastDescent):
        experiment = Experiment(replace(toy(BLOBS).config, optimizer=optimizer))
        descent, params = descent_type(experiment.descent), experiment.network.params
        for step in range(130):
            params.grad.fill(1e-3 if step < 3 else 1e-20)
            descent.step(step, 0.01)
        moved.append(params.value.copy())
    np.testing.assert_array_equal(moved[0], moved[1])


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "{type: sgd, momentum: 0.9}"])
def test_an_optimizers_averages_do_not_become_denormal_numbers(optimizer: str) -> None:
    """Denormal numbers would make each step several times as slow."""
    experiment = toy(BLOBS, f"optimizer={optimizer}")
    descent, params = FastDescent(experiment.descent), experiment.network.params
    tiny = np.finfo(params.value.dtype).tiny
    for step in range(3000):
        params.grad.fill(1.0 if step < 3 else 0.0)
        descent.step(step, 0.01)
    remembered = [array for array in descent.optimizer.state().values() if array.size > 1]
    assert remembered
    for array in remembered:
        assert not np.any((array != 0.0) & (np.abs(array) < tiny))
