"""Large products cut into parts: the products of whole ones, the same bits whichever threads compute them."""

import os
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.speed import gauge
from nnfs_cli.speed.engine import FastEngine
from nnfs_cli.speed.gauge import Gauge
from nnfs_cli.speed.threads import Threads, cuts
from nnfs_cli.speed.workers import can_fork
from tests.test_rows import assert_same, plain, step

STACK: list[tuple[str, dict[str, object]]] = [
    ("flatten", {}),
    ("dense", {"units": 70}),
    ("relu", {}),
    ("residual", {"layers": [{"type": "dense", "units": 70}]}),
    ("dense", {"units": 3}),
]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small products too."""
    monkeypatch.setattr("nnfs_cli.speed.threads.WORTH_CUTTING", 1)


@pytest.fixture
def made() -> Iterator[Callable[[int, int], Threads]]:
    """Makes Threads, and ends them after the test."""
    all_made: list[Threads] = []

    def make(size: int, parts: int) -> Threads:
        all_made.append(Threads(size, parts))
        return all_made[-1]

    yield make
    for threads in all_made:
        threads.end()


def random(*shape: int) -> Array:
    return np.random.default_rng(shape).normal(size=shape)


@pytest.mark.parametrize(("length", "parts"), [(100, 1), (1024, 2), (784, 3), (70, 4), (5, 7), (1, 2)])
def test_the_parts_of_an_axis_are_all_of_it(length: int, parts: int) -> None:
    covered = [i for part in cuts(length, parts) for i in range(length)[part]]
    assert covered == list(range(length))
    assert len(cuts(length, parts)) <= parts


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("parts", [2, 3])
def test_a_product_in_parts_has_the_same_bits_for_any_threads(
    parts: int, axis: int, made: Callable[[int, int], Threads]
) -> None:
    a, b, first = random(60, 50), random(50, 70), None
    for size in range(1, parts + 1):
        out = np.full((60, 70), np.nan)
        (call,) = made(size, parts).product(a, b, out, axis)
        call()
        np.testing.assert_allclose(out, a @ b, rtol=1e-12)
        first = out if first is None else first
        np.testing.assert_array_equal(out, first)


@pytest.mark.usefixtures("small_parts")
def test_steps_in_threads_give_what_plain_ones_give(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([False, True] * 1000)
    whole, one, two = plain(STACK), FastEngine(plain(STACK), 1, 2), FastEngine(plain(STACK), 2, 2)
    one.order[...] = two.order[...] = whole.order
    for number, n in enumerate([12, 5, 12, 1, 12]):
        two.use_workers(number % 3 + 1)
        with monkeypatch.context() as patch:
            patch.setattr(Gauge, "says_share", lambda _: next(shares))
            found = step(two, n, number)
        assert_same(found, step(one, n, number))
        for ours, theirs in zip(found, step(whole, n, number), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    assert (one.workers, two.workers, one.parts, two.parts) == (1, 2, 2, 2)
    two.end()


def test_each_call_runs_once_and_an_error_is_raised_when_all_have_ended(
    made: Callable[[int, int], Threads],
) -> None:
    threads, ran = made(2, 2), list[int]()

    def fail() -> None:
        raise MemoryError("in a thread")

    for calls in ([fail, lambda: ran.append(1)], [lambda: ran.append(2), fail]):
        with pytest.raises(MemoryError, match="in a thread"):
            threads.run(calls)
    threads.run([lambda: ran.append(3), lambda: ran.append(4)])
    assert sorted(ran) == [1, 2, 3, 4]


def test_threads_end_and_start_again(made: Callable[[int, int], Threads]) -> None:
    before, threads, names = threading.active_count(), made(2, 2), set[str]()
    for _ in range(2):
        threads.run([lambda: names.add(threading.current_thread().name)] * 2)
        assert threading.active_count() == before + 1
        threads.end()
        assert threading.active_count() == before
    assert names == {"MainThread", "nnfs thread"}


@pytest.mark.skipif(not can_fork(), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_threads_work_in_a_fork_of_their_process(made: Callable[[int, int], Threads]) -> None:
    threads, ran = made(2, 2), list[int]()
    threads.run([lambda: None] * 2)
    child = os.fork()
    if not child:
        threads.run([lambda: ran.append(1)] * 2)
        os._exit(len(ran))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2


# When work is shared


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets; Gauges go by it."""
    now = [100.0]
    monkeypatch.undo()  # conftest's: share always
    monkeypatch.setattr(gauge, "perf_counter", lambda: now[0])
    return now


def test_work_is_shared_until_it_gains_nothing_and_is_tried_again(clock: list[float]) -> None:
    asked = Gauge()
    pauses = []
    for _ in range(8):
        assert asked.says_share()
        asked.note(0.06, 0.06)
        assert not asked.says_share()
        start = clock[0]
        while not asked.says_share():
            clock[0] += 0.125
        pauses.append(clock[0] - start)
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    asked.note(0.03, 0.06)
    assert asked.says_share(), "the cores are free again"
    asked.note(0.06, 0.06)
    clock[0] += 0.25
    assert asked.says_share(), "after the shortest pause"


def test_a_moments_disturbance_does_not_end_sharing(clock: list[float]) -> None:
    asked = Gauge()
    for _ in range(5):
        asked.note(0.02, 0.01)
        for _ in range(6):
            asked.note(0.005, 0.01)
        assert asked.says_share()
        clock[0] += 1
