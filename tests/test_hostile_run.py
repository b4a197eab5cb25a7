"""A run directory full of links writes nothing outside of itself, and ids cannot leave the runs folder."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Nnfs

COMMANDS = (
    ["runs"],
    ["evaluate", "RUN"],
    ["evaluate", "RUN", "--split", "train"],
    ["predict", "RUN", "x.csv"],
    ["plot", "RUN", "--only", "loss"],
    ["plot", "RUN", "whole", "--only", "loss"],
    ["report", "RUN"],
    ["explain", "RUN"],
    ["train", "RUN/config.yaml", "-q", "--id", "again", "--set", "training.epochs=1"],
    ["resume", "RUN", "--epochs", "3"],
    ["resume", "RUN"],
)
EXTRA = (
    "evaluation-train.json",
    "report.html",
    ".lock",
    "lock",
    ".nnfs.lock",
    "run.lock",
    "checkpoint.previous.npz",
)


def content(folder: Path) -> dict[str, bytes | None]:
    """All that is in a folder."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture
def whole(nnfs: Nnfs) -> Path:
    assert nnfs("train", "blobs.yaml", "--id", "whole", "-q", "--set", "training.epochs=2").status == 0
    assert nnfs("evaluate", "whole", "--split", "train").status == 0
    assert nnfs("plot", "whole", "--only", "loss").status == 0
    Path("x.csv").write_text("a,b\n1,2\n")
    return Path("runs/whole")


def plant(whole: Path, victim: Path, which: str) -> Path:
    """A run that has a link to somewhere else in place of files, of folders, or of what may be written."""
    victim.mkdir()
    run = Path("theirs")
    shutil.copytree(whole, run)
    if which == "folder":
        shutil.move(run / "plots", victim / "plots")
        (run / "plots").symlink_to(victim / "plots")
        return run
    files = [file.relative_to(run) for file in run.rglob("*") if file.is_file()]
    for name in {*map(str, files), *EXTRA} if which == "files" else ():
        if name != "config.yaml":
            target = victim / name.replace("/", "-")
            if (run / name).exists():
                shutil.move(run / name, target)
            else:
                target.write_text("precious")
            (run / name).symlink_to(target)
    for name in (*EXTRA, "inside.npz", "plots/loss.png") if which == "dangling" else ():
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(victim / "new" / name.replace("/", "-"))
        (victim / "new").mkdir(exist_ok=True)
    return run


@pytest.mark.parametrize("which", ["folder", "files", "dangling"])
def test_no_command_writes_outside_of_a_hostile_run(
    nnfs: Nnfs, whole: Path, tmp_path: Path, which: str
) -> None:
    victim = tmp_path / "victim"
    run = plant(whole, victim, which)
    before = content(victim)
    for command in COMMANDS:
        outcome = nnfs(*(word.replace("RUN", str(run)) for word in command))
        assert outcome.status in (0, 2), outcome.err
        assert content(victim) == before, command


def test_a_run_directory_that_is_a_link_itself_can_be_used(nnfs: Nnfs, whole: Path, tmp_path: Path) -> None:
    shutil.move(whole, tmp_path / "elsewhere")
    Path("link").symlink_to(tmp_path / "elsewhere")
    for command in COMMANDS[1:5]:
        assert nnfs(*(word.replace("RUN", "link") for word in command)).status == 0, command
    assert nnfs("report", "link").status == 0


@pytest.mark.parametrize(
    "name", ["../x", "/x", ".", "..", "a/b", "a\\b", "", "-x", "a\0b", "latest", "~", "a\nb"]
)
def test_an_id_cannot_leave_the_runs_folder(nnfs: Nnfs, tmp_path: Path, name: str) -> None:
    before = content(tmp_path)
    outcome = nnfs("train", "blobs.yaml", "--id", name)
    assert outcome.status == 2
    assert "--id" in outcome.err
    assert content(tmp_path) == before


@pytest.mark.parametrize("split", ["../../train", "/train", "", "train\0", "nothing"])
def test_a_split_is_one_of_the_data(nnfs: Nnfs, whole: Path, tmp_path: Path, split: str) -> None:
    before = content(tmp_path)
    outcome = nnfs("evaluate", str(whole), "--split", split)
    assert outcome.status == (0 if split == "" else 2)
    assert {*content(tmp_path)} - {*before} <= {str(tmp_path / "runs/whole/evaluation-test.json")}
