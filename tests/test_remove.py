"""Removing runs: what nnfs wrote and nothing else, after a question, and never half without a way to finish."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import delete
from nnfs_cli.jobs.remove import plan_removal, remove
from nnfs_cli.plots.study import NAMES
from nnfs_cli.runs.directory import RunDirectory
from tests.aged import aged
from tests.conftest import Nnfs
from tests.test_hostile_run import content
from tests.test_keeping import made, make_study, runs  # noqa: F401  fixtures


class Terminal(io.StringIO):
    """Standard input of a user who sits there and answers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def victim(runs: Path) -> Path:  # noqa: F811
    """A run to be removed, and pictures that were drawn of it."""
    run = runs / "fast"
    (run / "plots").mkdir(exist_ok=True)
    for name in ("loss.png", "confusion.svg", "growth.gif"):
        (run / "plots" / name).touch()
    return run


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_is_removed_whole_and_no_other(nnfs: Nnfs, victim: Path) -> None:
    nnfs("evaluate", "fast", "--split", "train")
    nnfs("runs", "mark", "fast", "--tag", "old")
    nnfs("train", "blobs.yaml", "--id", "next", "-q", "--from", "fast")
    (victim / ".0123456789abcdef.part").write_text("left by a killed process")
    before = {name: text for name, text in content(Path("runs")).items() if not name.startswith("runs/fast")}
    outcome = nnfs("runs", "rm", "fast", "--yes")
    assert outcome.status == 0, outcome.err
    assert "deleted: 1 run, " in outcome.out
    assert not victim.exists()
    assert content(Path("runs")) == before
    assert nnfs("verify", "next", "-q").status == 0


def test_a_run_with_plugins_and_a_report_is_removed_whole(nnfs: Nnfs, tmp_path: Path) -> None:
    Path("helper.py").write_text("x = 1\n")
    Path("own.py").write_text("import helper\n")
    Path("c.yaml").write_text(Path("blobs.yaml").read_text() + "plugins: [own.py]\n")
    assert nnfs("train", "c.yaml", "--id", "a", "-q").status == 0
    assert nnfs("report", "a").status == 0
    assert (tmp_path / "runs/a/plugin_0_own_files/helper.py").is_file()
    assert nnfs("runs", "rm", "a", "--yes").status == 0
    assert not (tmp_path / "runs/a").exists()


@pytest.mark.parametrize(
    ("answer", "is_gone"), [("y\n", True), ("yes\n", True), ("n\n", False), ("", False), ("x\n", False)]
)
def test_a_question_names_the_runs_and_their_size(
    nnfs: Nnfs, victim: Path, monkeypatch: pytest.MonkeyPatch, answer: str, is_gone: bool
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    size = sum(file.stat().st_size for file in victim.rglob("*") if file.is_file())
    outcome = nnfs("runs", "rm", "fast", "runs/adam", "runs/fast")
    assert outcome.status == 0
    assert f"runs/fast: {size / 1e6:,.1f} MB" in outcome.out
    assert "runs/adam: " in outcome.out
    assert "2 runs, " in outcome.out
    assert "delete them? [y/N]" in outcome.out
    assert ("nothing was deleted" in outcome.out) != is_gone
    assert victim.exists() != is_gone


@pytest.mark.usefixtures("victim")
def test_without_a_terminal_nothing_is_deleted_unless_yes_says_so(nnfs: Nnfs) -> None:
    before = content(Path("runs"))
    outcome = nnfs("runs", "rm", "fast")
    assert outcome.status == 2
    assert "--yes" in outcome.err
    assert content(Path("runs")) == before


@pytest.mark.usefixtures("victim")
def test_runs_are_chosen_by_conditions_and_tags_but_studies_only_by_name(nnfs: Nnfs) -> None:
    make_study(Path("runs"), "seeds")
    nnfs("runs", "mark", "seeds", "cubic", "--tag", "old")
    assert nnfs("runs", "rm", "--where", "optimizer.type=sgd", "--where", "name=blobs", "--yes").status == 0
    assert names(Path("runs")) == ["adam", "cubic", "seeds"]
    assert nnfs("runs", "rm", "--tag", "old", "--yes").status == 0
    assert names(Path("runs")) == ["adam", "seeds"]
    assert "nothing was deleted" in nnfs("runs", "rm", "--tag", "old", "--yes").out
    for arguments, said in (
        ([], "nothing to delete"),
        (["adam", "--tag", "x"], "they cannot go with named ones"),
        (["--where", "optimiser=sgd"], "did you mean"),
    ):
        outcome = nnfs("runs", "rm", *arguments, "--yes")
        assert outcome.status == 2
        assert said in outcome.err
    assert names(Path("runs")) == ["adam", "seeds"]


@pytest.mark.parametrize(
    ("name", "is_link"),
    [("notes.txt", False), ("plots/mine.png", False), ("data/x.csv", False), ("epochs.csv", True)],
)
def test_what_nnfs_did_not_write_stays_with_its_folder_and_is_named(
    nnfs: Nnfs, victim: Path, name: str, is_link: bool
) -> None:
    file, precious = victim / name, Path("precious").absolute()
    precious.write_text("precious")
    file.parent.mkdir(exist_ok=True)
    if is_link:
        file.unlink()
        file.symlink_to(precious)
    else:
        file.write_text("precious")
    outcome = nnfs("runs", "rm", "fast", "--yes")
    assert outcome.status == 0
    told = "data" if name.startswith("data") else name
    assert f"stays with what nnfs did not write: {told}" in outcome.out
    assert file.read_text() == precious.read_text() == "precious"
    assert file.is_symlink() == is_link
    assert [path for path in victim.rglob("*") if not path.is_dir()] == [file]
    assert "fast" not in nnfs("runs").out


def own_config(root: Path) -> Path:
    """A folder with a config of the user's own, and results beside it."""
    folder = root / "mine"
    folder.mkdir()
    (folder / "config.yaml").write_text(Path("blobs.yaml").read_text())
    (folder / "weights.npz").write_bytes(b"precious")
    return folder


def copied_config(root: Path) -> Path:
    """A folder with a copy of a run's config."""
    (root / "copy").mkdir()
    shutil.copy(root / "fast/config.yaml", root / "copy/config.yaml")
    return root / "copy"


def own_study(root: Path) -> Path:
    """A folder with the config of a study."""
    (root / "plans").mkdir()
    (root / "plans/study.yaml").write_text("study: {seeds: 3}\n")
    return root / "plans"


def linked(root: Path) -> Path:
    (root / "link").symlink_to((root / "fast").absolute())
    return root / "link"


def linked_config(root: Path) -> Path:
    (root / "fast/config.yaml").rename("elsewhere.yaml")
    (root / "fast/config.yaml").symlink_to(Path("elsewhere.yaml").absolute())
    return root / "fast"


def linked_lock(root: Path) -> Path:
    (root / "fast/.lock").unlink()
    (root / "fast/.lock").symlink_to(Path("blobs.yaml").absolute())
    return root / "fast"


def empty(root: Path) -> Path:
    (root / "empty").mkdir()
    return root / "empty"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (own_config, "not that of a run as nnfs makes it"),
        (copied_config, "not that of a run as nnfs makes it"),
        (own_study, "not a study as nnfs makes it"),
        (linked, "a link to"),
        (linked_config, "not that of a run as nnfs makes it"),
        (linked_lock, "its .lock is a link"),
        (empty, "it has no config.yaml"),
        (lambda root: root, "it has no config.yaml"),
        (lambda root: root / "gone", "no run"),
    ],
)
def test_what_is_no_run_is_refused_and_then_nothing_is_deleted(
    nnfs: Nnfs, victim: Path, make: Callable[[Path], Path], said: str
) -> None:
    named = make(victim.parent)
    before = content(Path())
    outcome = nnfs("runs", "rm", "adam", str(named), "--yes")
    assert outcome.status == 2
    assert said in outcome.err
    assert content(Path()) == before


def test_a_run_elsewhere_is_removed_if_it_is_named_by_its_path(nnfs: Nnfs, victim: Path) -> None:
    shutil.move(victim, "elsewhere")
    assert "no run or study '../elsewhere'" in nnfs("runs", "rm", "../elsewhere", "--yes").err
    assert nnfs("runs", "rm", "elsewhere", "--yes").status == 0
    assert not Path("elsewhere").exists()


def test_a_run_that_is_being_written_to_is_refused(nnfs: Nnfs, victim: Path) -> None:
    before = content(victim)
    with RunDirectory(victim).writing():
        outcome = nnfs("runs", "rm", "adam", "fast", "--yes")
        assert outcome.status == 2
        assert "is being trained by process" in outcome.err
    assert content(victim) == before
    assert Path("runs/adam").exists()


@pytest.mark.parametrize("is_old", [False, True])
def test_a_kill_at_any_moment_leaves_what_is_listed_and_can_be_removed(
    nnfs: Nnfs, victim: Path, monkeypatch: pytest.MonkeyPatch, is_old: bool
) -> None:
    if is_old:
        aged(victim)
    moments = len(plan_removal(victim).files)
    shutil.copytree(victim, "whole")
    for moment in range(moments - 1):  # then the config is deleted, and an empty folder is left
        shutil.rmtree(victim)
        shutil.copytree("whole", victim)
        deleted: list[Path] = []

        def killed(path: Path, inside: Path) -> None:
            if len(deleted) == moment:  # noqa: B023  called at once
                raise KeyboardInterrupt
            deleted.append(path)  # noqa: B023
            delete(path, inside)

        with monkeypatch.context() as patch:
            patch.setattr("nnfs_cli.jobs.remove.delete", killed)
            with pytest.raises(KeyboardInterrupt):
                remove(plan_removal(victim))
        (line,) = (row for row in json.loads(nnfs("runs", "--json").out) if row["id"] == "fast")
        assert line["status"] == "unreadable" if moment and not is_old else line["status"]
        outcome = nnfs("runs", "rm", "fast", "--yes")
        assert outcome.status == 0, outcome.err
        assert not victim.exists()
        victim.mkdir()


def test_a_run_with_a_damaged_summary_can_be_removed(nnfs: Nnfs, victim: Path) -> None:
    (victim / "summary.json").write_text("{")
    assert nnfs("runs", "rm", "fast", "--yes").status == 0
    assert not victim.exists()


def test_a_full_disk_hinders_no_removal(victim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise NnfsError("no space is left on the disk")

    monkeypatch.setattr("nnfs_cli.runs.lock.replacing", full)
    remove(plan_removal(victim))
    assert not victim.exists()


def test_a_file_that_cannot_be_deleted_is_named(
    nnfs: Nnfs, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("nnfs_cli.core.folders.Folder.remove", refused)
    outcome = nnfs("runs", "rm", "fast", "--yes")
    assert outcome.status == 2
    assert "cannot delete runs/fast/summary.json: Permission denied" in outcome.err
    assert (victim / "config.yaml").exists()


def test_a_study_is_removed_with_its_runs(nnfs: Nnfs, victim: Path) -> None:
    study = make_study(victim.parent, "seeds")
    pictures = [f"plots/{name}.png" for name in NAMES]
    for name in ("trials.csv", "runs.csv", "best.yaml", ".lock", "plugins/0/own.py", *pictures):
        (study / name).parent.mkdir(exist_ok=True, parents=True)
        (study / name).touch()
    outcome = nnfs("runs", "rm", "seeds", "--yes")
    assert outcome.status == 0, outcome.err
    assert "runs/seeds: " in outcome.out
    assert "a study with 2 runs" in outcome.out
    assert "deleted: 1 study, " in outcome.out
    assert not study.exists()
    assert victim.exists()


def test_a_study_and_a_run_of_it_are_removed_once(nnfs: Nnfs, victim: Path) -> None:
    study = make_study(victim.parent, "seeds")
    outcome = nnfs("runs", "rm", "seeds/slow", "seeds", "--yes")
    assert outcome.status == 0, outcome.err
    assert "deleted: 1 study, " in outcome.out
    assert not study.exists()


def test_a_run_of_a_study_can_be_removed_alone(nnfs: Nnfs, victim: Path) -> None:
    study = make_study(victim.parent, "seeds")
    assert nnfs("runs", "rm", "seeds/slow", "--yes").status == 0
    assert names(study) == ["fast", "study.yaml", "summary.json"]


def test_a_study_with_a_run_that_is_being_trained_is_not_touched(nnfs: Nnfs, victim: Path) -> None:
    study = make_study(victim.parent, "seeds")
    before = content(study)
    with RunDirectory(study / "slow").writing():
        outcome = nnfs("runs", "rm", "seeds", "--yes")
        assert outcome.status == 2
        assert "is being trained" in outcome.err
    assert content(study) == before


def test_what_nnfs_did_not_write_in_a_study_stays(nnfs: Nnfs, victim: Path) -> None:
    study = make_study(victim.parent, "seeds")
    (study / "slow" / "notes.txt").write_text("mine")
    (study / "data").mkdir()
    (study / "else").symlink_to(victim.absolute())
    outcome = nnfs("runs", "rm", "seeds", "--yes")
    assert "stays with what nnfs did not write: data, else, slow/notes.txt" in outcome.out
    assert names(study) == ["data", "else", "slow"]
    assert names(study / "slow") == ["notes.txt"]
    assert (victim / "weights.npz").exists()
