"""A run from someone else may have links in the place of its files: no command writes over what they name."""

import os
import shutil
from pathlib import Path

import pytest

from nnfs_cli import plots
from tests.conftest import Nnfs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
COMMANDS = (
    ("evaluate", "gift"),
    ("plot", "gift", "--only", "loss"),
    ("report", "gift"),
    ("resume", "gift", "--epochs", "2", "--quiet"),
    ("runs",),
)


@pytest.fixture
def gift(nnfs: Nnfs, tmp_path: Path) -> Path:
    """A run, `runs/gift`, and a copy of its files in the folder that is returned."""
    assert nnfs("train", "cubic.yaml", "--set", "training.epochs=1", "--id", "gift", "--quiet").status == 0
    (tmp_path / "runs" / "gift" / "report.html").write_text("a page")
    shutil.copytree(tmp_path / "runs" / "gift", tmp_path / "theirs")
    return tmp_path / "theirs"


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("draws")
def test_no_command_writes_over_what_a_link_in_a_run_names(
    nnfs: Nnfs, tmp_path: Path, gift: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "SOURCES", plots.SOURCES[:1])
    before = contents(gift)
    for command in COMMANDS:
        for file in before:
            link = tmp_path / "runs" / "gift" / file.relative_to(gift)
            link.unlink(missing_ok=True)
            link.symlink_to(file)
        outcome = nnfs(*command)
        assert outcome.status in (0, 2), outcome
        assert contents(gift) == before, command


def test_a_link_that_leads_to_nothing_is_not_followed_either(nnfs: Nnfs, gift: Path) -> None:
    for name in (".lock", ".writer.json", "checkpoint.previous.npz", "report.html"):
        link = Path("runs", "gift", name)
        link.unlink(missing_ok=True)
        link.symlink_to(gift.parent / "new")
    assert nnfs("resume", "gift", "--epochs", "2", "--quiet").status in (0, 2)
    assert not (gift.parent / "new").exists()


def test_a_link_in_the_place_of_the_folder_of_pictures_is_refused(nnfs: Nnfs, gift: Path) -> None:
    Path("runs/gift/plots").symlink_to(gift)
    before = contents(gift)
    outcome = nnfs("plot", "gift", "--only", "loss")
    assert outcome.status == 2
    assert "plots is a link to" in outcome.err
    assert contents(gift) == before


def test_a_run_that_is_itself_behind_a_link_is_a_run(nnfs: Nnfs, gift: Path) -> None:
    Path("runs/link").symlink_to(gift)
    assert nnfs("resume", "link", "--epochs", "2", "--quiet").status == 0
    assert nnfs("plot", "link", "--only", "loss").status == 0
    assert (gift / "plots" / "loss.png").is_file()


@pytest.mark.usefixtures("gift")
def test_an_output_that_is_a_link_is_followed_since_the_user_named_it(nnfs: Nnfs) -> None:
    Path("in.csv").write_text("x\n0.5\n")
    Path("link.csv").symlink_to("out.csv")
    for name in ("link.csv", os.devnull):
        outcome = nnfs("predict", "gift", "in.csv", "--output", name)
        assert outcome.status == 0, outcome
    assert Path("link.csv").is_symlink()
    assert Path("out.csv").read_text().count("\n") == 2
    assert Path(os.devnull).is_char_device()
