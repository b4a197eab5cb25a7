"""The disk fails at each operation of a training in turn: nothing is lost, and everything is said."""

import errno
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.core.os_errors import REASONS
from nnfs_cli.runs.directory import RunDirectory
from tests.amount import amount
from tests.disk import Fault
from tests.disk_cases import CODES, CONFIG, KILLED, Outcome, command, content

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="a child process is forked for each case"),
]
PARTS = 4
"""Of the campaign, for as many processes."""
SILENT = ("read", "stat", "scandir", "listdir", "close", "unlink")
"""Operations whose failure need not be said where the training does without them: nothing is missing then."""


class Twin:
    """A training that was never stopped: what others are compared with.

    trials: operations by which the lock's library tries out the run's folder; it does without some of them.
    """

    def __init__(self, folder: Path) -> None:
        self.config = folder / "tiny.yaml"
        self.config.write_text(CONFIG)
        command(folder / "warm", *self.arguments(folder / "warm"))
        self.outcome = command(folder / "twin", *self.arguments(folder / "twin"))
        assert self.outcome.status == 0, self.outcome.text
        self.content = content(RunDirectory(folder / "twin" / "x"))
        done = self.outcome.done
        before_lock = enumerate(done[: done.index("open /x/.lock")])
        self.trials = [number for number, operation in before_lock if operation.endswith(" /x")]

    def arguments(self, root: Path) -> tuple[str, ...]:
        return ("train", str(self.config), "--runs", str(root), "--id", "x", "--quiet")

    def faults(self) -> list[Fault]:
        """Every fault at every operation."""
        found = []
        for at, operation in enumerate(self.outcome.done):
            found += [Fault(at, code) for code in CODES]
            found += [Fault(at, CODES[at % len(CODES)], forever=True)]
            found += [Fault(at, CODES[0], half=True)] * operation.startswith("write")
            found += [Fault(at, 0)]
        return found


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    return Twin(tmp_path_factory.mktemp("twin"))


@pytest.mark.parametrize("part", range(PARTS))
def test_a_training_on_a_failing_disk_loses_nothing(twin: Twin, tmp_path: Path, part: int) -> None:
    faults = twin.faults()
    order = np.random.default_rng(0).permutation(len(faults))
    faults = [faults[k] for k in order[: amount(24, len(faults))][part::PARTS]]
    wrong = []
    for i, fault in enumerate(faults):
        problems = problems_of(twin, tmp_path / str(i), fault)
        wrong += [f"{fault} {twin.outcome.done[fault.at]}: {problem}" for problem in problems]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(faults)}", *wrong])


def problems_of(twin: Twin, root: Path, fault: Fault) -> list[str]:
    """What is wrong with a training on a disk with this fault, and with what is left of it."""
    run = root / "x"
    outcome = command(root, *twin.arguments(root), fault=fault)
    problems = [*_badly_said(twin, run, fault, outcome)]
    expected = (KILLED, 0) if not fault.code else (0, 2, 3)
    if outcome.status not in expected:
        problems.append(f"status {outcome.status}, expected {expected}: {outcome.text}")
    if not fault.forever and fault.code and (left := [*root.rglob("*.part")]):
        problems.append(f"left {left}")
    began = (run / "steps.csv").exists()
    if outcome.status == 2 and began:
        problems.append(f"status 2, but it had begun: {outcome.text}")
    if outcome.status and (run / "config.yaml").exists():
        resumed = command(root, "resume", str(run), "--quiet")
        never_began = "no checkpoint was written" in resumed.text and not began
        whole = "nothing to resume" in resumed.text
        if resumed.status and not never_began and not whole:
            problems.append(f"resume: {resumed.status} {resumed.text}; before: {outcome.text}")
        if resumed.status and not whole:
            return problems
    if (run / "config.yaml").exists():
        found = content(RunDirectory(run))
        problems += [f"another {key}" for key in twin.content if found.get(key) != twin.content[key]]
    elif outcome.status == 0 or began:
        problems.append("the run is lost")
    return problems


def _badly_said(twin: Twin, run: Path, fault: Fault, outcome: Outcome) -> Sequence[str]:
    operation = twin.outcome.done[fault.at].split()[0]
    if "Traceback" in outcome.text:
        return [outcome.text]
    unreadable_folder = (
        operation == "open" and fault.code == errno.EACCES
    )  # then files are named by their paths
    silent = operation in SILENT or unreadable_folder or fault.at in twin.trials
    if not fault.code or (outcome.status == 0 and silent):
        return []
    if outcome.status == 3 and "nnfs resume" not in outcome.text:
        return [f"no way to go on: {outcome.text}"]
    said = " ".join([outcome.text, *(RunDirectory(run).summary()["notes"] if not outcome.status else ())])
    words = [REASONS["ENOSPC"], REASONS["EIO"], "Permission denied"]
    known = any(word in said for word in words) and str(run.parent) in said
    return [] if known else [f"not said: {outcome.status} {outcome.text}"]


COMMANDS = (
    ("evaluate", "x"),
    ("explain", "x"),
    ("plot", "x", "--only", "loss"),
    ("report", "x"),
    ("resume", "x", "--epochs", "3", "--quiet"),
    ("runs",),
)


def test_a_file_that_cannot_be_read_is_not_called_damaged(twin: Twin, tmp_path: Path) -> None:
    root = twin.config.parent / "twin"
    cases = []
    for arguments in COMMANDS:
        copy = tmp_path / arguments[0]
        shutil.copytree(root, copy)
        done = command(copy, *arguments, "--runs", str(copy)).done
        cases += [(arguments, at) for at, each in enumerate(done) if each.split()[0] in SILENT[:4]]
    order = np.random.default_rng(0).permutation(len(cases))
    wrong = []
    for arguments, at in [cases[k] for k in order[: amount(6, len(cases))]]:
        copy = tmp_path / f"{arguments[0]}-{at}"
        shutil.copytree(root, copy)
        fault = Fault(at, CODES[1 + at % 2])
        outcome = command(copy, *arguments, "--runs", str(copy), fault=fault)
        said = any(words in outcome.text for words in (REASONS["EIO"], "Permission denied"))
        if outcome.status not in (0, 2, 3) or "damaged" in outcome.text or (outcome.status and not said):
            wrong.append(f"{arguments} {fault}: {outcome.status} {outcome.text}")
        shutil.rmtree(copy)
    assert not wrong, "\n".join([f"{len(wrong)} of {len(cases)}", *wrong])
