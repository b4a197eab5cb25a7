"""Batches shared among processes give what whole batches give, and repeat bit for bit."""

import os
import signal
from typing import ClassVar

import numpy as np
import pytest

from nnfs_cli.config import parse_config
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import StepReport
from nnfs_cli.evaluation import outputs
from nnfs_cli.experiment import Experiment
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.network import Network
from nnfs_cli.schema import create
from nnfs_cli.sharing import CAN_FORK, Crew, SharedWorkspace
from nnfs_cli.trainer import train
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


def network() -> Network:
    made = Network([create(Layer, name, options) for name, options in STACK], IMAGE, "float64")
    made.params.value[...] = np.random.default_rng(1).normal(size=made.params.value.shape) / 3
    made.use_rng(np.random.default_rng(2))
    return made


def step(crew: Crew, n: int) -> tuple[Array, Array, Array]:
    """y, the gradient and the statistics of one step."""
    workspace, draw = crew.workspace(n), np.random.default_rng(3)
    workspace.x[...] = draw.normal(size=workspace.x.shape)
    workspace.forward()
    workspace.dy[...] = draw.normal(size=workspace.dy.shape)
    workspace.backward()
    params = crew.network.params
    return workspace.y.copy(), params.grad.copy(), params.statistics.copy()


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("n", [7, 12])
def test_a_shared_step_gives_what_a_whole_one_gives(size: int, n: int) -> None:
    crew = Crew(network(), size, 12)
    assert isinstance(crew.workspace(n), SharedWorkspace) == CAN_FORK
    for ours, whole in zip(step(crew, n), step(Crew(network(), 1, 12), n), strict=True):
        np.testing.assert_allclose(ours, whole, rtol=1e-9, atol=1e-11)


def test_shared_evaluation_uses_the_statistics_that_training_gathered() -> None:
    answers = []
    for size in (1, 2):
        crew = Crew(network(), size, 12)
        for _ in range(3):
            step(crew, 12)
        workspace = crew.workspace(9)
        workspace.x[...] = np.random.default_rng(5).normal(size=workspace.x.shape)
        workspace.infer()
        answers.append(workspace.y.copy())
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-9)


def test_a_batch_of_fewer_rows_than_processes_or_of_too_many_stays_whole() -> None:
    crew = Crew(network(), 2, 12)
    assert not isinstance(crew.workspace(1), SharedWorkspace)
    assert not isinstance(crew.workspace(13), SharedWorkspace)
    for n in (1, 13):
        for ours, whole in zip(step(Crew(network(), 2, 12), n), step(Crew(network(), 1, 12), n), strict=True):
            np.testing.assert_allclose(ours, whole, rtol=1e-9, atol=1e-11)


class Mixer(ReLU):
    """A user's layer that looks at other rows in ways of its own."""

    mixes_rows: ClassVar[bool] = True


def test_a_layer_that_mixes_rows_in_its_own_way_keeps_batches_whole() -> None:
    layers = [create(Layer, "conv2d", {"filters": 2, "kernel_size": 3}), Mixer()]
    assert Crew(Network(layers, IMAGE, "float64"), 2, 12).size == 1


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
    crew = Crew(network(), 2, 12)
    before = step(crew, 12)
    if not CAN_FORK:
        assert crew.size == 1
        return
    os.kill(crew.helpers[0].process.pid or 0, signal.SIGKILL)
    with pytest.raises(NnfsError, match="helper process has ended"):
        step(crew, 12)
    for ours, earlier in zip(step(crew, 12)[:2], before[:2], strict=True):
        np.testing.assert_array_equal(ours, earlier)
