"""Where a config's paths, its name and its plugins are looked for; what comes with nnfs."""

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import numpy as np
import pytest
from annotated_types import MinLen

from nnfs_cli import ArrayDataset, FilePath
from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import config_from, load_config
from nnfs_cli.config.names import is_plain_name, name_from
from nnfs_cli.core.errors import ConfigError, NnfsError
from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.sources.paths import IsPath, PathNotFoundError, Places, has_paths, locate_all, matching
from nnfs_cli.sources.shipped import shipped_configs
from tests.conftest import Nnfs
from tests.toys import CUBIC, ROOT

TABLE = "x,y\n" + "\n".join(f"{i / 9},{i % 5 + i / 7}" for i in range(40)) + "\n"


def csv_config(path: str, more: str = "") -> str:
    return CUBIC.replace("{type: cubic, validation: 40}", f"{{type: csv, path: {path}, target: y{more}}}")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config and its table, and an empty one beside it to work in."""
    (tmp_path / "project").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project" / "t.csv").write_text(TABLE)
    (tmp_path / "project" / "c.yaml").write_text(csv_config("t.csv"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "project"


def located(path: Path, *overrides: str) -> Any:
    return load_config(path, overrides).dataset.options()["path"]


def test_a_path_is_found_beside_the_config_then_in_the_working_directory(project: Path) -> None:
    assert located(project / "c.yaml") == str(project / "t.csv")
    Path("t.csv").write_text(TABLE)
    assert located(project / "c.yaml") == str(project / "t.csv")
    (project / "t.csv").unlink()
    assert located(project / "c.yaml") == str(Path.cwd() / "t.csv")


def test_a_path_typed_with_set_is_found_in_the_working_directory_first(project: Path) -> None:
    assert located(project / "c.yaml", "dataset.path=t.csv") == str(project / "t.csv")
    Path("t.csv").write_text(TABLE)
    for override in ("dataset.path=t.csv", "dataset={type: csv, path: t.csv, target: y}"):
        assert located(project / "c.yaml", override) == str(Path.cwd() / "t.csv")
    assert located(project / "c.yaml", "dataset.task=regression") == str(project / "t.csv")


def test_lists_patterns_and_home_are_found_alike(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = project / "[odd] folder"
    odd.mkdir()
    for name in ("part-1.csv", "part-2.csv"):
        (odd / name).write_text(TABLE)
    config = odd / "c.yaml"
    config.write_text(csv_config("[part-1.csv, part-2.csv]"))
    assert located(config) == tuple(str(odd / f"part-{i}.csv") for i in (1, 2))
    config.write_text(csv_config("part-*.csv"))
    assert load_config(config).dataset.load(np.random.default_rng(0)).splits["train"].x.shape == (80, 1)
    monkeypatch.setenv("HOME", str(project))
    config.write_text(csv_config("~/t.csv"))
    assert located(config) == str(project / "t.csv")
    config.write_text(csv_config("~nobody-of-that-name/t.csv"))
    with pytest.raises(ConfigError, match="no such file"):
        load_config(config)


def test_what_is_missing_is_told_with_every_place_and_the_nearest_name(project: Path) -> None:
    (project / "c.yaml").write_text(csv_config("tt.csv", ", test: u.csv"))
    with pytest.raises(ConfigError) as caught:
        load_config(project / "c.yaml", ["seed=x"])
    mine, here = project / "tt.csv", Path.cwd() / "tt.csv"
    text = str(caught.value)
    assert f"dataset.path: no such file: {mine} or {here}; did you mean 't.csv'?" in text
    assert "dataset.test: no such file" in text
    assert "seed: must be an integer" in text
    with pytest.raises(
        ConfigError, match=r"dataset\.path: no file matches .*/elsewhere/u\*\.csv or .*/project"
    ):
        load_config(project / "c.yaml", ["dataset.path=u*.csv"])


def test_no_file_and_no_plugin_are_told_with_the_option(project: Path) -> None:
    for path, message in (
        ("[]", "dataset.path: must name a file, found an empty list"),
        ("''", "dataset.path: names no file"),
    ):
        (project / "c.yaml").write_text(csv_config(path))
        with pytest.raises(NnfsError, match=message):
            load_config(project / "c.yaml").dataset.load(np.random.default_rng(0))
    (project / "c.yaml").write_text(f"{CUBIC}plugins: [nope.py]\n")
    for needs_data in (True, False):
        with pytest.raises(ConfigError, match=r"plugins: no such file: .*/project/nope\.py or .*/elsewhere"):
            load_config(project / "c.yaml", needs_data=needs_data)


@pytest.mark.usefixtures("project")
def test_a_mappings_paths_start_in_the_working_directory() -> None:
    mapping = {
        "dataset": {"type": "csv", "path": "t.csv", "target": "y"}, "layers": ["relu"], "loss": "mse",
        "optimizer": "sgd", "training": {"epochs": 1},
    }  # fmt: skip
    with pytest.raises(ConfigError, match=rf"no such file: {Path.cwd() / 't.csv'}"):
        config_from(mapping, "config")
    Path("t.csv").write_text(TABLE)
    assert config_from(mapping, "config").dataset.options()["path"] == str(Path.cwd() / "t.csv")


def test_a_runs_commands_work_from_every_folder_and_predict_without_its_data(
    nnfs: Nnfs, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert nnfs("train", "c.yaml", "--id", "r", "-q").status == 0
    run = str(project / "runs" / "r")
    monkeypatch.chdir(tmp_path / "elsewhere")
    for command in (["evaluate", run], ["plot", run], ["train", f"{run}/config.yaml", "-q"]):
        assert nnfs(*command).status == 0
    rows = shutil.move(project / "t.csv", tmp_path / "rows.csv")
    assert nnfs("predict", run, str(rows)).status == 0
    outcome = nnfs("evaluate", run)
    assert outcome.status == 2
    assert f"dataset.path: no such file: {project / 't.csv'}" in outcome.err


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("csv", {"path", "test"}), ("npz", {"path"}), ("npy", {"x", "y", "x_test", "y_test"}), ("mnist", {"path"}),
        ("fashion_mnist", {"path"}), ("idx", {"train_images", "train_labels", "test_images", "test_labels"}),
    ],
)  # fmt: skip
def test_every_option_that_names_a_file_is_a_path(name: str, paths: set[str]) -> None:
    hints = get_type_hints(DATASETS[name], include_extras=True)
    assert {option for option, hint in hints.items() if has_paths(hint)} == paths


def test_a_plugins_dataset_gets_its_paths_found_by_their_type(project: Path) -> None:
    @DATASETS.register("pairs")
    @dataclass(frozen=True, kw_only=True)
    class Pairs(ArrayDataset):
        """Rows of two files."""

        files: Annotated[tuple[FilePath, FilePath] | None, MinLen(2)]

        def arrays(self) -> dict[str, Any]:
            return {}

    config = project / "p.yaml"
    config.write_text(CUBIC.replace("{type: cubic, validation: 40}", "{type: pairs, files: [t.csv, c.yaml]}"))
    files = load_config(config).dataset.options()["files"]
    assert files == (str(project / "t.csv"), str(project / "c.yaml"))


def test_only_texts_marked_as_paths_are_looked_for() -> None:
    def shout(path: str, _mark: IsPath) -> str:
        return path.upper()

    annotation = Annotated[FilePath | int | tuple[str, FilePath] | None, MinLen(1)]
    values: list[Any] = ["a", 3, ("a", "b"), None, ""]
    assert [locate_all(annotation, value, shout) for value in values] == ["A", 3, ("a", "B"), None, ""]


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("Мой опыт", "Мой-опыт"), ("实验", "实验"), ("e\u0301te\u0301", "été"), ("_draft", "draft"), ("(copy) c", "copy-c"),
        ("--", "experiment"), ("...", "experiment"), ("c (2)", "c-2"), ("v1.2", "v1.2"), ("हिन्दी", "हिन्दी"),
        ("a:b*c?", "a-b-c"), ("😀", "experiment"), ("-x", "x"), ("a\udc80b", "a-b"), ("latest", "latest"),
    ],
)  # fmt: skip
def test_a_files_name_in_any_script_makes_a_plain_name(stem: str, name: str) -> None:
    assert name_from(stem) == name
    assert is_plain_name(name)
    assert len(name_from(stem * 200).encode()) <= 180


@pytest.mark.parametrize("stem", ["Мой опыт", "(copy) c", "--", "x" * 240])
def test_a_config_of_any_name_trains_into_a_run_that_is_found(nnfs: Nnfs, stem: str) -> None:
    text = CUBIC.replace("name: cubic\n", "").replace("epochs: 5", "epochs: 1")
    Path(f"{stem}.yaml").write_text(text)
    outcome = nnfs("train", f"./{stem}.yaml", "-q")
    assert outcome.status == 0, outcome.err
    run = next(Path("runs").iterdir()).name
    assert nnfs("evaluate", run).status == nnfs("evaluate", "latest").status == 0
    assert [row["id"] for row in json.loads(nnfs("runs", "--json").out)] == [run]


def test_a_bare_name_is_a_config_that_comes_with_nnfs(nnfs: Nnfs) -> None:
    out = nnfs("train", "wine", "--dry-run").out
    assert "".join(out.split()).startswith(f"config:{shipped_configs()['wine']}")
    assert "wine: the network" in out
    Path("wine").mkdir()
    assert nnfs("train", "wine", "--dry-run").status == 0
    Path("wine.yaml").write_text(CUBIC.replace("name: cubic", "name: mine"))
    assert "mine: the network" in nnfs("train", "wine", "--dry-run").out
    Path("diabetes").write_text(CUBIC.replace("name: cubic", "name: file"))
    assert "file: the network" in nnfs("train", "diabetes", "--dry-run").out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnisst", "mnisst: no such file; did you mean 'mnist'?"),
        ("qqqq", "qqqq: no such file; with nnfs come breast-cancer, cubic,"),
        (
            "mnist.yaml",
            "mnist.yaml: no such file; a config of that name comes with nnfs: write 'mnist' alone",
        ),
        ("configs/mnist.yaml", "no such file; a config of that name comes with nnfs: write 'mnist' alone"),
        (
            "rows.csv",
            "rows.csv: data, no config; `nnfs init rows.csv --target COLUMN` writes a config for it",
        ),
        ("a.npz", "a.npz: data, no config; `nnfs init a.npz` writes a config for it"),
    ],
)
def test_a_name_that_is_no_config_is_told_what_to_write(nnfs: Nnfs, name: str, message: str) -> None:
    for command in (["train", name], ["data", "describe", name]):
        outcome = nnfs(*command)
        assert (outcome.status, message in outcome.err) == (2, True), outcome.err


@pytest.mark.parametrize("name", shipped_configs())
def test_a_shipped_config_finds_its_samples_from_everywhere(nnfs: Nnfs, name: str) -> None:
    config = load_config(shipped_configs()[name], needs_data=False)
    path = config.dataset.options().get("path", "")
    if "samples" in str(path):
        assert Path(path).is_file()
        assert nnfs("train", name, "--dry-run").status == 0


def test_the_published_files_are_found_in_a_checkout_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(Path("mnist")).dataset.options()["path"] == str(ROOT / "data" / "mnist")


def test_a_wheel_holds_what_an_installed_package_looks_for() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"] == {
        folder: f"nnfs_cli/shipped/{folder}" for folder in ("configs", "data/samples")
    }
    samples = [config.dataset.options().get("path", "") for config in map(_shipped, shipped_configs())]
    folders = {str(Path(path).parent) for path in samples if "samples" in str(path)}
    assert folders == {str(ROOT / "data" / "samples")}


def _shipped(name: str) -> ExperimentConfig:
    return load_config(Path(name), needs_data=False)


def test_an_id_may_have_letters_of_any_script_but_no_sign_in_front(nnfs: Nnfs) -> None:
    assert nnfs("train", "cubic.yaml", "--id", "опыт", "-q", "--set", "training.epochs=1").status == 0
    assert nnfs("evaluate", "опыт").status == 0
    for run_id in ("-x", "_x", ".x", "a/b", "a b", "", "a\n", "a:b"):
        outcome = nnfs("train", "cubic.yaml", f"--id={run_id}")
        assert outcome.status == 2
        assert "--id: must be a plain name for a new folder: letters, digits, and . _ -" in outcome.err


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/*.csv", ["q.csv", "x/q.csv"]),
        ("**/**/q.csv", ["q.csv", "x/q.csv"]),
        ("[x]/*.csv", ["x/q.csv"]),
        ("x/../*.csv", ["x/../q.csv"]),
        ("*/q.csv", ["loop/q.csv", "other/q.csv", "x/q.csv"]),
        ("*/" * 20_000 + "q.csv", NnfsError),
        ("[" * 40_000, []),
        ("**/" * 1000 + "q.csv", ["q.csv", "x/q.csv"]),
        ("\0*", []),
    ],
)
def test_patterns_are_bounded_where_links_lead_in_circles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, names: list[str] | type[NnfsError]
) -> None:
    monkeypatch.setattr("nnfs_cli.sources.paths.MOST_MATCHES", 300)
    for name in ("x", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "q.csv").touch()
    (tmp_path / "q.csv").touch()
    for link in ("loop", "other"):
        (tmp_path / link).symlink_to(".")
    whole = f"{tmp_path}/{pattern}"
    if isinstance(names, list):
        assert matching(whole) == [f"{tmp_path}/{name}" for name in names]
    else:
        with pytest.raises(names, match="more than 300 files or folders"):
            matching(whole)


def test_of_very_many_missing_paths_only_some_are_looked_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def locate(_places: Places, path: str, what: str) -> str:
        looked.append(path)
        raise PathNotFoundError(f"no such {what}: {path}")

    monkeypatch.setattr(Places, "locate", locate)
    paths = ", ".join(f"m{i}.csv" for i in range(5000))
    (project / "c.yaml").write_text(csv_config(f"[{paths}]"))
    with pytest.raises(
        ConfigError, match=r"at least 10[01] mistakes\n.*no such file: m0\.csv(\n.*)+ at least 7[56] more$"
    ):
        load_config(project / "c.yaml")
    assert len(looked) < 500
