"""Configs that extend another one."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nnfs_cli.config.catalog import json_schema
from nnfs_cli.config.load import config_from, load_config
from nnfs_cli.config.plugins import forget_plugins
from nnfs_cli.config.reader import to_plain
from nnfs_cli.config.trust import UntrustedError
from tests.conftest import Nnfs
from tests.toys import CUBIC

BASE = CUBIC.replace("cubic\nseed", "base\nseed")


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE)


def resolved(text: str, *overrides: str) -> dict[str, Any]:
    """The resolved config of a file child.yaml, plain."""
    Path("child.yaml").write_text(text)
    plain: dict[str, Any] = to_plain(load_config(Path("child.yaml"), overrides))
    return plain


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("", ""),
        ("seed: 7", "seed: 7"),
        ("training: {epochs: 9}", "training: {epochs: 9, batch_size: 32}"),
        ("optimizer: {learning_rate: 0.5}", "optimizer: {type: sgd, learning_rate: 0.5, momentum: 0.9}"),
        ("optimizer: {type: sgd, learning_rate: 1.0}", "optimizer: {type: sgd, learning_rate: 1.0, momentum: 0.9}"),
        ("optimizer: {type: adam, learning_rate: 0.5}", "optimizer: {type: adam, learning_rate: 0.5}"),
        ("layers: [{type: dense, units: 1}]", "layers: [{type: dense, units: 1}]"),
        ("metrics: []", "metrics: []"),
        ("loss: {delta: 2.0, type: huber}", "loss: {type: huber, delta: 2.0}"),
        ("schedule: {type: step, every: 2}", "schedule: {type: step, every: 2}"),
        ("dataset: {validation: {fold: 1, of: 3}}", "dataset: {type: cubic, validation: {fold: 1, of: 3}}"),
    ],
)  # fmt: skip
def test_keys_of_a_child_stand_and_the_others_are_its_parents(text: str, same_as: str) -> None:
    key = same_as.partition(":")[0]
    Path("whole.yaml").write_text("\n".join(
        line for line in BASE.splitlines() if not (key and line.startswith(f"{key}:"))
    ) + f"\n{same_as}\n")  # fmt: skip
    whole = to_plain(load_config(Path("whole.yaml")))
    assert resolved(f"extends: base.yaml\n{text}\n") == {**whole, "name": "child"}


def test_options_go_into_a_parents_bare_name() -> None:
    Path("base.yaml").write_text(BASE.replace("loss: mse", "loss: huber"))
    assert resolved("extends: base.yaml\nloss: {delta: 3.0}")["loss"] == {"type": "huber", "delta": 3.0}


def test_a_parent_may_lack_what_its_children_give() -> None:
    Path("base.yaml").write_text(BASE.replace("loss: mse", ""))
    assert resolved("extends: base.yaml\nloss: mae")["loss"] == "mae"


def test_overrides_change_a_childs_config() -> None:
    assert resolved("extends: base.yaml", "training.epochs=77")["training"]["epochs"] == 77


def test_a_parent_is_found_beside_the_file_then_as_configs_are(tmp_path: Path) -> None:
    Path("inner").mkdir()
    child = Path("inner/child.yaml")
    child.write_text("extends: base\n")
    assert load_config(child).seed == 3, "in the working directory, without .yaml"
    Path("inner/base.yaml").write_text(BASE.replace("seed: 3", "seed: 8"))
    child.write_text("extends: base.yaml\n")
    assert load_config(child).seed == 8
    child.write_text("extends: spiral\n")
    assert load_config(child).dataset.type_name == "spiral", "with nnfs"
    child.write_text(f"extends: {tmp_path / 'base.yaml'}\n")
    assert load_config(child).seed == 3


def test_files_are_looked_for_beside_the_config_that_names_them() -> None:
    for folder in ("parent", "child"):
        Path(folder).mkdir()
        Path(folder, "table.csv").write_text("x,y\n" + "\n".join(f"{i},{len(folder)}" for i in range(9)))
    table = "{type: csv, path: table.csv, target: y, task: regression}"
    Path("parent/base.yaml").write_text(BASE.replace("{type: cubic, validation: 40}", table))
    Path("child/a.yaml").write_text("extends: ../parent/base.yaml\ntraining: {epochs: 2}\n")
    found = load_config(Path("child/a.yaml")).dataset.options()["path"]
    assert Path(found) == Path("parent/table.csv").resolve()
    Path("child/a.yaml").write_text("extends: ../parent/base.yaml\ndataset: {path: table.csv}\n")
    found = load_config(Path("child/a.yaml")).dataset.options()["path"]
    assert Path(found) == Path("child/table.csv").resolve()


@pytest.mark.parametrize(
    ("text", "parent", "messages"),
    [
        ("extends: bace.yaml", "", ["child.yaml: 1 mistake", "extends: bace.yaml: no such file; did you mean 'base.yaml'?"]),
        ("extends: base.yaml", "extends: other.yaml\n", ["extends: base.yaml extends 'other.yaml' itself; only one level"]),
        ("extends: child.yaml", "", ["extends: child.yaml extends 'child.yaml' itself; only one level"]),
        ("extends: [base.yaml]", "", ["extends: must be the path of another config, found ['base.yaml']"]),
        ("extends:", "", ["extends: must be the path of another config, found nothing"]),
        ("extends: base.yaml", "sead: 3\n", ["child.yaml: 1 mistake", "sead: a config has no option 'sead'; did you mean 'seed'? (in base.yaml)"]),
        ("extends: base.yaml\nsead: 3", "", ["sead: a config has no option 'sead'; did you mean 'seed'?\n"]),
        ("extends: base.yaml\ntraining.epochs: 5", "", ["training.epochs: a config has no option 'training.epochs'; keys with dots are for --set, in a file write training: {epochs: 5}\n"]),
        ("extends: base.yaml\noptimizer: {learning_rate: -1}", "", ["optimizer.learning_rate: must be"]),
        ("extends: base.yaml\nmetrics: [rmse]", "training: {epochs: 0}\n", ["base.yaml: 1 mistake", "key 'training' is given twice"]),
        ("extends: base.yaml\ndataset: {noise: -1}", "split_seed: -2\n", ["child.yaml: 2 mistakes", "dataset.noise: must be a number of at least 0, found -1.0\n", "split_seed: must be an integer of at least 0, found -2 (in base.yaml)"]),
    ],
)  # fmt: skip
def test_mistakes_name_the_file_that_they_are_in(
    nnfs: Nnfs, text: str, parent: str, messages: list[str]
) -> None:
    Path("base.yaml").write_text(BASE + parent)
    Path("child.yaml").write_text(f"{text}\n")
    outcome = nnfs("train", "child.yaml")
    assert outcome.status == 2
    for message in messages:
        assert message in outcome.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plugins: [" + "a," * 600_000 + "]", "base.yaml: no config: larger than 1 MB"),
        (
            "plugins: " + "[" * 200 + "]" * 200,
            "base.yaml: 1 mistake\n  line 10, column 109: not YAML: more than 100",
        ),
        ("plugins: [", "base.yaml: 1 mistake"),
    ],
)
def test_a_parent_has_the_bounds_of_every_config(nnfs: Nnfs, text: str, message: str) -> None:
    Path("base.yaml").write_text(BASE + text)
    Path("child.yaml").write_text("extends: base.yaml\n")
    outcome = nnfs("train", "child.yaml")
    assert outcome.status == 2
    assert message in outcome.err


def test_a_dry_run_names_the_parent_and_shows_the_result(nnfs: Nnfs) -> None:
    Path("child.yaml").write_text("extends: base.yaml\ntraining: {epochs: 7}\n")
    out = nnfs("train", "child.yaml", "--dry-run").out
    assert "extends: base.yaml" in out
    assert "epochs: 7" in out
    assert "name: child" in out
    assert "extends: base.yaml" not in nnfs("train", "base.yaml", "--dry-run").out


def test_the_run_of_a_child_is_whole_and_needs_no_parent(nnfs: Nnfs) -> None:
    Path("child.yaml").write_text("extends: base.yaml\n")
    assert nnfs("train", "child.yaml", "--id", "one", "-q").status == 0
    assert nnfs("train", "base.yaml", "--id", "two", "-q").status == 0
    assert Path("runs/one/steps.csv").read_bytes() == Path("runs/two/steps.csv").read_bytes()
    Path("base.yaml").unlink()
    assert "extends" not in Path("runs/one/config.yaml").read_text()
    assert nnfs("evaluate", "one").status == 0
    assert nnfs("resume", "one", "--epochs", "6", "-q").status == 0


def test_the_config_of_a_run_extends_nothing(nnfs: Nnfs) -> None:
    assert nnfs("train", "base.yaml", "--id", "one", "-q").status == 0
    config = Path("runs/one/config.yaml")
    config.write_text(config.read_text() + "extends: base.yaml\n")
    outcome = nnfs("evaluate", "one")
    assert outcome.status == 2
    assert "extends: the config of a run must be whole" in outcome.err


def test_a_run_can_be_extended_but_someone_elses_plugins_are_not_run(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("mine.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    Path("base.yaml").write_text(BASE + "plugins: [mine.py]\n")
    assert nnfs("train", "base.yaml", "--id", "one", "-q").status == 0
    Path("child.yaml").write_text("extends: runs/one/config.yaml\ntraining: {epochs: 2}\n")
    assert nnfs("train", "child.yaml", "-q").status == 0
    Path("ran").unlink()
    monkeypatch.setenv("NNFS_STATE", str(tmp_path / "another user"))
    forget_plugins()
    monkeypatch.setattr("nnfs_cli.config.plugins._loaded", {})
    outcome = nnfs("train", "child.yaml", "-q")
    assert outcome.status == 2
    assert "its plugins are not run" in outcome.err
    with pytest.raises(UntrustedError):
        config_from({"extends": "runs/one/config.yaml"}, "mapping")
    assert not Path("ran").exists()
    assert nnfs("train", "child.yaml", "-q", "--trust-plugins").status == 0
    assert Path("ran").exists()


def test_the_schema_takes_a_child_with_less_and_no_other_config() -> None:
    valid = jsonschema.Draft202012Validator(json_schema()).is_valid
    assert valid({"extends": "base.yaml", "optimizer": {"learning_rate": 0.1}})
    assert not valid({"extends": 3})
    assert not valid({"extends": "base.yaml", "sead": 3})
    assert not valid({"optimizer": {"learning_rate": 0.1}})
