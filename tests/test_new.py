"""`nnfs init` and `nnfs new`: a config that trains as it stands, for any table or as an example."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from nnfs_cli.config.load import load_config
from nnfs_cli.jobs.new import new_config
from nnfs_cli.training.baseline import baseline_scores
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import scores_text
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
    outcome = nnfs("init", "odd.csv", "--name", "fresh", *arguments)
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
    assert nnfs("init", source, "--target", target).status == 0
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
        ("a\x1b[2J,id\x1b,y\n" + rows(X, map("n{}".format, range(120)), SIGN), ["y"]),
        ("x,y\n" + rows(X, [*["a"] * 118, "b", "c"]), ["y"]),
        ("x,y\n" + rows(X, np.arange(120) % 12), ["y"]),
    ],
)
def test_an_odd_table_gets_a_config_that_trains(nnfs: Nnfs, table: str, targets: list[str]) -> None:
    made(nnfs, table, *targets)


def test_arrays_are_taken_by_their_usual_names(nnfs: Nnfs) -> None:
    np.savez("pictures.npz", x_train=np.zeros((60, 8, 8), np.uint8), y_train=np.arange(60) % 3)
    assert nnfs("init", "pictures.npz").status == 0
    text = Path("pictures.yaml").read_text()
    assert "scale: true" in text
    assert "- flatten" in text
    train_one_epoch("pictures.yaml")


def test_nothing_is_overwritten_and_mistakes_are_told(nnfs: Nnfs, tmp_path: Path) -> None:
    Path("t.csv").write_text("x,y\n" + rows(X, Z))
    for arguments, message in [
        (["new", "cubic"], "cubic.yaml: already exists; `--name NAME` names another file"),
        (["init", "t.csv"], "--target: name the column to predict; t.csv has x, y"),
        (["init", "t.csv", "--target", "yy"], "--target: no column 'yy' in t.csv; did you mean 'y'?"),
        (["init", "s.csv", "--target", "y"], "TABLE: no such file: "),
        (["new", "a", "--target", "y"], "--target: needs a table: `nnfs init TABLE --target COLUMN`"),
        (["new", "nowhere/a"], "nowhere/a.yaml: there is no folder nowhere"),
        *(
            (["new", "--", name], "--name: must be the name of a file")
            for name in (".", "/", "./", "..", " ", "-q", "a\nb")
        ),
    ]:
        before = sorted(tmp_path.iterdir())
        outcome = nnfs(*arguments)
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
    outcome = nnfs("init", "t.csv", "--name", "mine", "--target", "y")
    assert (outcome.status, "row 1, column 'a': must be finite" in outcome.err) == (2, True), outcome.err


def said_beside(config: str) -> dict[str, str]:
    """The comment beside each key of a config."""
    lines = (line.partition(" # ") for line in Path(config).read_text().splitlines())
    return {line.strip(" -").partition(":")[0]: comment for line, mark, comment in lines if mark}


def test_what_was_found_is_said_beside_the_options(nnfs: Nnfs) -> None:
    days = [f"2020-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(120)]
    holes = ["" if i % 7 == 0 else f"{x:.3f}" for i, x in enumerate(X)]
    colors = ["red", "green", "blue"] * 40
    answer = ["yes"] * 90 + ["no"] * 30
    made(nnfs, "x,color,day,answer\n" + rows(holes, colors, days, answer), "answer")
    text, said = Path("fresh.yaml").read_text(), said_beside("fresh.yaml")
    assert "# task: classification, since the target 'answer' holds texts, such as " in text
    assert "# 'color' becomes 3 numbers, one for each category: blue, green, red\n" in text
    assert "# Left out: 'day': 120 different dates or times" in text
    assert "; `time: day` trains on the earlier rows and tests on the later ones." in text
    assert said["target"] == "2 classes: yes 90 (75%), no 30 (25%)"
    assert said["missing"] == "fills the gaps of x (18)"
    assert said["validation"] == "18 rows, which choose the best epoch"
    assert said["test"] == "18 rows, which are scored at the end, and choose nothing"
    assert said["layers"] == "from input to output; a row has 4 numbers"
    assert said["{type"] == "one for each class, here 2"
    baseline = scores_text(baseline_scores(Experiment(load_config(Path("fresh.yaml"))))["test"])
    assert said["metrics"] == f"to beat, with one guess for all rows: {baseline} (test)"


def test_numbers_to_predict_are_told_with_their_range(nnfs: Nnfs) -> None:
    made(nnfs, "x,y\n" + rows(X, [f"{i}.5" for i in range(120)]), "y")
    said = said_beside("fresh.yaml")
    assert said["target"] == "from 0.5 to 119.5, with mean 60"
    assert said["metrics"].startswith(
        "in the target's own units; to beat, with one guess for all rows: loss "
    )


@pytest.mark.parametrize("name", ["BASELINE", "a # b", "y\u2028z", "{x}"])
def test_odd_names_of_columns_and_classes_stay_in_their_comments(nnfs: Nnfs, name: str) -> None:
    made(
        nnfs,
        f'"{name}",y\n'
        + rows([f"{name} {i % 3}" for i in range(120)], [f'"{name}{i % 2}"' for i in range(120)]),
        "y",
    )


def test_new_takes_a_table_as_it_did(nnfs: Nnfs) -> None:
    Path("t.csv").write_text("x,y\n" + rows(X, SIGN))
    assert nnfs("init", "t.csv", "--target", "y", "--name", "one").status == 0
    assert nnfs("new", "two", "--from", "t.csv", "--target", "y").status == 0
    one, two = (load_config(Path(f"{name}.yaml")) for name in ("one", "two"))
    assert replace(two, name="one").to_yaml() == one.to_yaml()
