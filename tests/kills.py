"""Runs that are killed again and again and resumed, and then compared with the run that was never stopped."""

import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.lives import (
    KINDS,
    Kind,
    Life,
    faults_of_end,
    former_of,
    go_on,
    shared_memory,
    status_of,
    train_unbroken,
    write_files,
)

MOST_KILLS = 5
WAYS = ("kill", "kill all", "kill a worker", "int", "int twice", "term", "hup")
MOMENTS = ("start", "training", "training", "writing", "writing", "end")
POLL = 0.001


@dataclass
class Campaign:
    """Many runs of all kinds, killed up to MOST_KILLS times each, and what was wrong with them."""

    folder: Path
    seed: int
    faults: list[str] = field(default_factory=list)
    blows: Counter[str] = field(default_factory=Counter)
    read: int = 0
    equal: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, amount: int, side_by_side: int) -> str:
        """Do it; return a summary in one line."""
        started, memory = time.monotonic(), shared_memory()
        write_files(self.folder)
        with ThreadPoolExecutor(side_by_side) as pool:
            list(pool.map(self._whole, KINDS))
            list(pool.map(self._one, range(amount)))
        self.faults += [f"{name} is left in shared memory" for name in shared_memory() - memory]
        ways = ", ".join(f"{count} {way}" for way, count in sorted(self.blows.items()))
        return (
            f"kills: {self.equal} of {amount} runs equal the unbroken one, after {self.blows.total()} kills "
            f"({ways}) and {self.read} readings between them, in {time.monotonic() - started:.0f} s; "
            f"{len(self.faults)} faults"
        )

    def _whole(self, kind: Kind) -> None:
        """Train the run that is never stopped."""
        started = time.monotonic()
        train_unbroken(kind, self.folder)
        self.seconds[kind.name] = time.monotonic() - started

    def _one(self, number: int) -> None:
        kind, rng = KINDS[number % len(KINDS)], np.random.default_rng([self.seed, number])
        run = self.folder / "runs" / f"{kind.name}-{number}"
        story: list[str] = []
        lives = self._lives(kind, run, rng, story)
        for life in lives:
            life.look_for_survivors()
        faults = [fault for life in lives for fault in life.faults]
        faults += faults_of_end(lives[-1], run, self.folder / "whole" / kind.name)
        self.equal += not faults
        if faults:
            self.faults.append("\n  ".join([f"{run.name}: {'; '.join(story)}", *faults]))
        else:
            for each in (run, former_of(run)):
                shutil.rmtree(each, ignore_errors=True)

    def _lives(self, kind: Kind, run: Path, rng: np.random.Generator, story: list[str]) -> list[Life]:
        """Train a run, kill and resume it some times, and let it end. Returns all its processes."""
        lives, kills = [], int(rng.integers(1, MOST_KILLS + 1))
        for left in reversed(range(kills + 1)):
            life = go_on(kind, run)
            lives.append(life)
            if left:
                way, moment = str(rng.choice(WAYS)), str(rng.choice(MOMENTS))
                wait_for(life, run, moment, float(rng.uniform(0, 0.3 * self.seconds[kind.name])))
                if not life.is_over:
                    soft = not way.startswith("kill") and life.is_training(run)
                    life.asked = way if soft else ""
                    life.strike(way, float(rng.uniform(0, 0.5)))
                    self.blows[way] += 1
                    story.append(f"{way} at {moment}")
            status = life.wait()
            life.check_stop(run)
            story.append(f"status {status}")
            if status_of(run) == "completed":
                break
            lives += self._readers(kind, run, rng)
        return lives

    def _readers(self, kind: Kind, run: Path, rng: np.random.Generator) -> list[Life]:
        """Let two commands read the run as it is: each works, or gives one message."""
        commands = [
            ["runs"],
            ["plot", run.name, "--only", "loss"],
            ["evaluate", run.name],
            ["predict", run.name, kind.inputs],
            ["report", run.name],
        ]
        lives = []
        for i in rng.choice(len(commands), 2, replace=False):
            life = Life(commands[i], self.folder)
            life.wait()
            life.check_message()
            lives.append(life)
            self.read += 1
        return lives


def wait_for(life: Life, run: Path, moment: str, pause: float) -> None:
    """Wait for a moment of a training, or for its end, and then for some seconds.

    moment: `start`: its folder is there. `training`: it is under way. `writing`: after the pause, a file is
        being written. `end`: training is over, and scores and pictures follow.
    """
    marks = {"start": "config.yaml", "end": "weights.npz"}
    mark = run / marks.get(moment, "summary.json")
    newer = 0.0 if moment == "start" else life.started
    while not life.is_over and not (mark.exists() and mark.stat().st_mtime > newer):
        time.sleep(POLL)
    time.sleep(pause)
    if moment == "writing":
        while not life.is_over and not any(run.rglob(".*.part")):
            pass
