"""`nnfs new`: a config that trains as it stands, for any table."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import yaml

from nnfs_cli.config.load import load_config
from nnfs_cli.jobs.new import new_config
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from tests.conftest import Nnfs
from tests.toys import ROOT

SAMPLES = ROOT / "data" / "samples"
DRAW = np.random.default_rng(3)
X, Z = DRAW.normal(size=(2, 120))
SIGN = np.where(X > 0, "yes", "no")


def rows(*columns: Iterable[object]) -> str:
    """The lines of a CSV file, from columns of 120 values."""
    return "\n".join(",".join(map(str, row)) for row in zip(*columns, strict=True))


def train_one_epoch(config: str) -> None:
    experiment = Experiment(load_config(Path(config), ["training.epochs=1"]))
    assert sum(1 for _ in train(experiment))


def made(nnfs: Nnfs, text: str | bytes, *targets: str) -> dict[str, object]:
    """The dataset's options in the config that is written for a table; the config must train."""
    Path("odd.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    arguments = [part for target in targets for part in ("--target", target)]
    outcome = nnfs("new", "fresh", "--from", "odd.csv", *arguments)
    assert outcome.status == 0, outcome.err
    assert outcome.out.splitlines() == ["fresh.yaml", "train it: nnfs train fresh.yaml"]
    train_one_epoch("fresh.yaml")
    dataset: dict[str, object] = yaml.safe_load(Path("fresh.yaml").read_text())["dataset"]
    return dataset


def test_without_a_table_an_example_is_written_that_trains(nnfs: Nnfs) -> None:
    assert nnfs("new").out.splitlines()[0] == "first.yaml"
    train_one_epoch("first.yaml")


@pytest.mark.parametrize(
    ("name", "target"),
    [("breast_cancer", "diagnosis"), ("diabetes", "progression"), ("digits", "digit"), ("wine", "cultivar")],
)
def test_a_config_for_a_sample_trains(nnfs: Nnfs, name: str, target: str) -> None:
    source = str(SAMPLES / f"{name}.csv.gz")
    assert nnfs("new", "--from", source, "--target", target).status == 0
    train_one_epoch(f"{name}.yaml")


def test_columns_that_are_no_features_are_left_out_with_a_reason(nnfs: Nnfs) -> None:
    texts = [f"note {i}" for i in range(120)]
    gaps = ["" if i % 3 else "5" for i in range(120)]
    table = "a: b,customer_id,same,note,empty,#,label\n" + rows(
        X, range(700, 820), [1] * 120, texts, gaps, Z, SIGN
    )
    dataset = made(nnfs, table, "label")
    assert dataset["features"] == {"exclude": ["customer_id", "same", "note", "empty"]}
    comments = [line for line in Path("fresh.yaml").read_text().splitlines() if line.startswith("# Left out")]
    assert comments[0] == "# Left out: 'customer_id': another value in each row, as of an id."
    assert comments[2].startswith("# Left out: 'note': 120 different texts in 120 rows are no categories")
    assert len(comments) == 4


def test_gaps_are_filled_and_rows_without_a_target_dropped(nnfs: Nnfs) -> None:
    holes = ["" if i % 7 == 0 else x for i, x in enumerate(X)]
    assert made(nnfs, "x,z,y\n" + rows(holes, Z, X + Z), "y")["missing"] == "median"
    Path("fresh.yaml").unlink()
    assert made(nnfs, "x,z,y\n" + rows(X, Z, holes), "y")["missing"] == "drop"


def test_a_table_of_another_dialect_is_read_as_it_is_written(nnfs: Nnfs) -> None:
    table = ("größe,z,y\n" + rows(X, Z, SIGN)).replace(",", ";")
    dataset = made(nnfs, table.encode("cp1252"), "y")
    assert (dataset["delimiter"], dataset["encoding"]) == (";", "cp1252")
    Path("fresh.yaml").unlink()
    assert made(nnfs, table.encode("utf-16"), "größe")["encoding"] == "utf-16"


@pytest.mark.parametrize(
    ("table", "targets"),
    [
        ("x,y\n1,2\n2,4\n3,6\n4,8.5\n", ["y"]),
        ("id,y\n" + rows(range(120), X), ["y"]),
        ("year,y\n" + rows(range(1900, 2020), X), ["y"]),
        ("1e5,010,no\n" + rows(X, Z, SIGN), ["no"]),
        ("1e5,010,no\n" + rows(X, Z, X + Z), ["1e5", "010"]),
        ('"x: y","% z","a, b"\n' + rows(X, Z, SIGN), ["a, b"]),
        ("color,y\n" + rows(SIGN, X), ["y"]),
        ("x,y\n" + rows(X, [*["a"] * 118, "b", "c"]), ["y"]),
        ("x,y\n" + rows(X, np.arange(120) % 12), ["y"]),
    ],
)
def test_an_odd_table_gets_a_config_that_trains(nnfs: Nnfs, table: str, targets: list[str]) -> None:
    made(nnfs, table, *targets)


def test_arrays_are_taken_by_their_usual_names(nnfs: Nnfs) -> None:
    np.savez("pictures.npz", x_train=np.zeros((60, 8, 8), np.uint8), y_train=np.arange(60) % 3)
    assert nnfs("new", "--from", "pictures.npz").status == 0
    text = Path("pictures.yaml").read_text()
    assert "scale: true" in text
    assert "- flatten" in text
    train_one_epoch("pictures.yaml")


def test_nothing_is_overwritten_and_mistakes_are_told(nnfs: Nnfs, tmp_path: Path) -> None:
    Path("t.csv").write_text("x,y\n" + rows(X, Z))
    for arguments, message in [
        (["cubic"], "cubic.yaml: already exists; name another file: `nnfs new NAME`"),
        (["a", "--from", "t.csv"], "--target: name the column to predict; t.csv has x, y"),
        (["a", "--from", "t.csv", "--target", "yy"], "--target: no column 'yy' in t.csv; did you mean 'y'?"),
        (["a", "--from", "s.csv", "--target", "y"], "--from: no such file: "),
        (["a", "--target", "y"], "--target: needs a table: --from FILE"),
        (["nowhere/a"], "nowhere/a.yaml: there is no folder nowhere"),
    ]:
        before = sorted(tmp_path.iterdir())
        outcome = nnfs("new", *arguments)
        assert (outcome.status, message in outcome.err) == (2, True), outcome.err
        assert sorted(tmp_path.iterdir()) == before


def test_a_path_is_written_as_seen_from_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("x,y\n" + rows(X, Z))
    Path("configs").mkdir()
    new_config("configs/mine", "t.csv", ["y"])
    assert "path: ../t.csv" in Path("configs/mine.yaml").read_text()
    monkeypatch.chdir("configs")
    train_one_epoch("mine.yaml")


COMMA = [f"{x:.2f}".replace(".", ",") for x in X[:60]]
GROUPED = [f"{1000 * i + 1000:,}".replace(",", ".") + ",5" for i in range(60)]


@pytest.mark.parametrize(
    ("columns", "target", "options"),
    [
        ({"a": COMMA, "y": ["u", "v"] * 30}, "y", {"decimal": ","}),
        ({"a": ["u", "v"] * 30, "y": COMMA}, "y", {"decimal": ","}),
        ({"a": COMMA, "b": GROUPED, "y": ["u", "v"] * 30}, "y", {"decimal": ",", "thousands": "."}),
        ({"a": GROUPED, "y": COMMA}, "y", {"decimal": ",", "thousands": "."}),
        ({"a": [f"{i + 1} 500,5" for i in range(60)], "y": COMMA}, "y", {"decimal": ",", "thousands": " "}),
    ],
)
def test_a_new_config_reads_numbers_as_the_file_writes_them(
    nnfs: Nnfs, columns: dict[str, list[str]], target: str, options: dict[str, str]
) -> None:
    lines = zip(*columns.values(), strict=True)
    text = ";".join(columns) + "\n" + "".join(";".join(line) + "\n" for line in lines)
    dataset = made(nnfs, text, target)
    assert {name: dataset.get(name, "") for name in options} == options
    assert "features" not in dataset


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([f"{i + 1},500" for i in range(60)], """'1,500' looks like a number; set `thousands: ","`"""),
        ([f"{i % 5}%" for i in range(60)], "'0%' looks like a number with a sign"),
        (["?", "1", "2", "3"] * 15, "'?' is not a number, but 75.0% of the column's values are"),
        ([COMMA[i] if i % 2 else "1.5" for i in range(60)], "is not a number, but 50.0%"),
    ],
)
def test_a_column_that_looks_like_numbers_is_left_out_with_what_helps(
    nnfs: Nnfs, values: list[str], reason: str
) -> None:
    text = "a;b;y\n" + "".join(f"{value};{i / 8};{i % 2}\n" for i, value in enumerate(values))
    assert made(nnfs, text, "y")["features"] == {"exclude": ["a"]}
    (left_out,) = [line for line in Path("fresh.yaml").read_text().splitlines() if "Left out" in line]
    assert left_out.startswith("# Left out: 'a': ")
    assert reason in left_out


def test_a_new_config_for_a_table_with_an_infinite_number_says_where_it_is(nnfs: Nnfs) -> None:
    Path("t.csv").write_text("a,b,y\n" + "".join(f"{x},{i},{i % 2}\n" for i, x in enumerate(["inf", 1, 2])))
    outcome = nnfs("new", "mine", "--from", "t.csv", "--target", "y")
    assert (outcome.status, "row 1, column 'a': must be finite" in outcome.err) == (2, True), outcome.err
