"""The names that plugins import from `nnfs_cli`, and the examples in the docs."""

import ast
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnfs_cli
from nnfs_cli import Experiment
from nnfs_cli.config.catalog import REGISTRIES
from nnfs_cli.config.load import load_config
from nnfs_cli.config.plugins import load_plugin
from nnfs_cli.training.loop import train
from tests.conftest import Nnfs
from tests.test_commands import HEAVY
from tests.toys import CUBIC, ROOT

TUTORIAL = (ROOT / "docs" / "howto" / "add-a-layer.md").read_text()
PAGE = (ROOT / "docs" / "plugins.md").read_text()
EXAMPLES: dict[str, str] = dict(re.findall(r'```python title="(my_\w+\.py)"\n(.*?)```', PAGE, re.DOTALL))
((FIRST_NAME, FIRST_EXAMPLE),) = re.findall(r'```python title="(\w+\.py)"\n(.*?)```', TUTORIAL, re.DOTALL)
(CONFIG,) = re.findall(r'```yaml title="own.yaml"\n(.*?)```', PAGE, re.DOTALL)
PROGRAMS = {"Experiment", "Run", "load_run", "explain", "Explanation", "gradcheck", "GradientCheck"}
"""Names for programs that train, not for plugins."""


def test_every_name_is_there_and_listed() -> None:
    assert len(nnfs_cli.__all__) == len(set(nnfs_cli.__all__))
    assert dir(nnfs_cli) == sorted(nnfs_cli.__all__)
    for name in nnfs_cli.__all__:
        assert getattr(nnfs_cli, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nnfs_cli.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_see_the_names_where_python_finds_them() -> None:
    tree = ast.parse(Path(nnfs_cli.__file__).read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    (block,) = (block for block in blocks if ast.unparse(block.test) == "TYPE_CHECKING")
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        (alias,) = node.names
        assert alias.asname == alias.name, "else strict type checkers take it for private"
        seen[alias.name] = node.module
    assert seen == nnfs_cli._FACE


def test_the_page_lists_every_name_once() -> None:
    listed = re.findall(r"^\| `(\w+)` \| \S.* \|$", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(nnfs_cli.__all__)


def loaded_by(program: str) -> set[str]:
    command = [sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_nothing_is_loaded_before_it_is_used() -> None:
    loaded = loaded_by("import nnfs_cli")
    assert not loaded & {*HEAVY, "numpy", "yaml"}
    assert {name for name in loaded if name.startswith("nnfs_cli.")} == {
        "nnfs_cli.core",
        "nnfs_cli.core.moved",
        "nnfs_cli.version",
    }


def test_a_layer_needs_numpy_alone_and_no_plugin_what_reads_configs_or_tables() -> None:
    light = loaded_by("from nnfs_cli import LAYERS, Array, Example, Layer, Param, check_options")
    assert not light & {*HEAVY, "yaml"}
    assert not any(
        re.match(r"nnfs_cli\.(losses|datasets|config|engine|training|jobs)", name) for name in light
    )
    names = sorted(set(nnfs_cli.__all__) - PROGRAMS)
    assert not loaded_by(f"from nnfs_cli import {', '.join(names)}") & {*HEAVY, "yaml"}


@pytest.mark.parametrize("text", [FIRST_EXAMPLE, *EXAMPLES.values()], ids=[FIRST_NAME, *EXAMPLES])
def test_an_example_imports_from_the_face_alone_and_only_what_it_uses(text: str) -> None:
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = [node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports]
    assert [module for module in modules if module and module.startswith("nnfs_cli")] == ["nnfs_cli"]
    for node in imports:
        for alias in node.names:
            assert len(re.findall(rf"\b{alias.asname or alias.name}\b", text)) > 1


def test_the_page_has_an_example_of_every_family_and_its_config_trains_with_all_of_them(nnfs: Nnfs) -> None:
    for name, text in EXAMPLES.items():
        Path(name).write_text(text)
    known = {registry.kind: set(registry) for registry in REGISTRIES}
    Path("own.yaml").write_text(CONFIG)
    assert nnfs("train", "own.yaml", "--id", "own").status == 0
    brought = {registry.kind: set(registry) - known[registry.kind] for registry in REGISTRIES}
    assert all(len(names) == 1 for names in brought.values()), brought
    for names in brought.values():
        assert re.search(rf"\b{names.pop()}\b", CONFIG)
    summary = json.loads(Path("runs/own/summary.json").read_text())
    assert summary["scores"]["validation"]["rmse"] < 0.15, "little more than the noise"
    for name in EXAMPLES:
        Path(name).unlink()
    assert nnfs("evaluate", "own").status == 0


def test_the_pages_components_resume_to_the_numbers_of_a_training_that_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in EXAMPLES.items():
        Path(name).write_text(text)
    Path("own.yaml").write_text(CONFIG)
    config = load_config(Path("own.yaml"), ["training.epochs=4"])
    whole, stopped, resumed = (Experiment(config) for _ in range(3))
    list(train(whole))
    list(itertools.islice(train(stopped), 11))
    resumed.load_state({key: array.copy() for key, array in stopped.state().items()}, "checkpoint")
    list(train(resumed))
    np.testing.assert_array_equal(resumed.network.params.value, whole.network.params.value)


@pytest.mark.parametrize("name", ["my_layers.py", "my_losses.py", "my_regularizers.py"])
def test_the_gradients_of_the_pages_examples_are_right(nnfs: Nnfs, name: str) -> None:
    Path(name).write_text(EXAMPLES[name])
    assert nnfs("gradcheck", name).status == 0


def test_the_tutorials_layer_is_proved_and_trains(nnfs: Nnfs) -> None:
    Path(FIRST_NAME).write_text(FIRST_EXAMPLE)
    assert nnfs("gradcheck", FIRST_NAME).status == 0
    Path("own.yaml").write_text(CUBIC.replace("tanh", "square") + f"plugins: [{FIRST_NAME}]\n")
    assert nnfs("train", "own.yaml", "--set", "optimizer.learning_rate=0.001").status == 0


def test_the_tutorials_layer_without_its_factor_is_found_wrong_as_the_tutorial_says(nnfs: Nnfs) -> None:
    wrong = FIRST_EXAMPLE.replace("        dx *= 2.0\n", "")
    assert wrong != FIRST_EXAMPLE
    Path(FIRST_NAME).write_text(wrong)
    outcome = nnfs("gradcheck", FIRST_NAME)
    assert outcome.status == 1
    (said,) = re.findall(r'it\s+answers\s+"(.*?)"\.', TUTORIAL, re.DOTALL)
    assert said.replace("\n", " ") in outcome.out


def test_a_plugin_is_told_about_a_name_that_is_not_offered(tmp_path: Path) -> None:
    plugin = tmp_path / "misspelled.py"
    plugin.write_text("from nnfs_cli import Lyer\n")
    with pytest.raises(
        nnfs_cli.NnfsError, match="line 1: ImportError: cannot import name 'Lyer' from 'nnfs_cli'"
    ):
        load_plugin(plugin)
