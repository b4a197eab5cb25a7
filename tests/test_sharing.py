"""Batches shared among processes give what whole batches give, and repeat bit for bit."""

import gc
import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from typing import ClassVar

import numpy as np
import pytest

from nnfs_cli.config.load import parse_config
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Statistic
from nnfs_cli.engine.network import Network
from nnfs_cli.engine.step import Passes, may_be_shared
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.chain import maximum_first
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.losses.base import Loss
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.speed.crew import CAN_FORK, Crew
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport
from tests.toys import ROOT

IMAGE = (2, 8, 8)
STACK = [
    ("conv2d", {"filters": 6, "kernel_size": 3}),
    ("batch_norm", {}),
    ("relu", {}),
    ("max_pool2d", {}),
    ("flatten", {}),
    ("dense", {"units": 5}),
    ("batch_norm", {}),
    ("dense", {"units": 3}),
]
CONFIG = """
name: digits
seed: 4
dataset: {type: mnist, path: data/mnist, validation: 59880}
layers:
  - {type: reshape, shape: [1, 28, 28]}
  - {type: conv2d, filters: 3, kernel_size: 5, stride: 3}
  - batch_norm
  - relu
  - {type: dropout, rate: 0.3}
  - flatten
  - {type: dense, units: 10}
loss: cross_entropy
optimizer: adam
training: {epochs: 2, batch_size: 25, threads: 2}
"""


SPLITS = {"train": slice(0, 30), "test": slice(30, 45)}


def passes(size: int, loss: Loss | None = None, dtype: str = "float64") -> Passes:
    """Of a network with random weights over random images of three classes, in their order."""
    layers = [create(Layer, name, options) for name, options in STACK]
    network = Network(layers, IMAGE, dtype)
    network.params.value[...] = np.random.default_rng(1).normal(size=network.params.value.shape) / 3
    network.use_draws(Draws(2))
    draw = np.random.default_rng(3)
    x, t = draw.normal(size=(45, *IMAGE)).astype(dtype), draw.integers(0, 3, 45)
    splits = {name: Split(x, t, np.arange(45)[rows]) for name, rows in SPLITS.items()}
    data = Data(splits=splits, classes=("a", "b", "c"))
    made = Passes(network, loss or create(Loss, "cross_entropy", {}), data, size, np.random.default_rng(4))
    made.order[...] = np.arange(30)[::-1]
    return made


def step(made: Passes, n: int) -> tuple[Array, Array, Array]:
    """The outputs of the first n rows, the gradient and the statistics of one step."""
    made.gradient(slice(0, n))
    params = made.network.params
    return made.outputs[:n].copy(), params.grad.copy(), params.statistics.copy()


@pytest.mark.parametrize("weights", [(), (0.5, 3.0, 1.0)])
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("n", [7, 12])
def test_a_shared_step_gives_what_a_whole_one_gives(size: int, n: int, weights: tuple[float, ...]) -> None:
    loss = create(Loss, "cross_entropy", {"class_weights": weights})
    shared = passes(size, loss)
    assert shared.crew.size == (size if CAN_FORK else 1)
    for ours, whole in zip(step(shared, n), step(passes(1, loss), n), strict=True):
        np.testing.assert_allclose(ours, whole, rtol=1e-9, atol=1e-11)


def test_a_batch_of_fewer_rows_than_processes_stays_whole() -> None:
    shared = passes(2)
    whole = step(passes(1), 1)
    for ours, other in zip(step(shared, 1), whole, strict=True):
        np.testing.assert_array_equal(ours, other)
    assert shared.crew.helpers == []


def test_a_helper_writes_its_own_gradient_where_the_leader_once_had_a_batch_of_that_size_alone() -> None:
    shared, whole = passes(2), passes(1)
    for made in (shared, whole):
        made.gradient(slice(0, 1))
    for ours, other in zip(step(shared, 2), step(whole, 2), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-9, atol=1e-11)


def test_shared_evaluation_gives_what_one_process_gives_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.engine.network.IMAGES_AT_A_TIME", 4)
    answers = []
    for size in (1, 2):
        made = passes(size)
        statistics = made.network.params.statistics
        statistics[...] = np.random.default_rng(5).uniform(0.5, 2.0, statistics.shape)
        answers.append(made.answers(made.data.splits["test"]))
    np.testing.assert_array_equal(answers[0], answers[1])


def test_shared_evaluation_uses_the_statistics_that_training_gathered() -> None:
    answers = []
    for size in (1, 2):
        made = passes(size)
        for _ in range(3):
            step(made, 12)
        answers.append(made.answers(made.data.splits["test"]))
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-9)


def test_rows_that_are_no_split_of_the_data_are_answered_for_alone() -> None:
    shared = passes(2)
    split = shared.data.splits["test"]
    others = Split(split.x[::-1].copy(), split.t, split.rows)
    np.testing.assert_array_equal(shared.answers(others), passes(1).answers(others))
    assert shared.crew.helpers == []


class Mixer(ReLU):
    """A user's layer that looks at other rows in ways of its own."""

    mixes_rows: ClassVar[bool] = True


def test_a_layer_that_mixes_rows_in_its_own_way_keeps_batches_whole() -> None:
    conv = create(Layer, "conv2d", {"filters": 2, "kernel_size": 3})
    assert may_be_shared(Network([conv], IMAGE, "float64"))
    assert not may_be_shared(Network([conv, Mixer()], IMAGE, "float64"))


class Gauge(ReLU):
    """A user's layer that remembers the largest number of the last batch."""

    def build(self, shape: Shape) -> Shape:
        self.largest = Statistic((1,), 0.0)
        return shape


def test_a_layer_that_gathers_statistics_in_its_own_way_keeps_batches_whole() -> None:
    conv = create(Layer, "conv2d", {"filters": 2, "kernel_size": 3})
    assert not may_be_shared(Network([conv, Gauge()], IMAGE, "float64"))
    block = create(Layer, "residual", {"layers": ["batch_norm", "relu"]})
    assert may_be_shared(Network([conv, block], IMAGE, "float64"))


class Folded(ReLU):
    """A user's layer that derives from one that rises, and does not."""

    def forward(self, x: Array, y: Array) -> None:
        np.abs(x, out=y)


class Renamed(ReLU):
    """A user's layer that computes as the one that it derives from."""


class Halved(BatchNorm):
    """A user's layer that normalizes by half of its rows, without whole_batch."""

    def forward(self, x: Array, y: Array) -> None:
        np.subtract(x, x[: len(x) // 2 + 1].mean(axis=0), out=y)


def test_what_a_layer_promises_does_not_hold_for_one_that_derives_from_it_and_computes_otherwise() -> None:
    conv, pool = (create(Layer, name, options) for name, options in (STACK[0], STACK[3]))
    assert not may_be_shared(Network([conv, Halved()], IMAGE, "float64"))
    for layer, order in ((Renamed(), [1, 0]), (Folded(), [0, 1])):
        assert maximum_first([layer, pool], [IMAGE] * 3)[0] == [[layer, pool][i] for i in order]


@pytest.fixture
def experiments(monkeypatch: pytest.MonkeyPatch) -> list[Experiment]:
    monkeypatch.chdir(ROOT)
    return [Experiment(parse_config(CONFIG, "toy.yaml")) for _ in range(2)]


def test_a_shared_training_with_dropout_repeats_bit_for_bit(experiments: list[Experiment]) -> None:
    first, second = experiments
    assert list(train(first))[-1].step == 10
    list(train(second))
    np.testing.assert_array_equal(first.network.params.snapshot(), second.network.params.snapshot())
    split = first.split("validation")
    np.testing.assert_array_equal(outputs(first, split), outputs(second, split))


def test_a_shared_training_goes_on_as_if_never_interrupted(experiments: list[Experiment]) -> None:
    first, second = experiments
    states = {}
    for report in train(first):
        if isinstance(report, StepReport) and report.step == 4:
            states = {name: np.copy(array) for name, array in first.state().items()}
    second.load_state(states, "here")
    list(train(second))
    np.testing.assert_array_equal(first.network.params.snapshot(), second.network.params.snapshot())


def test_a_helper_that_dies_is_told_and_replaced() -> None:
    shared = passes(2)
    before = step(shared, 12)
    if not CAN_FORK:
        assert shared.crew.size == 1
        return
    os.kill(shared.crew.helpers[0].pid or 0, signal.SIGKILL)
    with pytest.raises(NnfsError, match="helper process has ended"):
        step(shared, 12)
    for ours, earlier in zip(step(shared, 12)[:2], before[:2], strict=True):
        np.testing.assert_array_equal(ours, earlier)


def test_a_crew_does_tasks_with_numbers_and_sees_what_is_written_later() -> None:
    found: list[Array] = []
    crew = Crew(3, {"add": lambda who, *numbers: found[0].__setitem__(who, source[who] + sum(numbers))})
    source = crew.empty((3,), np.int64)
    found.append(crew.empty((3,), np.int64))
    for numbers in ([], [5, 2**62], [-1, 1, -3]):
        source[...] = np.arange(3) * 10
        crew.run("add", *numbers)
        assert found[0].tolist()[: crew.size] == [10 * who + sum(numbers) for who in range(crew.size)]
    crew.dismiss()


def test_an_error_in_the_middle_of_a_task_ends_the_helpers() -> None:
    def fail(who: int) -> None:
        if who == 0:
            raise KeyboardInterrupt

    crew = Crew(2, {"fail": fail, "rest": lambda who: None})
    crew.run("rest")
    helpers = list(crew.helpers)
    with pytest.raises(KeyboardInterrupt):
        crew.run("fail")
    assert not any(helper.is_alive() for helper in helpers)
    crew.run("rest")


def test_a_batch_too_small_to_share_gets_done_after_a_helper_died() -> None:
    shared = passes(2)
    step(shared, 12)
    for helper in shared.crew.helpers:
        os.kill(helper.pid or 0, signal.SIGKILL)
    if CAN_FORK:
        with pytest.raises(NnfsError, match="helper process has ended"):
            step(shared, 12)
    for ours, other in zip(step(shared, 1)[:2], step(passes(1), 1)[:2], strict=True):
        np.testing.assert_array_equal(ours, other)


def last_of_a_shared_step() -> float:
    return float(step(passes(2), 12)[1][-1])


def test_in_a_pools_worker_which_may_not_begin_processes_one_works_alone() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(last_of_a_shared_step) == step(passes(1), 12)[1][-1]


def test_an_interruption_while_helpers_start_leaves_none_that_never_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: BaseProcess) -> None:
        raise KeyboardInterrupt

    crew = Crew(2, {"rest": lambda who: None})
    with monkeypatch.context() as interrupted:
        interrupted.setattr(BaseProcess, "start", start)
        if CAN_FORK:
            with pytest.raises(KeyboardInterrupt):
                crew.run("rest")
    assert crew.helpers == []
    crew.run("rest")
    crew.dismiss()


def test_helpers_end_with_the_passes_that_they_work_for() -> None:
    shared = passes(2)
    step(shared, 12)
    helpers = list(shared.crew.helpers)
    gc.disable()
    try:
        del shared
        assert not any(helper.is_alive() for helper in helpers)
    finally:
        gc.enable()
