"""Contestants in processes of their own, since thread pools cannot be compared inside one."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from types import TracebackType

SETTLING_SECONDS = 0.05
"""Threads that wait for work look out for it so long before they sleep; nobody is timed meanwhile."""

WAKING_SECONDS = 0.3
"""So long everybody works before a round is timed: cores that have rested take a while to come to speed."""


class Worker:
    """A process that runs one round of work whenever it is asked, and answers with the seconds it took.

    every: it takes part in every so many rounds only.
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

    def round(self) -> float:
        """The seconds of one round."""
        print("go", file=self._process.stdin, flush=True)
        return float(self._answer())

    def _answer(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"{self.name} ended with status {self._process.wait()}")
        return line.strip()


def serve(facts: str, work: Callable[[], None], *, parts: int = 1, warm_up: bool = True) -> None:
    """The worker's side: warm up, say what it is, then time one round for each line on standard input.

    parts: the answer is the time of one of so many equal parts of the round.
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


def interleave(workers: Sequence[Worker], repeats: int) -> dict[str, list[float]]:
    """Every worker in turn, `repeats` times: a machine that slows down slows all of them."""
    seconds: dict[str, list[float]] = {worker.name: [] for worker in workers}
    for repeat in range(repeats):
        for worker in workers:
            if repeat % worker.every == 0:
                sleep(SETTLING_SECONDS)
                seconds[worker.name].append(worker.round())
    return seconds


def report(seconds: dict[str, list[float]], ours: str) -> None:
    """Median and minimum of each, and how many times ours the others take."""
    width = max(map(len, seconds))
    print(f"{'':{width}}  median s     min s   ratio to ours (medians)")
    for name, values in seconds.items():
        ratio = median(values) / median(seconds[ours])
        print(f"{name:{width}}  {median(values):8.3f}  {min(values):8.3f}  {ratio:6.2f}")
