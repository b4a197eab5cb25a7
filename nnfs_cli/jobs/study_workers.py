"""Processes that train a study's runs. One that dies is replaced, and its run goes on from its checkpoint."""

import multiprocessing
import os
import signal
import threading
import time
import warnings
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import wait as wait_for
from types import TracebackType
from typing import Protocol

from nnfs_cli.core.blas_kernel import inherit_choice, kernel_chosen_by
from nnfs_cli.core.blas_threads import CORES, kernel_name, usable_cores
from nnfs_cli.core.errors import InterruptionError
from nnfs_cli.core.interrupts import StopRequest
from nnfs_cli.jobs.study_run import RunTask, train_task
from nnfs_cli.studies.results import Outcome

MOST_DEATHS = 5
"""How often the process of a run may die before the run has failed. From the second time on it is alone."""
STOPPING = "the runs finish their steps and save; Ctrl-C again stops at once, at their last checkpoints"
POLL = 0.2
"""Seconds between two looks whether a signal came."""


class Workers(AbstractContextManager["Workers"], Protocol):
    """What trains runs, in this process or elsewhere. It is used in a `with` block."""

    @abstractmethod
    def outcomes(self, tasks: Sequence[RunTask]) -> Iterator[Outcome]:
        """Train runs, and yield how each ended, in the order in which they end.

        InterruptionError when a signal asked to stop and every run has its checkpoint.
        """


class Processes(Workers):
    """So many processes on this machine, which share its cores.

    Signals are heard here alone: the processes are asked to stop, and each saves its run before it ends.

    say: called with what is done next, when a signal asks to stop.
    """

    def __init__(self, jobs: int, say: Callable[[str], None] = lambda _: None) -> None:
        self.jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._stop = StopRequest(lambda: say(STOPPING))
        self._others: set[int | None] = set()

    def __enter__(self) -> "Processes":
        self._stop.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                self._end(urgently=kind is KeyboardInterrupt)
            elif self._pool is not None:
                self._pool.shutdown()
        finally:
            self._stop.__exit__()

    def outcomes(self, tasks: Sequence[RunTask]) -> Iterator[Outcome]:
        waiting, deaths = deque(tasks), dict.fromkeys((task.name for task in tasks), 0)
        running: dict[Future[Outcome], RunTask] = {}
        while waiting or running:
            self._submit(waiting, running, deaths)
            done, _ = wait(running, POLL, FIRST_COMPLETED)
            if self._stop.requested:
                raise InterruptionError("interrupted")
            for future in done:
                task = running.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    self._end()
                    deaths[task.name] += 1
                    if deaths[task.name] < MOST_DEATHS:
                        waiting.appendleft(task)
                    else:
                        yield Outcome(task.name, "failed", f"its process died {MOST_DEATHS} times")

    def _submit(
        self, waiting: deque[RunTask], running: dict[Future[Outcome], RunTask], deaths: dict[str, int]
    ) -> None:
        """Give work to the processes that have none. A run whose process died repeatedly runs alone."""
        while waiting and len(running) < self.jobs:
            alone = any(deaths[task.name] > 1 for task in (waiting[0], *running.values()))
            if alone and running:
                return
            if self._pool is None and running:  # of a broken pool: they are told first
                return
            task = waiting.popleft()
            try:
                with _deaf_children():
                    running[self._started().submit(_work, task)] = task
            except BrokenProcessPool:
                waiting.appendleft(task)
                self._end()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._others = {each.pid for each in multiprocessing.active_children()}
            self._pool = ProcessPoolExecutor(
                self.jobs,
                multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(max(usable_cores() // self.jobs, 1), kernel_chosen_by(kernel_name())),
            )
        return self._pool

    def _end(self, *, urgently: bool = False) -> None:
        """Let all processes save their runs and end; urgently, end them at once."""
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None
        own = [each for each in multiprocessing.active_children() if each.pid not in self._others]
        try:
            while not urgently and any(process.is_alive() for process in own):
                for process in own:  # again, since a run that just ends takes no note of it
                    process.terminate()
                wait_for([process.sentinel for process in own], POLL)
        finally:  # also when Ctrl-C is pressed again
            for process in own:
                process.kill()


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Let processes that begin here never hear Ctrl-C, which a terminal sends to all: not even as they begin.

    They inherit what is blocked. Here it is heard as soon as the `with` block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(cores: int, chosen_by: str) -> None:
    """Make a new process a worker: with its share of cores, without an ear for Ctrl-C, and never orphaned."""
    warnings.simplefilter("ignore", append=True)  # as in the command itself: users cannot act on them
    os.environ[CORES] = str(cores)
    inherit_choice(chosen_by)
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="nnfs parent", daemon=True).start()


def _end_with_parent() -> None:
    """Save the run and end when the process that conducts the study is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        while True:  # a run that just ends takes no note of it
            signal.raise_signal(signal.SIGTERM)
            time.sleep(POLL)


def _work(task: RunTask) -> Outcome:
    try:
        return train_task(task)
    except InterruptionError:  # its run is saved; nobody waits for an answer
        os._exit(130)
