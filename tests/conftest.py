"""Fixtures for all tests."""

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from nnfs_cli import plots
from nnfs_cli.cli.app import main
from nnfs_cli.config.catalog import REGISTRIES
from nnfs_cli.jobs import study_pictures
from nnfs_cli.plots.study import draw_study
from tests.toys import BLOBS, CUBIC

for signal_ in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(signal_) is signal.SIG_IGN:  # as `&` and `nohup` hand it on; trainings are to heed it
        signal.signal(signal_, signal.default_int_handler if signal_ == signal.SIGINT else signal.SIG_DFL)
os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, which would make tables narrow
settings.register_profile("nnfs", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nnfs")  # no test depends on how fast the machine is


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


Nnfs = Callable[..., Outcome]


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of folders that are not there. To let pytest make thousands of them takes minutes."""
    base = tmp_path_factory.mktemp("own")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, numbered: Iterator[Path]) -> None:
    """Give the tests folders of their own for caches and notes, not the user's."""
    own = next(numbered)
    monkeypatch.setenv("NNFS_CACHE", str(own / "cache"))
    monkeypatch.setenv("NNFS_STATE", str(own / "state"))


@pytest.fixture(autouse=True)
def shared_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share work among workers however busy the cores are."""
    monkeypatch.setattr("nnfs_cli.speed.gauge.Gauge.says_share", lambda _: True)


@pytest.fixture(autouse=True)
def own_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove what a test's plugins registered, after the test."""
    monkeypatch.setattr("nnfs_cli.config.plugins._loaded", {})
    for registry in REGISTRIES:
        list(registry)  # imports its family; to look up each member would check it again for each test
        monkeypatch.setattr(registry, "_classes", registry.known())


DRAW, DRAW_STUDY = plots.draw_essential, draw_study


@pytest.fixture(autouse=True, scope="session")
def undrawn() -> Iterator[None]:
    """Let trainings and studies draw nothing, since that takes most of the time of a short one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "draw_essential", lambda run: [])
        patch.setattr(study_pictures, "draw_study", lambda record, only: ([], {}))
        yield


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training draw its pictures after all, for a test that looks at them."""
    monkeypatch.setattr(plots, "draw_essential", DRAW)
    monkeypatch.setattr(study_pictures, "draw_study", DRAW_STUDY)


@pytest.fixture
def nnfs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Nnfs:
    """Run the command line in an empty folder, through its real entry point."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cubic.yaml").write_text(CUBIC)
    (tmp_path / "blobs.yaml").write_text(BLOBS)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr("sys.argv", ["nnfs", *arguments])
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        return Outcome(status, *capsys.readouterr())

    return run
