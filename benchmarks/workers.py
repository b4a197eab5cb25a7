"""Contestants in processes of their own, since thread pools cannot be compared inside one."""

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
"""Threads that wait for work look out for it so long before they sleep; nobody is timed meanwhile."""

WAKING_SECONDS = 0.15
"""So long everybody works before a round is timed: cores that have rested take a while to come to speed."""

AT_MOST_SECONDS = 240.0
"""So long contestants take turns where the machine is seldom undisturbed; then the calmest rounds count."""


class Round(NamedTuple):
    """A round's time, and the larger of the yardstick's readings before and after it."""

    reading: float
    seconds: float


class Worker:
    """A process that runs one round of work whenever it is asked, and answers with the seconds it took.

    every: it takes part in one of so many rounds only.
    environment: variables that it gets besides those that are set.
    """

    def __init__(
        self,
        name: str,
        script: Path,
        *arguments: str,
        every: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.every = name, every
        self._process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.facts = self._answer()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def wanted(self, repeats: int) -> int:
        """How many rounds it is to do where others do `repeats`."""
        return math.ceil(repeats / self.every)

    def round(self) -> float:
        """The seconds of one round."""
        print("go", file=self._process.stdin, flush=True)
        return float(self._answer())

    def _answer(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"{self.name} ended with status {self._process.wait()}")
        return line.strip()


def serve(facts: str, work: Callable[[], None], *, parts: float = 1, warm_up: bool = True) -> None:
    """The worker's side: warm up, say what it is, then time one round for each line on standard input.

    parts: what is answered is the time of one of so many equal parts of the round.
    warm_up: false where others are at work meanwhile, and the first round is to be left out instead.
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
    """What rounds took.

    seconds: of each worker's rounds the calmest, as many as were wanted of it.
    calm: the share of these in which the machine was undisturbed.   rounds: how many there were in all.
    """

    seconds: dict[str, list[float]]
    calm: float
    rounds: int


def take_turns(workers: Sequence[Worker], repeats: int, at_most: float = AT_MOST_SECONDS) -> Timings:
    """Every worker in turn, until each has done `repeats` rounds undisturbed, or the time is up.

    The machine is held to a yardstick before and after each round: what rounds took has no part in which
    of them count. Who has as many as are wanted sits out.
    """
    yardstick, until = Yardstick(), perf_counter() + at_most
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
    """The seconds of each worker's calmest rounds, taken in turns."""
    return take_turns(workers, repeats).seconds


def report(seconds: dict[str, list[float]], ours: str) -> None:
    """Median and minimum of each, and how many times ours the others take."""
    width = max(map(len, seconds))
    print(f"{'':{width}}  median s     min s   ratio to ours (medians)")
    for name, values in seconds.items():
        ratio = median(values) / median(seconds[ours])
        print(f"{name:{width}}  {median(values):8.3f}  {min(values):8.3f}  {ratio:6.2f}")
