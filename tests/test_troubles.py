"""A training on a disk that does not take everything: it goes on where it can, and says so."""

import errno
import os
from pathlib import Path

import pytest

from nnfs_cli import plots
from nnfs_cli.core.os_errors import WriteError, unwritable
from nnfs_cli.runs.directory import RunDirectory
from tests.conftest import Nnfs

FAST = ("--set", "training.epochs=3", "--set", "training.checkpoint_every=0", "--id", "a")
WRITE = RunDirectory.write


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, first: int, last: int) -> None:
    """Let the disk be full at the writes of a file from `first` to `last`, counted from 1."""
    count = 0

    def write(run: RunDirectory, file: str, content: bytes, former: str | None = None) -> None:
        nonlocal count
        count += file == name
        if file == name and first <= count <= last:
            raise unwritable(run.path / file, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        WRITE(run, file, content, former)

    monkeypatch.setattr(RunDirectory, "write", write)


@pytest.mark.parametrize("name", ["checkpoint.npz", "snapshots.npz"])
def test_a_checkpoint_that_the_disk_does_not_take_is_tried_again_and_that_is_said(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    refuse(monkeypatch, name, 2, 3)
    outcome = nnfs("train", "cubic.yaml", *FAST)
    said = f"cannot write runs/a/{name}: no space is left on the disk; training goes on and tries again"
    assert outcome.status == 0
    assert said in outcome.out  # with the epoch
    assert said in outcome.err  # at the end
    summary = RunDirectory(Path("runs/a")).summary()
    assert (summary["status"], sum(said in note for note in summary["notes"])) == ("completed", 1)


@pytest.mark.parametrize("name", ["weights.npz", "predictions.npz", "checkpoint.npz"])
def test_what_is_lost_at_the_end_is_told_and_a_resumed_run_writes_it(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    nnfs("train", "cubic.yaml", *FAST[:-1], "b", "--quiet")
    with monkeypatch.context() as full:
        refuse(full, name, 3, 100) if name == "checkpoint.npz" else refuse(full, name, 1, 100)
        outcome = nnfs("train", "cubic.yaml", *FAST, "--quiet")
    assert outcome.status == 3
    assert outcome.err.startswith(
        f"nnfs: cannot write runs/a/{name}: no space is left on the disk; the checkpoint"
    )
    assert "`nnfs resume runs/a` goes on from it" in outcome.err
    assert RunDirectory(Path("runs/a")).summary()["status"] == "failed"
    assert nnfs("resume", "a", "--quiet").status == 0
    a, b = (RunDirectory(Path("runs") / run).arrays("weights.npz") for run in "ab")
    assert {name: array.tobytes() for name, array in a.items()} == {
        name: array.tobytes() for name, array in b.items()
    }


def test_a_training_that_cannot_begin_ends_with_status_2(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "checkpoint.npz", 1, 1)
    outcome = nnfs("train", "cubic.yaml", *FAST, "--quiet")
    assert (outcome.status, outcome.err) == (
        2,
        "nnfs: cannot write runs/a/checkpoint.npz: no space is left on the disk\n",
    )


def test_a_picture_that_the_disk_does_not_take_costs_no_more(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(run: RunDirectory) -> list[Path]:
        raise WriteError(f"cannot write {run.path / 'plots' / 'loss.png'}: no space is left on the disk")

    monkeypatch.setattr(plots, "draw_essential", draw)
    outcome = nnfs("train", "cubic.yaml", *FAST, "--quiet")
    assert outcome.status == 0
    assert "loss.png: no space is left on the disk; `nnfs plot runs/a` draws the pictures" in outcome.err


def test_a_run_whose_folder_is_gone_is_told_so(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(run: RunDirectory, file: str, content: bytes, former: str | None = None) -> None:
        if file == "weights.npz":
            run.path.rename("elsewhere")
        WRITE(run, file, content, former)

    monkeypatch.setattr(RunDirectory, "write", write)
    outcome = nnfs("train", "cubic.yaml", *FAST, "--quiet")
    assert outcome.status == 3
    assert f"there is no folder {Path('runs/a').absolute()}" in outcome.err
    assert "nothing is left of the run" in outcome.err
