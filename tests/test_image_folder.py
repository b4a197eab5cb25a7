"""Folders of pictures: as a dataset, and to predict for; both read the same picture to the same numbers."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets.image_folder import ImageFolder
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.inputs import Rows, read_rows
from tests.conftest import Nnfs

CONFIG = """
dataset: {type: image_folder, path: pictures, validation: 0.2}
layers: [flatten, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 40, batch_size: 8}
"""


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def save(path: str, x: Array) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(x).save(path)


def bars(
    folder: str, n: int = 20, classes: Sequence[str] = ("lying", "standing"), light: bool = False
) -> None:
    """n pictures (12, 12) of bars for each class, bright on dark or the other way round."""
    rng = np.random.default_rng(n)
    for k, name in enumerate(classes):
        for i in range(n):
            x, at = np.zeros((12, 12), np.uint8), rng.integers(2, 8)
            x[at : at + 2, 1:-1] = 200 + 5 * k
            x = x.T if k else x
            save(f"{folder}/{name}/{i}.png", 255 - x if light else x)


def load(**options: Any) -> Data:
    return ImageFolder(**{"path": "pictures", **options}).load(np.random.default_rng(0))


def predicted(data: Data, path: str) -> list[Rows]:
    return list(read_rows([path], data.preparation, Dialect(",", "utf-8")))


KINDS = ["L", "RGB", "RGBA", "LA", "P", "1", "CMYK", "I;16"]


@pytest.mark.parametrize("mode", ["auto", "gray", "rgb"])
@pytest.mark.parametrize("colors", [False, True])
@pytest.mark.parametrize("light", [False, True, None], ids=["on dark", "on light", "on both"])
@pytest.mark.parametrize("layout", ["", "/train"])
def test_predict_reads_the_pictures_of_training_to_the_same_numbers(
    mode: Any, colors: bool, light: bool | None, layout: str
) -> None:
    rng = np.random.default_rng(1)
    for i in range(24):
        kind, size = KINDS[i % len(KINDS)], rng.integers(5, 40, 2)
        on_light = bool(i % 3 == 0) if light is None else light
        x = np.full((*size, 3), 255 * on_light, np.uint8)
        x[2:-2, 2:-1] = rng.integers(0, 256, 3 if colors else 1)
        picture: Any = Image.fromarray(x)
        picture = picture.convert("L").convert("I;16") if kind == "I;16" else picture.convert(kind)
        if kind in ("RGBA", "LA"):
            picture.putalpha(Image.fromarray(rng.integers(0, 256, tuple(size), dtype=np.uint8)))
        path = Path(f"pictures{layout}/{'ab'[i % 2]}/{i}.{'tif' if kind in ('CMYK', 'LA') else 'png'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    if layout:
        bars("pictures/test", 3, ("a", "b"))
    data = load(size=(9, 11), mode=mode, test=0 if layout else 4, validation=4)
    color = mode == "rgb" or (mode == "auto" and colors)
    assert data.input_shape == ((3, 9, 11) if color else (9, 11))
    for split, folder in [("train", f"pictures{layout}"), *([("test", "pictures/test")] if layout else [])]:
        (rows,) = predicted(data, folder)
        np.testing.assert_array_equal(rows.x, data.splits[split].x)
        assert rows.x.dtype == np.uint8
        assert [name[0] for name in rows.ids] == [data.classes[k] for k in data.splits[split].t]


def test_classes_are_the_folders_names_in_natural_order() -> None:
    for name in ("10", "9", "cat", "Bee"):
        save(f"pictures/{name}/x.png", np.eye(5, dtype=np.uint8))
    assert load().classes == ("9", "10", "Bee", "cat")


def test_pictures_are_held_out_in_the_share_of_each_class() -> None:
    bars("pictures", 20)
    data = load(validation=0.25, test=10)
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 20,
        "validation": 10,
        "test": 10,
    }
    for split in data.splits.values():
        assert np.bincount(split.t[split.rows]).tolist() == [len(split) // 2] * 2
    assert data.notes == ("mode: gray, since no picture has colors",)
    assert data.inputs.scale == 1 / 255
    assert load(scale=False).inputs.is_identity


def test_a_folder_of_its_own_may_hold_a_splits_pictures() -> None:
    bars("pictures/Train", 8)
    bars("pictures/val", 3)
    bars("pictures/test", 4, ("standing",))
    save("pictures/extra/x.png", np.eye(5, dtype=np.uint8))
    data = load()
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 16,
        "validation": 6,
        "test": 4,
    }
    assert data.splits["test"].t.tolist() == [1] * 4
    assert data.notes[0] == (
        "pictures: Train is for train, val is for validation, test is for test; "
        "left out, since they are no splits: extra"
    )
    with pytest.raises(
        NnfsError, match=r"dataset.validation: pictures/val has the pictures for it; leave it out"
    ):
        load(validation=2)
    other = load(path="pictures/Train", test="pictures/val")
    assert {name: len(split) for name, split in other.splits.items()} == {"train": 16, "test": 6}


def test_folders_called_train_and_test_may_be_classes() -> None:
    bars("pictures", 3, ("test", "train"))
    assert load().classes == ("test", "train")


def test_the_fingerprint_changes_with_the_pictures_and_the_classes() -> None:
    bars("pictures", 4)
    first = load().fingerprint
    assert load(validation=2).fingerprint == first
    Path("pictures/lying").rename("pictures/lain")
    second = load().fingerprint
    save("pictures/standing/0.png", np.eye(12, dtype=np.uint8))
    assert len({first, second, load().fingerprint}) == 3


def test_blank_pictures_of_training_are_told() -> None:
    bars("pictures", 3)
    save("pictures/lying/4.png", np.full((12, 12, 3), (200, 30, 30), np.uint8))
    assert load().notes[-1] == "lying/4.png: blank, or nearly: one color everywhere"


def test_what_is_left_out_is_told() -> None:
    bars("pictures", 2)
    save("pictures/loose.png", np.eye(5, dtype=np.uint8))
    Path("pictures/empty").mkdir()
    for name in ("lying/notes.txt", "lying/.DS_Store", ".cache"):
        Path("pictures", name).write_text("x")
    assert load().notes == (
        "lying/notes.txt: not a picture, left out",
        "empty: left out, since the folder has no pictures",
        "loose.png: left out, since it is in no class's folder",
        "mode: gray, since no picture has colors",
    )


def one_class() -> None:
    bars("pictures", 2, ("a",))


def no_classes() -> None:
    save("pictures/a.png", np.eye(5, dtype=np.uint8))


def sizes() -> None:
    bars("pictures", 2)
    save("pictures/lying/large.png", np.eye(30, dtype=np.uint8))


def widths() -> None:
    bars("pictures", 2)
    save("pictures/lying/wide.png", np.ones((12, 13), np.uint8))


def no_text() -> None:
    bars("pictures", 1, ("lying", "standing", os.fsdecode(b"\xff")))


def broken() -> None:
    bars("pictures", 4)
    for i in range(4):
        Path(f"pictures/lying/{i}.png").write_bytes(b"broken")


def strange_test() -> None:
    bars("pictures", 4)
    bars("others", 4, ("lying", "stanning"))


def unlabeled_test() -> None:
    bars("pictures", 4)
    save("others/a.png", np.eye(5, dtype=np.uint8))


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda: None, {}, "dataset.path: no such folder: "),
        (lambda: bars("picturs", 1), {}, "; did you mean 'picturs'?"),
        (lambda: Path("pictures").touch(), {}, "dataset.path: pictures is a file, not a folder"),
        (lambda: Path("pictures").mkdir(), {}, "must have a folder of pictures for each class, such as cats and dogs; found no pictures"),
        (no_classes, {}, "must have a folder of pictures for each class, such as cats and dogs; found its 1 pictures"),
        (one_class, {}, "dataset.path: pictures has only one class, 'a': there is nothing to tell apart"),
        (sizes, {}, "dataset.size: needed, since the pictures have 2 sizes, such as 12 x 12 and 30 x 30; write [height, width], such as [64, 64]"),
        (widths, {}, "dataset.size: needed, since the pictures have 2 sizes, such as 12 x 12 and 12 x 13;"),
        (no_text, {}, "must have a name in UTF-8, as its class; rename it"),
        (broken, {"size": (12, 12)}, "0.png: not a picture that can be read, pictures/lying/1.png: not a picture that can be read"),
        (broken, {}, "0.png: not a picture that can be read"),
        (strange_test, {"test": "others"}, "others/stanning: no class of the training pictures; did you mean 'standing'?"),
        (unlabeled_test, {"test": "others"}, "dataset.test: others must have a folder of pictures for each class"),
        (lambda: bars("pictures", 2), {"test": "nowhere"}, "dataset.test: no such folder: "),
    ],
)  # fmt: skip
def test_folders_that_do_not_fit_are_told(make: Any, options: dict[str, Any], message: str) -> None:
    make()
    with pytest.raises(NnfsError) as caught:
        load(**options)
    assert message in str(caught.value)


def test_a_network_trains_on_a_folder_describes_it_and_answers_for_it(nnfs: Nnfs) -> None:
    bars("pictures", 20)
    bars("others", 10, light=True)
    Path("c.yaml").write_text(CONFIG)
    status, out, err = nnfs("data", "describe", "c.yaml")
    assert status == 0, err
    assert "mode: gray, since no picture has colors" in out
    assert nnfs("train", "c.yaml", "--id", "c", "--quiet").status == 0
    Path("others/broken.png").write_bytes(b"")
    Path("others/notes.txt").touch()
    status, out, err = nnfs("predict", "c", "others", "pictures/lying/3.png")
    answers = [line.split(",") for line in out.splitlines()]
    assert answers[0] == ["file", "prediction"]
    assert [name for name, _ in answers[1:5]] == ["lying/0.png", "lying/1.png", "lying/2.png", "lying/3.png"]
    assert answers[-1] == ["3.png", "lying"]
    assert len(answers) == 22
    assert all(name.startswith(label) for name, label in answers[1:-1])
    assert err.splitlines() == [
        "nnfs: others/notes.txt: not a picture, left out",
        "nnfs: broken.png: left out: not a picture that can be read",
        "nnfs: lying/0.png, lying/1.png, lying/2.png and 17 more: inverted, since the training images' background "
        "is dark; --no-invert leaves it",
    ]


def test_pictures_of_the_same_name_are_told_apart_and_no_name_stops_the_answers(nnfs: Nnfs) -> None:
    bars("pictures", 3)
    Path("own.yaml").write_text(CONFIG.replace("epochs: 40", "epochs: 1"))
    assert nnfs("train", "own.yaml", "--id", "own", "-q").status == 0

    def names(*paths: str) -> list[str]:
        return [line.split(",")[0] for line in nnfs("predict", "own", *paths).out.splitlines()[1:]]

    lying, standing = "pictures/lying", "pictures/standing"
    assert names(lying) == ["0.png", "1.png", "2.png"]
    assert names(f"{lying}/0.png", f"{standing}/1.png") == ["0.png", "1.png"]
    assert names(lying, f"{standing}/1.png") == [f"{lying}/{k}.png" for k in range(3)] + [f"{standing}/1.png"]
    Path(lying, "1.png").rename(Path(lying, f"{os.fsdecode(bytes([255]))}.png"))
    assert names(lying) == ["0.png", "2.png", r"\udcff.png"]
    assert "the name of a file is empty" in nnfs("predict", "own", "").err


def test_what_is_no_picture_cannot_be_answered_for() -> None:
    bars("pictures", 1)
    Path("empty").mkdir()
    Path("bad").mkdir()
    for name in ("broken.png", "bad/1.png", "bad/2.png"):
        Path(name).write_bytes(b"PNG")
    for inputs, message in [
        (["empty"], r"empty: a folder without pictures \(\.png, \.jpg, "),
        (
            ["pictures", "x.npy"],
            "x.npy: no picture, but pictures is one; answer for the two in separate commands",
        ),
        (["pictures/lying/00.png"], "no such file: .*; did you mean '0.png'"),
        (
            ["bad"],
            "bad: none of its pictures can be read: 1.png, 2.png: left out: not a picture that can be read",
        ),
        (["pictures", "broken.png"], "broken.png: not a picture that can be read"),
    ]:
        with pytest.raises(NnfsError, match=message):
            list(read_rows(inputs, load().preparation, Dialect(",", "utf-8")))
    with pytest.raises(
        NnfsError, match=r"pictures: a folder, but the network takes rows of shape \(2,\), which"
    ):
        list(read_rows(["pictures"], Preparation((2,)), Dialect(",", "utf-8")))
