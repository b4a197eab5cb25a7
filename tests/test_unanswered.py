"""Rows that a model cannot answer: all others get the answers that they get alone, and these are counted."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnfs_cli import Experiment, NnfsError, load_run
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.sources import table_reader
from tests.conftest import Nnfs

SIZES = ["small", "medium", "large"]
CONFIG = """
dataset: {type: csv, path: t.csv, target: y, features: {exclude: [key]}, standardize: true, task: classification}
layers: [{type: dense, units: 6}, relu, {type: dense, units: 2}]
loss: cross_entropy
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 3}
"""
BAD = {"a": ["", "two", "inf"], "n": ["", "x1"], "size": ["", "huge"]}


def rows(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "key": [f"k{i}" for i in range(count)],
            "a": rng.normal(size=count).round(3),
            "n": rng.integers(0, 200, count),
            "size": rng.choice(SIZES, count),
            "y": rng.choice(["no", "yes"], count),
        }
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs: of classes `c`, of integers `i`, of two values `v`, that ignores and fills `f`."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        here.setenv("NNFS_CACHE", str(folder / "cache"))
        rows(60, 0).to_csv("t.csv", index=False)
        settings_of: dict[str, list[str]] = {
            "c": [],
            "i": ["dataset.features=[n]"],
            "v": ["dataset.features=[size]", "dataset.target=[a, n]", "dataset.task=regression", "loss=mse"],
            "f": ["dataset.unknown=ignore", "dataset.missing=median"],
        }
        for name, overrides in settings_of.items():
            Path("c.yaml").write_text(CONFIG)
            Experiment("c.yaml", overrides).train(run_id=name)
    return folder


@pytest.fixture
def here(nnfs: Nnfs, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Nnfs:
    """The command line in the folder of `runs`."""
    monkeypatch.chdir(runs)
    return nnfs


def spoiled(seed: int, columns: list[str], share: float = 0.4) -> tuple[pd.DataFrame, Any]:
    """Rows as texts, some of them with values that no model without fill values can take; and which are."""
    rng = np.random.default_rng(seed)
    frame = rows(12, seed).astype(str)
    bad = np.zeros(len(frame), bool)
    for name in columns:
        here = rng.random(len(frame)) < share
        frame.loc[here, name] = rng.choice(BAD[name], here.sum())
        bad |= here
    return frame, bad


def answers(nnfs: Nnfs, frame: pd.DataFrame, *arguments: str) -> tuple[list[list[str]], str]:
    frame.to_csv("x.csv", index=False)
    status, out, err = nnfs("predict", *arguments, "x.csv")
    assert status == 0, err
    return list(csv.reader(io.StringIO(out))), err


COLUMNS = {"c": ["a", "n", "size"], "i": ["n"], "v": ["size"]}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), run=st.sampled_from(sorted(COLUMNS)), ids=st.booleans(), cells=st.sampled_from([20, 10**6]))  # fmt: skip
@pytest.mark.slow
def test_all_other_rows_get_the_answers_that_they_get_alone(
    here: Nnfs, seed: int, run: str, ids: bool, cells: int
) -> None:
    frame, bad = spoiled(seed, COLUMNS[run])
    if bad.all():
        return
    options = [run, *(["--proba"] if run != "v" else [])]
    options += ["--columns", "key,a,n" if run == "v" else "key,y"] if ids else []
    alone, _ = answers(here, frame[~bad], *options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_reader, "CELLS", cells)
        together, err = answers(here, frame, *options)
    assert len(together) == 1 + len(frame)
    assert together[0] == alone[0]
    assert [line for line, no_answer in zip(together[1:], bad, strict=True) if not no_answer] == alone[1:]
    for i in np.flatnonzero(bad):
        line = together[1 + i]
        assert line == ([f"k{i}"] if ids else [""]) + [""] * (len(line) - 1)
    assert ("have no answer" in err or "has no answer" in err) == bool(bad.any())


def test_each_kind_of_reason_is_counted_with_its_first_place_and_remedy(here: Nnfs) -> None:
    frame = rows(9, 1).astype(str)
    frame.loc[[2, 5], "n"] = ""
    frame.loc[1, "size"] = "smal"
    frame.loc[[4, 5, 7], "a"] = ["two", "1e999", "-"]
    _, err = answers(here, frame, "c")
    assert err.splitlines() == [
        "nnfs: x.csv: columns that the network does not use: key, y",
        "nnfs: 1 of 9 rows has no answer; the first: x.csv: row 2, column 'size': 'smal' is none of the categories "
        "trained on; did you mean 'small'? (`unknown: ignore` in training takes an unknown category for none)",
        "nnfs: 3 of 9 rows have no answer; the first: x.csv: row 5, column 'a': must be a number, found 'two' "
        "(correct it)",
        "nnfs: 2 of 9 rows have no answer; the first: x.csv: row 3, column 'n': a value is missing, and the network "
        "was trained without missing values (`missing: median` in training fills gaps)",
    ]


def test_a_file_of_answers_says_how_many_there_are(here: Nnfs) -> None:
    frame = rows(4, 1).astype(str)
    frame.loc[2, "n"] = ""
    frame.to_csv("x.csv", index=False)
    outcome = here("predict", "c", "x.csv", "--output", "out.csv")
    assert (outcome.status, outcome.out) == (0, "4 rows written to out.csv, 1 of them without an answer\n")
    assert Path("out.csv").read_text().splitlines()[3] == '""'


def test_a_model_that_fills_and_ignores_answers_every_row_and_says_what_it_did(here: Nnfs) -> None:
    frame = rows(9, 1).astype(str)
    frame.loc[[2, 5], "a"] = ""
    frame.loc[3, "size"] = ""
    frame.loc[[1, 7], "size"] = "huge"
    lines, err = answers(here, frame, "f", "--proba")
    assert all(all(line) for line in lines)
    fills = {column.name: column.fill for column in load_run("f").model.preparation.columns}
    assert err.splitlines()[1:] == [
        f"nnfs: gaps filled as in training: a (2) with {fills['a']:g}, size (1) with {fills['size']!r}",
        "nnfs: unknown categories taken for none: size (2)",
    ]
    frame.loc[[2, 3, 7], "n"] = "x"
    assert answers(here, frame, "f")[1].splitlines()[1:] == [
        f"nnfs: gaps filled as in training: a (1) with {fills['a']:g}",
        "nnfs: unknown categories taken for none: size (1)",
        "nnfs: 3 of 9 rows have no answer; the first: x.csv: row 3, column 'n': must be a number, found 'x' (correct it)",
    ]


def test_several_files_are_counted_one_by_one_and_an_input_without_any_answer_fails(here: Nnfs) -> None:
    good, bad = rows(3, 1).astype(str), rows(2, 2).astype(str)
    bad["size"] = "huge"
    good.to_csv("good.csv", index=False)
    bad.to_csv("bad.csv", index=False)
    status, out, err = here("predict", "c", "good.csv", "bad.csv", "good.csv")
    assert status == 0
    assert [line in ("no", "yes") for line in out.splitlines()[1:]] == [True] * 3 + [False] * 2 + [True] * 3
    assert "2 of 2 rows have no answer; the first: bad.csv: row 1" in err
    status, _, err = here("predict", "c", "bad.csv", "--output", "none.csv")
    assert status == 2
    assert "no row has an answer" in err
    assert not Path("none.csv").exists()


@pytest.mark.usefixtures("here")
def test_from_python_such_rows_are_none_or_not_a_number_with_a_warning() -> None:
    frame = rows(6, 3)
    run = load_run("c")
    alone = run.predict(frame)
    bad = frame.astype({"n": float}).copy()
    bad.loc[1, "n"] = np.nan
    bad.loc[4, "size"] = "huge"
    keep = [0, 2, 3, 5]
    with pytest.warns(UserWarning, match=r"1 of 6 rows has no answer; the first: the table: row 5, column 'size'.*; 1 of 6"):  # fmt: skip
        found = run.predict(bad)
    assert found["y"].isna().tolist() == [i not in keep for i in range(6)]
    assert found["y"][keep].tolist() == alone["y"][keep].tolist()
    with pytest.warns(UserWarning, match="no answer"):
        probabilities = run.predict_proba(bad)
    np.testing.assert_array_equal(probabilities.isna().all(axis=1), found["y"].isna())
    with pytest.warns(UserWarning, match="no answer"):
        values = load_run("v").predict(bad)
    assert np.isnan(values["a"]).tolist() == [i == 4 for i in range(6)]
    with pytest.raises(NnfsError, match=r"1 of 2 rows has no answer.*; 1 of 2 rows has no answer"):
        run.predict(bad.iloc[[1, 4]])


def test_rows_have_the_type_of_the_training_rows_where_it_holds_them() -> None:
    small = Preparation((2,), dtype="uint8")
    assert small.in_trained_type(np.array([[1.0, 255.0]])).dtype == np.uint8
    for x in ([[1.0, 256.0]], [[1.0, -1.0]], [[0.5, 1.0]], [[1e300, 1.0]]):
        np.testing.assert_array_equal(small.in_trained_type(np.array(x)), np.array(x))
    assert (
        Preparation((2,), dtype="float64").in_trained_type(np.array([[1, 2]], np.uint8)).dtype == np.float64
    )
    assert Preparation((2,)).in_trained_type(np.array([[1, 2]], np.uint8)).dtype == np.uint8


def test_an_answer_does_not_change_with_the_other_rows_of_its_file(here: Nnfs) -> None:
    frame = rows(5, 4)
    wide = pd.concat([frame, frame.assign(n=1000)])
    lines, _ = answers(here, frame, "c", "--proba")
    assert answers(here, wide, "c", "--proba")[0][1:6] == lines[1:]
