"""Contestants in processes of their own, since their thread pools would disturb each other in one process."""

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from types import TracebackType
from typing import NamedTuple

from yardstick import Yardstick

SETTLING_SECONDS = 0.05
"""Pause after a round: idle threads spin for this long before they sleep."""

WAKING_SECONDS = 0.15
"""Untimed work before each round: a core that was idle needs a while to reach its speed."""

AT_MOST_SECONDS = 240.0
"""The longest time for all rounds. If the machine was seldom calm, the calmest rounds count."""


class Round(NamedTuple):
    """A round's time, and the larger reading of the yardstick before and after it."""

    reading: float
    seconds: float


class Worker:
    """A process that runs a round of work on request, and returns its seconds.

    every: it runs in every n-th round only.
    environment: environment variables that it gets besides ours; None takes one of ours away.
    """

    def __init__(
        self,
        name: str,
        script: Path,
        *arguments: str,
        every: int = 1,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        self.name, self.every = name, every
        variables = {**os.environ, **(environment or {})}
        self._process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={key: value for key, value in variables.items() if value is not None},
        )
        self.facts = self._read_line()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()  # this closes its pipes

    def wanted(self, repeats: int) -> int:
        """The number of its rounds, if other workers do `repeats`."""
        return math.ceil(repeats / self.every)

    def round(self) -> float:
        """Run a round; return its seconds."""
        print("go", file=self._process.stdin, flush=True)
        return float(self._read_line())

    def _read_line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"{self.name} ended with status {self._process.wait()}")
        return line.strip()


def serve(facts: str, work: Callable[[], None], *, parts: float = 1, warm_up: bool = True) -> None:
    """Run as a worker: warm up, print `facts`, then time a round for each line on standard input.

    parts: the number of equal parts of a round. The time of one part is printed.
    warm_up: false if other workers are running. The caller then drops the first round instead.
    """
    if warm_up:
        work()
    print(facts, flush=True)
    for _ in sys.stdin:
        awake = perf_counter() + WAKING_SECONDS
        while perf_counter() < awake:
            work()
        started = perf_counter()
        work()
        print((perf_counter() - started) / parts, flush=True)


@dataclass(frozen=True)
class Timings:
    """The times of rounds.

    seconds: the calmest rounds of each worker, as many as were wanted.
    calm: the part of these rounds in which the machine was calm.   rounds: the number of all rounds.
    """

    seconds: dict[str, list[float]]
    calm: float
    rounds: int


def take_turns(
    workers: Sequence[Worker],
    repeats: int,
    at_most: float = AT_MOST_SECONDS,
    yardstick: Yardstick | None = None,
) -> Timings:
    """Run rounds of all workers in turn, until each has done `repeats` calm ones, or the time is up.

    The yardstick's readings before and after a round decide whether it is calm; its own time does not. A
    worker that has enough calm rounds is skipped.
    """
    yardstick, until = yardstick or Yardstick(), perf_counter() + at_most
    yardstick.read()
    done: dict[str, list[Round]] = {worker.name: [] for worker in workers}

    def calm(rounds: Iterable[Round]) -> int:
        return sum(yardstick.is_calm(each.reading) for each in rounds)

    def is_waiting(worker: Worker) -> bool:
        rounds, wanted = done[worker.name], worker.wanted(repeats)
        return calm(rounds) < wanted and (perf_counter() < until or len(rounds) < wanted)

    while waiting := list(filter(is_waiting, workers)):
        for worker in waiting:
            sleep(SETTLING_SECONDS)
            before = yardstick.read()
            seconds = worker.round()
            done[worker.name].append(Round(max(before, yardstick.read()), seconds))
    kept = {worker.name: sorted(done[worker.name])[: worker.wanted(repeats)] for worker in workers}
    return Timings(
        {name: [each.seconds for each in rounds] for name, rounds in kept.items()},
        sum(map(calm, kept.values())) / sum(map(len, kept.values())),
        sum(map(len, done.values())),
    )


def interleave(workers: Sequence[Worker], repeats: int) -> dict[str, list[float]]:
    """The seconds of each worker's calmest rounds. Workers take turns."""
    return take_turns(workers, repeats).seconds


def report(seconds: dict[str, list[float]], ours: str) -> None:
    """Print the median and minimum of each contestant, and its median divided by ours."""
    width = max(map(len, seconds))
    print(f"{'':{width}}  median s     min s   ratio to ours (medians)")
    for name, values in seconds.items():
        ratio = median(values) / median(seconds[ours])
        print(f"{name:{width}}  {median(values):8.3f}  {min(values):8.3f}  {ratio:6.2f}")
