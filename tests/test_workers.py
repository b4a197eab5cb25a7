"""Worker processes: they run tasks, pass on errors, and end with the object whose tasks they run."""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import ConfigError, Mistake, NnfsError, WorkerError
from nnfs_cli.speed import workers as module
from nnfs_cli.speed.all_reduce import AllReduce
from nnfs_cli.speed.worker_errors import WorkerTraceback
from nnfs_cli.speed.workers import Workers, can_fork, shared

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system has no worker processes")


def nothing(*_: int) -> None:
    return


def failing(error: BaseException | Callable[[], object], where: int) -> Workers:
    """Two workers with the tasks `fail`, in which one of them raises or calls `error`, and `nothing`."""

    def fail(rank: int, _: int) -> None:
        if rank == where:
            if isinstance(error, BaseException):
                raise error
            error()

    return Workers(2, {"fail": fail, "nothing": nothing})


@pytest.mark.parametrize("size", [1, 2, 3])
def test_workers_do_tasks_with_numbers_and_see_what_is_written_later(size: int) -> None:
    source, found = shared((3,), np.int64), shared((3,), np.int64)

    def add(rank: int, size: int, *numbers: int) -> None:
        found[rank] = source[rank] + sum(numbers) + size

    workers = Workers(size, {"nothing": nothing, "add": add})
    for numbers in ([], [5, 2**62], [-1, 1, -3], list(range(module.MOST_ARGUMENTS))):
        source[...] = np.arange(3) * 10
        workers.run("add", *numbers)
        assert found.tolist()[:size] == [10 * rank + sum(numbers) + size for rank in range(size)]
    assert len(workers.processes) == size - 1
    workers.end()


def test_another_number_of_workers_may_do_the_next_task() -> None:
    found = shared((3,), np.int64)

    def tell(rank: int, size: int) -> None:
        found[rank] = size

    workers = Workers(2, {"tell": tell})
    for size in (2, 3, 1, 2):
        workers.resize(size)
        found.fill(0)
        workers.run("tell")
        assert found.tolist() == [size] * size + [0] * (3 - size)
        assert (workers.size, len(workers.processes)) == (size, size - 1)
    workers.end()


class Stubborn(Exception):  # noqa: N818
    """A user's error that refuses to be packed in a way of its own."""

    def __reduce__(self) -> Any:
        raise LookupError


class Odd(Exception):  # noqa: N818
    """A user's error that cannot be unpickled, since its message alone does not make it."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no such thing"), ValueError("no such thing")),
        (NnfsError("a user's mistake"), NnfsError("a user's mistake")),
        (Odd(1, 2), RuntimeError("Odd: 1 and 2")),
        (Stubborn("so"), RuntimeError("Stubborn: so")),
        (ConfigError("mine.yaml", [Mistake("a", "b")]), ConfigError("mine.yaml", [Mistake("a", "b")])),
        (EOFError("of a file"), EOFError("of a file")),
        (ValueError("x" * 10**6), ValueError("x" * 10**6)),  # more than a pipe holds
    ],
    ids=["python's", "ours", "odd", "stubborn", "ours with arguments", "end of a file", "long"],
)
def test_an_error_in_a_worker_is_raised_where_the_task_was_ordered(error: Exception, told: Exception) -> None:
    workers = failing(error, where=1)
    with pytest.raises(type(told)) as caught:
        workers.run("fail")
    assert type(caught.value) is type(told)
    assert str(caught.value) == str(told)
    cause = caught.value.__cause__
    assert isinstance(cause, WorkerTraceback)
    assert "in fail" in str(cause)
    assert "raise error" in str(cause)
    assert workers.processes == []
    workers.run("nothing")
    workers.end()


def test_a_breakpoint_in_a_worker_is_told_as_what_it_is() -> None:
    workers = failing(lambda: breakpoint(), where=1)
    with pytest.raises(RuntimeError, match=r"^breakpoint\(\) in a worker process.*`nnfs train --plain`"):
        workers.run("fail")
    workers.run("nothing")
    workers.end()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR1])
def test_a_worker_that_is_killed_is_told_with_its_signal_and_replaced(number: signal.Signals) -> None:
    workers = failing(ValueError(), where=0)
    workers.run("nothing")
    os.kill(workers.processes[0].pid or 0, number)
    with pytest.raises(WorkerError, match=rf"was killed by signal {number:d}, .*`training.threads: 1`"):
        workers.run("nothing")
    assert workers.processes == []
    workers.run("nothing")
    workers.end()


def test_a_worker_that_ends_by_itself_is_told_with_its_status() -> None:
    workers = failing(lambda: os._exit(7), where=1)
    with pytest.raises(WorkerError, match="ended with status 7"):
        workers.run("fail")
    workers.end()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("here"), EOFError("a file's")], ids=repr)
def test_an_error_in_the_middle_of_a_task_ends_the_workers(error: BaseException) -> None:
    workers = failing(error, where=0)
    workers.run("nothing")
    processes = list(workers.processes)
    with pytest.raises(type(error)) as caught:
        workers.run("fail")
    assert caught.value is error
    assert not any(process.is_alive() for process in processes)
    workers.run("nothing")
    workers.end()


def test_an_interruption_while_workers_start_leaves_none_that_never_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: BaseProcess) -> None:
        raise KeyboardInterrupt

    workers = Workers(2, {"nothing": nothing})
    with monkeypatch.context() as interrupted:
        interrupted.setattr(BaseProcess, "start", start)
        with pytest.raises(KeyboardInterrupt):
            workers.run("nothing")
    assert workers.processes == []
    workers.run("nothing")
    workers.end()


def test_a_second_start_after_an_interrupted_one_has_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    begin, started = BaseProcess.start, list[BaseProcess]()

    def start(process: BaseProcess) -> None:
        begin(process)
        started.append(process)
        if len(started) == 1:
            raise KeyboardInterrupt

    found = shared((3,), np.int64)

    def tell(rank: int, _: int) -> None:
        found[rank] = 1

    workers = Workers(3, {"tell": tell})
    monkeypatch.setattr(BaseProcess, "start", start)
    with pytest.raises(KeyboardInterrupt):
        workers.run("tell")
    workers.run("tell")
    assert found.tolist() == [1, 1, 1]
    workers.end()
    assert not any(process.is_alive() for process in started)


class Owner:
    """An object whose workers run one of its methods."""

    def __init__(self) -> None:
        self.workers = Workers(2, {"work": self.work})

    def work(self, *_: int) -> None:
        return


def test_workers_end_with_the_object_that_they_work_for() -> None:
    owner = Owner()
    owner.workers.run("work")
    processes = list(owner.workers.processes)
    assert len(processes) == 1
    gc.disable()
    try:
        del owner
        assert not any(process.is_alive() for process in processes)
    finally:
        gc.enable()


def test_a_copy_of_the_process_that_made_the_workers_cannot_order_them() -> None:
    workers = Workers(2, {"nothing": nothing})
    workers.run("nothing")
    found = shared((1,), np.int64)

    def order() -> None:
        with pytest.raises(NnfsError, match="only in the process that made it"):
            workers.run("nothing")
        workers.end()
        found[0] = 1

    copy = multiprocessing.get_context("fork").Process(target=order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # about threads that a fork does not have
        copy.start()
    copy.join()
    assert found[0] == 1
    assert workers.processes[0].is_alive()
    workers.run("nothing")
    workers.end()


def sums(size: int) -> float:
    """The sum of what workers wrote, and 100 for each worker."""
    found = shared((3,), np.float64)

    def add(rank: int, _: int) -> None:
        found[rank] = rank + 1.0

    workers = Workers(size, {"add": add})
    workers.run("add")
    workers.end()
    return float(found.sum()) + 100 * workers.size


def test_a_worker_of_a_pool_starts_no_processes() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(sums, (3,)) == 101.0
    assert sums(3) == 306.0


# All-reduce

SIZE = 3


def group(wait: Any) -> AllReduce:
    made = AllReduce(SIZE, 5, np.float64, wait)
    made.open()
    return made


def numbers(part: int, turn: int) -> Array:
    return np.random.default_rng([part, turn]).normal(size=4 if turn % 2 else 5)


@pytest.mark.parametrize("spins", [True, False])
def test_all_workers_get_the_same_total_to_the_bit_time_after_time(spins: bool) -> None:
    turns, found = 50, shared((SIZE, 50, 5), np.float64)

    def work(rank: int, _: int) -> None:
        for turn in range(turns):
            total = made.members[rank].sum(numbers(rank, turn))
            found[rank, turn, : len(total)] = total

    workers = Workers(SIZE, {"work": work}, lambda: made.open())
    made = group(lambda arrival, seconds: workers.wait_for(arrival, seconds))
    for member in made.members:
        member.begin(spins=spins)
    for _ in range(2):
        found.fill(np.nan)
        workers.run("work")
        for turn in range(turns):
            expected = np.array([numbers(part, turn) for part in range(SIZE)]).sum(axis=0)
            for part in range(SIZE):
                np.testing.assert_array_equal(found[part, turn, : len(expected)], expected)
        workers.end()


def test_threads_get_the_totals_that_workers_get() -> None:
    workers, found = Workers(1, {"nothing": nothing}), [np.empty(0)] * SIZE
    made = group(workers.wait_for)

    def work(part: int) -> None:
        found[part] = made.members[part].sum(numbers(part, 0))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(SIZE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = np.array([numbers(part, 0) for part in range(SIZE)]).sum(axis=0)
    for total in found:
        np.testing.assert_array_equal(total, expected)


def test_a_part_alone_does_not_wait() -> None:
    member = group(lambda *_: pytest.fail("it waited")).members[1]
    member.is_alone = True
    mine = numbers(1, 0)
    np.testing.assert_array_equal(member.sum(mine), mine)


def test_a_part_that_waits_for_a_failed_one_ends_with_its_error() -> None:
    def work(rank: int, _: int) -> None:
        if rank == 2:
            raise ValueError("before the sum")
        made.members[rank].sum(numbers(rank, 0))

    workers = Workers(SIZE, {"work": work}, lambda: made.open())
    made = group(lambda arrival, seconds: workers.wait_for(arrival, seconds))
    with pytest.raises(ValueError, match="before the sum"):
        workers.run("work")
    workers.end()
