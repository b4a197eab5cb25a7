"""`nnfs data`: its numbers, its pictures, the Kaggle sample, and the cache."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nnfs_cli.sources.cache import cache_folder
from tests.conftest import Nnfs
from tests.test_bad_input import fails
from tests.test_predict import CLASSES, IMAGES, VALUES, bars, make_table
from tests.toys import ROOT


def described(nnfs: Nnfs, *arguments: str) -> dict[str, Any]:
    status, out, err = nnfs("data", "describe", *arguments, "--json")
    assert status == 0, err
    return dict(json.loads(out))


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


@pytest.fixture
def table(nnfs: Nnfs) -> Nnfs:
    make_table("t.csv")
    Path("c.yaml").write_text(CLASSES)
    Path("v.yaml").write_text(VALUES)
    return nnfs


def test_a_tables_statistics_are_those_of_its_training_rows(table: Nnfs) -> None:
    found = described(table, "v.yaml")
    frame = pd.read_csv("t.csv")
    assert found["rows"] == {"train": 60}
    a, size = found["features"]
    for key, value in {
        "mean": frame.a.mean(),
        "std": frame.a.std(ddof=0),
        "low": frame.a.min(),
        "median": frame.a.median(),
    }.items():
        assert a[key] == pytest.approx(value)
    assert (a["normalized_low"], a["normalized_high"]) == pytest.approx((0.0, 1.0))
    assert (size["name"], size["kind"]) == ("size", "3 categories")
    assert [target["name"] for target in found["targets"]] == ["value", "b"]
    assert found["targets"][0]["mean"] == pytest.approx(frame.value.mean())
    assert found["targets"][0]["normalized_std"] == pytest.approx(1.0)
    assert found["one_hot"] == []


def test_classes_are_counted_in_each_split_and_the_first_labels_are_shown_one_hot(table: Nnfs) -> None:
    found = described(table, "c.yaml")
    counts = pd.read_csv("t.csv").label.value_counts()
    assert np.sum(list(found["class_counts"].values()), axis=0).tolist() == [counts["cold"], counts["hot"]]
    assert len(found["one_hot"]) == 10
    assert {
        "Original label: hot | One-hot encoded label: [0 1]",
        "Original label: cold | One-hot encoded label: [1 0]",
    } >= set(found["one_hot"])
    text = table("data", "describe", "c.yaml").out
    assert "Original label: " in text
    assert "task: classification, since the target 'label' holds texts" in text
    assert "48 train, 12 test" in text


def test_missing_values_are_counted_where_they_are(table: Nnfs) -> None:
    lines = Path("t.csv").read_text().splitlines()
    lines[3] = ",".join(["id2", "", *lines[3].split(",")[2:]])
    Path("t.csv").write_text("\n".join(lines) + "\n")
    found = described(table, "c.yaml")
    assert found["missing"]["a"] == 1
    assert found["features"][0]["missing"] == 1
    assert "missing values: a (1)" in table("data", "describe", "c.yaml").out
    assert "missing values in a (1)" in fails(
        table, "data", "describe", "c.yaml", "--set", "dataset.missing=error"
    )


def test_categories_are_shown_with_their_counts_and_unused_columns_in_full(table: Nnfs) -> None:
    frame = pd.read_csv("t.csv").assign(**{f"other{i}": i for i in range(8)})
    frame.to_csv("t.csv", index=False)
    out = table("data", "describe", "v.yaml").out
    counts = frame["size"].value_counts()
    assert all(f"{level} {count}" in out for level, count in counts.items())
    assert "columns not used: key, label, " + ", ".join(f"other{i}" for i in range(8)) in out
    assert described(table, "v.yaml")["features"][1]["levels"] == counts.to_dict()


def test_pixels_of_a_table_are_used(nnfs: Nnfs) -> None:
    x, y = bars(20)
    names = [f"p{i}" for i in range(144)]
    pd.DataFrame(x.reshape(20, -1), columns=names).assign(label=y, key="k").to_csv("i.csv", index=False)
    config = IMAGES.replace(
        "type: npz, path: i.npz", "type: csv, path: i.csv, target: label, image_shape: [12, 12]"
    )
    Path("i.yaml").write_text(config.replace("scale: true", "scale: true, features: {exclude: [key]}"))
    found = described(nnfs, "i.yaml")
    assert found["unused"] == ["key"]
    assert "columns: 144 numbers, as images of 12 x 12; not used: key" in found["notes"]
    assert "second look" not in str(found["notes"])


def test_images_are_described_by_all_their_pixels(nnfs: Nnfs) -> None:
    x, y = bars(60)
    np.savez("i.npz", X=x, y=y)
    Path("i.yaml").write_text(IMAGES)
    (pixels,) = described(nnfs, "i.yaml")["features"]
    assert (pixels["name"], pixels["high"], pixels["normalized_high"]) == ("pixels", 255, 1)
    assert pixels["mean"] == pytest.approx(x.mean())


@pytest.mark.parametrize("name", ["c", "v", "i", "cubic", "blobs", "wide", "many"])
def test_every_kind_of_data_has_a_picture(table: Nnfs, name: str) -> None:
    rng = np.random.default_rng(0)
    np.savez("i.npz", X=bars(60)[0], y=bars(60)[1])
    Path("i.yaml").write_text(IMAGES)
    text = IMAGES.replace("units: 2}", "units: 100}")
    np.savez(
        "wide.npz",
        X=np.where(np.arange(400) % 7 == 0, 3.0, rng.normal(size=(80, 400))),
        y=rng.normal(size=80),
    )
    Path("wide.yaml").write_text(text.replace("i.npz", "wide.npz").replace("cross_entropy", "mse"))
    names = np.array([f"a class with the number {k}" for k in range(100)])
    np.savez("many.npz", X=rng.normal(size=(300, 6, 6)), y=names[np.arange(300) % 100])
    Path("many.yaml").write_text(text.replace("i.npz", "many.npz"))
    outcome = table("data", "describe", f"{name}.yaml", "--picture", "p.png")
    assert outcome.status == 0, outcome.err
    width, height = size_of("p.png")
    assert 1000 < width < 3000
    assert 500 < height < 4000


def test_a_picture_that_cannot_be_written_is_told_before_anything_is_read(table: Nnfs) -> None:
    for name in ("p.jpg", "nowhere/p.png"):
        assert "--picture: must be a .png file in an existing folder" in fails(
            table, "data", "describe", "c.yaml", "--picture", name
        )


def test_clearing_the_cache_deletes_it_and_says_how_much(table: Nnfs) -> None:
    assert table("data", "describe", "c.yaml").status == 0
    assert list(cache_folder().rglob("*.npy"))
    assert "MB deleted from" in table("data", "clear-cache").out
    assert not cache_folder().exists()
    assert "had nothing of nnfs" in table("data", "clear-cache").out


@pytest.mark.slow
def test_the_kaggle_sample_is_all_of_mnist_in_a_fixed_order(nnfs: Nnfs) -> None:
    (Path.cwd() / "data").symlink_to(ROOT / "data")
    assert nnfs("data", "kaggle-sample", "out").status == 0
    train, test, labels = (pd.read_csv(f"out/{name}.csv") for name in ("train", "test", "test-labels"))
    pixels = [f"pixel{i}" for i in range(784)]
    assert list(train.columns) == ["label", *pixels]
    assert list(test.columns) == pixels
    assert (len(train), len(test)) == (42_000, 28_000)
    assert labels["ImageId"].tolist() == list(range(1, 28_001))
    both = np.concatenate([train["label"], labels["Label"]])
    assert np.bincount(both).tolist() == [6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958]
    first = Path("out/train.csv").read_bytes()
    assert "already exist" in nnfs("data", "kaggle-sample", "out").err
    shutil.rmtree("out")
    assert nnfs("data", "kaggle-sample", "out").status == 0
    assert Path("out/train.csv").read_bytes() == first
    os.unlink("data")  # noqa: PTH108  the link, not its target


def test_the_commands_are_listed_and_light(nnfs: Nnfs) -> None:
    for words in ("describe", "kaggle-sample", "clear-cache"):
        assert words in nnfs("data", "--help").out
