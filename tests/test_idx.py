"""IDX files: all types, all mistakes in files, and their datasets."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, OptionError
from nnfs_cli.datasets.idx import IDX
from nnfs_cli.datasets.mnist import MNIST
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources.idx import open_idx, read_idx
from tests.conftest import Nnfs
from tests.toys import ROOT, write_idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array: Array, code: int | None = None) -> bytes:
    code = CODES[array.dtype.str[1:]] if code is None else code
    header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("compress", [False, True])
def test_every_type_is_read_into_this_machines_byte_order(
    tmp_path: Path, dtype: str, shape: tuple[int, ...], compress: bool
) -> None:
    array = np.random.default_rng(3).uniform(0, 120, shape).astype(dtype)
    file = tmp_path / ("x.gz" if compress else "x")
    file.write_bytes(gzip.compress(idx_bytes(array)) if compress else idx_bytes(array))
    found = read_idx(file)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == np.dtype(dtype)
    assert found.dtype.isnative


WHOLE = idx_bytes(np.arange(6, dtype=np.int16).reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file: it is empty"),
        (b"\0\0", "not an IDX file: it starts with 00 00"),
        (b"a,b,c\n", "not an IDX file: it starts with 61 2c 62 2c"),
        (b"\0\0\x0a\x01\0\0\0\x01a", "not an IDX file: it starts with 00 00 0a 01"),
        (b"\0\0\x08\0", "not an IDX file: it starts with 00 00 08 00"),
        (b"\0\0\x08\xff" + bytes(2000), "not an IDX file: it starts with 00 00 08 ff"),
        (WHOLE[:9], "truncated or corrupted: it ends within its header of 12 bytes"),
        (WHOLE[:-1], r"its header says \(2, 3\), which is 12 bytes, but 11 follow"),
        (WHOLE + b"\0", r"its header says \(2, 3\), which is 12 bytes, but 13 follow"),
        (struct.pack(">BBBBII", 0, 0, 8, 2, 2**32 - 1, 2**32 - 1) + b"abc", "but 3 follow"),
        (struct.pack(">BBBBII", 0, 0, 8, 2, 0, 28), r"holds nothing: its header says \(0, 28\)"),
        (gzip.compress(WHOLE, mtime=0)[:-9], "truncated or corrupted"),
        (gzip.compress(WHOLE, mtime=0)[:-6] + b"ABCDEF", "truncated or corrupted"),
    ],
)
def test_what_is_no_whole_idx_file_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(NnfsError, match=message) as caught:
        read_idx(tmp_path / "x")
    assert str(caught.value).startswith(f"{tmp_path / 'x'}: ")


def test_a_file_that_is_not_there_or_a_folder_is_told(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "x", "no such file"), (tmp_path, "must be a file, found a folder")):
        with pytest.raises(NnfsError, match=message):
            read_idx(path)


# The datasets


def load(folder: Path, x: Array, t: Array, **options: Any) -> Data:
    (folder / "x").write_bytes(idx_bytes(x))
    (folder / "t").write_bytes(idx_bytes(t))
    files: dict[str, Any] = {"train_images": str(folder / "x"), "train_labels": str(folder / "t")}
    for name in ("test_images", "test_labels"):
        if name in options:
            (folder / name).write_bytes(idx_bytes(options[name]))
            options[name] = str(folder / name)
    return IDX(**files, **options).load(np.random.default_rng(4))


def images(n: int, dtype: str = "u1", side: int = 3) -> Array:
    return np.random.default_rng(n).uniform(0, 100, (n, side, side)).astype(dtype)


def labels(n: int, k: int = 3, dtype: str = "u1") -> Array:
    return (np.arange(n) % k).astype(dtype)


def test_rows_labels_and_splits_come_as_the_files_have_them(tmp_path: Path) -> None:
    x, t, x_test, t_test = images(20), labels(20), images(6), labels(6)
    data = load(tmp_path, x, t, test_images=x_test, test_labels=t_test, validation=5)
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 15,
        "validation": 5,
        "test": 6,
    }
    assert data.classes == ("0", "1", "2")
    assert data.input_shape == (3, 3)
    np.testing.assert_array_equal(data.splits["train"].x, x)
    np.testing.assert_array_equal(data.splits["test"].t, t_test)
    assert data.splits["train"].x.dtype == np.uint8
    assert data.inputs.scale == 1.0 / 255.0
    other = load(tmp_path, x, t, test_images=x_test, test_labels=t_test[::-1].copy())
    assert other.fingerprint != data.fingerprint


@pytest.mark.parametrize("dtype", ["i2", "f4"])
def test_other_numbers_than_bytes_are_scaled_by_the_largest_in_training(tmp_path: Path, dtype: str) -> None:
    x = images(20, dtype)
    data = load(tmp_path, x, labels(20, dtype="i4"), validation=0.25)
    largest = np.abs(x[data.splits["train"].rows]).max()
    assert data.inputs.scale == pytest.approx(1.0 / largest)
    assert load(tmp_path, x, labels(20), scale=False).inputs.is_identity


def test_classes_get_their_names(tmp_path: Path) -> None:
    data = load(tmp_path, images(20), labels(20), classes=("cat", "dog", "owl", "yak"))
    assert data.classes == ("cat", "dog", "owl", "yak")
    assert data.notes == ()


LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize(
    ("t", "names", "classes", "note"),
    [
        (labels(20) + 1, (), ("1", "2", "3"), "1, 2, 3"),
        (labels(20) + 1, ("A", "B", "C"), ("A", "B", "C"), "1 is 'A', 2 is 'B', 3 is 'C'"),
        (labels(20) * 2, (), ("0", "2", "4"), "0, 2, 4"),
        (labels(20) * 2 + 5, ("A", "B", "C"), ("A", "B", "C"), "5 is 'A', 7 is 'B', 9 is 'C'"),
        (labels(60, 26) + 1, LETTERS, LETTERS, "1 is 'a', 2 is 'b', 3 is 'c'"),
    ],
    ids=["from 1", "from 1, named", "with gaps", "with gaps, named", "letters"],
)
def test_labels_that_do_not_count_from_0_are_the_classes_in_their_order(
    tmp_path: Path, t: Array, names: tuple[str, ...], classes: tuple[str, ...], note: str
) -> None:
    x = images(len(t))
    data = load(tmp_path, x, t, test_images=x[:4], test_labels=t[:4], classes=names)
    assert data.classes == classes
    for split in ("train", "test"):
        assert data.splits[split].t[:3].tolist() == [0, 1, 2]
    (said,) = data.notes
    told = f": {note}" if names else f"; its classes are {note}"
    assert said.startswith(f"the labels in {tmp_path / 't'} do not count from 0 on{told}")


def test_where_more_classes_are_named_than_found_labels_count_from_0_and_that_is_said(tmp_path: Path) -> None:
    data = load(tmp_path, images(20), labels(20) + 1, classes=("none", "cat", "dog", "owl"))
    assert data.splits["train"].t[:3].tolist() == [1, 2, 3]
    (said,) = data.notes
    assert "0 is 'none', 1 is 'cat', 2 is 'dog', 3 is 'owl'" in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t": labels(19)}, "train_labels: .* has 19 labels for 20 images"),
        ({"t": labels(20).reshape(10, 2)}, r"train_labels: .* must hold whole numbers \(N,\), found \(10, 2\) of uint8"),
        ({"t": labels(20, dtype="f4")}, r"train_labels: .* must hold whole numbers \(N,\), found \(20,\) of float32"),
        ({"t": labels(20, dtype="i1") - 1}, "train_labels: .*row 1: must be the number of a class, .* found -1"),
        ({"t": labels(20, dtype="i4") * 100_000}, "row 2: must be the number of a class, 0 to 65535, found 100000"),
        ({"t": labels(20, k=1)}, "train_labels: .* has only one class, '0'"),
        ({"x": np.arange(20, dtype="u1")}, r"train_images: .* must hold rows \(N, ...\), found shape \(20,\)"),
        ({"x": np.full((20, 2), np.nan, "f4")}, "x: row 1, entry .*: must be finite"),
        ({"classes": ("cat", "dog")}, "dataset.classes: names 2 classes, but .*t has the 3 labels 0, 1, 2"),
        ({"test_images": images(6, side=4)}, r"test_images: .* has rows of shape \(4, 4\), .* training have \(3, 3\)"),
        ({"test_labels": labels(6, k=4)}, "test_labels: .*row 4: label 3 is no class: training has 0, 1, 2"),
        ({"test_labels": labels(5)}, "test_labels: .* has 5 labels for 6 images"),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_together_are_told(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    given = {"x": images(20), "t": labels(20), "test_images": images(6), "test_labels": labels(6)}
    with pytest.raises(NnfsError, match=message):
        load(tmp_path, **{**given, **change})


def test_options_that_do_not_fit_together_are_told() -> None:
    with pytest.raises(OptionError, match="test_labels must be a file, as test_images is, found ''"):
        IDX("x", "t", test_images="x")
    with pytest.raises(OptionError, match="classes must be two different names or more"):
        IDX("x", "t", classes=("cat", "cat"))
    with pytest.raises(NnfsError, match=r"dataset\.train_images: no such file"):
        IDX("nothing/x", "t").load(np.random.default_rng(0))


CONFIG = """
dataset: {type: idx, train_images: x.gz, train_labels: t, validation: 10}
layers: [flatten, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: sgd, learning_rate: 0.5}
training: {epochs: 20, batch_size: 10}
"""


def test_a_network_trains_on_idx_files_and_answers_for_them(nnfs: Nnfs) -> None:
    t = labels(100, k=2)
    x = images(100) // 4
    x[t == 1, :, 0] += 200
    write_idx(Path("x.gz"), x)
    write_idx(Path("t"), t)
    Path("idx.yaml").write_text(CONFIG)
    outcome = nnfs("train", "idx.yaml", "--id", "one")
    assert outcome.status == 0, outcome.err
    answers = nnfs("predict", "one", "x.gz").out.split()[1:]
    assert np.mean(np.array(answers, int) == t) > 0.95


def test_mnist_is_what_it_was() -> None:
    data = MNIST(str(ROOT / "data" / "mnist"), validation=5000).load(np.random.default_rng(5))
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 55000, "validation": 5000, "test": 10000,
    }  # fmt: skip
    assert data.classes == tuple("0123456789")
    assert data.fingerprint == "c65580678af93f1ea48c2c0d01d543ec89307c6b8a0eb7ca542d7c18c5f4c681"
    expected = np.sort(np.random.default_rng(5).permutation(60000)[:5000])
    np.testing.assert_array_equal(data.splits["validation"].rows, expected)
    assert data.splits["train"].t.dtype == np.intp
    assert data.splits["train"].t[:5].tolist() == [5, 0, 4, 1, 9]


@pytest.mark.parametrize("dtype", ["u1", ">i2", ">f8"])
def test_a_plain_file_can_be_mapped_instead_of_read(tmp_path: Path, dtype: str) -> None:
    numbers = np.arange(24).reshape(4, 3, 2).astype(dtype)
    code = {"u1": 0x08, ">i2": 0x0B, ">f8": 0x0E}[dtype]
    header = bytes([0, 0, code, 3]) + np.array([4, 3, 2], ">u4").tobytes()
    file = tmp_path / "numbers"
    file.write_bytes(header + numbers.tobytes())
    assert isinstance(open_idx(file), np.memmap)
    np.testing.assert_array_equal(open_idx(file), read_idx(file))
    file.write_bytes(header + numbers.tobytes()[:-1])
    with pytest.raises(NnfsError, match="truncated or corrupted"):
        open_idx(file)
