"""Contests beside a busy neighbor: an endless loop of matrix products, on one thread, pinned to no core."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from claims import busy_claims
from contest import THREADS, calmest, hired
from contestants import OURS, busy_entries
from report import Section, timing_table
from workers import take_turns
from workloads import Workload
from yardstick import Yardstick

LOOP = """
import os
import numpy
a = numpy.ones((512, 512), "f")
out = numpy.empty_like(a)
print("ready", flush=True)
while os.getppid() == {parent}:  # if the benchmark is killed, this ends
    numpy.dot(a, a, out)
"""


def busy_contest(workload: Workload, repeats: int, *, at_most: float) -> Section:
    """Run a workload beside the neighbor, and make its section of the report."""
    with Neighbor.at_work() as neighbor, hired(workload, busy_entries(workload.key)) as workers:
        timings = take_turns(workers, repeats, at_most, YardstickBeside(neighbor))
    return Section(
        f"Busy neighbor, {workload.key}: {workload.title}",
        f"Another process computes matrix products all the time. {calmest(timings)}; only for the yardstick "
        "the neighbor pauses, so that it does not count as a disturbance.",
        timing_table(timings.seconds, OURS),
        busy_claims(timings.seconds),
        timings.seconds,
    )


class Neighbor:
    """The process of the busy neighbor."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @classmethod
    @contextmanager
    def at_work(cls) -> Iterator["Neighbor"]:
        """The neighbor, which computes until the `with` block ends."""
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP.format(parent=os.getpid())],
            stdout=subprocess.PIPE,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )
        try:
            if not (process.stdout and process.stdout.readline()):
                raise SystemExit(f"the busy neighbor ended with status {process.wait()}")
            yield cls(process.pid)
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """In the `with` block it does not compute."""
        os.kill(self.pid, signal.SIGSTOP)
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            raise SystemExit(f"the busy neighbor ended with status {status}")
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


class YardstickBeside(Yardstick):
    """A yardstick that is read while the neighbor pauses: it shows strangers only."""

    def __init__(self, neighbor: Neighbor) -> None:
        super().__init__()
        self._neighbor = neighbor

    def read(self) -> float:
        with self._neighbor.paused():
            return super().read()
