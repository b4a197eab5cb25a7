"""A run directory full of links writes nothing outside of itself, and ids cannot leave the runs folder."""

import os
import shutil
from pathlib import Path

import pytest

from nnfs_cli import plots
from nnfs_cli.jobs.evaluate import evaluate_run
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from tests.conftest import Nnfs
from tests.toys import BLOBS, toy_config

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
PLOT = ["plot", "RUN", "--only", "loss"]
COMMANDS = (
    ["runs"],
    ["evaluate", "RUN"],
    ["evaluate", "RUN", "--split", "train"],
    ["predict", "RUN", "x.csv"],
    PLOT,
    ["plot", "RUN", "whole", "--only", "loss"],
    ["report", "RUN"],
    ["explain", "RUN"],
    ["verify", "RUN"],
    ["runs", "--sort", "seed"],
    ["runs", "mark", "RUN", "--tag", "a"],
    ["runs", "rm", "RUN", "--yes"],
    ["train", "RUN/config.yaml", "-q", "--id", "again", "--set", "training.epochs=1"],
    ["resume", "RUN", "--epochs", "3"],
    ["resume", "RUN"],
)
EXTRA = (
    "evaluation-train.json",
    "report.html",
    "marks.json",
    ".lock",
    ".writer.json",
    "checkpoint.previous.npz",
)


def content(folder: Path) -> dict[str, bytes | None]:
    """All that is in a folder."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a picture and the scores of two splits."""
    experiment = Experiment(toy_config(BLOBS, ["training.epochs=2"]))
    run = RunDirectory.create(tmp_path_factory.mktemp("trained"), experiment.config, "whole")
    for _ in train_run(experiment, run):
        pass
    evaluate_run(run, "train")
    plots.draw_all(run, ["loss"])
    return run.path


@pytest.fixture
def whole(tmp_path: Path, trained: Path) -> Path:
    """A copy of that run, as it is named in the test's folder."""
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    shutil.copytree(trained, tmp_path / "runs" / "whole")
    return Path("runs/whole")


def plant(whole: Path, run: Path, victim: Path, which: str) -> None:
    """Make a run that has links to `victim` in place of files, of folders, or of what may be written."""
    victim.mkdir()
    shutil.copytree(whole, run)
    if which == "folder":
        shutil.move(run / "plots", victim / "plots")
        (run / "plots").symlink_to(victim / "plots")
        return
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


@pytest.mark.parametrize("which", ["folder", "files", "dangling"])
def test_no_command_writes_outside_of_a_hostile_run(
    nnfs: Nnfs, whole: Path, tmp_path: Path, which: str
) -> None:
    for i, command in enumerate(COMMANDS):  # each meets all links: a file that is written takes one's place
        victim, run = tmp_path / f"victim-{i}", Path(f"theirs-{i}")
        plant(whole, run, victim, which)
        before = content(victim)
        outcome = nnfs(*(word.replace("RUN", str(run)) for word in command))
        assert outcome.status in (0, 2), outcome.err
        if which == "folder" and command is PLOT:
            assert "plots is a link to" in outcome.err
        assert content(victim) == before, command


def test_a_run_directory_that_is_a_link_itself_can_be_used(nnfs: Nnfs, whole: Path, tmp_path: Path) -> None:
    shutil.move(whole, tmp_path / "elsewhere")
    Path("link").symlink_to(tmp_path / "elsewhere")
    for command in COMMANDS[1:5]:
        assert nnfs(*(word.replace("RUN", "link") for word in command)).status == 0, command
    for command in (["report", "link"], ["resume", "link", "--epochs", "3"]):
        assert nnfs(*command).status == 0, command


@pytest.mark.usefixtures("whole")
def test_an_output_that_is_a_link_is_followed_since_the_user_named_it(nnfs: Nnfs) -> None:
    Path("link.csv").symlink_to("out.csv")
    for name in ("link.csv", os.devnull):
        outcome = nnfs("predict", "whole", "x.csv", "--output", name)
        assert outcome.status == 0, outcome
    assert Path("link.csv").is_symlink()
    assert Path("out.csv").read_text().count("\n") == 2
    assert Path(os.devnull).is_char_device()


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
