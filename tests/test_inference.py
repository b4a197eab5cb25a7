"""Threads that share out the rows to answer for give what one gives, and leave nothing behind."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.engine import inference
from nnfs_cli.engine.inference import choose_team, infer_together, pieces_of
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.chain import every_layer
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.model import Model
from tests.toys import BARS, BLOBS, toy

WIDTH, PIECE = 40, 10
LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("dense", {"units": 48}),
    ("batch_norm", {}),
    ("relu", {}),
    ("dropout", {"rate": 0.4}),
    ("residual", {"layers": [{"type": "dense", "units": 48}, "layer_norm", "gelu", "prelu"]}),
    ("gaussian_noise", {}),
    ("dense", {"units": 5}),
    ("softmax", {}),
]


class Meeting(ReLU):
    """A layer in which two threads wait for each other and then do something, each with x kept in scratch."""

    barrier: ClassVar = threading.Barrier(2, timeout=60)
    act: ClassVar[Callable[[], object]] = lambda: None

    def infer(self, x: Array, y: Array) -> None:
        kept = self.scratch_like("kept", x)
        kept[...] = x
        self.barrier.wait()
        type(self).act()
        np.copyto(y, kept)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    before = threading.enumerate()
    yield
    assert threading.enumerate() == before


def meeting(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object] = lambda: None) -> Network:
    """A network of a Meeting alone, whose outputs are its inputs."""
    monkeypatch.setattr(Meeting, "act", staticmethod(act))
    return Network([Meeting()], (WIDTH,), "float32")


def network_of(layers: Sequence[tuple[str, dict[str, Any]]]) -> Network:
    """With random parameters and statistics."""
    network = Network([create(Layer, name, options) for name, options in layers], (WIDTH,), "float32")
    draw = np.random.default_rng(1)
    network.params.value[...] = draw.normal(size=network.params.value.shape) / 3
    network.params.statistics[...] = draw.uniform(0.5, 2.0, network.params.statistics.shape)
    return network


def rows(pieces: int) -> Array:
    return np.random.default_rng(2).normal(size=(pieces * PIECE, WIDTH)).astype(np.float32)


def answers(network: Network, threads: int, x: Array) -> Array:
    """The outputs (N, M) that so many threads give for rows x."""
    z = np.full((len(x), *network.output_shape), np.nan, np.float32)

    def bring(workspace: Workspace) -> Callable[[slice], None]:
        return lambda piece: np.copyto(workspace.x, x[piece])

    infer_together(network.team(threads), bring, pieces_of(len(x), PIECE), z)
    return z


def helps() -> bool:
    """Whether this is a thread that was begun to help."""
    return threading.current_thread() is not threading.main_thread()


@pytest.mark.parametrize("threads", [2, 3, 20])
def test_threads_give_what_one_gives_to_the_bit(threads: int) -> None:
    network, x = network_of(LAYERS), rows(12)[:-3]
    alone = answers(network, 1, x)
    assert np.isfinite(alone).all()
    for _ in range(20):
        np.testing.assert_array_equal(answers(network, threads, x), alone)


def test_threads_work_at_the_same_time_each_with_a_scratch_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = rows(8)
    np.testing.assert_array_equal(answers(meeting(monkeypatch), 2, x), x)


def test_twins_have_nothing_in_common_but_parameters_and_statistics() -> None:
    network = network_of(LAYERS)
    team = network.team(3)
    assert team == network.team(3)
    for member in team:
        answers(member, 1, rows(1))
    for one, other in [(team[0], team[1]), (team[1], team[2])]:
        assert one.params.value is other.params.value
        assert one.params.statistics is other.params.statistics
        assert not any(np.shares_memory(a, b) for a in written_by(one) for b in written_by(other))


def written_by(network: Network) -> list[Array]:
    """What a network and its layers have written to."""
    workspace = network.workspace(PIECE)
    kept = [array for layer in every_layer(network.layers) for array in layer._scratch.values()]
    assert kept
    return [workspace.x, workspace.y, network.params.grad, *kept]


def test_twins_follow_parameters_and_statistics_wherever_they_go() -> None:
    network, x = network_of(LAYERS), rows(12)
    params, first = network.params, answers(network, 2, x)
    params.value *= 0.5
    params.statistics += 1.0
    changed = answers(network, 2, x)
    assert (changed != first).all()
    np.testing.assert_array_equal(changed, answers(network, 1, x))
    network.move_params(value=np.empty_like(params.value), statistics=np.empty_like(params.statistics))
    params.value *= 0.5
    np.testing.assert_array_equal(answers(network, 2, x), answers(network, 1, x))


def test_blas_has_one_thread_in_each_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[bool, int]] = []

    def look() -> None:
        found.extend(
            (helps(), blas["num_threads"]) for blas in threadpool_info() if blas["user_api"] == "blas"
        )

    answers(meeting(monkeypatch, look), 2, rows(2))
    assert set(found) == {(False, 1), (True, 1)}


@pytest.mark.parametrize("error", [ValueError("no"), MemoryError(), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("in_helper", [True, False])
def test_what_a_thread_raises_comes_through(
    in_helper: bool, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors, x = [error], rows(2)

    def fail() -> None:
        if helps() == in_helper and errors:
            raise errors.pop()

    network = meeting(monkeypatch, fail)
    with pytest.raises(type(error)) as raised:
        answers(network, 2, x)
    assert raised.value is error
    np.testing.assert_array_equal(answers(network, 2, x), x)


@pytest.mark.parametrize("in_helper", [True, False])
def test_when_one_fails_the_others_take_no_more(in_helper: bool) -> None:
    others: list[int] = []

    class Failing(ReLU):
        """One thread fails at once, the other takes its time."""

        def infer(self, x: Array, y: Array) -> None:
            if helps() == in_helper:
                raise ValueError("at once")
            others.append(len(x))
            time.sleep(0.1)

    with pytest.raises(ValueError, match="at once"):
        answers(Network([Failing()], (WIDTH,), "float32"), 2, rows(30))
    assert len(others) < 29


def test_how_numpy_treats_errors_holds_in_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow() -> None:
        if helps():
            np.multiply(np.float32(1e38), np.ones(1, np.float32) * 10)

    network = meeting(monkeypatch, overflow)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        answers(network, 2, rows(2))
    with np.errstate(over="ignore"):
        answers(network, 2, rows(2))


@pytest.fixture
def few_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.engine.network.ROWS_AT_A_TIME", 7)


@pytest.mark.usefixtures("few_rows_at_a_time")
def test_validation_and_a_model_answer_alike_whatever_the_number_of_threads() -> None:
    expected = outputs(toy(BLOBS, "training.threads=1"), toy(BLOBS).split("train"))
    for threads in (1, 2, 3):
        ours = toy(BLOBS, f"training.threads={threads}")
        split = ours.split("train")
        np.testing.assert_array_equal(outputs(ours, split), expected)
        model = Model(ours.config, ours.preparation, ours.network.params.arrays(), "here")
        np.testing.assert_array_equal(model.outputs(split.x[split.rows]), ours.loss.predict(expected))
        assert model.workers(model.pieces(len(split))) == threads


@pytest.mark.parametrize(
    ("units", "rows", "piece", "wish", "threads"),
    [
        (1000, 10_000, 256, "auto", 4),
        (1000, 2_000, 256, "auto", 2),
        (1000, 10_000, 256, 1, 1),
        (1000, 10_000, 256, 3, 3),
        (1000, 10_000, 16, "auto", 1),  # pieces so small that threads would wait for each other
        (100, 100_000, 256, "auto", 1),
        (1000, 300, 256, "auto", 1),  # so few rows that to start a thread takes as long
        (8000, 300, 256, "auto", 2),  # never more threads than pieces
        (8000, 256, 256, 4, 1),
        (1000, 0, 256, "auto", 1),
    ],
)
def test_as_many_threads_answer_as_the_work_is_worth(
    units: int,
    rows: int,
    piece: int,
    wish: int | Literal["auto"],
    threads: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inference, "usable_cores", lambda: 4)
    network = network_of([("dense", {"units": units})])
    assert choose_team(network, pieces_of(rows, piece), wish) == threads


def test_images_are_left_to_processes() -> None:
    assert choose_team(toy(BARS).network, pieces_of(10**6, 128), 2) == 1
