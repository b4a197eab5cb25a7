"""Inference by threads and by processes: the outputs of one alone, to the bit, and nothing left behind."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.blas_threads import blas
from nnfs_cli.engine.inference import Fill, infer
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.speed import inference
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.inference import BATCHES_WORTH_A_WORKER, ProcessInference, ThreadInference
from nnfs_cli.speed.workers import can_fork
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.model import Model
from tests.toys import BARS, BLOBS, toy

WIDTH, BATCH = 40, 10
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


class Barrier(ReLU):
    """A layer in which two threads wait for each other and then call `act`; each keeps x in its scratch."""

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


def barrier_network(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object] = lambda: None) -> Network:
    """A network of a single Barrier. Its outputs are its inputs."""
    monkeypatch.setattr(Barrier, "act", staticmethod(act))
    return Network([Barrier()], (WIDTH,), "float32")


def network_of(layers: Sequence[tuple[str, dict[str, Any]]]) -> Network:
    """A network with random parameters and statistics."""
    network = Network([create(Layer, name, options) for name, options in layers], (WIDTH,), "float32")
    draw = np.random.default_rng(1)
    network.params.value[...] = draw.normal(size=network.params.value.shape) / 3
    network.params.statistics[...] = draw.uniform(0.5, 2.0, network.params.statistics.shape)
    return network


def rows(batches: int) -> Array:
    return np.random.default_rng(2).normal(size=(batches * BATCH, WIDTH)).astype(np.float32)


def outputs_by_threads(network: Network, threads: int, x: Array) -> Array:
    """The outputs (N, M) for rows x, computed by this number of threads."""
    return ThreadInference(network, threads)(fill_with(x), list(slices(len(x), BATCH)), len(x))


def fill_with(x: Array) -> Fill:
    return lambda workspace, rows: np.copyto(workspace.x, x[rows])


def outputs_alone(network: Network, x: Array) -> Array:
    """The outputs (N, M) for rows x, computed without threads."""
    z = np.full((len(x), *network.output_shape), np.nan, np.float32)
    infer(network, fill_with(x), list(slices(len(x), BATCH)), z)
    return z


def in_other_thread() -> bool:
    """Whether this is not the main thread."""
    return threading.current_thread() is not threading.main_thread()


@pytest.mark.parametrize("threads", [2, 3, 20])
def test_threads_give_the_outputs_of_one_thread_to_the_bit(threads: int) -> None:
    plain, x = network_of(LAYERS), rows(12)[:-3]
    network = FastNetwork(plain)
    expected = outputs_alone(network, x)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(expected, outputs_alone(plain, x), rtol=1e-5, atol=1e-6)
    by_threads = ThreadInference(network, threads)
    for _ in range(20):
        np.testing.assert_array_equal(outputs_by_threads(network, threads, x), expected)
        np.testing.assert_array_equal(by_threads(fill_with(x), list(slices(len(x), BATCH)), len(x)), expected)


def test_threads_work_at_the_same_time_each_with_a_scratch_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = rows(8)
    np.testing.assert_array_equal(outputs_by_threads(barrier_network(monkeypatch), 2, x), x)


def test_the_networks_of_threads_write_to_no_common_memory() -> None:
    by_threads = ThreadInference(network_of(LAYERS), 3)
    networks = list(by_threads._networks_for(3))
    assert networks == by_threads._networks_for(3)
    for network in networks:
        outputs_alone(network, rows(1))
    for one, other in [(networks[0], networks[1]), (networks[1], networks[2])]:
        assert one.params.value is other.params.value
        assert one.params.statistics is other.params.statistics
        assert not any(np.shares_memory(a, b) for a in written_by(one) for b in written_by(other))


def written_by(network: Network) -> list[Array]:
    """The arrays that a network and its layers have written to."""
    workspace = network.workspace(BATCH)
    kept = [array for layer in every_layer(network.layers) for array in layer._scratch.values()]
    assert kept
    return [workspace.x, workspace.y, *kept]


def test_the_networks_of_threads_use_the_same_parameters_and_statistics() -> None:
    network, x = network_of(LAYERS), rows(12)
    by_threads, batches = ThreadInference(network, 2), list(slices(12 * BATCH, BATCH))
    params, first = network.params, by_threads(fill_with(x), batches, len(x))
    params.value *= 0.5
    params.statistics += 1.0
    changed = by_threads(fill_with(x), batches, len(x))
    assert (changed != first).all()
    np.testing.assert_allclose(changed, outputs_alone(network, x), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(changed, outputs_by_threads(network, 1, x))


def test_blas_has_one_thread_in_each_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[bool, int]] = []

    def look() -> None:
        found.append((in_other_thread(), blas().num_threads))  # NumPy's: SciPy, once loaded, has its own

    outputs_by_threads(barrier_network(monkeypatch, look), 2, rows(2))
    assert set(found) == {(False, 1), (True, 1)}


@pytest.mark.parametrize("error", [ValueError("no"), MemoryError(), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("in_other", [True, False])
def test_what_a_thread_raises_comes_through(
    in_other: bool, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors, x = [error], rows(2)

    def fail() -> None:
        if in_other_thread() == in_other and errors:
            raise errors.pop()

    network = barrier_network(monkeypatch, fail)
    with pytest.raises(type(error)) as raised:
        outputs_by_threads(network, 2, x)
    assert raised.value is error
    np.testing.assert_array_equal(outputs_by_threads(network, 2, x), x)


@pytest.mark.parametrize("in_other", [True, False])
def test_when_one_thread_fails_the_others_stop(in_other: bool) -> None:
    others: list[int] = []

    class Failing(ReLU):
        """One thread fails at once, the other sleeps first."""

        def infer(self, x: Array, y: Array) -> None:
            if in_other_thread() == in_other:
                raise ValueError("at once")
            others.append(len(x))
            time.sleep(0.1)

    with pytest.raises(ValueError, match="at once"):
        outputs_by_threads(Network([Failing()], (WIDTH,), "float32"), 2, rows(30))
    assert len(others) < 29


def test_how_numpy_treats_errors_holds_in_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow() -> None:
        if in_other_thread():
            np.multiply(np.float32(1e38), np.ones(1, np.float32) * 10)

    network = barrier_network(monkeypatch, overflow)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        outputs_by_threads(network, 2, rows(2))
    with np.errstate(over="ignore"):
        outputs_by_threads(network, 2, rows(2))


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.engine.network.EVALUATION_BATCH_SIZE", 7)


@pytest.mark.usefixtures("small_batches")
def test_validation_and_a_model_give_the_same_outputs_for_any_number_of_threads() -> None:
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
        assert isinstance(model.infer, ThreadInference)
        np.testing.assert_array_equal(model.outputs(split.x[split.rows]), ours.loss.predict(expected))
        assert model.infer.count(model.batches(len(split))) == threads


@pytest.mark.parametrize(
    ("units", "rows", "batch_size", "option", "threads"),
    [
        (1000, 10_000, 256, "auto", 4),
        (1000, 2_000, 256, "auto", 2),
        (1000, 10_000, 256, 1, 1),
        (1000, 10_000, 256, 3, 3),
        (1000, 10_000, 16, "auto", 1),  # batches so small that threads would wait for each other
        (100, 100_000, 256, "auto", 1),
        (1000, 300, 256, "auto", 1),  # so few rows that to start a thread would take as long
        (8000, 300, 256, "auto", 2),  # never more threads than batches
        (8000, 256, 256, 4, 1),
        (1000, 0, 256, "auto", 1),
    ],
)
def test_the_number_of_threads_follows_from_the_work(
    units: int,
    rows: int,
    batch_size: int,
    option: int | Literal["auto"],
    threads: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inference, "usable_cores", lambda: 4)
    network = network_of([("dense", {"units": units})])
    assert ThreadInference(network, option).count(list(slices(rows, batch_size))) == threads


# Images


def model_of_images(threads: int | str) -> tuple[Model, Array]:
    ours = toy(BARS, f"training.threads={threads}", engine="fast")
    model = Model(ours.config, ours.preparation, ours.network.params.arrays(), "here")
    return model, ours.split("train").x


def processes() -> set[BaseProcess]:
    """Those of this process: tests before this one may have left experiments with workers."""
    return set(multiprocessing.active_children())


def test_processes_give_the_outputs_of_one_process_for_images_to_the_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nnfs_cli.engine.network.IMAGE_EVALUATION_BATCH_SIZE", 2)
    found, before = [], processes()
    for threads in (1, 2, 3):
        model, x = model_of_images(threads)
        slow = model.outputs(x)
        choose_engine(model)
        assert isinstance(model.infer, ProcessInference)
        assert model.infer.count(model.batches(len(x))) == threads
        found.append(model.outputs(x))
        np.testing.assert_allclose(found[-1], slow, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found[-1], found[0])
        assert model.outputs(x[:0]).shape == (0, 2)
    assert processes() <= before


@pytest.mark.parametrize(
    ("batches", "option", "count"),
    [(0, 4, 1), (1, 4, 1), (2 * BATCHES_WORTH_A_WORKER - 1, 4, 1), (2 * BATCHES_WORTH_A_WORKER, 4, 2),
     (100, 4, 4), (100, "auto", 3), (100, 1, 1)],
)  # fmt: skip
def test_the_number_of_processes_follows_from_the_batches(
    batches: int, option: int | Literal["auto"], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.speed.plan.usable_cores", lambda: 3)
    model, _ = model_of_images(1)
    assert ProcessInference(model.network, option).count([slice(0, 1)] * batches) == count


@pytest.mark.skipif(not can_fork(), reason="no workers on this system")
def test_an_error_in_a_process_is_raised_and_leaves_no_process_behind() -> None:
    model, x = model_of_images(2)
    batches, before = list(slices(64, 2)), processes()

    def fill(workspace: Workspace, rows: slice) -> None:
        if rows == batches[1]:
            raise ValueError("of the second")
        np.copyto(workspace.x, x[rows])

    with pytest.raises(ValueError, match="of the second"):
        ProcessInference(FastNetwork(model.network), 2)(fill, batches, 64)
    assert processes() <= before


def test_inference_leaves_the_number_of_blas_threads_as_it_was() -> None:
    def now() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = now()
    for threads in (2, 1):
        model, x = model_of_images(threads)
        choose_engine(model)
        model.outputs(x)
        assert now() == before
    outputs_by_threads(network_of(LAYERS), 2, rows(12))
    assert now() == before
