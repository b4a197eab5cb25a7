"""Threads and processes that share the rows to answer for give what one gives, and leave nothing behind."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.engine.inference import Bring, infer
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.speed import answering
from nnfs_cli.speed.answering import PIECES_WORTH_A_WORKER, Processes, Threads
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.workers import can_fork
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
    return Threads(network, threads)(brings(x), list(slices(len(x), PIECE)), len(x))


def brings(x: Array) -> Bring:
    return lambda workspace: lambda piece: np.copyto(workspace.x, x[piece])


def alone(network: Network, x: Array) -> Array:
    """The outputs that one piece after the other gives."""
    z = np.full((len(x), *network.output_shape), np.nan, np.float32)
    infer(network, brings(x), list(slices(len(x), PIECE)), z)
    return z


def helps() -> bool:
    """Whether this is a thread that was begun to help."""
    return threading.current_thread() is not threading.main_thread()


@pytest.mark.parametrize("threads", [2, 3, 20])
def test_threads_give_what_one_gives_to_the_bit(threads: int) -> None:
    plain, x = network_of(LAYERS), rows(12)[:-3]
    network = FastNetwork(plain)
    expected = alone(network, x)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(expected, alone(plain, x), rtol=1e-5, atol=1e-6)
    answer = Threads(network, threads)
    for _ in range(20):
        np.testing.assert_array_equal(answers(network, threads, x), expected)
        np.testing.assert_array_equal(answer(brings(x), list(slices(len(x), PIECE)), len(x)), expected)


def test_threads_work_at_the_same_time_each_with_a_scratch_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = rows(8)
    np.testing.assert_array_equal(answers(meeting(monkeypatch), 2, x), x)


def test_twins_write_to_nothing_that_another_has() -> None:
    answer = Threads(network_of(LAYERS), 3)
    team = list(answer._team(3))
    assert team == answer._team(3)
    for member in team:
        alone(member, rows(1))
    for one, other in [(team[0], team[1]), (team[1], team[2])]:
        assert one.params.value is other.params.value
        assert one.params.statistics is other.params.statistics
        assert not any(np.shares_memory(a, b) for a in written_by(one) for b in written_by(other))


def written_by(network: Network) -> list[Array]:
    """What a network and its layers have written to."""
    workspace = network.workspace(PIECE)
    kept = [array for layer in every_layer(network.layers) for array in layer._scratch.values()]
    assert kept
    return [workspace.x, workspace.y, *kept]


def test_twins_follow_parameters_and_statistics() -> None:
    network, x = network_of(LAYERS), rows(12)
    answer, pieces = Threads(network, 2), list(slices(12 * PIECE, PIECE))
    params, first = network.params, answer(brings(x), pieces, len(x))
    params.value *= 0.5
    params.statistics += 1.0
    changed = answer(brings(x), pieces, len(x))
    assert (changed != first).all()
    np.testing.assert_allclose(changed, alone(network, x), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(changed, answers(network, 1, x))


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
    expected = outputs(toy(BLOBS, "training.threads=1", engine="fast"), toy(BLOBS).split("train"))
    plain = toy(BLOBS)
    np.testing.assert_allclose(outputs(plain, plain.split("train")), expected, rtol=1e-5, atol=1e-6)
    for threads in (1, 2, 3):
        ours = toy(BLOBS, f"training.threads={threads}", engine="fast")
        split = ours.split("train")
        np.testing.assert_array_equal(outputs(ours, split), expected)
        model = Model(ours.config, ours.preparation, ours.network.params.arrays(), "here")
        slow = model.outputs(split.x[split.rows])
        np.testing.assert_allclose(slow, ours.loss.predict(expected), rtol=1e-5, atol=1e-6)
        choose_engine(model)
        assert isinstance(model.infer, Threads)
        np.testing.assert_array_equal(model.outputs(split.x[split.rows]), ours.loss.predict(expected))
        assert model.infer.count(model.pieces(len(split))) == threads


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
    monkeypatch.setattr(answering, "usable_cores", lambda: 4)
    network = network_of([("dense", {"units": units})])
    assert Threads(network, wish).count(list(slices(rows, piece))) == threads


# Images


def model_of_images(threads: int | str) -> tuple[Model, Array]:
    ours = toy(BARS, f"training.threads={threads}", engine="fast")
    model = Model(ours.config, ours.preparation, ours.network.params.arrays(), "here")
    return model, ours.split("train").x


def test_processes_answer_for_images_and_give_what_one_gives_to_the_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nnfs_cli.engine.network.IMAGES_AT_A_TIME", 2)
    found = []
    for threads in (1, 2, 3):
        model, x = model_of_images(threads)
        slow = model.outputs(x)
        choose_engine(model)
        assert isinstance(model.infer, Processes)
        assert model.infer.count(model.pieces(len(x))) == threads
        found.append(model.outputs(x))
        np.testing.assert_allclose(found[-1], slow, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found[-1], found[0])
        assert model.outputs(x[:0]).shape == (0, 2)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("pieces", "wish", "count"),
    [(0, 4, 1), (1, 4, 1), (2 * PIECES_WORTH_A_WORKER - 1, 4, 1), (2 * PIECES_WORTH_A_WORKER, 4, 2),
     (100, 4, 4), (100, "auto", 3), (100, 1, 1)],
)  # fmt: skip
def test_as_many_processes_answer_as_the_pieces_are_worth(
    pieces: int, wish: int | Literal["auto"], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "usable_cores", lambda: 3)
    model, _ = model_of_images(1)
    assert Processes(model.network, wish).count([slice(0, 1)] * pieces) == count


@pytest.mark.skipif(not can_fork(), reason="there are no workers")
def test_an_error_in_a_process_that_answers_comes_through_and_leaves_none_behind() -> None:
    model, x = model_of_images(2)
    pieces = list(slices(64, 2))

    def bring(workspace: Workspace) -> Callable[[slice], None]:
        def fail(piece: slice) -> None:
            if piece == pieces[1]:
                raise ValueError("of the second")
            np.copyto(workspace.x, x[piece])

        return fail

    with pytest.raises(ValueError, match="of the second"):
        Processes(FastNetwork(model.network), 2)(bring, pieces, 64)
    assert multiprocessing.active_children() == []


def test_blas_is_left_as_it_was_by_whoever_answers() -> None:
    def now() -> list[int]:
        return [blas["num_threads"] for blas in threadpool_info() if blas["user_api"] == "blas"]

    before = now()
    for threads in (2, 1):
        model, x = model_of_images(threads)
        choose_engine(model)
        model.outputs(x)
        assert now() == before
    answers(network_of(LAYERS), 2, rows(12))
    assert now() == before
