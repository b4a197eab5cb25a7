"""What is said of a table: its columns' roles, columns worth a look, rows dropped, gaps filled, classes."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnfs_cli.config.load import parse_config
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets.csv import CSV
from nnfs_cli.preprocessing.description import describe_data
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources.dates import are_dates
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loading import load_data


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def load(frame: pd.DataFrame, target: str = "y", **options: Any) -> Data:
    frame.to_csv("t.csv", index=False)
    return CSV(path="t.csv", target=target, **options).load(np.random.default_rng(0))


def said(data: Data, start: str) -> str:
    """The one note that starts so; an empty text if there is none."""
    (note,) = [note for note in data.notes if note.startswith(start)] or [""]
    return note


def table(rows: int = 30, **columns: Any) -> pd.DataFrame:
    """A table with a plain number `a`, a target `y`, and further columns."""
    rng = np.random.default_rng(3)
    y = np.arange(rows) % 2
    return pd.DataFrame({"a": rng.normal(size=rows).round(3), **columns, "y": y})


def test_what_each_column_is_taken_for_is_said_in_a_line() -> None:
    frame = table(size=["small", "large"] * 15, key=range(30), zip=[12, 34, 56] * 10)
    data = load(frame, categorical=("zip",), features={"exclude": ("key",)})
    assert said(data, "columns:") == "columns: 1 number (a); 2 categories (size, zip); not used: key"
    wide = pd.DataFrame({f"p{i}": [i, i + 1] for i in range(16)} | {"y": ["u", "v"]})
    assert said(load(wide), "columns:") == "columns: 16 numbers"
    assert said(load(wide, image_shape=(4, 4)), "columns:") == "columns: 16 numbers, as images of 4 x 4"


def test_clean_data_get_no_more_than_task_and_columns() -> None:
    assert [note.split(":")[0] for note in load(table(b=np.linspace(0, 1, 30))).notes] == ["task", "columns"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("row", np.arange(30)),
        ("row", 100 - 3 * np.arange(30)),
        ("row", np.random.default_rng(0).permutation(30) + 5000),
        ("customer_id", np.random.default_rng(0).permutation(10**6)[:30]),
        ("PassengerId", np.random.default_rng(0).permutation(10**6)[:30]),
    ],
)
def test_ids_are_recognized(name: str, values: Any) -> None:
    assert said(load(table(**{name: values})), "worth a second look: ") == (
        f"worth a second look: {name} (another value in each row, as of an id); "
        f"if it tells nothing, leave it out with `features: {{exclude: [{name}]}}`"
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("price", np.random.default_rng(0).permutation(10**6)[:30]),
        ("rooms", np.arange(30) // 2),
        ("id", np.linspace(0.5, 9.7, 30)),
        ("customer_id", np.arange(30) // 3),
    ],
)
def test_quantities_are_no_ids(name: str, values: Any) -> None:
    assert not said(load(table(**{name: values})), "worth a second look: ")


def test_all_that_is_worth_a_second_look_is_in_one_sentence_with_a_remedy_that_works() -> None:
    days = [date(2020, 1, 1 + i % 14) for i in range(30)]
    frame = table(
        key=range(30),
        k=[7] * 30,
        c=["u"] * 30,
        when=days,
        day=[int(f"{day:%Y%m%d}") for day in days],
        few=[1.5, 2.5] + [None] * 28,
        note=[f"{i}" for i in range(30)],
    )
    frame["it's"] = 0
    data = load(frame, features={"exclude": ("note",)}, missing="mean")
    note = said(data, "worth a second look: ")
    assert "k, c, it's (constant)" in note
    assert "few (mostly empty)" in note
    assert "when, day (dates or times" in note
    assert "key (another value in each row" in note
    features = yaml.safe_load(note.split("`")[1])["features"]
    assert set(features["exclude"]) == {"note", "key", "k", "c", "it's", "when", "day", "few"}
    assert not said(load(frame, features={"exclude": tuple(features["exclude"])}), "worth")
    assert "take them out of `features`" in said(load(frame, features=("a", "k", "c")), "worth")


def test_columns_that_the_user_calls_categorical_are_neither_dates_nor_ids() -> None:
    frame = table(when=[f"2020-{1 + i % 12:02}" for i in range(30)], shop=[100 + i // 2 for i in range(30)])
    assert "when (dates or times" in said(load(frame), "worth")
    assert not said(load(frame, categorical=("when", "shop")), "worth")


DAYS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31))
FORMS = [
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%y %H:%M",
    "%d %B %Y", "%d-%b-%y", "%b %d, %Y", "%A, %d %b %Y", "%B %Y", "%Y/%m", "%H:%M", "%I:%M %p", "%H:%M:%S.%f",
]  # fmt: skip


@settings(max_examples=50)
@given(days=st.lists(DAYS, min_size=1, max_size=5), form=st.sampled_from(FORMS))
def test_dates_and_times_are_recognized_however_they_are_written(days: list[datetime], form: str) -> None:
    assert are_dates([day.strftime(form) for day in days])


@pytest.mark.parametrize(
    "text",
    ["3/4", "18-24", "1.2.10", "123-45-6789", "555-12-34", "192.168.1.1", "May", "C85", "2020", "16:9", "31.02", "",
     "2020-13-01", "25:00", "10 to 12", "June Smith", "1/2/3/4"],
)  # fmt: skip
def test_other_texts_with_digits_are_no_dates(text: str) -> None:
    assert not are_dates([text])


def test_many_dates_are_refused_with_the_remedy_together_with_texts_that_are_no_categories() -> None:
    days = [str(date(2020, 1, 1) + timedelta(days=i)) for i in range(30)]
    with pytest.raises(NnfsError) as caught:
        load(table(when=days, name=[f"n{i}" for i in range(30)]), features={"exclude": ("a",)})
    message = str(caught.value)
    assert (
        "column 'when': 30 different dates or times in 30 rows are no categories ('2020-01-01', " in message
    )
    assert "make numbers of them, such as month, weekday or hour" in message
    assert "column 'name': 30 different texts in 30 rows are no categories" in message
    assert message.endswith("leave them out with `features: {exclude: [a, when, name]}`")
    assert len(load(table(72, when=[f"{i % 24:02}:30" for i in range(72)])).columns[1].categories) == 24
    with pytest.raises(NnfsError, match="25 different dates or times"):
        load(table(100, when=[str(date(2020, 1, 1 + i % 25)) for i in range(100)]))


GAPPY = st.integers(0, 2**32 - 1)


def gappy(seed: int, rows: int = 24) -> pd.DataFrame:
    """A table with gaps at random in numbers and categories."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=rows).round(2),
            "b": rng.integers(0, 9, rows).astype(float),
            "c": rng.choice(["u", "v", "w"], rows).astype(object),
            "y": rng.normal(size=rows).round(2),
        }
    )
    for name in ("a", "b", "c"):
        frame.loc[rng.random(rows) < rng.choice([0.0, 0.1, 0.4]), name] = None
    return frame


law = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@law
@given(seed=GAPPY)
def test_dropped_rows_are_counted_and_add_up_to_the_rows_that_are_used(seed: int) -> None:
    frame = gappy(seed)
    complete = frame.dropna()
    if complete.empty:
        return
    data = load(frame, missing="drop", validation=min(3, len(complete) - 1))
    used = sum(map(len, data.splits.values()))
    assert used == len(complete)
    dropped = [note for note in data.notes if "dropped" in note]
    gaps = frame[["a", "b", "c"]].isna().sum()
    counts = ", ".join(f"{name} ({count})" for name, count in gaps.items() if count)
    expected = f"{len(frame) - used} of {len(frame)} rows dropped for missing values: {counts}"
    assert dropped == ([expected] if counts else [])
    np.testing.assert_array_equal(
        np.sort(np.concatenate([split.t[split.rows, 0] for split in data.splits.values()])),
        np.sort(complete["y"]),
    )


@law
@given(seed=GAPPY, how=st.sampled_from(["mean", "median", "constant"]))
def test_filled_gaps_are_counted_and_raw_statistics_are_those_of_the_file(seed: int, how: Any) -> None:
    frame = gappy(seed)
    if frame.isna().all().any():
        return
    data = load(frame, missing=how, fill_value=-999.0, standardize=True)
    fills = {column.name: column.fill for column in data.columns}
    gaps = frame[["a", "b", "c"]].isna().sum()
    shown = [
        f"{name} ({gaps[name]}) with " + (repr(fill) if name == "c" else f"{fill:g}")
        for name, fill in fills.items()
        if gaps[name]
    ]
    assert said(data, "gaps") == (f"gaps filled (`missing: {how}`): {', '.join(shown)}" if shown else "")
    a, b, c = describe_data(data).features
    for found, column in ((a, frame["a"]), (b, frame["b"])):
        assert found.missing == gaps[found.name]
        expected = [column.mean(), column.std(ddof=0), column.min(), column.median(), column.max()]
        assert [found.mean, found.std, found.low, found.median, found.high] == pytest.approx(expected)
        assert found.normalized_mean == pytest.approx(0.0, abs=1e-9)
    assert c.missing == gaps["c"]
    assert c.levels == frame["c"].value_counts().to_dict()


@pytest.mark.parametrize("empty", [pd.Series([None] * 30, dtype=float), pd.Series(["u"] * 2 + [None] * 28)])
def test_a_column_without_any_value_to_fill_gaps_with_is_told(empty: Any) -> None:
    table(e=empty).to_csv("t.csv", index=False)
    dataset = CSV(path="t.csv", target="y", missing="mean", test=27)

    def load_by_any_seed() -> None:  # one of them draws all texts for the test
        for seed in range(20):
            dataset.load(np.random.default_rng(seed))

    with pytest.raises(NnfsError, match="column 'e' has no value in any training row"):
        load_by_any_seed()


def test_no_remedy_leaves_no_row() -> None:
    frame = table(e=[1.5] + [None] * 29, b=[None, *range(29)])
    with pytest.raises(NnfsError, match=r"e \(29\), b \(1\)") as caught:
        load(frame)
    assert "drop" not in str(caught.value)
    assert "e is mostly empty: leave it out with `features: {exclude: [e]}`" in str(caught.value)
    with pytest.raises(NnfsError, match=r"none is left; .* leave it out with `features: \{exclude: \[e\]\}`"):
        load(frame, missing="drop")
    with pytest.raises(NnfsError, match=r"`missing: drop`, `mean`.*; drop leaves 29 of 30 rows"):
        load(frame, features={"exclude": ("e",)})


def test_rows_without_a_target_are_an_error_or_dropped_with_their_count() -> None:
    frame = table()
    frame["y"] = frame["y"].astype(float).where(frame.index >= 3)
    with pytest.raises(NnfsError, match=r"y \(3\); a target must be there; `missing: drop` leaves such rows out, and keeps 27 of 30"):  # fmt: skip
        load(frame, missing="mean")
    assert "3 of 30 rows dropped for missing values: y (3)" in load(frame, missing="drop").notes
    with pytest.raises(NnfsError, match=r"missing are y \(30\); a target must be there$"):
        load(frame.assign(y=None), missing="drop")


def test_places_are_those_of_the_file_though_rows_were_dropped() -> None:
    frame = table()
    frame.loc[[0, 4], "a"] = None
    frame.loc[20, "a"] = np.inf
    with pytest.raises(NnfsError, match="row 21, column 'a': must be finite, found inf"):
        load(frame, missing="drop")


def test_rows_of_a_test_file_are_counted_too() -> None:
    test = table(c=["u", "v"] * 15)
    test.loc[:3, "a"] = None
    test.to_csv("test.csv", index=False)
    frame = table(c=["u", "v"] * 15)
    assert (
        "test.csv: 4 of 30 rows dropped for missing values: a (4)"
        in load(frame, missing="drop", test="test.csv").notes
    )
    assert said(load(frame, missing="constant", test="test.csv"), "gaps") == (
        "gaps filled (`missing: constant`): a (4) with 0"
    )


def test_unknown_categories_of_a_test_file_are_an_error_or_none_and_counted() -> None:
    table(c=["u", "x", "v"] * 10).to_csv("test.csv", index=False)
    frame = table(c=["u", "v"] * 15)
    with pytest.raises(NnfsError, match=r"'x' is none of the categories trained on.*`unknown: ignore`"):
        load(frame, test="test.csv")
    data = load(frame, test="test.csv", unknown="ignore")
    assert said(data, "unknown") == "unknown categories taken for none: c (10)"
    assert data.splits["test"].x[:3, 1:].tolist() == [[1, 0], [0, 0], [0, 1]]
    assert data.columns[1].ignore_unknown


CONFIG = """
dataset: {type: csv, path: t.csv, target: y}
layers: [{type: dense, units: 3}]
loss: cross_entropy
optimizer: adam
training: {epochs: 1}
"""


@pytest.mark.parametrize(
    ("target", "overrides", "why"),
    [
        (range(26), [], "regression, since the target 'y' holds 26 different whole numbers; if they are classes, write `task: classification`"),
        ([0, 1], [], "regression, since the target 'y' holds 2 different whole numbers in only 2 rows; if they are classes, write `task: classification`"),
        ([0], [], "regression, since the target 'y' holds a single whole number in only 1 row; if they are classes, write `task: classification`"),
        ([0, 1, 2] * 9, ["loss=mse", "layers.0.units=1"], "classification, since the target 'y' holds whole numbers of only 3 different values; if they are quantities, write `task: regression`"),
        ([0.5, 1.5] * 5, [], "regression, since the target 'y' holds fractions"),
    ],
)  # fmt: skip
def test_errors_that_follow_from_the_task_repeat_why_it_was_told_so(
    target: Any, overrides: list[str], why: str
) -> None:
    target = list(target)
    pd.DataFrame({"x": np.linspace(0, 1, len(target)), "y": target}).to_csv("t.csv", index=False)
    with pytest.raises(NnfsError) as caught:
        Experiment(parse_config(CONFIG, "t.yaml", overrides))
    assert f"\n  dataset.task: {why}" in str(caught.value)
    assert f"task: {why}" in load_data(parse_config(CONFIG, "t.yaml", overrides)).notes
    given = ["dataset.task=regression" if "regression, since" in why else "dataset.task=classification"]
    with pytest.raises(NnfsError) as caught:
        Experiment(parse_config(CONFIG, "t.yaml", [*overrides, *given]))
    assert "since" not in str(caught.value)


def test_classes_that_a_split_lacks_are_said() -> None:
    frame = table(40)
    frame["y"] = ["u", "v"] * 19 + ["rare", "single"]
    frame.to_csv("t.csv", index=False)
    config = parse_config(
        CONFIG, "t.yaml", ["layers.0.units=4", "dataset.validation=0.2", "dataset.test=0.2"]
    )
    notes = Experiment(config).data.notes
    assert load_data(config).notes == notes
    assert "validation has no row of classes rare, single (2 of 4 classes)" in notes
    assert "test has no row of classes rare, single (2 of 4 classes)" in notes
    assert "training has only 1 row each of classes rare, single, too few to learn from" in notes
    config = parse_config(CONFIG, "t.yaml", ["layers.0.units=4", "dataset.test=0.7"])
    assert "training has no row of classes rare, single (2 of 4 classes)" in Experiment(config).data.notes
