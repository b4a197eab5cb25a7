"""Registries find all members of their family, also when several threads ask first."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nnfs_cli.config.plugins import load_plugin
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.regularizers.base import REGULARIZERS

THREADS = 8
MEMBERS = ["first", "second", "third"]

MEMBER = """
import time
from dataclasses import dataclass
from nnfs_cli.core.component import Component
from {package} import FAMILY

time.sleep(0.05)  # long enough for others to ask meanwhile

@FAMILY.register("{name}")
@dataclass
class Member(Component):
    known = {known}
"""

Family = Callable[..., Registry[Component]]


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Family:
    """Make a family in a new package, of which only the registry is imported."""

    def make(known: str = "()") -> Registry[Component]:
        package = f"family_{tmp_path.name}"
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(
            "from nnfs_cli.core.component import Registry\nFAMILY = Registry('member', __name__)\n"
        )
        for name in MEMBERS:
            text = MEMBER.format(package=package, name=name, known=known)
            (tmp_path / package / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        registry: Registry[Component] = __import__(package).FAMILY
        return registry

    return make


def ask_in_threads(ask: Callable[[], Any]) -> list[Any]:
    """The results of `ask` in several threads at the same time."""
    barrier = threading.Barrier(THREADS)

    def wait_and_ask(_: int) -> Any:
        barrier.wait()
        return ask()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(wait_and_ask, range(THREADS)))


def test_threads_that_ask_at_once_all_find_the_member_that_is_imported_last(family: Family) -> None:
    registry = family()
    assert len(set(ask_in_threads(lambda: registry["third"]))) == 1


def test_threads_that_ask_at_once_all_see_the_whole_family(family: Family) -> None:
    registry = family()
    assert ask_in_threads(lambda: list(registry)) == [MEMBERS] * THREADS


def test_a_member_may_look_at_its_family_while_it_is_imported(family: Family) -> None:
    registry = family(known="tuple(FAMILY)")
    found = [registry[name].known for name in MEMBERS]  # type: ignore[attr-defined]  # of the members above
    assert found == [(), ("first",), ("first", "second")]


def test_threads_that_ask_for_a_plugin_at_once_run_it_once(tmp_path: Path) -> None:
    plugin, runs = tmp_path / "plugin.py", tmp_path / "runs"
    plugin.write_text(
        f"import time\nwith open({str(runs)!r}, 'a') as file:\n    file.write('x')\ntime.sleep(0.05)\n"
    )
    ask_in_threads(lambda: load_plugin(plugin))
    assert runs.read_text() == "x"


@pytest.mark.parametrize("failure", ["oops", "{}['key']"])
def test_a_plugin_that_failed_may_be_mended_and_loaded(failure: str, tmp_path: Path) -> None:
    plugin = tmp_path / "mended.py"
    good = '''
from dataclasses import dataclass
from nnfs_cli import LOSSES, Loss
@LOSSES.register("mended")
@dataclass(frozen=True)
class Mended(Loss):
    """A loss."""
    tasks = ("regression",)
    def value(self, z, t): ...
    def gradient(self, z, t, dz): ...
'''
    plugin.write_text(f"{good}{failure}\n")
    with pytest.raises(NnfsError, match=r"mended.py, line 11: (NameError|KeyError): .*(oops|key)"):
        load_plugin(plugin)
    plugin.write_text(good)
    load_plugin(plugin)
    assert LOSSES["mended"].__module__ in sys.modules


def test_a_plugins_class_that_is_no_dataclass_is_told_as_such(tmp_path: Path) -> None:
    plugin = tmp_path / "bare.py"
    plugin.write_text(
        "from nnfs_cli import REGULARIZERS, Regularizer\n"
        '@REGULARIZERS.register("bare")\nclass Bare(Regularizer):\n    """None."""\n'
    )
    load_plugin(plugin)
    try:
        with pytest.raises(
            NnfsError,
            match=r"bare.py, line 2: regularizer 'bare': put @dataclass right above the class Bare$",
        ):
            REGULARIZERS["bare"]
    finally:
        del REGULARIZERS._classes["bare"]
