"""Predictions: the same for all forms of input, with clear messages for bad input."""

import csv
import gc
import gzip
import io
import shutil
import subprocess
import sys
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nnfs_cli import Experiment
from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.load import load_model
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.sources import inputs, table_reader
from nnfs_cli.training.model import Model
from tests.conftest import Nnfs
from tests.test_bad_input import fails
from tests.toys import BLOBS, toy, write_idx

SIZES = ["small", "large", "medium"]


def make_table(path: str, rows: int = 60, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(rows):
        a, b, size = rng.normal(5, 2), rng.integers(0, 400), SIZES[rng.integers(3)]
        lines.append(f"id{i},{a},{b},{size},{'hot' if a > 5 else 'cold'},{3 * a + b / 100}\n")
    Path(path).write_text("key,a,b,size,label,value\n" + "".join(lines))


CLASSES = """
dataset: {type: csv, path: t.csv, target: label, features: [a, b, size], standardize: true, test: 0.2, missing: mean}
layers: [{type: dense, units: 8}, relu, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 30}
"""
VALUES = """
dataset: {type: csv, path: t.csv, target: [value, b], features: [a, size], minmax: true}
layers: [{type: dense, units: 8}, tanh, {type: dense, units: 2}]
loss: mse
metrics: [rmse]
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 10}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs `c` for classes and `v` for values, trained on t.csv."""
    folder = tmp_path_factory.mktemp("trained")
    make_table(str(folder / "t.csv"))
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        here.setenv("NNFS_CACHE", str(folder / "cache"))
        for name, text in (("c", CLASSES), ("v", VALUES)):
            Path(f"{name}.yaml").write_text(text)
            Experiment(f"{name}.yaml").train(run_id=name)
    return folder


@pytest.fixture
def runs(nnfs: Nnfs, trained: Path) -> Nnfs:
    """The command line in a copy of the folder of `trained`."""
    shutil.copytree(trained, Path.cwd(), dirs_exist_ok=True)
    return nnfs


def parsed(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def answered(nnfs: Nnfs, *arguments: str) -> list[list[str]]:
    status, out, err = nnfs("predict", *arguments)
    assert status == 0, err
    return parsed(out)


def test_a_class_is_predicted_for_each_row_in_order(runs: Nnfs) -> None:
    lines = answered(runs, "c", "t.csv")
    assert lines[0] == ["label"]
    labels = [line[4] for line in parsed(Path("t.csv").read_text())[1:]]
    right = np.mean([[label] == line for label, line in zip(labels, lines[1:], strict=True)])
    assert right > 0.9


def test_predictions_need_the_run_alone_and_agree_with_its_evaluation(runs: Nnfs) -> None:
    record = runs("evaluate", "c", "--split", "train", "--json")
    assert record.status == 0
    Path("t.csv").rename("elsewhere.csv")
    lines = answered(runs, "c", "elsewhere.csv", "--proba")
    assert lines[0] == ["label", "probability_cold", "probability_hot"]
    for label, cold, hot in lines[1:]:
        assert float(cold) + float(hot) == pytest.approx(1.0, abs=1e-6)
        assert label == ("cold" if float(cold) > float(hot) else "hot")


def test_real_values_come_in_their_own_units_under_their_own_names(runs: Nnfs) -> None:
    lines = answered(runs, "v", "t.csv")
    assert lines[0] == ["value", "b"]
    truth = np.array([[float(line[5]), float(line[2])] for line in parsed(Path("t.csv").read_text())[1:]])
    found = np.array(lines[1:], float)
    assert np.abs(found.mean(axis=0) - truth.mean(axis=0)).max() < 0.5 * truth.std(axis=0).max()
    assert np.corrcoef(found[:, 0], truth[:, 0])[0, 1] > 0.8


def test_ids_are_the_inputs_column_or_else_row_numbers(runs: Nnfs) -> None:
    assert answered(runs, "c", "t.csv", "--columns", "key,guess")[:2][0] == ["key", "guess"]
    assert answered(runs, "c", "t.csv", "--columns", "key,guess")[3][0] == "id2"
    numbered = answered(runs, "c", "t.csv", "--columns", "ImageId,Label")
    assert [line[0] for line in numbered] == ["ImageId", *map(str, range(1, 61))]


def test_columns_are_matched_by_name_and_extra_ones_are_said(runs: Nnfs) -> None:
    lines = parsed(Path("t.csv").read_text())
    order = [3, 1, 2]
    Path("turned.csv").write_text("".join(",".join(line[i] for i in order) + "\n" for line in lines))
    assert answered(runs, "c", "turned.csv") == answered(runs, "c", "t.csv")
    assert runs("predict", "c", "turned.csv").err == ""
    assert (
        "t.csv: columns that the network does not use: key, label, value" in runs("predict", "c", "t.csv").err
    )


def test_an_id_is_no_unused_column_and_one_that_is_not_there_is_said(runs: Nnfs) -> None:
    assert "network does not use: label, value" in runs("predict", "c", "t.csv", "--columns", "key,y").err
    outcome = runs("predict", "c", "t.csv", "--columns", "Keys,y")
    assert "t.csv: no column 'Keys', so row numbers stand for it; did you mean 'key'?" in outcome.err
    assert outcome.out.splitlines()[1].startswith("1,")
    err = runs("predict", "c", "t.csv", "--columns", "ImageNumber,y").err
    assert err.endswith("t.csv: no column 'ImageNumber', so row numbers stand for it\n")


def test_input_read_in_parts_gives_the_same_predictions(runs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = answered(runs, "c", "t.csv", "--columns", "n,label", "--proba")
    monkeypatch.setattr(table_reader, "CELLS", 60)
    assert answered(runs, "c", "t.csv", "--columns", "n,label", "--proba", "--batch-size", "7")[0] == whole[0]
    parts = answered(runs, "c", "t.csv", "--columns", "n,label", "--proba", "--batch-size", "7")
    assert [line[:2] for line in parts] == [line[:2] for line in whole]
    np.testing.assert_allclose(
        np.array([line[2:] for line in parts[1:]], float),
        np.array([line[2:] for line in whole[1:]], float),
        rtol=1e-5,
    )


def test_gaps_are_filled_as_in_training(runs: Nnfs) -> None:
    Path("gaps.csv").write_text("a,b,size\n,3,small\n4.5,,\n")
    assert len(answered(runs, "c", "gaps.csv")) == 3


def test_a_dash_reads_standard_input_and_pipes_out(runs: Nnfs) -> None:
    text = Path("t.csv").read_bytes()
    command = [sys.executable, "-c", "from nnfs_cli.cli.app import main; main()", "predict", "c", "-"]
    piped = subprocess.run(command, input=text, capture_output=True, check=True)
    assert parsed(piped.stdout.decode()) == answered(runs, "c", "t.csv")


def test_several_inputs_are_answered_one_after_the_other(runs: Nnfs) -> None:
    once = answered(runs, "c", "t.csv", "--columns", "n,label")
    twice = answered(runs, "c", "t.csv", "t.csv", "--columns", "n,label")
    assert [line[1] for line in twice[1:]] == [line[1] for line in once[1:]] * 2
    assert twice[-1][0] == "120"


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_an_output_file_is_written_whole_and_may_be_written_again(runs: Nnfs, name: str) -> None:
    for _ in range(2):
        status, out, _err = runs("predict", "c", "t.csv", "--output", name)
        assert (status, out) == (0, f"60 rows written to {name}\n")
    content = Path(name).read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    assert parsed(text) == answered(runs, "c", "t.csv")
    assert not list(Path().glob(".out*"))


ARRAYS = """
dataset: {type: npz, path: d.npz, standardize: true, test: 0.2}
layers: [{type: dense, units: 8}, relu, {type: dense, units: 3}]
loss: cross_entropy
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 5}
"""
IMAGES = """
dataset: {type: npz, path: i.npz, scale: true}
layers: [flatten, {type: dense, units: 16}, relu, {type: dense, units: 2}]
loss: cross_entropy
optimizer: {type: adam, learning_rate: 0.02}
training: {epochs: 20}
"""


def bars(n: int, seed: int = 0) -> tuple[Array, Array]:
    """Dark images (n, 12, 12) with a bright bar, horizontal (class 0) or vertical (class 1)."""
    rng = np.random.default_rng(seed)
    x, y = np.zeros((n, 12, 12), np.uint8), rng.integers(0, 2, n)
    for image, standing in zip(x, y, strict=True):
        at = rng.integers(3, 9)
        (image[1:-1, at : at + 2] if standing else image[at : at + 2, 1:-1])[...] = 255
    return x, y


def test_arrays_are_answered_from_every_kind_of_file(nnfs: Nnfs) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    np.savez("d.npz", X=x, y=y)
    Path("d.yaml").write_text(ARRAYS)
    assert nnfs("train", "d.yaml", "--id", "d", "--quiet").status == 0
    np.save("x.npy", x)
    np.savez("x.npz", rows=x)
    np.savez_compressed("z.npz", X=x, other=y)
    Path("x.csv").write_text("p,q,r,s\n" + "".join(",".join(map(repr, row)) + "\n" for row in x.tolist()))
    expected = answered(nnfs, "d", "x.npy")
    assert expected[0] == ["y"]
    assert len(expected) == 51
    for name in ("x.npz", "z.npz", "x.csv"):
        assert answered(nnfs, "d", name) == expected
    model = load_model(RunDirectory(Path("runs/d")))
    assert [[str(label)] for label in model.predictions(model.outputs(x))] == expected[1:]


def test_of_an_npz_file_the_runs_own_test_rows_are_answered_for_or_those_named(nnfs: Nnfs) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    keras = {"x_train": x, "y_train": y, "x_test": x[:7], "y_test": y[:7]}
    np.savez("d.npz", allow_pickle=False, **keras)
    names = "x: x_train, y: y_train, x_test: x_test, y_test: y_test"
    Path("d.yaml").write_text(ARRAYS.replace("test: 0.2", names))
    assert nnfs("train", "d.yaml", "--id", "d", "--quiet").status == 0
    answers = nnfs("predict", "d", "d.npz")
    assert len(answers.out.splitlines()) == 1 + 7
    assert answers.err == "nnfs: d.npz: rows of its array 'x_test'; --array takes another: x_train\n"
    assert len(nnfs("predict", "d", "d.npz", "--array", "x_train").out.splitlines()) == 1 + 50
    np.savez("x.npz", X=x[:9], y=y[:9])
    status, out, err = nnfs("predict", "d", "x.npz")
    assert (status, len(out.splitlines()), err) == (0, 10, "")
    assert "x.npz: no array 'rows'; it has X (9, 4) of float64, y (9,) of int64" in fails(
        nnfs, "predict", "d", "x.npz", "--array", "rows"
    )
    assert "--array: is for .npz files, found none.npy" in fails(
        nnfs, "predict", "d", "none.npy", "--array", "rows"
    )
    np.save("none.npy", x[:0])
    assert "none.npy: must hold rows to answer for, found none: shape (0, 4)" in fails(
        nnfs, "predict", "d", "none.npy"
    )


def test_images_are_answered_from_arrays_idx_files_and_flat_tables(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = bars(80)
    np.savez("i.npz", X=x, y=y)
    Path("i.yaml").write_text(IMAGES)
    assert nnfs("train", "i.yaml", "--id", "i", "--quiet").status == 0
    other, truth = bars(30, seed=9)
    np.save("x.npy", other)
    write_idx(Path("x-idx3-ubyte"), other)
    write_idx(Path("x-idx3-ubyte.gz"), other)
    Path("x.csv").write_text(
        ",".join(f"p{i}" for i in range(144))
        + "\n"
        + "".join(",".join(map(str, image.ravel())) + "\n" for image in other)
    )
    expected = answered(nnfs, "i", "x.npy")
    assert np.mean([int(line[0]) for line in expected[1:]] == truth) > 0.9
    monkeypatch.setattr(inputs, "NUMBERS", 1000)
    for name in ("x.npy", "x-idx3-ubyte", "x-idx3-ubyte.gz", "x.csv"):
        assert answered(nnfs, "i", name) == expected


def test_pictures_are_shrunk_and_inverted_where_needed_and_that_is_said(nnfs: Nnfs) -> None:
    np.savez("i.npz", X=(data := bars(120))[0], y=data[1])
    Path("i.yaml").write_text(IMAGES)
    assert nnfs("train", "i.yaml", "--id", "i", "--quiet").status == 0
    for name, size, background, ink in [("dark", (12, 12), 0, 255), ("light", (60, 48), 255, 0)]:
        picture = Image.new("L", size, background)
        box = (size[0] * 0.42, size[1] * 0.1, size[0] * 0.58, size[1] * 0.9)
        ImageDraw.Draw(picture).rectangle(box, fill=ink)
        picture.save(f"{name}.png")
        picture.convert("RGBA").save(f"{name}-color.png")
    names = ["dark.png", "light.png", "dark-color.png", "light-color.png"]
    status, out, err = nnfs("predict", "i", *names)
    assert status == 0, err
    assert parsed(out) == [["file", "y"], *([name, "1"] for name in names)]
    assert err.splitlines() == [
        "nnfs: light.png, light-color.png: shrunk to 12 x 12",
        "nnfs: light.png, light-color.png: inverted, since the training images' background is dark; "
        "--no-invert leaves it",
    ]
    answers = parsed(nnfs("predict", "i", "--no-invert", *names).out)
    assert [line for line in answers if "light" not in line[0]] == [
        ["file", "y"],
        ["dark.png", "1"],
        ["dark-color.png", "1"],
    ]


PREDICTS: list[tuple[str, list[str], str]] = [
    ("", ["x.csv"], "no such file: "),
    ("", ["tt.csv"], "; did you mean 't.csv'?"),
    ("a,b\n1,2\n", ["x.csv"], "x.csv: no column 'size'"),
    (
        "a,b,sise\n1,2,small\n",
        ["x.csv"],
        "x.csv: no column 'size' (did you mean 'sise'?); its columns are a, b, sise",
    ),
    ("a,b,size\n1,2,huge\n1,inf,small\n", ["x.csv"], "nnfs: no row has an answer"),
    (
        "a,b,size\n1,2,small\n1,2\n",
        ["x.csv"],
        "x.csv, line 3: must have 3 values, as the header has, found 2",
    ),
    ("a;b;size\n1;2;small\n", ["x.csv"], 'set the delimiter to ";"'),
    ("a,b,size\n", ["x.csv"], "x.csv: a header and no rows below it"),
    ("a,a,size\n1,2,small\n", ["x.csv"], "found more than once: 'a'"),
    ("", ["t.csv", "--columns", "id"], "--columns: must name 2 columns, an id and label, found 'id'"),
    ("", ["t.csv", "--columns", "id,x,y"], "--columns: must name 2 columns"),
    ("", ["t.csv", "--output", "no/out.csv"], "--output: there is no folder "),
    ("", ["t.csv", "--output", "runs"], "--output: runs is a folder, not a file"),
    ("", ["t.csv", "--output", "./t.csv"], "--output: t.csv is an input, and would be overwritten"),
    ("", ["t.csv", "--delimiter", ";;"], "--delimiter: must be a single character, found ';;'"),
    ("", ["dot.png"], "dot.png: a picture, but the network takes rows of shape (5,), which is no image"),
    ("", ["pickled.npy"], "pickled.npy: holds pickled Python objects, which could run any code when read"),
    ("", ["text.npy"], "text.npy: not a NumPy file that can be read"),
    ("", ["x.npy"], "give it a table"),
]


@pytest.mark.parametrize(
    ("text", "arguments", "message"), PREDICTS, ids=[message[:50] for *_, message in PREDICTS]
)
def test_input_that_cannot_be_answered_is_told_and_nothing_is_written_over(
    runs: Nnfs, text: str, arguments: list[str], message: str
) -> None:
    if text:
        Path("x.csv").write_text(text)
    Path("out.csv").write_text("precious")
    Image.new("L", (28, 28)).save("dot.png")
    np.save("pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save("x.npy", np.zeros((3, 5)))
    Path("text.npy").write_text("no array")
    if "--output" not in arguments:
        arguments = [*arguments, "--output", "out.csv"]
    assert message in fails(runs, "predict", "c", *arguments)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 5)), "must have 2 numbers a row (2), found 5"),
        (
            np.zeros(3),
            "must hold rows of numbers (N, ...), found shape (3,) of float64: one number a row is (3, 1)",
        ),
        (np.array([[0.0, np.nan]]), "row 1, entry [1]: must be finite, found nan"),
        (np.array([["a", "b"]]), "must hold rows of numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_told(nnfs: Nnfs, array: Array, message: str) -> None:
    assert nnfs("train", "blobs.yaml", "--id", "b", "--quiet", "--set", "training.epochs=1").status == 0
    np.save("x.npy", array)
    assert message in fails(nnfs, "predict", "b", "x.npy")


def test_rows_of_images_with_their_axes_in_another_order_are_told_and_flat_ones_taken(nnfs: Nnfs) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 3, 6, 6), dtype=np.uint8)
    np.savez("images.npz", x=images, y=np.arange(30) % 2)
    Path("images.yaml").write_text(
        BLOBS.replace("toy_blobs", "{type: npz, path: images.npz, x: x, y: y}").replace(
            "layers: [", "layers: [{type: conv2d, filters: 2, kernel_size: 3}, flatten, "
        ).replace("units: 3", "units: 2").replace("learning_rate: 0.5", "learning_rate: 0.001")
    )  # fmt: skip
    assert nnfs("train", "images.yaml", "--id", "i", "--quiet").status == 0
    np.save("first.npy", images)
    np.save("last.npy", images.transpose(0, 2, 3, 1))
    np.save("flat.npy", images.reshape(30, -1))
    assert nnfs("predict", "i", "first.npy").out == nnfs("predict", "i", "flat.npy").out
    assert "last.npy: must hold rows of shape (3, 6, 6), or flat ones, found (6, 6, 3)" in fails(
        nnfs, "predict", "i", "last.npy"
    )


def test_probabilities_are_refused_where_there_are_none(runs: Nnfs, nnfs: Nnfs) -> None:
    assert "--proba: the network predicts real values" in fails(runs, "predict", "v", "t.csv", "--proba")
    assert nnfs("train", "c.yaml", "--set", "loss=hinge", "--id", "h", "--quiet").status == 0
    assert "hinge, which gives scores, not probabilities" in fails(runs, "predict", "h", "t.csv", "--proba")


@pytest.mark.slow
def test_memory_stays_flat_however_long_the_input_is(runs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    make_table("long.csv", rows=40_000)
    monkeypatch.setattr(table_reader, "CELLS", 3_000)
    answered(runs, "c", "t.csv")

    def peak(name: str) -> int:
        tracemalloc.start()
        runs("predict", "c", name, "--output", "out.csv")
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    make_table("short.csv", rows=20_000)
    assert peak("long.csv") < peak("short.csv") + 300_000


def test_rows_are_let_go_when_they_are_answered_for() -> None:
    experiment = toy(BLOBS)
    model = Model(experiment.config, experiment.preparation, experiment.network.params.arrays(), "memory")
    x = np.zeros((3, 2), np.uint8)
    kept = weakref.ref(x)
    gc.disable()
    try:
        model.outputs(x)
        del x
        assert kept() is None
    finally:
        gc.enable()
