"""A run directory from someone else runs no code, unless the user says so."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli import Experiment, NnfsError, load_run, plots
from nnfs_cli.config import trust
from nnfs_cli.config.plugins import forget_plugins
from nnfs_cli.runs.directory import RunDirectory
from tests.conftest import Nnfs
from tests.toys import CUBIC

PLUGIN = """
from pathlib import Path
from helpers import strength
from nnfs_cli import REGULARIZERS, Regularizer
from dataclasses import dataclass
from typing import ClassVar
with Path({log!r}).open("a") as log: log.write("ran\\n")

@REGULARIZERS.register("weak")
@dataclass(frozen=True)
class Weak(Regularizer):
    \"\"\"0\"\"\"

    def penalty(self, params): return 0.0
    def add_gradient(self, params): pass
"""
COMMANDS = (
    ["evaluate", "RUN"],
    ["predict", "RUN", "x.csv"],
    ["plot", "RUN", "--only", "weights"],
    ["report", "RUN"],
    ["explain", "RUN"],
    ["resume", "RUN", "--epochs", "3"],
    ["verify", "RUN", "-q"],
    ["train", "RUN/config.yaml", "-q"],
    ["explain", "RUN/config.yaml"],
    ["doctor", "RUN/config.yaml", "--only", "order"],
    ["gradcheck", "RUN/config.yaml"],
    ["lr-find", "RUN/config.yaml"],
    ["data", "describe", "RUN/config.yaml"],
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def mine(nnfs: Nnfs, log: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with a plugin, and a module that it imports, that was trained here."""
    Path("own").mkdir()
    Path("own/weak.py").write_text(PLUGIN.format(log=str(log)))
    Path("own/helpers.py").write_text("strength = 1\n")
    Path("own/c.yaml").write_text(
        CUBIC.replace("epochs: 5", "epochs: 2") + "plugins: [weak.py]\nregularizer: weak\n"
    )
    Path("x.csv").write_text("x\n0.5\n")
    outcome = nnfs("train", "own/c.yaml", "--id", "mine", "-q")
    assert outcome.status == 0, outcome.err
    anew(log, monkeypatch)
    return Path("runs/mine")


def anew(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be like a process that has loaded no plugin yet."""
    log.write_text("")
    forget_plugins()
    monkeypatch.setattr("nnfs_cli.config.plugins._loaded", {})


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be another user, who has trained nothing."""
    monkeypatch.setenv("NNFS_STATE", str(tmp_path / "another"))


def called(command: list[str], run: str) -> list[str]:
    return [word.replace("RUN", run) for word in command]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_run_from_someone_else_runs_no_plugin_but_on_request(
    nnfs: Nnfs, mine: Path, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    elsewhere(monkeypatch, tmp_path)
    shutil.move(mine, "theirs")
    outcome = nnfs(*called(command, "theirs"))
    assert outcome.status == 2
    for said in ("plugin_0_weak.py", "plugin_0_weak_files/helpers.py", "code that runs with all your rights"):
        assert said in outcome.err
    assert "--trust-plugins" in outcome.err
    assert log.read_text() == ""
    assert nnfs(*called(command, "theirs"), "--trust-plugins").status in (0, 1)
    assert log.read_text() == "ran\n"


@pytest.mark.parametrize("command", COMMANDS[:7], ids=" ".join)
def test_a_run_of_ones_own_needs_no_option_wherever_it_is(
    nnfs: Nnfs, mine: Path, log: Path, command: list[str]
) -> None:
    shutil.move(mine, "moved")
    assert nnfs(*called(command, "moved")).err == ""
    assert log.read_text() == "ran\n"


def linked(run: Path) -> None:
    (run / "plugin_0_weak.py").rename("w.py")
    (run / "plugin_0_weak.py").symlink_to(Path("w.py").absolute())


def linked_folder(run: Path) -> None:
    (run / "package").symlink_to(run.parent.absolute())


def configured(run: Path, old: str, new: str) -> None:
    text = (run / "config.yaml").read_text()
    assert old in text
    (run / "config.yaml").write_text(text.replace(old, new))


CHANGES: dict[str, Callable[[Path], object]] = {
    "another plugin": lambda run: (run / "plugin_0_weak.py").write_text("import os"),
    "another module beside": lambda run: (run / "plugin_0_weak_files/helpers.py").write_text("strength = 2"),
    "a module more": lambda run: (run / "nnfs_hidden.py").write_text(""),
    "compiled code": lambda run: (run / "nnfs_hidden.pyc").write_bytes(b""),
    "code in a package": lambda run: shutil.copytree("own", run / "package"),
    "a folder that is a link": linked_folder,
    "a plugin that is a link": linked,
    "a plugin outside": lambda run: configured(run, "plugin_0_weak.py", "../../own/weak.py"),
    "another tag": lambda run: configured(run, "# nnfs run ", "# nnfs run 0123456789abcdef "),
    "no tag": lambda run: configured(run, "# nnfs run ", "# "),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_of_ones_own_is_not_trusted_after_its_code_was_changed(
    nnfs: Nnfs, mine: Path, log: Path, change: str
) -> None:
    CHANGES[change](mine)
    outcome = nnfs("train", "runs/mine/config.yaml", "--dry-run")
    assert "--trust-plugins" in outcome.err
    assert (outcome.status, log.read_text()) == (2, "")


@pytest.mark.usefixtures("mine")
def test_what_needs_no_plugin_works_without(
    nnfs: Nnfs, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere(monkeypatch, tmp_path)
    some = [source for source in plots.SOURCES if source.module in ("loss", "predictions", "weights")]
    monkeypatch.setattr(plots, "SOURCES", some)
    assert json.loads(nnfs("runs", "--json").out)[0]["id"] == "mine"
    outcome = nnfs("plot", "mine")
    assert outcome.status == 0
    assert "loss.png" in outcome.out
    assert "predictions.png" in outcome.out
    assert "--trust-plugins" in outcome.err
    with pytest.raises(NnfsError, match="trust_plugins=True"):
        load_run("mine")
    with pytest.raises(NnfsError, match="trust_plugins=True"):
        Experiment("runs/mine/config.yaml")
    assert log.read_text() == ""
    assert load_run("mine", trust_plugins=True).predict(np.zeros((2, 1))).shape == (2,)
    assert "weak" in repr(Experiment("runs/mine/config.yaml", trust_plugins=True).config.regularizer).lower()


@pytest.mark.usefixtures("mine")
def test_where_no_note_can_be_written_training_goes_on_and_the_run_is_not_trusted(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNFS_STATE", str(tmp_path / "file"))
    assert nnfs("train", "own/c.yaml", "--id", "two", "-q").status == 0
    assert "--trust-plugins" in nnfs("evaluate", "two").err


@pytest.mark.usefixtures("mine")
def test_a_config_of_ones_own_with_plugins_runs_as_it_is(nnfs: Nnfs, log: Path) -> None:
    shutil.copy("own/c.yaml", "own/config.yaml")  # its name alone does not make it a run
    assert nnfs("train", "own/config.yaml", "--dry-run").status == 0
    assert log.read_text() == "ran\n"


def test_notes_are_bounded_and_cleared_with_no_cache(
    nnfs: Nnfs, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nnfs("data", "clear-cache")
    (note,) = trust.note_folder().iterdir()
    assert nnfs("evaluate", "mine").err == ""
    monkeypatch.setattr(trust, "MOST_NOTES", 3)
    for k in range(20):
        (note.parent / f"{k}").touch()
    trust.remember(mine)
    assert 1 <= len(list(note.parent.iterdir())) <= 4
    assert note.exists()


def test_a_run_without_plugins_leaves_no_note(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "plain", "-q")
    assert not trust.note_folder().exists()
    assert RunDirectory(Path("runs/plain")).refusal() == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has pipes in folders")
def test_pipes_devices_and_deep_nesting_in_place_of_plugins_do_no_harm(nnfs: Nnfs) -> None:
    assert nnfs("train", "cubic.yaml", "--id", "odd", "-q").status == 0
    run = Path("runs/odd")
    os.mkfifo(run / "plugin_0_a.py")
    (run / "plugin_0_b.py").symlink_to("/dev/zero")
    (run / "plugin_0_c.py").write_text("-" * 100_000 + "1")
    (run / "plugin_0_d.py").write_text("x" + ".x" * 50_000)
    (folder := run / "plugin_0_a_files").mkdir()
    os.mkfifo(folder / "e.py")
    outcome = nnfs("evaluate", "odd")
    assert outcome.status == 2
    for name in ("plugin_0_c.py", "plugin_0_d.py"):
        assert f"{name}: another content" in outcome.err
