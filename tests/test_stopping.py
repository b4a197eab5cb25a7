"""Signals that stop a training, in each of its phases; and outputs that break meanwhile."""

import itertools
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest

from nnfs_cli import plots
from nnfs_cli.core.interrupts import STOPS, send_again
from nnfs_cli.jobs import record, results
from nnfs_cli.jobs.train import train_run
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.lock import WRITER
from nnfs_cli.speed.workers import can_fork
from nnfs_cli.training.experiment import Experiment
from tests.conftest import Nnfs
from tests.test_commands import same_numbers
from tests.toys import CUBIC, ROOT, toy_config

OFTEN = ["--set", "training.checkpoint_every=0"]
PHASES: dict[str, tuple[object, str, int]] = {
    "first checkpoint": (record, "write_checkpoint", 1),
    "step": (SGD, "step", 7),
    "checkpoint": (record, "write_checkpoint", 3),
    "scoring": (results, "evaluate", 1),
    "drawing": (plots, "draw_essential", 1),
}
"""What is called at some moment of a training: its place, its name, and which call of it is the moment."""
AFTER = {"scoring", "drawing"}
"""Phases after the last step."""
SIMILAR = {"checkpoint", "scoring"}
"""Phases in which a second Ctrl-C leaves what it leaves in a step."""

IMAGES = """
name: images
seed: 3
dataset: {type: blobs, samples: 400, features: 64}
layers:
  - {type: reshape, shape: [1, 8, 8]}
  - {type: conv2d, filters: 3, kernel_size: 3}
  - flatten
  - {type: dense, units: 3}
loss: cross_entropy
optimizer: {type: sgd, learning_rate: 0.01}
training: {epochs: 5, batch_size: 32}
"""


class Interrupted:
    """Ctrl-C comes while Python throws it away."""

    def __del__(self) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_that_comes_in_a_callback_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def throw_away_and_wait() -> None:
        Interrupted()
        time.sleep(60)

    monkeypatch.setattr(sys, "unraisablehook", send_again)
    with pytest.raises(KeyboardInterrupt):
        throw_away_and_wait()


def send(signals: Iterable[int]) -> None:
    for number in signals:
        signal.raise_signal(number)


def at(phase: str, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let a training do something in the middle of this phase."""
    place, name, nth = PHASES[phase]
    before: Any = getattr(place, name)
    calls = 0

    def called(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            act()
        return before(*arguments)

    monkeypatch.setattr(place, name, called)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the cubic example that was never stopped."""
    experiment = Experiment(toy_config(CUBIC))
    run = RunDirectory.create(tmp_path_factory.mktemp("whole"), experiment.config, "whole")
    for _ in train_run(experiment, run):
        pass
    return run.path


def ends_as_the_whole(nnfs: Nnfs, whole: Path) -> bool:
    if RunDirectory(Path("runs/one")).summary()["status"] != "completed":
        assert nnfs("resume", "one", "-q").status == 0
    return same_numbers(Path("runs/one"), whole) and not Path("runs/one", WRITER).exists()


SIGNALS = [*((each,) for each in STOPS), (signal.SIGINT, signal.SIGTERM), tuple(STOPS[1:]) * 2]
GRID = [(signals, phase) for signals in SIGNALS for phase in PHASES]
DIAGONAL = [*zip(SIGNALS, itertools.cycle(PHASES), strict=False)]
"""All signals and all phases, each once; the fast suite takes these."""


@pytest.mark.parametrize(
    ("signals", "phase"),
    [pytest.param(*each, marks=() if each in DIAGONAL else pytest.mark.slow) for each in GRID],
)
def test_a_signal_saves_all_in_every_phase_and_several_at_once_do_no_more(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, whole: Path, signals: tuple[int, ...], phase: str
) -> None:
    with monkeypatch.context() as during:
        at(phase, during, lambda: send(signals))
        stopped = nnfs("train", "cubic.yaml", "--id", "one", "-q", *OFTEN)
    assert stopped.err.count("Ctrl-C again stops at once") == 1 + (phase not in AFTER)
    run = RunDirectory(Path("runs/one"))
    if phase in AFTER:
        assert stopped.status == 0
        assert run.summary()["status"] == "completed"
    else:
        assert stopped.status == 130
        assert stopped.err.endswith("`nnfs resume runs/one` continues it\n")
        assert run.summary()["status"] == "interrupted"
        assert run.has("weights.npz")
    assert ends_as_the_whole(nnfs, whole)


@pytest.mark.parametrize(
    "phase", [pytest.param(each, marks=pytest.mark.slow if each in SIMILAR else ()) for each in PHASES]
)
def test_a_second_ctrl_c_stops_at_once_in_every_phase_and_says_what_is_kept(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, whole: Path, phase: str
) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    with monkeypatch.context() as during:
        at(phase, during, twice)
        stopped = nnfs("train", "cubic.yaml", "--id", "one", "-q", *OFTEN)
    assert stopped.status == 130
    kept = {
        "first checkpoint": "nothing was trained yet; `nnfs train runs/one/config.yaml` starts anew",
        "drawing": "runs/one is complete but for its pictures; `nnfs plot runs/one` draws them",
    }
    continues = "`nnfs resume runs/one` continues from the last checkpoint"
    assert stopped.err.endswith(f"nnfs: stopped at once; {kept.get(phase, continues)}\n")
    if phase == "first checkpoint":
        assert "starts anew" in nnfs("resume", "one").err
    else:
        assert ends_as_the_whole(nnfs, whole)


COMMANDS = (["plot"], ["report"], ["evaluate"], ["explain"], ["predict", "x.csv"])


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["first checkpoint", "checkpoint", "scoring"])
def test_every_command_on_a_run_under_way_gives_what_is_there_or_one_sentence(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    Path("x.csv").write_text("x\n0.5\n")

    def copy() -> None:
        shutil.copytree("runs/one", f"runs/{len(list(Path('runs').iterdir()))}")

    for arguments in (["train", "cubic.yaml", "--id", "one", *OFTEN], ["resume", "one", "--epochs", "9"]):
        with monkeypatch.context() as during:
            at(phase, during, copy)
            assert nnfs(*arguments, "-q").status == 0
    for run in ("1", "2"):
        assert nnfs("runs").out.count("unreadable") == 0
        for command, *more in COMMANDS:
            outcome = nnfs(command, run, *more)
            assert "damaged" not in outcome.err
            assert outcome.status == 0 or (outcome.status == 2 and outcome.err.count("\n") == 1), outcome.err


LONG = ["cubic.yaml", "--id", "one", "--set", "training.epochs=3000"]


def started(*more: str, **options: Any) -> "subprocess.Popen[bytes]":
    """A training in a process of its own, which is under way."""
    command = [sys.executable, "-m", "nnfs_cli", "train", *LONG, *more]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options)
    deadline = time.monotonic() + 60
    while not Path("runs/one/epochs.csv").is_file():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def status() -> str:
    return str(RunDirectory(Path("runs/one")).summary()["status"])


def ignore() -> None:
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.slow
@pytest.mark.usefixtures("nnfs")
def test_signals_that_are_ignored_from_the_start_stay_ignored_and_a_closed_pipe_ends_no_training() -> None:
    process = started(preexec_fn=ignore, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    for number in STOPS:
        process.send_signal(number)
    assert process.wait(60) == 0
    assert status() == "completed"


@pytest.mark.slow
@pytest.mark.parametrize("ignores", [False, True])
def test_a_terminal_that_vanishes_stops_a_training_well_or_not_at_all(nnfs: Nnfs, ignores: bool) -> None:
    pid, terminal = pty.fork()
    if not pid:
        if ignores:
            ignore()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
        command = [sys.executable, "-m", "nnfs_cli", "train", *LONG]
        os.execve(sys.executable, command, environment)  # noqa: S606
    while not Path("runs/one/epochs.csv").is_file():
        os.read(terminal, 1 << 16)
    os.close(terminal)
    _, ended = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(ended) == (0 if ignores else 130)
    assert status() == ("completed" if ignores else "interrupted")
    assert nnfs("resume", "one").status == (2 if ignores else 0)


@pytest.mark.slow
@pytest.mark.skipif(not can_fork(), reason="this system has no worker processes")
@pytest.mark.usefixtures("nnfs")
def test_no_worker_outlives_its_leader_which_leaves_the_run_to_others() -> None:
    Path("cubic.yaml").write_text(IMAGES)
    process = started("--set", "training.parts=2", "--set", "training.threads=2")
    (worker,) = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    worker.wait(20)
    assert status() == "died"
    with RunDirectory(Path("runs/one")).writing():
        pass


@pytest.mark.slow
@pytest.mark.usefixtures("nnfs")
def test_outputs_that_are_closed_change_nothing() -> None:
    command = f"exec {sys.executable} -m nnfs_cli train cubic.yaml --id one >&- 2>&- <&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, shell=True, env=environment, check=False).returncode == 0  # noqa: S602
    assert status() == "completed"


@pytest.mark.parametrize("command", [["train", "cubic.yaml", "--id", "a", "-q"], ["plot", "whole"]])
def test_ctrl_c_while_a_compiled_module_loads_is_ctrl_c(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    assert nnfs("train", "cubic.yaml", "--id", "whole", "-q").status == 0

    def load(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("initialization failed") from error

    for name in ("draw_essential", "_write"):
        monkeypatch.setattr(plots, name, load)
    done = nnfs(*command)
    assert done.status == 130
    said = "stopped at once; runs/a is complete but for its pictures" if "a" in command else "interrupted"
    assert said in done.err
