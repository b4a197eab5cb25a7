"""Rows on another scale than those of training are told; ordinary ones are not."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnfs_cli import load_run
from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.sources.idx import read_idx
from tests.conftest import Nnfs
from tests.toys import ROOT

DIGITS = read_idx(ROOT / "data" / "mnist" / "t10k-images-idx3-ubyte.gz")
TRAIN, OTHER = DIGITS[:5000], DIGITS[5000:]
SCALES: dict[str, Callable[[Array], Array]] = {
    "bytes": lambda x: x,
    "inverted bytes": lambda x: 255 - x,
    "0 to 1": lambda x: x / 255,
    "-1 to 1": lambda x: x / 127.5 - 1,
    "16 bits": lambda x: x.astype(np.uint16) * 257,
    "0 to 16": lambda x: x // 16,
    "standardized": lambda x: (x / 255 - 0.13) / 0.31,
}


def prepared(x: Array) -> Preparation:
    return Data({"train": Split(x, np.zeros((len(x), 1)), np.arange(len(x)))}).preparation


@pytest.mark.parametrize("flat", [False, True], ids=["images", "flat"])
@pytest.mark.parametrize("scale", SCALES)
def test_digits_like_those_of_training_are_not_doubted(scale: str, flat: bool) -> None:
    shape = (-1, 784) if flat else (-1, 28, 28)
    known = prepared(SCALES[scale](TRAIN).reshape(shape))
    x = SCALES[scale](OTHER).reshape(shape)
    for rows in (x, *(x[i : i + 1] for i in range(1000)), *(x[i : i + 20] for i in range(0, 5000, 50))):
        assert known.differences(rows, "x") == ()
    dark = SCALES[scale](OTHER // 3).reshape(shape)
    assert all(known.differences(dark[i : i + 1], "x") == () for i in range(200))


@pytest.mark.parametrize("scale", SCALES)
def test_digits_on_another_scale_are_told_with_both_scales(scale: str) -> None:
    known = prepared(SCALES[scale](TRAIN))
    for other, change in SCALES.items():
        notes = known.differences(change(OTHER[:20]), "x.npy")
        if other == scale or (scale, other) == ("standardized", "-1 to 1"):  # too near to each other
            assert notes == ()
        else:
            assert len(notes) == 1
            assert notes[0].startswith("x.npy: ")


@pytest.mark.parametrize(
    ("scale", "other", "note"),
    [
        ("bytes", "0 to 1", "numbers from 0 to 1, but those of the training images lie from 0 to 255: multiply them by 255"),
        ("0 to 1", "bytes", "numbers from 0 to 255, but those of the training images lie from 0 to 1: divide them by 255"),
        ("bytes", "16 bits", "numbers from 0 to 65535, but those of the training images lie from 0 to 255: divide them by 257"),
        ("0 to 1", "-1 to 1", "numbers from -1 to 1, but those of the training images lie from 0 to 1: bring them to the same scale"),
        ("bytes", "inverted bytes", "the background is light, but that of the training images is dark: invert them, as 255 - x"),
        ("inverted bytes", "bytes", "the background is dark, but that of the training images is light: invert them, as 255 - x"),
    ],
)  # fmt: skip
def test_a_note_says_what_brings_a_single_image_to_the_scale_of_training(
    scale: str, other: str, note: str
) -> None:
    (found,) = prepared(SCALES[scale](TRAIN)).differences(SCALES[other](OTHER[:1]), "x")
    assert found == f"x: {note}"


@pytest.mark.parametrize("other", [name for name in SCALES if name != "bytes"])
def test_flat_digits_on_another_scale_are_told_too(other: str) -> None:
    known = prepared(TRAIN.reshape(-1, 784))
    (note,) = known.differences(SCALES[other](OTHER[:20]).reshape(-1, 784), "x")
    if other == "inverted bytes":
        assert (
            note
            == "x: most pixels that were constant in training differ here: is light dark, and dark light?"
        )
    assert "images" not in note


DRAWS: dict[str, Callable[[np.random.Generator, int, int], Array]] = {
    "normal": lambda rng, n, d: rng.normal(size=(n, d)),
    "uniform": lambda rng, n, d: rng.uniform(size=(n, d)),
    "counts": lambda rng, n, d: rng.poisson(0.2, (n, d)),
    "heavy tails": lambda rng, n, d: rng.lognormal(0, 2, (n, d)),
    "flags": lambda rng, n, d: (rng.uniform(size=(n, d)) < 0.02).astype(float),
    "many units": lambda rng, n, d: rng.lognormal(0, 1, (n, d)) * 10.0 ** np.linspace(-3, 6, d),
}


@pytest.mark.parametrize("draw", DRAWS)
def test_rows_from_the_distribution_of_training_are_not_doubted(draw: str) -> None:
    rng = np.random.default_rng(0)
    for features in (1, 2, 5, 40):
        known = prepared(DRAWS[draw](rng, 1000, features))
        for rows in (1, 1, 1, 30, 3000):
            assert known.differences(DRAWS[draw](rng, rows, features), "x") == ()


@pytest.mark.parametrize("name", ["wine", "diabetes", "breast_cancer"])
def test_raw_rows_are_told_from_standardized_ones_and_back(name: str) -> None:
    table = pd.read_csv(ROOT / "data" / "samples" / f"{name}.csv.gz")
    x = np.random.default_rng(0).permutation(table.iloc[:, :-1].to_numpy(float))
    standardized = (x - x.mean(axis=0)) / x.std(axis=0)
    half = len(x) // 2
    for known, like, unlike in [(x, x, standardized), (standardized, standardized, x)]:
        preparation = prepared(known[:half])
        assert preparation.differences(like[half:], "x") == ()
        (note,) = preparation.differences(unlike[half:], "x")
        assert "in training, and " in note
        assert note.endswith(" more are as far off: bring them to the same units")


def test_of_many_features_one_that_is_far_off_is_told_and_a_few_stray_rows_are_not() -> None:
    rng = np.random.default_rng(0)
    known = prepared(rng.uniform(size=(100, 10)))
    for strays in (0, 3, 5, 9, 10):
        x = rng.uniform(size=(10, 10))
        x[:strays, 7] += 1000
        notes = known.differences(x, "x")
        assert len(notes) == (strays >= 5)
        assert all(note.startswith("x: x8 is ") for note in notes)


def test_a_note_names_the_column_and_leaves_categories_out() -> None:
    columns = (Column("kind", ("a", "b", "c")), Column("weight", (), None))
    rng = np.random.default_rng(0)
    x = np.column_stack([np.eye(3)[rng.integers(0, 3, 100)], rng.uniform(40, 90, 100)])
    known = Data({"train": Split(x, np.zeros((100, 1)), np.arange(100))}, columns=columns).preparation
    x[:, 3] *= 1000
    (note,) = known.differences(x[:1], "t.csv")
    assert note.startswith("t.csv: weight is ")
    assert note.endswith(" in training: bring them to the same units")
    again = Preparation.from_record(known.record())
    assert again.differences(x[:1], "t.csv") == (note,)
    assert Preparation.from_record({**known.record(), "ranges": None}).differences(x, "t.csv") == ()


CONFIG = """
dataset: {type: npz, path: d.npz, scale: true}
layers: [flatten, {type: dense, units: 2}]
loss: cross_entropy
optimizer: {type: adam, learning_rate: 0.01}
training: {epochs: 1}
"""


def test_predict_tells_of_another_scale_from_arrays_tables_and_python(nnfs: Nnfs) -> None:
    np.savez("d.npz", X=TRAIN[:40], y=np.arange(40) % 2)
    Path("c.yaml").write_text(CONFIG)
    assert nnfs("train", "c.yaml", "--id", "c", "--quiet").status == 0
    x = OTHER[:12] / 255
    np.save("x.npy", x)
    names = ",".join(f"p{i}" for i in range(784))
    np.savetxt("x.csv", x.reshape(12, -1), delimiter=",", header=names, comments="")
    said = "numbers from 0 to 1, but those of the training images lie from 0 to 255: multiply them by 255"
    for name in ("x.npy", "x.csv"):
        status, _, err = nnfs("predict", "c", name)
        assert (status, err) == (0, f"nnfs: {name}: {said}\n")
    run: Any = load_run("c")
    with pytest.warns(UserWarning, match=f"x: {said}"):
        run.predict(x)
    with pytest.warns(UserWarning, match=f"x: {said}"):
        run.predict(pd.DataFrame(x.reshape(12, -1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.predict(OTHER[:12])
