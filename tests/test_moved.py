"""Imports of old paths: an error message gives the new path."""

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nnfs_cli.config.plugins import load_plugin
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.moved import MODULES, NAMES
from tests.conftest import Nnfs
from tests.toys import CUBIC, ROOT

LOST = [(module, name) for module, names in NAMES.items() for name in names]

MESSAGES = [
    ("import nnfs_cli.network", 'nnfs_cli.network has moved to nnfs_cli.engine.network; plugins import from nnfs_cli alone, see docs/plugins.md for its names'),
    ("from nnfs_cli.network import Network", 'nnfs_cli.network has moved to nnfs_cli.engine.network; plugins import'),
    ("from nnfs_cli import network", 'nnfs_cli.network has moved to nnfs_cli.engine.network; plugins import'),
    ("from nnfs_cli.sharing import Crew", 'nnfs_cli.sharing has moved to nnfs_cli.speed.workers, nnfs_cli.speed.all_reduce; plugins import'),
    ("from nnfs_cli.core.records import Data", 'nnfs_cli.core.records has moved to nnfs_cli.preprocessing.records, nnfs_cli.training.reports; in a plugin write "from nnfs_cli import Data, Split, Task"'),
    ("from nnfs_cli.core import records", 'nnfs_cli.core.records has moved to nnfs_cli.preprocessing.records, nnfs_cli.training.reports; in a plugin write'),
    ("from nnfs_cli.core.affine import Affine", 'nnfs_cli.core.affine has moved to nnfs_cli.preprocessing.affine; in a plugin write "from nnfs_cli import Affine"'),
    ("from nnfs_cli.sources.splitting import split_up", 'in a plugin write "from nnfs_cli import split_up, HeldOut, Validation"'),
    ("from nnfs_cli.layers.base import LAYERS, Layer, ShapeError", 'nnfs_cli.layers.base.ShapeError has moved to nnfs_cli.core.errors; in a plugin write "from nnfs_cli import ShapeError"'),
    ("from nnfs_cli.core.params import Array, ones", 'nnfs_cli.core.params.ones has moved to nnfs_cli.core.arrays; plugins import'),
    ("from nnfs_cli.config import load_config", 'nnfs_cli.config.load_config has moved to nnfs_cli.config.load; plugins import'),
    ("import nnfs_cli.runs\nnnfs_cli.runs.RunDirectory", 'nnfs_cli.runs.RunDirectory has moved to nnfs_cli.runs.directory; plugins import'),
]  # fmt: skip
"""An import of an old path, and a part of the error message."""

OLD_PLUGIN = '''"""README's layer, as it was before `nnfs_cli` offered all names."""
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.layers.base import LAYERS, Layer


@LAYERS.register("square_of_old")
@dataclass(eq=False)
class Square(Layer):
    """y = x^2        dx = 2 x dy"""

    def forward(self, x: Array, y: Array) -> None:
        np.multiply(x, x, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.multiply(dy, x, out=dx)
        dx *= 2.0
'''

KEPT = [
    "from nnfs_cli.core.component import Component, Registry",
    "from nnfs_cli.core.errors import NnfsError, check_options",
    "from nnfs_cli.core.params import Array, FlatParams, Param, Shape, Statistic",
    "from nnfs_cli.layers.base import LAYERS, Example, Layer",
    "from nnfs_cli.losses.base import LOSSES, Loss",
    "from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, decay_weights",
    "from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule",
    "from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer",
    "from nnfs_cli.initializers.base import INITIALIZERS, Initializer",
    "from nnfs_cli.initializers.zeros import Zeros",
    "from nnfs_cli.metrics.base import METRICS, Metric, likeliest",
    "from nnfs_cli.datasets.base import DATASETS, ArrayDataset, Dataset, Synthetic, fingerprint",
]
"""Imports in old plugins, from before `nnfs_cli` offered all names, which still work."""


@pytest.mark.parametrize(("line", "words"), MESSAGES)
def test_an_old_path_says_what_to_write_instead(line: str, words: str) -> None:
    with pytest.raises(ImportError) as caught:
        exec(line, {})  # noqa: S102  it is ours
    assert words in str(caught.value)


@pytest.mark.parametrize("old", MODULES)
def test_a_module_that_moved_is_gone_and_its_new_places_are_there(old: str) -> None:
    assert not (ROOT / "nnfs_cli" / f"{old.replace('.', '/')}.py").exists()
    assert not (ROOT / "nnfs_cli" / old.replace(".", "/")).exists()
    with pytest.raises(
        ModuleNotFoundError, match=rf"^nnfs_cli\.{re.escape(old)} (has moved|no longer exists)"
    ):
        importlib.import_module(f"nnfs_cli.{old}")
    for new in MODULES[old]:
        assert importlib.util.find_spec(f"nnfs_cli.{new}")


@pytest.mark.parametrize(("module", "name"), LOST)
def test_a_name_that_moved_is_gone_and_is_where_the_message_says(module: str, name: str) -> None:
    old = importlib.import_module(f"nnfs_cli.{module}")
    assert name not in vars(old)
    with pytest.raises(ImportError, match=rf"^nnfs_cli\.{module}\.{name} (has moved|no longer exists)"):
        getattr(old, name)
    for new in NAMES[module][name]:
        assert hasattr(importlib.import_module(f"nnfs_cli.{new}"), name)


@pytest.mark.parametrize("module", NAMES)
def test_other_names_of_such_a_module_are_missing_as_everywhere(module: str) -> None:
    old = importlib.import_module(f"nnfs_cli.{module}")
    with pytest.raises(AttributeError, match=rf"^module 'nnfs_cli\.{module}' has no attribute 'nothing'$"):
        old.nothing  # noqa: B018


def test_a_module_that_never_was_is_missing_as_everywhere() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'nnfs_cli\.nothing'$"):
        importlib.import_module("nnfs_cli.nothing")


@pytest.mark.parametrize("line", KEPT)
def test_imports_that_still_make_sense_go_on_working(line: str) -> None:
    exec(line, {})  # noqa: S102  it is ours


def test_the_layer_that_the_readme_once_showed_still_works(nnfs: Nnfs) -> None:
    Path("old.py").write_text(OLD_PLUGIN)
    assert nnfs("gradcheck", "old.py").status == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("from nnfs_cli.core.records import Data", 'ModuleNotFoundError: nnfs_cli.core.records has moved to .*; in a plugin write "from nnfs_cli import Data, Split, Task"'),
        ("from nnfs_cli.layers.base import ShapeError", 'ImportError: nnfs_cli.layers.base.ShapeError has moved to .*; in a plugin write "from nnfs_cli import ShapeError"'),
    ],
)  # fmt: skip
def test_a_plugin_with_an_old_import_is_told_with_its_line(
    nnfs: Nnfs, tmp_path: Path, line: str, words: str
) -> None:
    plugin = Path("old.py")
    plugin.write_text(f"import numpy\n\n{line}\n")
    with pytest.raises(NnfsError, match=rf"^{re.escape(str(tmp_path))}.old\.py, line 3: {words}$"):
        load_plugin(plugin)
    outcome = nnfs("gradcheck", "old.py")
    assert outcome.status == 2
    assert "Traceback" not in outcome.err
    assert re.search(f"old.py, line 3: {words}\n$", outcome.err)


def test_a_run_whose_plugin_has_an_old_import_says_so(nnfs: Nnfs) -> None:
    Path("old.py").write_text(OLD_PLUGIN)
    Path("own.yaml").write_text(CUBIC.replace("tanh", "square_of_old") + "plugins: [old.py]\n")
    settings = ("--set", "optimizer.learning_rate=0.001", "--set", "training.epochs=1")
    assert nnfs("train", "own.yaml", "--id", "own", *settings).status == 0
    assert nnfs("evaluate", "own").status == 0
    copy = Path("runs/own/plugin_0_old.py")
    copy.write_text(OLD_PLUGIN.replace("LAYERS, Layer\n", "LAYERS, Layer, ShapeError\n"))
    outcome = nnfs("evaluate", "own", "--trust-plugins")
    assert outcome.status == 2
    assert "Traceback" not in outcome.err
    assert "plugin_0_old.py, line 7: ImportError: nnfs_cli.layers.base.ShapeError has moved" in outcome.err


def test_python_itself_ends_with_the_message() -> None:
    command = [sys.executable, "-c", "from nnfs_cli.trainer import train"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.stderr.splitlines()[-1].startswith(
        "ModuleNotFoundError: nnfs_cli.trainer has moved to nnfs_cli.training.loop; "
    )
