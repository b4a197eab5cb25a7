"""Tables: reading, splitting and preparing them; the cache never returns outdated data."""

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnfs_cli.config.load import parse_config
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets.csv import CSV
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources import table_cache
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.table import Table
from nnfs_cli.sources.table_reader import read_table
from nnfs_cli.training.experiment import Experiment

PEOPLE = """age,city,height,job
31,Rome,1.70,yes
44,Oslo,1.82,no
27,Rome,1.65,yes
52,Bonn,1.77,no
39,Oslo,1.80,yes
61,Rome,1.69,no
23,Bonn,1.74,yes
35,Rome,1.71,no
"""


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def load(text: str, target: str | tuple[str, ...] = "job", seed: int = 0, **options: Any) -> Data:
    Path("table.csv").write_text(text)
    return CSV(path="table.csv", target=target, **options).load(np.random.default_rng(seed))


def rows(data: Data, split: str = "train") -> Array:
    return data.splits[split].x[data.splits[split].rows]


def test_numbers_stay_and_texts_become_one_hot_in_the_order_of_the_columns() -> None:
    data = load(PEOPLE)
    assert data.classes == ("no", "yes")
    assert [(column.name, column.categories) for column in data.columns] == [
        ("age", ()),
        ("city", ("Bonn", "Oslo", "Rome")),
        ("height", ()),
    ]
    np.testing.assert_array_equal(rows(data)[:2], [[31, 0, 0, 1, 1.70], [44, 0, 1, 0, 1.82]])
    np.testing.assert_array_equal(data.splits["train"].t, [1, 0, 1, 0, 1, 0, 1, 0])


@pytest.mark.parametrize(
    ("features", "names"),
    [
        ((), ["age", "city", "height"]),
        (("height", "age"), ["height", "age"]),
        ({"include": ("city",)}, ["city"]),
        ({"exclude": ("city",)}, ["age", "height"]),
    ],
)
def test_features_are_all_but_the_target_unless_listed(features: Any, names: list[str]) -> None:
    assert [column.name for column in load(PEOPLE, features=features).columns] == names


def test_a_column_without_a_name_is_used_and_said() -> None:
    data = load(",a,y\n0,5,u\n1,6,v\n2,5,u\n3,6,v\n", target="y")
    assert [column.name for column in data.columns] == ["Unnamed: 0", "a"]
    assert data.notes[-1] == (
        "worth a second look: Unnamed: 0 (another value in each row, as of an id); "
        "if it tells nothing, leave it out with `features: {exclude: ['Unnamed: 0']}`"
    )
    left = load(",a,y\n0,5,u\n1,6,v\n", target="y", features={"exclude": ("Unnamed: 0",)})
    assert [column.name for column in left.columns] == ["a"]


def test_several_targets_are_a_regression_in_their_order() -> None:
    data = load(PEOPLE, target=("height", "age"))
    assert data.task == "regression"
    assert data.target_names == ("height", "age")
    np.testing.assert_array_equal(data.splits["train"].t[:2], [[1.70, 31], [1.82, 44]])
    assert "several target columns" in data.notes[0]


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["1.5", "2.5", "1.5", "2.5"], "regression", ()),
        (["3", "1", "3", "1", "-1", "3"], "classification", ("-1", "1", "3")),
        (["10", "9", "10", "9"], "classification", ("9", "10")),
        (["b", "a", "b", "a"], "classification", ("a", "b")),
        (["True", "False", "True", "True"], "classification", ("False", "True")),
        (["true", "false", "true", "true"], "classification", ("false", "true")),
        ([str(i) for i in range(50)], "regression", ()),
    ],
)
def test_the_task_is_told_by_the_target_and_said(
    values: list[str], task: str, classes: tuple[str, ...]
) -> None:
    data = load("x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values)), target="y")
    assert data.task == task
    assert data.classes == classes
    assert data.notes[0].startswith(f"task: {task}, since")


def test_a_given_task_is_not_inferred() -> None:
    data = load("x,y\n" + "1,1\n2,2\n3,1\n4,2\n", target="y", task="regression")
    assert data.task == "regression"
    assert not data.why_task
    assert data.notes == ("columns: 1 number (x)",)


def test_labels_that_are_spelled_like_numbers_keep_their_spelling_where_listed_as_categorical() -> None:
    data = load("zip,y\n007,a\n012,b\n007,a\n012,b\n", target="y", categorical=("zip",))
    assert data.columns[0].categories == ("007", "012")


@pytest.mark.parametrize("how", ["standardize", "minmax", "scale"])
def test_normalization_is_fitted_to_the_training_rows_alone(how: str) -> None:
    rng = np.random.default_rng(3)
    text = "a,b,y\n" + "".join(f"{a},{b},{a + b}\n" for a, b in rng.normal(5, 3, (60, 2)))
    data = load(text, target="y", test=0.3, validation=10, **{how: True})
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 32,
        "validation": 10,
        "test": 18,
    }
    train = rows(data)
    y = (train - data.inputs.shift) * data.inputs.scale
    if how == "standardize":
        np.testing.assert_allclose(y.mean(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(y.std(axis=0), 1.0)
    elif how == "minmax":
        np.testing.assert_allclose(y.min(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(y.max(axis=0), 1.0)
    else:
        np.testing.assert_allclose(np.abs(y).max(axis=0), 1.0)
        assert not np.any(data.inputs.shift)


def test_one_hot_numbers_and_constant_columns_keep_their_size() -> None:
    data = load(
        "a,k,c,y\n" + "1,7.5,u,1.5\n2,7.5,v,2.5\n3,7.5,u,0.5\n4,7.5,v,3.5\n", target="y", standardize=True
    )
    assert np.asarray(data.inputs.scale).tolist() == [1 / np.std([1, 2, 3, 4]), 1, 1, 1]
    assert np.asarray(data.inputs.shift).tolist() == [2.5, 7.5, 0, 0]


def test_bytes_as_images_share_one_scale_and_stay_bytes() -> None:
    text = "label,p0,p1,p2,p3\n" + "0,0,10,255,0\n1,5,10,20,0\n0,1,2,3,0\n1,9,9,9,0\n"
    data = load(text, target="label", image_shape=(2, 2), scale=True)
    assert rows(data).shape == (4, 2, 2)
    assert rows(data).dtype == np.uint8
    np.testing.assert_allclose(data.inputs.scale, 1 / 255)


def test_classes_keep_their_shares_in_every_split_and_rows_are_used_once() -> None:
    text = "x,y\n" + "".join(f"{i},{'rare' if i % 10 == 0 else 'often'}\n" for i in range(200))
    data = load(text, target="y", test=0.25, validation=0.1)
    counts = {name: np.bincount(split.t[split.rows]).tolist() for name, split in data.splits.items()}
    assert counts == {"train": [117, 13], "validation": [18, 2], "test": [45, 5]}
    together = np.concatenate([split.rows for split in data.splits.values()])
    np.testing.assert_array_equal(np.sort(together), np.arange(200))


def test_the_seed_draws_the_split() -> None:
    text = "x,y\n" + "".join(f"{i},{i}.5\n" for i in range(40))
    first, again, other = (load(text, target="y", test=10, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.splits["test"].rows, again.splits["test"].rows)
    assert not np.array_equal(first.splits["test"].rows, other.splits["test"].rows)


def test_a_second_file_is_the_test_split_prepared_as_the_first() -> None:
    Path("more.csv").write_text("height,age,city,job,shoe\n1.75,40,Bonn,yes,44\n")
    data = load(PEOPLE, test="more.csv", standardize=True)
    np.testing.assert_array_equal(rows(data, "test"), [[40, 1, 0, 0, 1.75]])
    assert data.splits["test"].t.tolist() == [1]
    assert data.inputs.shift[0] == pytest.approx(np.mean([31, 44, 27, 52, 39, 61, 23, 35]))  # type: ignore[index]


def test_several_files_and_patterns_are_read_one_after_the_other(tmp_path: Path) -> None:
    lines = PEOPLE.splitlines(keepends=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "part-1.csv").write_text("".join(lines[:4]))
    (tmp_path / "b" / "part-2.csv.gz").write_bytes(gzip.compress("".join([lines[0], *lines[4:]]).encode()))
    whole = rows(load(PEOPLE))
    for path in ("b/part-*", ("b/part-1.csv", "b/part-2.csv.gz"), str(tmp_path / "b" / "*")):
        data = CSV(path=path, target="job").load(np.random.default_rng(0))
        np.testing.assert_array_equal(rows(data), whole)


def test_parquet_reads_as_the_same_table_in_csv() -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2, 3, 4],
            "b": [True, False, True, True],
            "c": ["u", "v", None, "u"],
            "y": [1.5, 2.5, 3.5, 4.5],
        }
    )
    frame.to_parquet("t.parquet")
    frame.to_csv("t.csv", index=False)
    both = [
        CSV(path=name, target="y", missing="constant").load(np.random.default_rng(0))
        for name in ("t.csv", "t.parquet")
    ]
    np.testing.assert_array_equal(rows(both[0]), rows(both[1]))
    assert both[0].columns == both[1].columns


GAPS = "n,c,y\n1,u,1.5\n,v,2.5\n4,,3.5\n7,u,4.5\n,u,5.5\n"


@pytest.mark.parametrize(
    ("missing", "numbers", "category"),
    [("mean", 4.0, "u"), ("median", 4.0, "u"), ("constant", -1.0, "missing")],
)
def test_gaps_are_filled_as_asked(missing: Any, numbers: float, category: str) -> None:
    data = load(GAPS, target="y", missing=missing, fill_value=-1.0)
    assert rows(data)[:, 0].tolist() == [1, numbers, 4, 7, numbers]
    one_hot = rows(data)[2, 1:]
    assert data.columns[1].categories[int(one_hot.argmax())] == category
    assert one_hot.sum() == 1


def test_means_that_fill_gaps_come_from_the_training_rows() -> None:
    text = "n,y\n" + "".join(f"{'' if i % 4 == 0 else i},{i}.5\n" for i in range(40))
    data = load(text, target="y", test=20, missing="mean")
    train = [i for i in data.splits["train"].rows if i % 4]
    assert data.columns[0].fill == pytest.approx(np.mean(train))


def test_rows_with_gaps_can_be_dropped() -> None:
    data = load(GAPS, target="y", missing="drop")
    np.testing.assert_array_equal(rows(data), [[1, 1], [7, 1]])
    np.testing.assert_array_equal(data.splits["train"].t, [[1.5], [4.5]])


def test_regression_trains_on_standardized_targets_and_reports_their_own_units() -> None:
    config = """
dataset: {type: csv, path: t.csv, target: y, test: 0.25, standardize: true}
layers: [{type: dense, units: 1}]
loss: mse
metrics: [rmse, mae]
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 1}
"""
    rng = np.random.default_rng(0)
    lines = [f"{a},{1e6 + 3e4 * a}\n" for a in rng.normal(size=80)]
    Path("t.csv").write_text("a,y\n" + "".join(lines))
    experiment = Experiment(parse_config(config, "t.yaml"))
    train = experiment.data.splits["train"]
    t = train.t[train.rows]
    assert abs(t.mean()) < 1e-6
    assert t.std() == pytest.approx(1.0, rel=1e-5)
    scores = experiment.scores(np.zeros_like(t), train, train.rows)
    own = np.array([float(line.split(",")[1]) for line in lines])[train.rows]
    assert scores["loss"] == pytest.approx(1.0, rel=1e-5)
    assert scores["rmse"] == pytest.approx(own.std(), rel=1e-5)
    assert scores["mae"] == pytest.approx(np.abs(own - own.mean()).mean(), rel=1e-4)


@pytest.mark.parametrize("loss", ["poisson", "binary_cross_entropy"])
def test_counts_and_probabilities_are_not_standardized(loss: str) -> None:
    Path("t.csv").write_text("a,p,q\n" + "1,0,1\n2,1,0\n3,1,1\n4,0,0\n")
    config = f"""
dataset: {{type: csv, path: t.csv, target: [p, q]}}
layers: [{{type: dense, units: 2}}]
loss: {loss}
optimizer: {{type: sgd, learning_rate: 0.1}}
training: {{epochs: 1}}
"""
    experiment = Experiment(parse_config(config, "t.yaml"))
    assert set(np.unique(experiment.data.splits["train"].t)) == {0.0, 1.0}
    assert experiment.preparation.targets.is_identity


def test_large_numbers_that_differ_little_keep_their_differences_in_float32() -> None:
    text = "stamp,y\n" + "".join(f"{1_700_000_000 + i},{i}.5\n" for i in range(16))
    Path("t.csv").write_text(text)
    config = """
dataset: {type: csv, path: t.csv, target: y, standardize: true}
layers: [{type: dense, units: 1}]
loss: mse
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 1}
"""
    x = Experiment(parse_config(config, "t.yaml")).data.splits["train"].x[:, 0]
    np.testing.assert_allclose(np.diff(x), 1 / np.std(np.arange(16)), rtol=1e-5)


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        ("a;b\n1;x y\n2;z\n", Dialect(";")),
        ("a\tb\n1\tx y\n2\tz\n", Dialect("\t")),
        ("a,b\r\n1,x y\r\n2,z\r\n", Dialect()),
        ('a,b\n1,"x y"\n\n2,z', Dialect()),
        ("\ufeffa,b\n1,x y\n2,z\n", Dialect()),
        ("a, b\n1, x y\n2, z\n", Dialect()),
    ],
)
def test_tables_are_read_however_they_are_written(content: str, dialect: Dialect) -> None:
    Path("t.csv").write_bytes(content.encode())
    table = read_table([Path("t.csv")], dialect)
    assert table.names == ("a", "b")
    assert table.number("a").tolist() == [1, 2]
    assert [table.texts["b"].levels[code] for code in table.texts["b"].codes] == ["x y", "z"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8"])
def test_other_encodings_are_read_where_they_are_named(encoding: str) -> None:
    Path("t.csv").write_bytes("a,b\n1,café\n2,thé\n".encode(encoding))
    assert read_table([Path("t.csv")], Dialect(encoding=encoding)).texts["b"].levels == ("café", "thé")


def test_quoted_values_may_hold_delimiters_quotes_and_line_ends() -> None:
    Path("t.csv").write_text('a,b\n1,"x, ""y""\nz"\n2,w\n')
    assert read_table([Path("t.csv")], Dialect()).texts["b"].levels == ('x, "y"\nz', "w")


def test_a_table_reads_the_same_in_any_number_of_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    lines = [
        f"{i},{rng.normal()!r},{rng.choice(['p', 'q', 'r'])},{rng.integers(0, 300)}\n" for i in range(97)
    ]
    lines[80] = "80,,,7\n"
    Path("t.csv").write_text("i,f,c,n\n" + "".join(lines))
    whole = read_table([Path("t.csv")], Dialect())
    monkeypatch.setattr("nnfs_cli.sources.lines.BLOCK", 40)
    parts = read_table([Path("t.csv")], Dialect())
    np.testing.assert_array_equal(whole.numbers, parts.numbers)
    for name, column in whole.texts.items():
        np.testing.assert_array_equal(column.codes, parts.texts[name].codes)
        assert column.levels == parts.texts[name].levels
    frame = pd.read_csv("t.csv")
    np.testing.assert_array_equal(whole.number("f"), frame["f"].to_numpy())


def test_a_column_that_turns_out_to_be_text_late_is_read_as_text_from_its_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nnfs_cli.sources.lines.BLOCK", 20)
    lines = [f"{i},{'007' if i < 20 else 'x'}\n" for i in range(50)]
    Path("t.csv").write_text("i,c\n" + "".join(lines))
    table = read_table([Path("t.csv")], Dialect())
    assert table.texts["c"].levels == ("007", "x")


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def counted(*arguments: Any) -> Table:
        calls.append(1)
        return read_table(*arguments)

    monkeypatch.setattr(table_cache, "read_table", counted)
    return calls


def age(path: str, seconds: int = 60) -> None:
    """Set a file's times as if it had been written some time ago."""
    os.utime(path, ns=(0, Path(path).stat().st_mtime_ns - seconds * 10**9))


def test_a_table_is_parsed_once_and_then_mapped_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted_reads(monkeypatch)
    first, second = load(PEOPLE), load(PEOPLE)
    assert len(calls) == 1
    np.testing.assert_array_equal(rows(first), rows(second))
    assert first.columns == second.columns
    assert first.fingerprint == second.fingerprint
    load(PEOPLE.replace(",", ";"), delimiter=";")
    assert len(calls) == 2


def test_a_changed_file_is_never_served_from_the_cache() -> None:
    load(PEOPLE)
    stat = Path("table.csv").stat()
    Path("table.csv").write_text(PEOPLE.replace("31,Rome", "13,Rome"))
    os.utime("table.csv", ns=(stat.st_atime_ns, stat.st_mtime_ns))  # the same size and the same time
    data = CSV(path="table.csv", target="job").load(np.random.default_rng(0))
    assert rows(data)[0, 0] == 13


def test_a_file_that_was_only_touched_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted_reads(monkeypatch)
    load(PEOPLE)
    age("table.csv")
    CSV(path="table.csv", target="job").load(np.random.default_rng(0))
    assert len(calls) == 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1, 2"])
def test_a_damaged_cache_costs_time_and_nothing_else(damage: bytes) -> None:
    whole = rows(load(PEOPLE))
    for file in Path(os.environ["NNFS_CACHE"]).rglob("*.*"):
        file.write_bytes(damage)
    np.testing.assert_array_equal(rows(load(PEOPLE)), whole)


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("occupied").write_text("a file where a folder should be")
    monkeypatch.setenv("NNFS_CACHE", "occupied")
    assert len(rows(load(PEOPLE))) == 8


def test_only_the_newest_content_of_a_file_stays_in_the_cache() -> None:
    load(PEOPLE)
    load(PEOPLE.replace("31", "32"))
    assert len(list(Path(os.environ["NNFS_CACHE"]).rglob("*-numbers.npy"))) == 1


def test_the_fingerprint_changes_with_the_data_and_with_nothing_else() -> None:
    first, same, other = load(PEOPLE), load(PEOPLE, test=2), load(PEOPLE.replace("31", "32"))
    assert first.fingerprint == same.fingerprint
    assert first.fingerprint != other.fingerprint


def test_an_earlier_preparation_is_applied_instead_of_a_new_one() -> None:
    fitted = load(PEOPLE, standardize=True).preparation
    Path("table.csv").write_text("".join(PEOPLE.splitlines(keepends=True)[:4]).replace("31", "99"))
    data = CSV(path="table.csv", target="job", standardize=True).load_as(fitted, np.random.default_rng(0))
    assert data.columns == fitted.columns
    assert data.classes == fitted.classes
    np.testing.assert_array_equal(data.inputs.shift, fitted.inputs.shift)
    assert rows(data).shape == (3, 5)


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    (PEOPLE, {"target": "jobb"}, "dataset.target: no column 'jobb' in table.csv; did you mean 'job'?"),
    (PEOPLE, {"features": ("agee",)}, "dataset.features: no column 'agee' in table.csv; did you mean 'age'?"),
    (PEOPLE, {"features": {"exclude": ("towns",)}}, "dataset.features: no column 'towns'"),
    (PEOPLE, {"features": ("age", "job")}, "dataset.features: column 'job' is the target"),
    (PEOPLE, {"features": ("age", "age")}, "dataset.features: column 'age' is listed twice"),
    (
        PEOPLE,
        {"features": {"exclude": ("age", "city", "height")}},
        "no column of table.csv is left besides the target",
    ),
    (PEOPLE, {"categorical": ("zip",)}, "dataset.categorical: no column 'zip'"),
    (
        PEOPLE,
        {"task": "regression"},
        "regression needs numbers, but column 'job' in table.csv holds texts, such as 'yes'",
    ),
    (
        PEOPLE,
        {"target": "height", "task": "classification"},
        "classification needs classes, but column 'height' in table.csv holds fractions, such as 1.7",
    ),
    (
        PEOPLE,
        {"target": ("age", "job"), "task": "classification"},
        "classification takes one target column, found 2",
    ),
    (PEOPLE, {"test": 8}, "dataset.test: must leave rows to train on, found 8 of 8 rows"),
    (
        PEOPLE,
        {"test": 4, "validation": 0.5},
        "dataset.validation: must leave rows to train on, found 0.5 of 4 rows",
    ),
    (PEOPLE, {"image_shape": (2, 2)}, "dataset.image_shape: [2, 2] takes 4 features, found 5"),
    (PEOPLE, {"test": "tabel.csv"}, "dataset.test: no such file: "),
    (PEOPLE, {"test": "tabel.csv"}, "; did you mean 'table.csv'?"),
    (
        PEOPLE.replace("44", "old"),
        {},
        "table.csv: row 2, column 'age': 'old' is not a number, but 87.5% of the column's values are",
    ),
    (
        PEOPLE.replace("44", ""),
        {},
        "table.csv: missing values in age (1); say what to do: `missing: drop`, `mean`, `median` or `constant`",
    ),
    (PEOPLE.replace("44", "NaN").replace("Rome", ""), {}, "table.csv: missing values in age (1), city (4)"),
    (
        PEOPLE.replace("yes", ""),
        {"missing": "mean"},
        "table.csv: missing values in job (4); a target must be there",
    ),
    (
        "a,b,y\n1,,x\n,2,z\n",
        {"target": "y", "missing": "drop"},
        "each row of table.csv lacks a value: none is left",
    ),
    (PEOPLE.replace("44", "inf"), {}, "table.csv: row 2, column 'age': must be finite, found inf"),
    (
        PEOPLE.replace("1.82", "-Infinity"),
        {"target": "height"},
        "table.csv: row 2, column 'height': must be finite, found -inf",
    ),
    (
        PEOPLE.replace("no", "yes"),
        {},
        "dataset.target: column 'job' in table.csv has only one class, 'yes': there is nothing to tell apart",
    ),
    (
        PEOPLE.replace("44,Oslo", "44,Oslo,Oslo"),
        {},
        "table.csv, line 3: must have 4 values, as the header has, found 5",
    ),
    (
        PEOPLE.replace("44,Oslo", "44"),
        {},
        "table.csv, line 3: must have 4 values, as the header has, found 3",
    ),
    (
        PEOPLE.replace("height", "age"),
        {},
        "table.csv, line 1: column names must differ, found more than once: 'age'",
    ),
    (
        PEOPLE.replace(",", ";"),
        {},
        "table.csv, line 1: only one column, 'age;city;height;job': the values seem to be separated by a semicolon, not by a comma; set the delimiter to \";\"",
    ),
    (PEOPLE.replace(",", "\t"), {}, 'set the delimiter to "\\t"'),
    (PEOPLE, {"delimiter": ";"}, "separated by a comma, not by a semicolon"),
    (PEOPLE.replace("23,Bonn", '23,"Bonn'), {}, "a quote is opened and never closed"),
    ("", {}, "table.csv: the file is empty"),
    ("\n\n", {}, "table.csv: the file is empty"),
    ("age,job\n", {}, "table.csv: a header and no rows below it"),
    ("1,2\n3,4\n", {"target": "y"}, "does its first line name the columns?"),
    (
        "name,y\n" + "".join(f"n{i},{i % 2}\n" for i in range(30)),
        {"target": "y"},
        "column 'name': 30 different texts in 30 rows are no categories ('n0', 'n1', 'n10', ...); leave it out with `features: {exclude: [name]}`",
    ),
]


@pytest.mark.parametrize(
    ("text", "options", "message"), MISTAKES, ids=[message[:60] for *_, message in MISTAKES]
)
def test_what_is_wrong_with_a_table_is_told_where_it_is(
    text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(NnfsError) as caught:
        load(text, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            PEOPLE.replace("Rome", "Zürich").encode("cp1252"),
            "table.csv, line 2: byte 0xfc is not UTF-8; read as cp1252 it is '31,Zürich",
        ),
        (
            PEOPLE.encode("utf-16"),
            "table.csv, line 1: the file is UTF-16, not UTF-8; set the encoding to utf-16",
        ),
        (b"PK\x03\x04rest", "an Excel workbook or zip file; save the table as CSV"),
        (gzip.compress(PEOPLE.encode(), mtime=0)[:40], "truncated or corrupted"),
    ],
)
def test_what_is_no_text_is_recognized(content: bytes, message: str) -> None:
    Path("table.csv").write_bytes(content)
    with pytest.raises(NnfsError) as caught:
        CSV(path="table.csv", target="job").load(np.random.default_rng(0))
    assert message in str(caught.value)


@pytest.mark.parametrize("missing", ["error", "drop", "mean"])
def test_a_feature_that_a_test_file_or_changed_data_lack_is_told(missing: Any) -> None:
    Path("more.csv").write_text("city,height,job\nRome,1.7,no\n")
    with pytest.raises(NnfsError, match=r"dataset.test: no column 'age' in more.csv"):
        load(PEOPLE, test="more.csv", missing=missing)
    fitted = load(PEOPLE, missing=missing).preparation
    Path("table.csv").write_text("city,height,job\nRome,1.7,no\nBonn,1.7,yes\n")
    with pytest.raises(NnfsError, match=r"dataset.path: no column 'age' in table.csv"):
        CSV(path="table.csv", target="job", missing=missing).load_as(fitted, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "40,Paris,1.7,yes",
            "more.csv: row 2, column 'city': 'Paris' is none of the categories trained on; there are Bonn, Oslo, Rome",
        ),
        (
            "40,Roma,1.7,yes",
            "more.csv: row 2, column 'city': 'Roma' is none of the categories trained on; did you mean 'Rome'?",
        ),
        (
            "40,Rome,1.7,perhaps",
            "more.csv: row 2, column 'job': class 'perhaps' is not among those trained on",
        ),
        ("x,Rome,1.7,no", "more.csv: row 2, column 'age'"),
    ],
)
def test_a_test_file_may_hold_nothing_that_training_did_not_know(row: str, message: str) -> None:
    Path("more.csv").write_text(f"age,city,height,job\n41,Rome,1.7,no\n{row}\n")
    with pytest.raises(NnfsError) as caught:
        load(PEOPLE, test="more.csv")
    assert message in str(caught.value)
