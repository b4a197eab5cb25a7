"""A damaged file of a run: the right answer, or exit status 2 with a message; never a wrong answer."""

import contextlib
import faulthandler
import io
import json
import multiprocessing
import os
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from nnfs_cli import plots
from nnfs_cli.cli.app import main
from tests.amount import amount
from tests.damage import OF_ARCHIVES, OF_TEXTS
from tests.forgery import forge, unseal

SECONDS, MEMORY = 10, 2**30
PATIENCE = 60
"""Seconds by the clock: a busy machine may need more of them than SECONDS of CPU."""
CONFIG = """
name: fuzzed
dataset: {type: csv, path: TABLE, target: kind, validation: 0.2, test: 0.2}
layers: [{type: dense, units: 6}, {type: leaky_relu, negative_slope: 0.1}, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 3, batch_size: 8, log_every: 2, threads: 1, diagnostics: true}
"""
COMMANDS = {
    "predict": ["predict", "RUN", "new.csv", "--proba", "-o", "out.csv"],
    "evaluate": ["evaluate", "RUN", "--json"],
    "runs": ["runs", "--json"],
    "resume": ["resume", "RUN", "--epochs", "4", "-q"],
    "loss": ["plot", "RUN", "--only", "loss"],
    "confusion": ["plot", "RUN", "--only", "confusion"],
    "importance": ["plot", "RUN", "--only", "importance"],
    "weights": ["plot", "RUN", "--only", "weights"],
    "updates": ["plot", "RUN", "--only", "updates"],
    "growth": ["plot", "RUN", "--only", "growth"],
    "calibration": ["plot", "RUN", "--only", "calibration"],
    "saliency": ["plot", "RUN", "--only", "saliency"],
    "activations": ["plot", "RUN", "--only", "activations"],
    "explain": ["explain", "RUN", "--row", "0"],
    "report": ["report", "RUN"],
}
FILES: dict[str, tuple[int, int, tuple[str, ...]]] = {
    # how many cases, in the share and in the whole; and the commands that read the file
    "checkpoint.npz": (40, 2000, ("resume", "resume", "evaluate", "predict")),
    "weights.npz": (60, 2000, ("predict", "predict", "evaluate", "weights")),
    "preparation.json": (60, 2000, ("predict", "predict", "evaluate", "resume")),
    "summary.json": (60, 2000, ("runs", "runs", "evaluate", "loss", "resume")),
    "config.yaml": (60, 600, ("predict", "evaluate", "resume", "loss")),
    "epochs.csv": (12, 200, ("loss", "resume", "evaluate")),
    "steps.csv": (12, 200, ("loss", "resume")),
    "predictions.npz": (10, 100, ("confusion", "report")),
    "inside.npz": (10, 100, ("importance",)),
    "snapshots.npz": (10, 100, ("growth", "resume")),
    "diagnostics.npz": (10, 100, ("updates", "resume")),
    "evaluation-test.json": (10, 100, ("report", "evaluate")),
}
FORGED: dict[str, tuple[str, ...]] = {
    "predictions.npz": ("confusion", "calibration", "report"),
    "inside.npz": ("importance", "saliency"),
    "snapshots.npz": ("growth", "resume"),
    "diagnostics.npz": ("updates", "activations", "report", "resume"),
    "weights.npz": ("weights", "evaluate", "report", "explain"),
    "checkpoint.npz": ("resume",),
    "preparation.json": ("predict", "report", "explain", "resume"),
    "summary.json": ("runs", "report", "confusion", "resume"),
    "evaluation-test.json": ("report",),
    "epochs.csv": ("loss", "report", "resume"),
    "steps.csv": ("loss", "report", "resume"),
}
"""Files that somebody may forge, and commands that read them."""
WRITTEN = {
    "predict": ("out.csv",),
    "evaluate": (),
    "runs": (),
    "resume": ("runs/one/weights.npz", "runs/one/epochs.csv", "runs/one/steps.csv"),
    "report": (),
    "explain": (),
}
"""What a command writes that must be right; of pictures, the picture."""
SECONDS_COLUMN = 2


class Answer(NamedTuple):
    status: int
    out: Any
    err: str
    files: dict[str, bytes]


def nnfs(*words: str) -> tuple[int, str, str]:
    """The status of a command, and what it printed on both streams."""
    sys.argv = ["nnfs", *words]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            status = 0
        except SystemExit as exit_:
            status = int(exit_.code or 0)
    return status, out.getvalue(), err.getvalue()


def call(command: str) -> Answer:
    """A command's answer in the present folder, with all that tells whether it is right."""
    words = [word.replace("RUN", "one") for word in COMMANDS[command]]
    status, out, err = nnfs(*words)
    names = WRITTEN.get(command, (f"runs/one/plots/{command}.png",))
    files = {name: without_seconds(Path(name)) for name in names} if status == 0 else {}
    return Answer(status, json.loads(out) if "--json" in words and status == 0 else out, err, files)


def without_seconds(file: Path) -> bytes:
    """A file's content, but for the seconds in epochs.csv, which are others each time."""
    content = file.read_bytes()
    if file.name != "epochs.csv":
        return content
    rows = [line.split(b",") for line in content.splitlines()]
    return b"\n".join(b",".join(row[:SECONDS_COLUMN] + row[SECONDS_COLUMN + 1 :]) for row in rows)


UNREADABLE = {"id": "one", "status": "unreadable", "tags": [], "note": ""}
"""What the list of runs tells of a damaged run, which has no marks."""


def is_right(command: str, answer: Answer, expected: Answer, file: str) -> bool:
    """Whether an answer is the undamaged run's, or says that it is not."""
    if command == "runs":
        rows = {row["id"]: row for row in answer.out}
        wanted = {row["id"]: row for row in expected.out}
        return rows.pop("two") == wanted.pop("two") and (rows == wanted or rows["one"] == UNREADABLE)
    if command == "report":
        return True  # it has no other source than what the other commands read
    same = (answer.out, answer.files) == (expected.out, expected.files)
    told = "warning" in answer.err and file in ("config.yaml", "checkpoint.npz")
    is_longer = file == "config.yaml" and command == "resume"  # as many epochs as it says now
    return same or told or is_longer


def prepare(folder: str) -> None:
    """Let this process be one that is limited in memory and draws nothing by itself."""
    os.environ.update(NNFS_CACHE=f"{folder}/cache", NNFS_STATE=f"{folder}/state", MPLBACKEND="agg")
    plots.draw_essential = lambda run: []
    warnings.simplefilter("error")
    os.chdir(folder)
    for command in COMMANDS:  # import all that they need
        with contextlib.chdir(fresh(Path(folder))):
            call(command)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))


def fresh(folder: Path) -> Path:
    """A folder with whole runs, `one` and `two`."""
    here = folder / f"case-{os.getpid()}"
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(folder / "whole", here)
    return here


EXPECTED: dict[str, Answer] = {}


def expected(folder: Path, command: str) -> Answer:
    if command not in EXPECTED:
        with contextlib.chdir(fresh(folder)):
            EXPECTED[command] = call(command)
        assert EXPECTED[command].status == 0, EXPECTED[command].err
    return EXPECTED[command]


def attempt(folder: str, file: str, seed: int) -> str:
    """Damage a file and try a command: `right`, `refused`, or what was wrong."""
    rng = Random(f"{file} {seed}")  # noqa: S311
    command = rng.choice(FILES[file][2])
    wanted = expected(Path(folder), command)
    damage = rng.choice(OF_ARCHIVES if file.endswith(".npz") else OF_TEXTS)
    here = fresh(Path(folder))
    own, other = ((here / "runs" / run / file).read_bytes() for run in ("one", "two"))
    (here / "runs/one" / file).write_bytes(damage(rng, own, other))
    case = f"{file}, seed {seed}, {damage.__name__}, {command}"
    answer = watched(case, here, command)
    if isinstance(answer, str):
        return answer
    return "right" if is_right(command, answer, wanted, file) else f"{case}: wrong: {answer.err}"


def attempt_forged(folder: str, file: str, seed: int) -> str:
    """Forge a file and try a command: `right`, `refused`, or what was wrong."""
    rng, here = Random(f"{file} {seed}"), fresh(Path(folder))  # noqa: S311
    command = rng.choice(FORGED[file])
    unseal(here / "runs/one")
    forge(rng, here / "runs/one" / file)
    with warnings.catch_warnings(action="ignore"):  # as for users
        answer = watched(f"{file}, seed {seed}, forged, {command}", here, command)
    return answer if isinstance(answer, str) else "right"


def watched(case: str, here: Path, command: str) -> Answer | str:
    """A command's answer; or `refused`, or what was wrong with it, whatever it answered."""
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    began = time.process_time()
    try:
        with contextlib.chdir(here):
            answer = call(command)
    except Exception:  # whatever it is, a user would see a traceback
        return f"{case}: {traceback.format_exc()}"
    finally:
        faulthandler.cancel_dump_traceback_later()
    if time.process_time() - began > SECONDS:
        return f"{case}: took more than {SECONDS} s"
    if answer.status == 2:
        return "refused" if answer.err.startswith("nnfs: ") else f"{case}: no message: {answer.err}"
    return f"{case}: status {answer.status}: {answer.err}" if answer.status else answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs that differ in their seeds."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "whole").mkdir()
    rng = Random(1)  # noqa: S311
    rows = [(round(rng.gauss(0, 1), 3), round(rng.gauss(0, 1), 3), rng.choice("abc")) for _ in range(90)]
    lines = [f"{x},{y},{c},{'in' if x * y > 0 else 'out'}" for x, y, c in rows]
    table = folder / "table.csv"
    table.write_text("\n".join(["x,y,c,kind", *lines]) + "\n")
    with contextlib.chdir(folder / "whole"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNFS_CACHE", str(folder / "cache"))
        Path("new.csv").write_text("x,y,c\n0.5,1.5,a\n-1,2,b\n3,-3,c\n")
        for name, seed in (("one", 0), ("two", 1)):
            Path("c.yaml").write_text(f"seed: {seed}\n{CONFIG.replace('TABLE', str(table))}")
            assert nnfs("train", "c.yaml", "--id", name, "-q")[0] == 0
            assert nnfs("evaluate", name)[0] == 0
    return folder


def tried(folder: Path, kind: Callable[[str, str, int], str], cases: dict[str, int]) -> list[str]:
    """What was wrong, of so many attempts of a kind with each file."""
    context = multiprocessing.get_context("spawn")
    wrong: list[str] = []
    with ProcessPoolExecutor(2, context, prepare, (str(folder),)) as pool:
        for file, count in cases.items():
            found = list(pool.map(kind, [str(folder)] * count, [file] * count, range(count), chunksize=5))
            good = {outcome: found.count(outcome) for outcome in ("right", "refused")}
            sys.stdout.write(f"{file}: {kind.__name__} {len(found)} times, {good}\n")
            sys.stdout.flush()
            wrong += [outcome for outcome in found if outcome not in good]
    return wrong


@pytest.mark.slow
def test_a_damaged_file_of_a_run_never_gives_a_wrong_answer(folder: Path) -> None:
    wrong = tried(folder, attempt, {file: amount(*counts[:2]) for file, counts in FILES.items()})
    assert not wrong, f"{len(wrong)} wrong\n" + "\n\n".join(wrong[:20])


@pytest.mark.slow
def test_a_forged_file_of_a_run_is_read_or_refused_in_one_message(folder: Path) -> None:
    wrong = tried(folder, attempt_forged, dict.fromkeys(FORGED, amount(10, 300)))
    assert not wrong, f"{len(wrong)} wrong\n" + "\n\n".join(wrong[:20])
