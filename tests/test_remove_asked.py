"""Removing deletes what the question named: by seals, after a change or an error, however it is spelled."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import delete
from nnfs_cli.jobs.remove import plan_removal, remove
from nnfs_cli.runs.lock import WriterLock
from tests.conftest import Nnfs
from tests.test_hostile_run import content
from tests.test_keeping import made, make_study, runs  # noqa: F401  fixtures
from tests.test_remove import names

SEALED = ("summary.json", "preparation.json", "evaluation-test.json", "marks.json")


@pytest.fixture(autouse=True)
def kept(runs: Path) -> Path:  # noqa: F811
    return runs


def users(folder: Path, config: Path | None) -> Path:
    """A folder of the user's own with files named as those of nnfs, and perhaps a copied config."""
    (folder / "raw").mkdir(parents=True)
    for name in ("epochs.csv", "runs.csv", "report.html", "best.yaml", "weights.npz"):
        (folder / name).write_text("my own")
    (folder / "summary.json").write_text('{"status": "draft"}')
    if config:
        shutil.copy(config, folder)
    return folder


@pytest.mark.parametrize("config", [None, "runs/fast/config.yaml", "runs/seeds/study.yaml"])
@pytest.mark.parametrize("own", ["config.yaml", "study.yaml"])
def test_a_folder_of_the_users_is_no_run_whatever_its_files_are_called(
    nnfs: Nnfs, kept: Path, config: str | None, own: str
) -> None:
    make_study(kept, "seeds")
    folder = users(Path("exp"), Path(config) if config else None)
    if not config:
        (folder / own).write_text(Path("blobs.yaml").read_text())
    before = content(Path())
    outcome = nnfs("runs", "rm", "exp", "--yes")
    assert outcome.status == 2
    assert "exp: not deleted: " in outcome.err
    assert content(Path()) == before


@pytest.mark.parametrize("name", [*SEALED, "predictions.npz", "inside.npz"])
def test_a_file_without_the_runs_seal_stays(nnfs: Nnfs, kept: Path, name: str) -> None:
    file = kept / "fast" / name
    if name.endswith("npz"):
        import numpy as np

        np.savez(file, x=np.ones(3))
    else:
        file.write_text((kept / "adam" / "summary.json").read_text())
    before = file.read_bytes()
    outcome = nnfs("runs", "rm", "fast", "--yes")
    assert outcome.status == 0, outcome.err
    assert f"stays with what nnfs did not write: {name}" in outcome.out
    assert names(kept / "fast") == [name]
    assert file.read_bytes() == before


def moved(run: Path) -> None:
    """The run is moved to an archive, with a link in its place."""
    run.rename("archived")
    run.symlink_to(Path("archived").absolute())


def trained_anew(run: Path) -> None:
    """Another run stands under the same name."""
    shutil.rmtree(run)
    shutil.copytree(run.with_name("slow"), run)


def given_another_file(run: Path) -> None:
    (run / "evaluation-train.json").write_text((run / "preparation.json").read_text())


@pytest.mark.parametrize("change", [moved, trained_anew, given_another_file, shutil.rmtree])
def test_what_changed_after_the_question_is_not_deleted(kept: Path, change: Callable[[Path], None]) -> None:
    planned = plan_removal(kept / "fast")
    change(kept / "fast")
    before = content(Path())
    with pytest.raises(NnfsError, match=r"it changed after the question|a link to|it is gone"):
        remove(planned)
    assert content(Path()) == before


def test_after_an_error_it_is_told_what_was_deleted_before(
    nnfs: Nnfs, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path, inside: Path) -> None:
        if "fast" in str(path):
            raise NnfsError(f"cannot delete {path}")
        delete(path, inside)

    monkeypatch.setattr("nnfs_cli.jobs.remove.delete", broken)
    outcome = nnfs("runs", "rm", "adam", "fast", "slow", "--yes")
    assert outcome.status == 2
    assert "deleted so far: 1 of 3 runs: runs/adam" in outcome.err
    assert names(kept) == ["cubic", "fast", "slow"]


@pytest.mark.parametrize("protected", ["runs", "runs/fast", "runs/fast/plots"])
def test_a_folder_that_may_not_be_changed_stops_the_plan(
    nnfs: Nnfs, kept: Path, monkeypatch: pytest.MonkeyPatch, protected: str
) -> None:
    (kept / "fast/plots").mkdir(exist_ok=True)
    real = os.path.realpath(protected)
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.W_OK or os.path.realpath(path) != real)
    outcome = nnfs("runs", "rm", "adam", "fast", "--yes")
    assert outcome.status == 2
    assert "you may not change the folder" in outcome.err
    assert (kept / "adam").exists()


def test_a_run_is_one_however_it_is_spelled(nnfs: Nnfs, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").symlink_to(kept.absolute())
    spelled = ("fast", "runs/../runs/fast", "elsewhere/fast", str((kept / "fast").absolute()))
    assert nnfs("runs", "mark", *spelled, "--tag", "a").out == "fast: tags a\n"
    assert "deleted: 1 run, " in nnfs("runs", "rm", *spelled, "--yes").out
    monkeypatch.chdir(kept / "adam")
    outcome = nnfs("runs", "rm", ".", "--yes")
    assert outcome.status == 0, outcome.err


def test_conditions_name_the_studies_that_they_leave(nnfs: Nnfs, kept: Path) -> None:
    make_study(kept, "seeds")
    nnfs("runs", "mark", "seeds", "adam", "--tag", "old")
    outcome = nnfs("runs", "rm", "--tag", "old", "--yes")
    assert "1 study is like that too" in outcome.out
    assert "`nnfs runs rm runs/seeds`" in outcome.out
    assert names(kept) == ["cubic", "fast", "seeds", "slow"]


def test_a_run_of_a_study_that_is_being_conducted_stays(nnfs: Nnfs, kept: Path) -> None:
    study = make_study(kept, "seeds")
    lock = WriterLock(study)
    lock.acquire()
    outcome = nnfs("runs", "rm", "seeds/slow", "--yes")
    lock.release()
    assert outcome.status == 2
    assert "runs/seeds is being " in outcome.err
    assert names(study / "slow") == names(kept / "slow")
