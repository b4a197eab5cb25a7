"""Chaos: commands side by side on one folder of runs, killed at random; in the end all is made whole."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.kills import WAYS
from tests.lives import KINDS, Kind, Life, faults_of_end, go_on, shared_memory, train_unbroken, write_files

KILLED = 0.4
"""The share of commands that are killed."""
LONGEST = 4.0
"""The most seconds before a command is killed."""
MOST_RUNS = 40
"""Beyond these, no more runs are begun."""
READERS = ("runs", "plot", "evaluate", "predict", "report")


@dataclass
class Soak:
    """Commands at random, and what was wrong with them."""

    folder: Path
    seed: int
    faults: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    runs: dict[str, Kind] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, seconds: float, side_by_side: int) -> str:
        """Do it for some seconds, and then make all runs whole; return a summary in one line."""
        memory = shared_memory()
        write_files(self.folder)
        with ThreadPoolExecutor(side_by_side) as pool:
            list(pool.map(lambda kind: train_unbroken(kind, self.folder), KINDS))
            until = time.monotonic() + seconds
            list(pool.map(lambda k: self._act_until(until, k), range(side_by_side)))
            list(pool.map(self._finish, self.runs))
        self.faults += [fault for life in self.lives for fault in life.faults]
        self.faults += [f"{name} is left in shared memory" for name in shared_memory() - memory]
        said = ", ".join(f"{count} {what}" for what, count in sorted(self.done.items()))
        return (
            f"soak: {len(self.runs)} runs on one folder, all of them whole in the end "
            f"but for {len(self.faults)} faults; {said}; {seconds:.0f} s"
        )

    def _act_until(self, until: float, actor: int) -> None:
        rng = np.random.default_rng([self.seed, actor])
        while time.monotonic() < until:
            self._act(rng)

    def _act(self, rng: np.random.Generator) -> None:
        """Start a command, perhaps kill it, and see how it ends."""
        what, arguments = self._command(rng)
        life = Life(arguments, self.folder)
        if rng.random() < KILLED:
            time.sleep(float(rng.uniform(0, LONGEST)))
            if not life.is_over:
                life.strike(str(rng.choice(WAYS)), float(rng.uniform(0, 0.5)))
                what = f"{what}, killed"
        life.wait()
        if "killed" not in what:
            life.check_message()
        life.look_for_survivors()
        with self._lock:
            self.done[what] += 1
            self.lives.append(life)

    def _command(self, rng: np.random.Generator) -> tuple[str, list[str]]:
        """A command at random: what it does, and its arguments."""
        with self._lock:
            begun = list(self.runs)
            if not begun or (len(begun) < MOST_RUNS and rng.random() < 0.3):
                kind = KINDS[rng.integers(len(KINDS))]
                name = f"{kind.name}-{len(begun)}"
                self.runs[name] = kind
                return "trainings", ["train", f"{kind.name}.yaml", "--id", name, "--quiet"]
        name = str(rng.choice(begun))
        if rng.random() < 0.4:
            return "resumes", ["resume", name, "--quiet"]
        reader = str(rng.choice(READERS))
        more = {
            "runs": [],
            "plot": [name, *(["--only", "loss"] if rng.random() < 0.8 else [])],
            "predict": [name, self.runs[name].inputs],
        }
        return "readings", [reader, *more.get(reader, [name])]

    def _finish(self, name: str) -> None:
        """Resume a run to its end, and compare it with the one that nobody touched."""
        run, kind = self.folder / "runs" / name, self.runs[name]
        life = go_on(kind, run)
        life.wait()
        life.faults += faults_of_end(life, run, self.folder / "whole" / kind.name)
        with self._lock:
            self.lives.append(life)
