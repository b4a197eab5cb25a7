"""Real `nnfs` processes, each in a session of its own, that tests kill, wait for and look after."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0
"""Seconds after which a process that should end counts as hanging."""
ENDING = 6.0
"""Seconds in which all of a session must have ended after its first process: workers look once a second."""
INTERRUPTED = (130, -signal.SIGINT)
"""Exit statuses, both 130 to a shell. Under `-m` alone Python makes the second of the first, where Ctrl-C
broke into a text that it ran, as `dataclass` does."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  it is looked at, not written to
SIGNS_OF_BUGS = ("Traceback (most recent call last)", "Exception ignored", "leaked", "Fatal Python error")


@dataclass(frozen=True)
class Kind:
    """A config to train, and a file of inputs to predict."""

    name: str
    config: str
    inputs: str


OFTEN = "checkpoint_every: 0.05, log_every: 3"
ALWAYS = "checkpoint_every: 0, log_every: 40"
"""At each report: not only as often as takes 1 % of the time."""

KINDS = (
    Kind(
        "mlp",
        f"""
dataset: {{type: cubic, samples: 400, validation: 60}}
layers: [{{type: dense, units: 16}}, tanh, {{type: dense, units: 1}}]
loss: mse
metrics: [rmse]
optimizer: {{type: sgd, learning_rate: 0.02, momentum: 0.9}}
training: {{epochs: 4000, batch_size: 400, diagnostics: true, {OFTEN}}}
""",
        "numbers.npy",
    ),
    Kind(
        "regularized",
        f"""
dataset: {{type: spiral, samples: 500, validation: 100}}
layers:
  - {{type: dense, units: 32}}
  - batch_norm
  - relu
  - {{type: dropout, rate: 0.2}}
  - {{type: dense, units: 3}}
loss: cross_entropy
metrics: [accuracy]
optimizer: {{type: adam, learning_rate: 0.01}}
schedule: {{type: reduce_on_plateau, patience: 8}}
training: {{epochs: 300, batch_size: 32, ema: 0.9, patience: 60, {OFTEN}}}
""",
        "points.npy",
    ),
    Kind(
        "plain",
        f"""
dataset: {{type: spiral, samples: 1500, validation: 100}}
layers:
  - {{type: dense, units: 16}}
  - batch_norm
  - tanh
  - {{type: dropout, rate: 0.1}}
  - {{type: dense, units: 3}}
loss: cross_entropy
metrics: [accuracy]
optimizer: {{type: rmsprop, learning_rate: 0.005}}
schedule: {{type: cosine, warmup: 2}}
training: {{epochs: 80, batch_size: 16, accumulate: 2, engine: plain, {ALWAYS}}}
""",
        "points.npy",
    ),
    Kind(
        "table",
        f"""
dataset: {{type: csv, path: table.csv, target: kind, validation: 60, test: 40, standardize: true}}
layers: [{{type: dense, units: 16}}, relu, {{type: dense, units: 2}}]
loss: cross_entropy
metrics: [accuracy, f1]
optimizer: {{type: adamw, learning_rate: 0.01}}
training: {{epochs: 1000, batch_size: 32, {OFTEN}}}
""",
        "table.csv",
    ),
    *(
        Kind(
            f"cnn-{threads}",
            f"""
dataset:
  {{type: npz, path: images.npz, validation: 40, scale: true, augment: {{shift: 1, rotation: 10}}}}
layers:
  - {{type: reshape, shape: [1, 10, 10]}}
  - {{type: conv2d, filters: 4, kernel_size: 3}}
  - batch_norm
  - relu
  - max_pool2d
  - flatten
  - {{type: dropout, rate: 0.2}}
  - {{type: dense, units: 2}}
loss: cross_entropy
metrics: [accuracy]
optimizer: {{type: adam, learning_rate: 0.003}}
training: {{epochs: 60, batch_size: 32, parts: 2, threads: {threads}, {ALWAYS}}}
""",
            "images.npz",
        )
        for threads in (1, 2)
    ),
)


def write_files(folder: Path) -> None:
    """Write the configs, and the files that they and `predict` read."""
    rng = np.random.default_rng(0)
    for kind in KINDS:
        (folder / f"{kind.name}.yaml").write_text(kind.config)
    np.save(folder / "numbers.npy", rng.uniform(-1, 1, (5, 1)))
    np.save(folder / "points.npy", rng.uniform(-1, 1, (5, 2)))
    lies = rng.integers(0, 2, 240)
    images = rng.integers(0, 90, (240, 10, 10)).astype(np.uint8)
    for image, bar in zip(images, lies, strict=True):
        (image.T if bar else image)[2:8, 4:6] = 200
    np.savez(folder / "images.npz", X=images, y=lies)
    a, b = rng.normal(size=(2, 400)).round(3)
    rows = (
        f"{x},{y},{'pq'[i % 2]},{'in' if x * x + y * y < 1 else 'out'}\n"
        for i, (x, y) in enumerate(zip(a, b, strict=True))
    )
    (folder / "table.csv").write_text("a,b,c,kind\n" + "".join(rows))


@dataclass
class Life:
    """An `nnfs` process, from its start to the end of its session.

    faults: what must not be: a traceback, a hanging process, one that survives, one that ends otherwise.
    asked: the signal that asked it to stop while it trained, as `strike` takes it; or nothing.
    """

    arguments: Sequence[str]
    folder: Path
    faults: list[str] = field(default_factory=list)
    asked: str = ""

    def __post_init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NNFS_CACHE": str(self.folder / "cache")}
        self.started = time.time()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nnfs_cli", *self.arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    def workers(self) -> list[int]:
        """The processes of its session but the first."""
        return [pid for pid in _session(self.process.pid) if pid != self.process.pid]

    def strike(self, how: str, pause: float) -> None:
        """Kill it: `kill`, `kill all`, `kill a worker`, or by `int`, `int twice`, `term`, `hup`.

        pause: seconds between two signals.
        """
        workers = self.workers() if how == "kill a worker" else []
        numbers = {"int": signal.SIGINT, "term": signal.SIGTERM, "hup": signal.SIGHUP}
        if how == "kill all":
            os.killpg(self.process.pid, signal.SIGKILL)
        elif workers:
            os.kill(workers[0], signal.SIGKILL)
        elif how.startswith("kill"):
            self.process.kill()
        else:
            first, *twice = how.split()
            self.process.send_signal(numbers[first])
            if twice:
                time.sleep(pause)
                self.process.send_signal(numbers[first])

    def wait(self) -> int:
        """Wait for its end; note faults in what it said. Returns the exit status, negative for a signal."""
        try:
            self.out, self.err = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.faults.append(f"hangs: {self}")
            os.killpg(self.process.pid, signal.SIGKILL)
            self.out, self.err = self.process.communicate()
        said = self.out + self.err
        if any(sign in said for sign in SIGNS_OF_BUGS) and not _is_of_starting_python(said):
            self.faults.append(f"{self} says:\n{said[-3000:]}")
        return self.process.returncode

    def look_for_survivors(self) -> None:
        """Note a fault if a process of its session is left, once there was time to end."""
        until = time.monotonic() + ENDING
        while (left := _session(self.process.pid)) and time.monotonic() < until:
            time.sleep(0.05)
        for pid in left:
            self.faults.append(f"process {pid} survives: {self}")
            os.kill(pid, signal.SIGKILL)

    def check_message(self) -> None:
        """Note a fault unless it did its work, or said why not and ended with exit status 2."""
        status, lines = self.process.returncode, self.err.splitlines()
        is_clear = bool(lines) and all(line.startswith(("nnfs: ", "  ")) for line in lines)
        if status and not (status == 2 and is_clear):
            self.faults.append(f"{self} ends with {status} and says: {self.err}")

    def is_training(self, run: Path) -> bool:
        """Whether it wrote a checkpoint, and is not over: from then on it stops when it is asked to."""
        checkpoint = run / "checkpoint.npz"
        return not self.is_over and checkpoint.exists() and checkpoint.stat().st_mtime > self.started

    def check_stop(self, run: Path) -> None:
        """Note a fault unless it stopped as asked, said so and how to go on; or had trained to the end.

        In a hurry it only says what is kept, and may be too late to write its status.
        """
        if not self.asked or status_of(run) == "completed":
            return
        says = ["nnfs resume"] if "twice" in self.asked else ["finishing the step and saving", "nnfs resume"]
        statuses = ("interrupted", "running") if "twice" in self.asked else ("interrupted",)
        is_right = self.process.returncode in INTERRUPTED and status_of(run) in statuses
        if not (is_right and all(words in self.err for words in says)):
            self.faults.append(
                f"{self}, asked by {self.asked}, ends with {self.process.returncode}, "
                f"{status_of(run)!r}, and says: {self.err}"
            )

    def __str__(self) -> str:
        return f"`nnfs {' '.join(self.arguments)}`"


def _is_of_starting_python(said: str) -> bool:
    """Whether Ctrl-C came while Python itself started: nnfs had not begun, and cannot help what is said."""
    starts = any(sign in said for sign in ("init_import_site", "in _run_module_as_main"))
    return starts and "__main__.py" not in said and said.rstrip().endswith("KeyboardInterrupt")


def _session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def shared_memory() -> set[str]:
    """The names in shared memory that Python's multiprocessing gave, and that no process uses any more."""
    names = SHARED_MEMORY.iterdir() if SHARED_MEMORY.is_dir() else ()
    ours = {path.name for path in names if path.name.startswith(("sem.mp-", "psm_"))}
    for maps in Path("/proc").glob("[0-9]*/maps") if ours else ():
        with suppress(OSError):
            used = maps.read_text()
            ours = {name for name in ours if name not in used}
    return ours


def status_of(run: Path) -> str:
    """What a run's summary says of it; nothing if there is none."""
    try:
        return str(json.loads((run / "summary.json").read_text())["status"])
    except FileNotFoundError:
        return ""
    except ValueError:
        return "damaged"


def train_unbroken(kind: Kind, folder: Path) -> Path:
    """Train the run that nobody stops."""
    life = Life(["train", f"{kind.name}.yaml", "--id", kind.name, "--runs", "whole", "--quiet"], folder)
    if life.wait():
        raise AssertionError(life.err)
    return folder / "whole" / kind.name


def go_on(kind: Kind, run: Path) -> Life:
    """Train a run, or resume it. If it has no checkpoint yet, do what `nnfs resume` then says."""
    folder, origin, refused = run.parent.parent, f"{kind.name}.yaml", []
    if run.exists():
        age_leftovers(run)
        life = Life(["resume", run.name, "--quiet"], folder)
        if any(run.glob("checkpoint*.npz")):
            return life
        life.wait()
        former = former_of(run)
        shutil.rmtree(former, ignore_errors=True)
        run.rename(former)
        has_config = (former / "config.yaml").exists()
        origin = f"runs/{former.name}/config.yaml" if has_config else origin
        advice = (
            f"`nnfs train runs/{run.name}/config.yaml` starts anew" if has_config else "it has no config.yaml"
        )
        if life.process.returncode != 2 or advice not in life.err:
            life.faults.append(
                f"{life} ends with {life.process.returncode} and says: {life.err}, not: {advice}"
            )
        refused = life.faults
    return Life(["train", origin, "--id", run.name, "--quiet"], folder, refused)


def former_of(run: Path) -> Path:
    """Where `go_on` leaves a run that had no checkpoint."""
    return run.with_name(f"{run.name}-former")


def faults_of_end(last: Life, run: Path, whole: Path) -> list[str]:
    """What is wrong with a run after its last life, if it is not as the unbroken one."""
    if (status := status_of(run)) != "completed":
        return [f"{run.name} ends as {status!r}: {last.err}"]
    faults = [f"{run.name}: {name} differs" for name in differences(run, whole)]
    if last.process.returncode == 0:
        faults += [f"{file} is left" for file in run.rglob(".*.part")]
    return faults


def age_leftovers(run: Path) -> None:
    """Let the temporary files that killed writers left be an hour old: only such ones are removed."""
    for file in run.rglob(".*.part"):
        os.utime(file, (time.time() - 3600,) * 2)


def differences(run: Path, whole: Path) -> list[str]:
    """The files in which a run differs from the one that was never stopped; seconds may."""
    found = [name for name in ("steps.csv", "epochs.csv") if _rows(run / name) != _rows(whole / name)]
    for name in ("weights.npz", "snapshots.npz", "predictions.npz", "diagnostics.npz"):
        if (whole / name).exists() and not _equal(run / name, whole / name):
            found.append(name)
    scores = [json.loads((each / "summary.json").read_text())["scores"] for each in (run, whole)]
    return found if scores[0] == scores[1] else [*found, "scores"]


def _rows(file: Path) -> list[list[str]]:
    """The rows of a CSV file without the column of seconds."""
    if not file.exists():
        return []
    rows = [line.split(",") for line in file.read_text().splitlines()]
    if "seconds" in rows[0]:
        column = rows[0].index("seconds")
        rows = [row[:column] + row[column + 1 :] for row in rows]
    return rows


def _equal(file: Path, other: Path) -> bool:
    """Whether two .npz files hold the same bits."""
    if not file.exists():
        return False
    with np.load(file) as one, np.load(other) as two:
        same = one.files == two.files
        return same and all(
            (one[name].dtype, one[name].shape, one[name].tobytes())
            == (two[name].dtype, two[name].shape, two[name].tobytes())
            for name in one.files
        )
