"""Numbers, names and gaps as files spell them: what is a number, what is a text, and what is said of it."""

import datetime as dt
import decimal
import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs_cli import Experiment
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets.csv import CSV
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.inputs import read_rows, rows_of_frame
from nnfs_cli.sources.spellings import NumberSpelling
from nnfs_cli.sources.table_reader import read_table

BIG = 2**53 + 1


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def column(values: list[Any], name: str = "a") -> str:
    """A table of one column and a target of two classes."""
    targets = itertools.cycle("pq")
    return f"{name},y\n" + "".join(f'"{value}",{y}\n' for value, y in zip(values, targets, strict=False))


def load(text: str, **options: Any) -> Data:
    Path("t.csv").write_text(text, encoding="utf-8")
    return CSV(**{"path": "t.csv", "target": "y", **options}).load(np.random.default_rng(0))


def told(text: str, **options: Any) -> str:
    with pytest.raises(NnfsError) as caught:
        load(text, **options)
    return str(caught.value)


TEXTS = st.text("0123456789.,+-eEinfa_ ", max_size=7) | st.sampled_from(
    ["Infinity", "1E+5", "0x1", "\t7 ", "5e"]
)


@settings(max_examples=50)
@given(
    texts=st.lists(TEXTS.filter(lambda text: bool(text.strip())), min_size=1, max_size=4),
    point=st.sampled_from(".,"),
)
def test_a_number_is_what_pandas_takes_for_one(
    texts: list[str], point: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A column is the same whether pandas makes its numbers or they are made from its texts."""
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    path.write_text("a\n" + "".join(f'"{text}"\n' for text in texts))
    dialect = Dialect(decimal=point, na_values=())
    by_pandas = read_table([path], dialect)
    spelled = [NumberSpelling(dialect).standard(text) for text in texts]
    assert bool(by_pandas.numeric) == all(text is not None for text in spelled)
    if by_pandas.numeric:
        table = read_table([path], dialect, ColumnKinds(numbers=frozenset("a"), id_column="a"))
        np.testing.assert_array_equal(by_pandas.number("a"), table.number("a"))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["007", "7"], ("007", "7")),
        (["10", "9"], ("9", "10")),
        (["+1", "-1"], ("+1", "-1")),
        ([BIG, BIG - 1, BIG + 1], (str(BIG - 1), str(BIG), str(BIG + 1))),
        (["1", "99999999999999999999"], ("1", "99999999999999999999")),
        (["None", "mild"], ("None", "mild")),
        (["NA", "NO"], ("NA", "NO")),
        (["1.0", "2.0"], ("1", "2")),
    ],
)
def test_classes_are_named_as_the_file_spells_them(labels: list[Any], classes: tuple[str, ...]) -> None:
    data = load("a,y\n" + "".join(f"{i}.5,{label}\n" for i, label in enumerate(labels * 3)), na_values=())
    assert data.classes == classes
    names = [classes[k] for k in data.splits["train"].t[: len(labels)]]
    assert names == [str(label).removesuffix(".0") for label in labels]


def test_a_leading_zero_in_a_target_of_quantities_is_no_name() -> None:
    data = load("a,y\n1,01\n2,02.5\n3,03\n", task="regression")
    np.testing.assert_array_equal(data.splits["train"].t[:, 0], [1, 2.5, 3])


def test_categories_keep_their_spelling_in_a_file_that_holds_numbers_alone() -> None:
    Path("more.csv").write_text("a,y\n07,p\n")
    data = load(column(["07", "x", "7", "x", "x"]), test="more.csv")
    assert data.columns[0].categories == ("07", "7", "x")
    np.testing.assert_array_equal(data.splits["test"].x, [[1, 0, 0]])


NUMBERS = ["892", "00000", str(BIG), "9" * 20, "1.10", "1e3", "-0", "NA", "None", ""]


@pytest.mark.parametrize(
    ("feature", "ids"),
    [
        ((), [*NUMBERS, " pad ", "x,1", 'a "b"', "nan"]),
        ((Column("id", fill=0.0),), NUMBERS),
        ((Column("id", ("01", "1"), fill="1"),), ["01", "1", "NA", ""]),
    ],
)
@pytest.mark.parametrize("thousands", ["", ","])
def test_ids_are_as_the_file_spells_them_whatever_else_their_column_is(
    feature: tuple[Column, ...], ids: list[str], thousands: str
) -> None:
    pd.DataFrame({"a": range(len(ids)), "id": ids}).to_csv("p.csv", index=False, quoting=1)
    columns = (Column("a"), *feature)
    preparation = Preparation((sum(c.width for c in columns),), columns)
    dialect = Dialect(thousands=thousands)
    rows = list(read_rows(["p.csv"], preparation, dialect, "id"))
    assert [name for part in rows for name in part.ids] == ids


def test_ids_of_parquet_files_are_exact() -> None:
    frame = pd.DataFrame(
        {"a": [1.0, 2, 3], "id": pd.array([BIG, None, 7], "Int64"), "t": ["007", "NA", None]}
    )
    frame.to_parquet("p.parquet")
    preparation = Preparation((1,), (Column("a"),))
    for name, ids in (("id", (str(BIG), "", "7")), ("t", ("007", "NA", ""))):
        (rows,) = read_rows(["p.parquet"], preparation, Dialect(), name)
        assert rows.ids == ids


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        (
            ["4,5", "5,0"],
            """'4,5' looks like a number; set `decimal: ","` (then it is 4.5), or list 'a' under""",
        ),
        (["1.234,5", "7,5"], """set `decimal: ",", thousands: "."` (then it is 1234.5)"""),
        (
            ["5,500", "7,000"],
            """set `thousands: ","` (then it is 5500) or `decimal: ","` (then it is 5.500)""",
        ),
        (
            ["137.50", "900.00", "1,100.00"],
            """'1,100.00' looks like a number; set `thousands: ","` (then it is""",
        ),
        (["1,00,000", "2,50,000"], """set `thousands: ","` (then it is 100000)"""),
        (["1_000", "2_000"], """set `thousands: "_"`"""),
        (["1 000", "2 000"], """set `thousands: " "`"""),
        (["1'000", "2'000"], """set `thousands: "'"`"""),
        (["1\u00a0000", "2\u00a0000"], """set `thousands: "\\u00a0"`"""),
        (["4%", "5 %"], "'4%' looks like a number with a sign; write numbers alone, such as 4"),
        (["$5,500", "€ 7"], "'$5,500' looks like a number with a sign; write numbers alone, such as 5500"),
        (
            ["1", "2", "?"],
            """'?' is not a number, but 66.7% of the column's values are; correct it, or set `na_values: ["?"]`""",
        ),
        (["1", "2", "3", "4", "-", "?"], """set `na_values: ["-", "?"]` if it stands for a missing value"""),
        (
            [BIG, 5],
            f"{BIG} is beyond 2^53, and float64 would round it; use a larger unit, leave it out with",
        ),
        ([-BIG, 5], f"{-BIG} is beyond 2^53"),
        (["9" * 20, "9" * 21], f"{'9' * 20} is beyond 2^53"),
    ],
)
def test_texts_that_look_like_numbers_are_refused_with_what_helps(values: list[Any], advice: str) -> None:
    text = column(values * 2)
    assert advice in told(text)
    assert load(text, categorical=("a",)).columns[0].categories
    assert load("b,a,y\n" + "".join(f"1,{line}\n" for line in text.splitlines()[1:]), features=("b",)).columns


@pytest.mark.parametrize(
    ("values", "options", "numbers"),
    [
        (["4,5", "-5", "1,25e2"], {"decimal": ","}, [4.5, -5, 125]),
        (["1.234,5", "7"], {"decimal": ",", "thousands": "."}, [1234.5, 7]),
        (["5,500", "1,234,567", "12"], {"thousands": ","}, [5500, 1234567, 12]),
        (["1 000", "2.5"], {"thousands": " "}, [1000, 2.5]),
        (["1'000", "0"], {"thousands": "'"}, [1000, 0]),
        (["?", "7", ""], {"na_values": ("?",), "missing": "constant"}, [0, 7, 0]),
        (["-999", "7"], {"na_values": ("-999",), "missing": "constant"}, [0, 7]),
    ],
)
def test_options_say_how_numbers_and_gaps_are_written(
    values: list[str], options: dict[str, Any], numbers: list[float]
) -> None:
    data = load(column(values * 2), **options)
    assert data.splits["train"].x[: len(numbers), 0].tolist() == numbers


@pytest.mark.parametrize("values", [["1,5", "2,50"], ["12,3456", "1"], ["1,000,00", "3"]])
def test_a_number_that_is_grouped_in_another_way_is_not_taken_for_one(values: list[str]) -> None:
    assert "looks like a number" in told(column(values), thousands=",") or "not a number" in told(
        column(values), thousands=","
    )


def test_the_texts_that_are_gaps_are_the_users() -> None:
    names = column(["NA", "NO", "DE", "NA"], "country")
    assert "found 'NA' there: if that is a value, set `na_values`" in told(names)
    assert load(names, na_values=()).columns[0].categories == ("DE", "NA", "NO")
    data = load(column(["?", "Gov", "Private", "?"]))
    assert data.notes[-1] == (
        "column 'a': '?' is a category of its own; if it stands for a missing value, set `na_values: [\"?\"]`"
    )
    assert not any("of its own" in note for note in load(column(["😀", "Gov", "Private", "😀"])).notes)
    filled = load(column(["?", "Gov", "Private", "?"]), na_values=("?",), missing="constant")
    assert filled.columns[0].categories == ("Gov", "Private", "missing")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thousands": "."}, "not the decimal point"),
        ({"thousands": "1"}, "no letter, digit or sign"),
        ({"thousands": ",,"}, "a single character"),
        ({"delimiter": '"'}, "no quote or line end"),
        ({"encoding": "rot13"}, "the name of an encoding"),
        ({"encoding": "base64"}, "the name of an encoding"),
        ({"target": ("y", "z", "y")}, "columns that differ"),
    ],
)
def test_options_that_cannot_be_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CSV(**{"path": "t.csv", "target": "y", **options})


@pytest.mark.parametrize(
    "text", ["a,y,\n1,p,\n2,q,\n", "a,y,\n1,p\n2,q\n", "a,y,,\n1,p,,\n2,q,,\n", '"a","y",""\n1,p\n2,q\n']
)
def test_a_delimiter_at_the_end_of_lines_makes_no_column(text: str) -> None:
    data = load(text, missing="drop")
    assert [c.name for c in data.columns] == ["a"]
    assert data.missing == {"a": 0, "y": 0}
    assert data.notes[-1].startswith("columns without a name and without values are left out: Unnamed: 2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,y\n1,p,\n2,q,\n",
            "line 2: must have 2 values, as the header has, found 3: the line ends in a comma",
        ),
        (
            "a,y,\n1,p,\n2,q\n",
            "line 3: must have 3 values, as the header has, found 2: the header ends in a comma",
        ),
        ("a,b,y\n1,,p\n2,,q\n", "b is mostly empty: leave it out with `features: {exclude: [b]}`"),
        ('a,y\n1, "p"\n2,q\n', "line 2: a blank before a quote"),
        ('a,y\n1,"p" \n2,q\n', "line 2: a quoted value must end before a comma or the line's end"),
        ("a,y\n1,p\r\n2\r,q\n", "line 3: must have 2 values, as the header has, found 1"),
        ("a,y\n1,p\n2,\0q\n", "line 3: a zero byte"),
    ],
)
def test_a_malformed_record_is_told_with_its_line(text: str, message: str) -> None:
    assert message in told(text)


def test_blanks_after_delimiters_belong_to_no_value_where_the_header_has_them() -> None:
    data = load('a, note, y\n1, "k, l", p\n2,  m, q\n3,"m",p\n4," m",q\n')
    assert data.columns[1].categories == (" m", "k, l", "m")


def test_parquet_holds_more_than_numbers_and_texts() -> None:
    day = dt.date(2026, 1, 2)
    frame = pd.DataFrame(
        {
            "price": [decimal.Decimal("1.10"), decimal.Decimal("2.25")],
            "lists": [[1], [2, 3]],
            "maps": [{"k": 1}, {"k": 2}],
            "day": [day, day],
            "big": [BIG, BIG + 1],
            "y": ["p", "q"],
        }
    )
    frame.to_parquet("t.parquet")
    for name in ("lists", "maps"):
        with pytest.raises(NnfsError, match=rf"column '{name}' holds lists .*; take it out of `features`"):
            CSV(path="t.parquet", target="y", features=(name,)).load(np.random.default_rng(0))
        with pytest.raises(NnfsError, match=rf"column '{name}' holds lists .* texts$"):
            CSV(path="t.parquet", target=name, features=("price",)).load(np.random.default_rng(0))
    with pytest.raises(NnfsError, match=r"leave them out with `features: \{exclude: \[lists, maps\]\}`"):
        CSV(path="t.parquet", target="y").load(np.random.default_rng(0))
    options = {"features": {"exclude": ("lists", "maps")}, "categorical": ("big",)}
    for _ in ("first", "from the cache"):
        data = CSV(path="t.parquet", target="y", **options).load(np.random.default_rng(0))  # type: ignore[arg-type]
        assert [c.categories for c in data.columns] == [(), ("2026-01-02",), (str(BIG), str(BIG + 1))]
        assert data.splits["train"].x[:, 0].tolist() == [1.1, 2.25]
    fitted = Preparation((1,), (Column("price"),))
    (rows,) = rows_of_frame(frame, fitted)
    assert rows.x[:, 0].tolist() == [1.1, 2.25]
    with pytest.raises(NnfsError, match="'lists' holds lists"):
        list(rows_of_frame(frame, Preparation((1,), (Column("lists"),))))


def test_large_integers_with_gaps_are_not_rounded_in_silence() -> None:
    text = f"a,b,y\n{BIG},1e20,p\n,2e20,q\n{BIG - 1},,q\n"
    assert f"{BIG} is beyond 2^53" in told(text)
    data = load(text, categorical=("a",), missing="constant")
    assert data.columns[0].categories == (str(BIG - 1), str(BIG), "missing")
    assert data.splits["train"].x[:, 3].tolist() == [1e20, 2e20, 0]


def test_texts_that_differ_only_in_blanks_are_noted() -> None:
    data = load("a,y\nRome,p\nRome ,q\nOslo,p\n")
    assert data.notes[-1] == "column 'a': 'Rome' and 'Rome ' differ only in blanks"


def test_large_numbers_are_answered_by_a_network_that_was_trained_on_arrays() -> None:
    Path("p.csv").write_text(f"id,a\n007,1e20\n{BIG},{BIG}\n")
    (rows,) = read_rows(["p.csv"], Preparation((1,)), Dialect(), "id")
    assert rows.ids == ("007", str(BIG))
    assert rows.x[:, 0].tolist() == [1e20, BIG - 1]


def test_a_number_without_a_sign_is_not_told_to_have_one() -> None:
    Path("t.csv").write_text("a;y\n" + "".join(f"{i},5;u\n{i}.25;v\n" for i in range(20)))
    with pytest.raises(NnfsError) as error:
        CSV(path="t.csv", target="y", delimiter=";", decimal=",").load(np.random.default_rng(0))
    assert "'0.25' is not a number, but 50.0% of the column's values are" in str(error.value)


@pytest.mark.parametrize(
    ("values", "number"),
    [
        (["(500)", "20", "(7)"], "-500"),
        (["100.5-", "3.0", "2.25-"], "-100.5"),
        (["$(4.50)", "$(3.00)", "$1"], "-4.50"),
        (["(4%)", "5%", "6%"], "-4"),
    ],
)
def test_negative_numbers_as_accounts_write_them_are_refused(values: list[str], number: str) -> None:
    with pytest.raises(
        NnfsError, match=f"looks like a number with a sign; write numbers alone, such as {number},"
    ):
        load(column(values * 5))


def test_an_invisible_separator_is_spelled_out_so_that_it_can_be_written() -> None:
    for mark in ("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"):
        with pytest.raises(NnfsError) as error:
            load(column([f"{i}{mark}500" for i in range(1, 9)]))
        option = re.search(r"`(thousands: .*?)`", str(error.value))
        assert option
        assert option[1].isascii()
        assert (
            load(column([f"{i}{mark}500" for i in range(1, 9)]), **yaml.safe_load(option[1]))
            .splits["train"]
            .x[0]
            == 1500
        )


def test_numbers_with_the_same_unit_are_categories_that_are_noted() -> None:
    noted = "column 'a': '10 kg' is a category as it stands; for a number, write it without the unit 'kg'"
    assert load(column(["5 kg", "10 kg", "7.5kg"] * 5)).notes[-1] == noted
    for names in (["1st", "2nd", "3rd"], ["Q1", "Q2", "Q3"], ["0-5", "6-9", "10+"], ["5 kg", "7 g", "3 t"]):
        assert not any("unit" in note for note in load(column(names * 5)).notes)


def test_a_text_among_many_different_numbers_is_refused_however_often_it_stands() -> None:
    values = [*map(str, range(20)), *["unknown"] * 60]
    with pytest.raises(
        NnfsError, match=r"'unknown' is not a number, but 95.2% of the column's different values are"
    ):
        load(column(values))
    assert load(column(values), na_values=("unknown",), missing="median").columns[0].categories == ()


def test_bytes_in_a_parquet_file_are_texts() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "y": [b"cold", "hei\u00df".encode(), b"cold", b"\xff"]})
    frame.to_parquet("t.parquet")
    data = CSV(path="t.parquet", target="y").load(np.random.default_rng(0))
    assert data.classes == (r"\xff", "cold", "hei\u00df")


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "object"])
def test_a_frame_has_the_gaps_that_the_options_name_in_training_and_in_prediction(dtype: Any) -> None:
    frame = pd.DataFrame({"a": [*range(1, 19), -999, -999], "b": [*"uv?u"] * 5, "y": ["p", "q"] * 10})
    frame["c"] = frame["a"] > 9  # False is not the text 0
    frame.to_csv("t.csv", index=False)
    options = {"type": "csv", "na_values": ["-999", "?", "0"], "missing": "median"}
    config = {"layers": [{"type": "dense", "units": 2}], "loss": "cross_entropy", "optimizer": "adam"}
    frame["a"] = frame["a"].astype(dtype)
    frame.to_parquet("t.parquet")
    rest = {**config, "training": {"epochs": 2}}
    of_file = Experiment({**rest, "dataset": {**options, "path": "t.csv", "target": "y"}}).train()
    of_frame = Experiment({**rest, "dataset": options}, x=frame, y="y").train()
    other = Experiment({**rest, "dataset": {**options, "path": "t.parquet", "target": "y"}}).train()
    assert of_file.scores == of_frame.scores == other.scores
    gaps = frame.assign(a=frame["a"].mask(frame["a"] == -999), b=frame["b"].mask(frame["b"] == "?"))
    answers = [of_file.predict_proba(rows).to_numpy() for rows in (frame, gaps)]
    np.testing.assert_array_equal(*answers)


def test_the_row_that_is_named_has_the_text_that_is_told() -> None:
    rows = [[f"{i}", f"{i}", f"{i % 2}"] for i in range(40)]
    rows[17][0] = str(BIG)
    rows[23][1] = "\ufeff5"
    for told_of, name, row in (
        (f"{BIG} is beyond 2^53", "a", 18),
        ("'\\ufeff5' has a byte order mark, as where files were joined; delete it", "b", 24),
    ):
        text = "".join(",".join(each) + "\n" for each in [["a", "b", "y"], *rows])
        message = told(text)
        assert f"row {row}, column {name!r}: {told_of}" in message
        rows[17][0] = "17"


def test_gaps_round_no_integers_of_a_parquet_file() -> None:
    for dtype in ("int64", "uint64"):
        pd.DataFrame({"a": np.array([BIG, 7, BIG - 2], dtype), "y": [0, 1, 0]}).to_parquet("t.parquet")
        table = read_table([Path("t.parquet")], Dialect(na_values=("7",)))
        assert table.texts["a"].levels == (str(BIG), str(BIG - 2))
        assert table.missing("a").tolist() == [False, True, False]
