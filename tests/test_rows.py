"""Batches cut into parts: the results of whole batches, the same bits with any number of workers."""

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import WorkerError
from nnfs_cli.core.params import Statistic
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.network import Network
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.losses.base import Loss
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.preprocessing.augmentation import Augmentation, Elastic
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.schedules.constant import Constant
from nnfs_cli.speed import plan
from nnfs_cli.speed.engine import FastEngine
from nnfs_cli.speed.plan import parts_of
from nnfs_cli.speed.rows import RowsEngine
from nnfs_cli.speed.workers import can_fork
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport
from tests.test_training import CtrlC, state_copy
from tests.toys import BARS, toy

IMAGE = (2, 8, 8)
STACK: list[tuple[str, dict[str, Any]]] = [
    ("conv2d", {"filters": 6, "kernel_size": 3}),
    ("batch_norm", {}),
    ("relu", {}),
    ("max_pool2d", {}),
    ("residual", {"layers": ["batch_norm", "tanh"]}),
    ("flatten", {}),
    ("dense", {"units": 5}),
    ("batch_norm", {}),
    ("dense", {"units": 3}),
]
DRAWING: list[tuple[str, dict[str, Any]]] = [
    ("gaussian_noise", {"stddev": 0.3}),
    ("conv2d", {"filters": 4, "kernel_size": 3}),
    ("dropout", {"rate": 0.3}),
    ("dropout2d", {"rate": 0.3}),
    ("max_pool2d", {}),
    ("flatten", {}),
    ("dense", {"units": 40}),
    ("gaussian_noise", {"stddev": 0.3}),
    ("dropout", {"rate": 0.4}),
    ("dense", {"units": 5}),
    ("dropout", {"rate": 0.1}),
    ("dense", {"units": 3}),
]
SPLITS = {"train": slice(0, 30), "test": slice(30, 45)}
BENT = Augmentation(shift=1, rotation=20, zoom=0.1, shear=5, flip=True, elastic=Elastic(1.0, 2.0))
Step = tuple[Array, ...]
PARTS = pytest.mark.parametrize("parts", [2, 3])


def plain(
    stack: list[tuple[str, dict[str, Any]]] = STACK,
    loss: Loss | None = None,
    *,
    augment: Augmentation | None = None,
    batch_size: int = 12,
    accumulate: int = 1,
) -> PlainEngine:
    """A plain engine, with a network of random weights and random images of three classes."""
    network = Network([create(Layer, name, options) for name, options in stack], IMAGE, "float64")
    network.params.value[...] = np.random.default_rng(1).normal(size=network.params.value.shape) / 3
    network.use_draws(Draws(2))
    draw = np.random.default_rng(3)
    x, t = draw.normal(size=(45, *IMAGE)), draw.integers(0, 3, 45)
    splits = {name: Split(x, t, np.arange(45)[rows]) for name, rows in SPLITS.items()}
    data = Data(splits=splits, classes=("a", "b", "c"), augment=augment)
    sgd = SGD(learning_rate=0.05, momentum=0.9)
    options = {"clip_norm": 0.0, "clip_value": 0.0, "ema": 0.0}
    made = PlainEngine(
        network,
        loss or create(Loss, "cross_entropy", {}),
        data,
        Descent(network.params, sgd, Constant(), None, **options),
        batch_size=batch_size,
        accumulate=accumulate,
        augment_draws=Draws(4),
    )
    made.order[...] = np.arange(30)[::-1]
    return made


def cut(whole: PlainEngine, parts: int, workers: int) -> RowsEngine:
    made = RowsEngine(whole, parts, workers)
    made.order[...] = whole.order
    assert made.workers == (workers if can_fork() else 1)
    return made


def step(engine: PlainEngine, n: int, number: int = 0) -> Step:
    """Take a step on the first n rows; their outputs, the gradient, the parameters and the statistics."""
    engine.step(slice(0, n), number, 0.05)
    params = engine.network.params
    arrays = engine.outputs[:n], params.grad, params.value, params.statistics
    return tuple(array.copy() for array in arrays)


def assert_close(ours: Step, whole: Step) -> None:
    for one, other in zip(ours, whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def assert_same(ours: Step, others: Step) -> None:
    for one, other in zip(ours, others, strict=True):
        np.testing.assert_array_equal(one, other)


def check(make: Callable[[], PlainEngine], parts: int, sizes: list[int]) -> None:
    """Check that steps of these sizes equal those on whole batches, to the bit for any number of workers."""
    whole, first = make(), list[Step]()
    expected = [step(whole, n, number) for number, n in enumerate(sizes)]
    for workers in range(1, parts + 1):
        engine = cut(make(), parts, workers)
        ours = [step(engine, n, number) for number, n in enumerate(sizes)]
        engine.end()
        for one, other in zip(ours, expected, strict=True):
            assert_close(one, other)
        first = first or ours
        for one, other in zip(ours, first, strict=True):
            assert_same(one, other)


@pytest.mark.parametrize("weights", [(), (0.5, 3.0, 1.0)])
@pytest.mark.parametrize("n", [7, 12])
@PARTS
def test_steps_in_parts_give_what_whole_ones_give(parts: int, n: int, weights: tuple[float, ...]) -> None:
    loss = create(Loss, "cross_entropy", {"class_weights": weights})
    check(lambda: plain(loss=loss), parts, [n, n, n])


@PARTS
def test_batches_of_any_size_give_what_whole_ones_give(parts: int) -> None:
    check(plain, parts, [12, 1, 2, 3, 4, 5, 6, 7, 12, 1])


@PARTS
def test_accumulated_batches_give_what_whole_ones_give(parts: int) -> None:
    check(lambda: plain(batch_size=7, accumulate=4), parts, [28, 28, 15, 27])


@PARTS
def test_layers_draw_the_same_for_each_row_in_parts(parts: int) -> None:
    check(lambda: plain(DRAWING), parts, [12, 12, 1, 2, 3, 4, 5, 6, 7, 11])
    check(lambda: plain(DRAWING, batch_size=5, accumulate=3), parts, [15, 15, 11])


@PARTS
def test_rows_are_augmented_the_same_in_parts(parts: int) -> None:
    check(lambda: plain(augment=BENT), parts, [12, 12, 1, 2, 3, 4, 5, 7])
    check(lambda: plain(DRAWING, augment=BENT, batch_size=5, accumulate=3), parts, [15, 15, 11])


def test_what_is_drawn_differs_from_step_to_step_and_from_row_to_row() -> None:
    engine = cut(plain([("dropout", {"rate": 0.5}), *STACK], augment=BENT), 2, 2)
    engine.order.fill(7)
    engine.step(slice(0, 12), 0, 0.0)
    first = engine.outputs[:12].copy()
    engine.step(slice(0, 12), 1, 0.0)
    assert len(np.unique(first, axis=0)) == 12
    assert (engine.outputs[:12] != first).all()
    engine.step(slice(0, 12), 0, 0.0)
    np.testing.assert_allclose(engine.outputs[:12], first, rtol=1e-12)
    engine.end()


@PARTS
def test_the_number_of_workers_may_change_between_steps(parts: int) -> None:
    sizes, numbers = [12, 7, 2, 12, 9, 12], [2, 1, 9, 3, 1, 2]
    one, changing = (
        cut(plain(DRAWING[:2] + STACK[1:]), parts, 1),
        cut(plain(DRAWING[:2] + STACK[1:]), parts, 2),
    )
    for number, (n, workers) in enumerate(zip(sizes, numbers, strict=True)):
        changing.use_workers(workers)
        assert changing.workers == (min(workers, parts) if can_fork() else 1)
        assert_same(step(changing, n, number), step(one, n, number))
    assert (one.parts, changing.parts) == (parts, parts)
    for engine in (one, changing):
        engine.end()


@PARTS
def test_one_process_may_compute_some_steps_alone(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([True, False, False, True, True, False, True] * 2)
    monkeypatch.setattr("nnfs_cli.speed.gauge.Gauge.says_share", lambda _: next(shares))
    for stack in (DRAWING[:2] + STACK[1:], DRAWING):
        one, changing = (cut(plain(stack), parts, workers) for workers in (1, parts))
        for number, n in enumerate([12, 7, 12, 9, 12, 11, 12]):
            assert_same(step(changing, n, number), step(one, n, number))
        for engine in (one, changing):
            engine.end()
    assert not can_fork() or not list(shares), "each step asked"


def test_a_batch_of_few_rows_stays_whole() -> None:
    engine = cut(plain(), 2, 2)
    assert_close(step(engine, 1), step(plain(), 1))
    assert engine._workers.processes == []


@PARTS
def test_evaluation_gives_what_a_whole_network_gives_to_the_bit(
    parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.engine.network.IMAGE_EVALUATION_BATCH_SIZE", 4)
    whole, fast = plain(), FastEngine(plain(), 1)
    statistics = np.random.default_rng(5).uniform(0.5, 2.0, whole.network.params.statistics.shape)
    for engine in (whole, fast):
        engine.network.params.statistics[...] = statistics
    split = whole.data.splits["test"]
    expected = fast.infer(split)
    np.testing.assert_allclose(expected, whole.infer(split), rtol=1e-12)
    for workers in range(1, parts + 1):
        engine = cut(plain(), parts, workers)
        engine.network.params.statistics[...] = statistics
        found = engine.infer(engine.data.splits["test"])
        np.testing.assert_array_equal(found, expected)
        engine.infer(engine.data.splits["train"])
        np.testing.assert_array_equal(found, expected, err_msg="it is the caller's own")
        engine.end()


@PARTS
def test_evaluation_uses_the_statistics_that_training_gathered(parts: int) -> None:
    whole, engine = plain(), cut(plain(), parts, parts)
    for number in range(3):
        for each in (whole, engine):
            step(each, 12, number)
    found = [each.infer(each.data.splits["test"]) for each in (whole, engine)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
    engine.end()


def test_rows_that_are_no_split_of_the_data_are_answered_for_alone() -> None:
    engine, whole = cut(plain(), 2, 2), FastEngine(plain(), 1)
    split = engine.data.splits["test"]
    others = Split(split.x[::-1].copy(), split.t, split.rows)
    np.testing.assert_array_equal(engine.infer(others), whole.infer(others))
    assert engine._workers.processes == []


@pytest.mark.skipif(not can_fork(), reason="there are no workers")
def test_a_worker_that_dies_is_told_and_replaced() -> None:
    engine, same = cut(plain(), 2, 2), cut(plain(), 2, 1)
    for each in (engine, same):
        step(each, 12)
    os.kill(engine._workers.processes[0].pid or 0, signal.SIGKILL)
    with pytest.raises(WorkerError, match="was killed by signal 9"):
        step(engine, 12, 1)
    assert_same(step(engine, 12, 1), step(same, 12, 1))
    os.kill(engine._workers.processes[0].pid or 0, signal.SIGKILL)
    assert_same(step(engine, 1, 2), step(same, 1, 2))
    with pytest.raises(WorkerError):
        engine.infer(engine.data.splits["test"])
    for each in (engine, same):
        each.end()


class Failing(Loss):
    """A loss that fails in the part whose first target is `where`."""

    where: Any = None

    def value(self, z: Array, t: Array) -> float:
        return 0.0

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        if t[0] == self.where:
            raise ValueError(f"of part {self.where}")
        dz.fill(0.0)


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("where", [0, 1, 2])
def test_an_error_in_any_part_is_raised_and_the_others_wait_no_longer(where: int, workers: int) -> None:
    loss = Failing()
    engine = cut(plain(loss=loss), 3, workers)
    t = engine.data.splits["train"].t
    t[engine.order[:12]] = np.arange(12) // 4
    loss.where = where
    with pytest.raises(ValueError, match=f"of part {where}"):
        step(engine, 12)
    loss.where = None
    step(engine, 12)
    engine.end()


# Which networks are cut


def network(*layers: Layer, shape: Shape = IMAGE) -> Network:
    return Network([create(Layer, "conv2d", {"filters": 2, "kernel_size": 3}), *layers], shape, "float32")


@pytest.mark.parametrize(
    ("batch_size", "parts"), [(1, 1), (100, 1), (28 * 28, 1), (64 * 64, 2), (10**6, plan.MOST_PARTS)]
)
def test_a_batch_is_cut_by_the_numbers_of_its_largest_layer(batch_size: int, parts: int) -> None:
    loss = CrossEntropy()
    assert parts_of(network(), loss, batch_size) == parts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnfs_cli.core.blas_threads.usable_cores", lambda: 1)
        assert parts_of(network(), loss, batch_size) == parts, "whatever the machine"


@pytest.mark.parametrize(("batch_size", "parts"), [(1, 1), (32, 1), (34, 2), (10**6, plan.MOST_PARTS)])
def test_other_networks_have_parts_if_a_product_is_large(batch_size: int, parts: int) -> None:
    dense = Network([create(Layer, "dense", {"units": 1000})], (1000,), "float32")
    assert parts_of(dense, Derived(), batch_size) == parts
    assert parts_of(dense, Derived(), batch_size, 1) == 1
    assert parts_of(dense, Derived(), batch_size, 3) == (3 if parts > 1 else 1)
    assert parts_of(dense, Derived(), batch_size, 2**80) <= plan.MOST_ASKED_FOR


class Mixer(ReLU):
    """A user's layer whose rows depend on each other."""

    mixes_rows: ClassVar[bool] = True


class Gauge(ReLU):
    """A user's layer that keeps the largest number of the last batch."""

    def build(self, shape: Shape) -> Shape:
        self.largest = Statistic((1,), 0.0)
        return shape


class Halved(BatchNorm):
    """A user's batch normalization, which uses half of the rows."""

    def forward(self, x: Array, y: Array) -> None:
        np.subtract(x, x[: len(x) // 2 + 1].mean(axis=0), out=y)


class Own(ReLU):
    """A user's layer without declarations."""


@pytest.mark.parametrize("cls", [Mixer, Gauge, Halved, Own])
def test_a_users_layer_keeps_batches_whole(cls: Callable[[], Layer]) -> None:
    shipped = create(Layer, "residual", {"layers": ["batch_norm", "relu"]})
    assert parts_of(network(shipped, BatchNorm()), CrossEntropy(), 10**6) == 2
    assert parts_of(network(cls()), CrossEntropy(), 10**6) == 1
    nested = type(shipped)((create(Layer, "tanh", {}), cls()))
    assert parts_of(network(nested), CrossEntropy(), 10**6) == 1


class Derived(CrossEntropy):
    """A user's loss without declarations, derived from a shipped one."""

    type_name: ClassVar[str] = "derived"


class Declared(CrossEntropy):
    """A user's loss that declares `adds_up`."""

    type_name: ClassVar[str] = "declared"
    adds_up: ClassVar[bool] = True


def test_a_loss_that_does_not_declare_that_it_adds_up_keeps_batches_whole() -> None:
    for loss, parts in ((CrossEntropy(), 2), (Derived(), 1), (Declared(), 2)):
        assert parts_of(network(), loss, 10**6) == parts


# Whole trainings

NORMED = BARS.replace(
    "  - max_pool2d\n  - tanh\n", "  - batch_norm\n  - {type: dropout, rate: 0.2}\n  - max_pool2d\n  - tanh\n"
)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the batches of toy data too."""
    monkeypatch.setattr("nnfs_cli.speed.plan.WORTH_A_PART", 1000)


def experiment(workers: int, *overrides: str) -> Experiment:
    made = toy(NORMED, f"training.threads={workers}", *overrides, engine="fast")
    assert isinstance(made.engine, RowsEngine)
    assert (made.engine.parts, made.engine.workers) == (2, workers if can_fork() else 1)
    return made


@pytest.mark.usefixtures("small_parts")
def test_a_training_in_parts_repeats_bit_for_bit_with_any_number_of_workers() -> None:
    first, second, third = experiment(1), experiment(2), experiment(2)
    for each in (first, second, third):
        list(train(each))
    for other in (second, third):
        for name, array in state_copy(first).items():
            np.testing.assert_array_equal(state_copy(other)[name], array, err_msg=name)
        split = first.split("validation")
        np.testing.assert_array_equal(outputs(other, other.split("validation")), outputs(first, split))


@pytest.mark.usefixtures("small_parts")
def test_a_training_in_parts_follows_the_plain_one() -> None:
    overrides = "dtype=float64", "optimizer={type: sgd, learning_rate: 0.1}"
    fast, whole = experiment(2, *overrides), toy(NORMED, *overrides)
    for each in (fast, whole):
        list(train(each))
    np.testing.assert_allclose(fast.network.params.value, whole.network.params.value, rtol=1e-8, atol=1e-10)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 2), (1, 2), (2, 1)])
@pytest.mark.parametrize("stop", [1, 4, 7])
def test_resumed_with_another_number_of_workers_it_ends_as_if_never_stopped(
    before: int, after: int, stop: int
) -> None:
    whole, first, second = experiment(before), experiment(before), experiment(after)
    list(train(whole))
    for report in train(first):
        if isinstance(report, StepReport) and report.step == stop:
            second.load_state({name: np.copy(array) for name, array in first.state().items()}, "here")
            break
    list(train(second))
    for name, array in state_copy(whole).items():
        np.testing.assert_array_equal(state_copy(second)[name], array, err_msg=name)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_wherever_ctrl_c_comes_a_training_in_parts_goes_on_from_there(workers: int) -> None:
    whole = experiment(workers)
    with CtrlC(0) as counted:
        list(train(whole))
    end, lines, stops = state_copy(whole), -counted.left, 0
    for nth in range(5, lines, lines // 12):
        stopped = experiment(workers)
        with contextlib.suppress(KeyboardInterrupt), CtrlC(nth):
            list(train(stopped))
        stops += not stopped.finished
        list(train(stopped))
        for name, array in end.items():
            np.testing.assert_array_equal(state_copy(stopped)[name], array, err_msg=name)
    assert stops > 5


@pytest.mark.usefixtures("small_parts")
def test_without_parts_a_training_of_images_has_one_worker_and_one_thread() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnfs_cli.speed.plan.WORTH_A_PART", 10**9)
        whole = toy(NORMED, "training.threads=2", engine="fast")
    assert isinstance(whole.engine, FastEngine)
    assert (whole.engine.parts, whole.engine.workers, whole.engine.blas_threads) == (1, 1, 1)
