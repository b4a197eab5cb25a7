"""Arrays from .npy and .npz files: mapped, split and normalized, with messages for bad files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import Experiment
from nnfs_cli.config.load import parse_config
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError, OptionError
from nnfs_cli.datasets.npy import NPY
from nnfs_cli.datasets.npz import NPZ
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources.arrays import open_npy, open_npz
from nnfs_cli.training.experiment import Experiment as Built

RNG = np.random.default_rng(0)
X, T = RNG.normal(3.0, 2.0, size=(40, 5)), RNG.normal(size=(40, 2))
LABELS = np.arange(40) % 3


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def load(dataset: NPZ | NPY) -> Data:
    return dataset.load(np.random.default_rng(0))


def saved(x: Array = X, y: Array = LABELS, **more: Array) -> str:
    np.savez("d.npz", allow_pickle=False, X=x, y=y, **more)
    return "d.npz"


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8", ">f4", "f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_stored_arrays_are_mapped_and_compressed_ones_read_to_the_same_numbers(
    dtype: str, order: Any
) -> None:
    x = np.asarray(RNG.uniform(0, 200, (7, 3)).astype(dtype), order=order)
    np.savez("a.npz", a=LABELS, x=x)
    np.savez_compressed("b.npz", x=x)
    np.save("c.npy", x)
    for array in (open_npz(Path("a.npz"), "x"), open_npz(Path("b.npz"), "x"), open_npy(Path("c.npy"))):
        np.testing.assert_array_equal(array, x)
        assert array.dtype.isnative
    if np.dtype(dtype).isnative:
        assert isinstance(open_npz(Path("a.npz"), "x"), np.memmap)
        assert isinstance(open_npy(Path("c.npy")), np.memmap)


def test_classes_and_real_values_are_told_apart() -> None:
    assert load(NPZ(path=saved())).classes == ("0", "1", "2")
    assert load(NPZ(path=saved(y=np.array(["b", "a"] * 20)))).classes == ("a", "b")
    assert load(NPZ(path=saved(y=LABELS == 1))).classes == ("0", "1")
    several = load(NPZ(path=saved(y=T)))
    assert (several.task, several.target_names) == ("regression", ("y1", "y2"))
    assert load(NPZ(path=saved(y=LABELS), task="regression")).task == "regression"


def test_npz_and_npy_give_the_same_data() -> None:
    np.save("x.npy", X)
    np.save("y.npy", LABELS)
    options: dict[str, Any] = {"test": 0.25, "validation": 4, "standardize": True}
    one, two = load(NPZ(path=saved(), **options)), load(NPY(x="x.npy", y="y.npy", **options))
    assert one.fingerprint == two.fingerprint
    for name, split in one.splits.items():
        np.testing.assert_array_equal(split.rows, two.splits[name].rows)
    train = X[one.splits["train"].rows]
    np.testing.assert_allclose(np.asarray(one.inputs.shift), train.mean(axis=0))
    np.testing.assert_allclose(np.asarray(one.inputs.scale), 1 / train.std(axis=0))


def test_test_rows_of_their_own_are_the_test_split() -> None:
    data = load(NPZ(path=saved(x_test=X[:6], y_test=LABELS[:6]), x_test="x_test", y_test="y_test"))
    assert len(data.splits["test"]) == 6
    np.testing.assert_array_equal(data.splits["test"].x, X[:6])


def test_mapped_rows_train_to_the_same_weights_as_rows_in_memory() -> None:
    config = {
        "dataset": {"type": "npz", "path": saved(X.astype(np.float32), T), "standardize": True, "test": 5},
        "layers": [{"type": "dense", "units": 4}, "tanh", {"type": "dense", "units": 2}],
        "loss": "mse",
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "training": {"epochs": 3, "batch_size": 8},
    }
    mapped = Experiment(config)
    assert isinstance(mapped.data.splits["train"].x, np.memmap)
    first = mapped.train()
    np.savez_compressed("d.npz", X=X.astype(np.float32), y=T)
    second = Experiment(config)
    assert not isinstance(second.data.splits["train"].x, np.memmap)
    with np.load(first.path / "weights.npz") as a, np.load(second.train().path / "weights.npz") as b:
        for name in a.files:
            np.testing.assert_allclose(a[name], b[name], rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (X, LABELS[:5], {}, "d.npz: train rows do not fit: x has shape (40, 5), y (5,)"),
        (X[:0], LABELS[:0], {}, "x must hold rows of numbers (N, ...), found none: shape (0, 5)"),
        (
            X,
            LABELS * 0,
            {},
            "dataset.y: column 'y' in d.npz has only one class, '0': there is nothing to tell apart",
        ),
        (X[:1], LABELS[:1], {}, "dataset.y: column 'y' in d.npz has only one class, '0'"),
        (np.where(X > 6, np.nan, X), LABELS, {}, "must be finite, found nan"),
        (X, np.where(T > 2, np.inf, T), {}, "must be finite, found inf"),
        (X, T, {"task": "classification"}, "classification takes one target column, found 2"),
        (X, T[:, 0], {"task": "classification"}, "holds fractions"),
        (X.astype(str), LABELS, {}, "x must hold rows of numbers (N, ...), found shape (40, 5) of <U32"),
        (X, LABELS, {"x": "XX"}, "d.npz: no array 'XX'; did you mean 'X'?"),
        (X, LABELS, {"path": "dd.npz"}, "dataset.path: no such file: "),
        (X, np.array([{}] * 40), {}, "holds pickled Python objects, which could run any code when read"),
    ],
)
def test_arrays_that_do_not_fit_are_told(x: Array, y: Array, options: dict[str, Any], message: str) -> None:
    np.savez("d.npz", allow_pickle=True, X=x, y=y)
    with pytest.raises(NnfsError) as caught:
        load(NPZ(**{"path": "d.npz", **options}))
    assert message in str(caught.value)


ODD: dict[str, tuple[Array, str]] = {
    "a single number": (np.array(7), r"found shape \(\) of int64"),
    "one number a row": (X[:, 0], r"found shape \(40,\) of float64: one number a row is \(40, 1\)"),
    "no rows": (X[:0], r"found none: shape \(0, 5\)"),
    "no columns": (X[:, :0], r"found none: shape \(40, 0\)"),
    "texts": (X.astype(str), r"found shape \(40, 5\) of <U32"),
    "bytes": (X.astype("S8"), r"found shape \(40, 5\) of <U8"),
    "complex numbers": (X + 1j, r"found shape \(40, 5\) of complex128"),
    "dates": (np.zeros((40, 5), "M8[D]"), r"found shape \(40, 5\) of datetime64\[D\]"),
    "records": (np.zeros(40, [("a", "f4"), ("b", "i4")]), r"found shape \(40,\) of \[\('a', '<f4'\), \('b', '<i4'\)\]"),
    "raw bytes": (np.zeros((40, 5), "V4"), r"found shape \(40, 5\) of \|V4"),
    "objects": (X.astype(object), "holds pickled Python objects"),
}  # fmt: skip


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ODD)
def test_what_are_no_rows_of_numbers_is_told_in_a_line_with_its_shape_and_type(
    kind: str, compressed: bool
) -> None:
    x, message = ODD[kind]
    save: Any = np.savez_compressed if compressed else np.savez
    save("d.npz", X=x, y=LABELS)
    np.save("x.npy", x)
    np.save("y.npy", LABELS)
    for dataset in (NPZ(path="d.npz"), NPY(x="x.npy", y="y.npy")):
        with pytest.raises(NnfsError, match=message) as caught:
            load(dataset)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", ">i2", "f2", ">f4", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_every_type_and_order_are_taken(dtype: str, order: Any) -> None:
    x = np.asarray(np.abs(X).astype(dtype), order=order)
    data = load(NPZ(path=saved(x), standardize=True))
    np.testing.assert_array_equal(data.splits["train"].x, x)
    assert np.asarray(data.inputs.shift) == pytest.approx(x.astype(float).mean(axis=0), rel=1e-3)


@pytest.mark.parametrize("dtype", ["f8", "f4", "?", "i1", "u1"])
def test_one_hot_targets_are_classes_and_that_is_said(dtype: str) -> None:
    one_hot = np.eye(4, dtype=dtype)[LABELS]  # no row is of the last class
    data = load(NPZ(path=saved(y=one_hot), test=0.25))
    assert data.classes == ("0", "1", "2", "3")
    np.testing.assert_array_equal(data.splits["train"].t, LABELS)
    assert data.notes == (
        "task: classification, since y (40, 4) is one-hot: a row's class is the place of its 1; "
        "`task: regression` takes its numbers",
    )
    named = load(NPZ(path=saved(y=one_hot), classes=("a", "b", "c", "d")))
    assert named.classes == ("a", "b", "c", "d")
    assert load(NPZ(path=saved(y=one_hot), task="regression")).task == "regression"
    options: dict[str, Any] = {"path": saved(y=one_hot, a=X[:3], b=one_hot[:3]), "x_test": "a", "y_test": "b"}
    np.testing.assert_array_equal(load(NPZ(**options)).splits["test"].t, LABELS[:3])
    with pytest.raises(NnfsError, match=r"y must be one-hot \(rows, 4\), as in training, found shape \(3,\)"):
        load(NPZ(**{**options, "path": saved(y=one_hot, a=X[:3], b=LABELS[:3])}))


def test_shares_of_classes_are_a_regression_and_that_is_said_with_the_remedy() -> None:
    soft = 0.7 * np.eye(3)[LABELS] + 0.1
    (note,) = load(NPZ(path=saved(y=soft))).notes
    assert note == (
        "task: regression, since the rows of y (40, 3) hold shares of several classes; for a classification "
        "save one class a row, such as y.argmax(axis=1)"
    )
    (note,) = load(NPZ(path=saved(y=np.eye(3)[LABELS] + np.eye(3)[LABELS - 1]))).notes
    assert "several target columns" in note


@pytest.mark.parametrize(
    ("labels", "names", "classes"),
    [
        (LABELS, ("a", "b", "c"), (0, 1, 2)),
        (LABELS, ("a", "b", "c", "d"), (0, 1, 2)),
        (LABELS + 1, ("a", "b", "c"), (0, 1, 2)),
        (LABELS * 10 - 10, ("a", "b", "c"), (0, 1, 2)),
        (np.where(LABELS == 1, 4, 1), ("a", "b", "c", "d"), (0, 3, 0)),
        (np.array(list("xyz"))[LABELS], ("a", "b", "c"), (0, 1, 2)),
    ],
)
def test_classes_are_named_in_the_order_of_their_labels(
    labels: Array, names: tuple[str, ...], classes: tuple[int, ...]
) -> None:
    data = load(NPZ(path=saved(y=labels), classes=names))
    assert data.classes == names
    assert data.splits["train"].t[:3].tolist() == list(classes)
    assert len(data.notes) == 1 + (labels[0] != 0)


def test_names_that_are_no_names_of_the_classes_are_told() -> None:
    with pytest.raises(
        NnfsError, match=r"dataset.classes: names 2 classes, but d.npz: y has the 3 labels 0, 1, 2"
    ):
        load(NPZ(path=saved(), classes=("a", "b")))
    with pytest.raises(OptionError, match="classes must be two different names or more"):
        NPZ(path="d.npz", classes=("a", "a"))


def test_a_missing_array_is_told_with_those_that_are_there() -> None:
    np.savez("d.npz", x_train=X, y_train=LABELS, x_test=X[:4])
    there = r"it has x_train \(40, 5\) of float64, y_train \(40,\) of int64, x_test \(4, 5\) of float64"
    with pytest.raises(NnfsError, match=rf"d.npz: no array 'X'; {there}"):
        load(NPZ(path="d.npz"))
    with pytest.raises(NnfsError, match=rf"no array 'x_trian'; did you mean 'x_train'\? {there}"):
        load(NPZ(path="d.npz", x="x_trian"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x_test": "a"}, "y_test must be an array's name, needed with x_test, found ''"),
        ({"y_test": "a"}, "x_test must be an array's name, needed with y_test, found ''"),
        (
            {"x_test": "a", "y_test": "b", "test": 3},
            "test must be 0, since x_test has the test rows, found 3",
        ),
    ],
)
def test_options_for_test_rows_that_do_not_fit_together_are_told(options: Any, message: str) -> None:
    for make in (lambda: NPZ(path="d.npz", **options), lambda: NPY(x="x", y="y", **options)):
        with pytest.raises(OptionError, match=message.replace("an array's name", "(an array's name|a file)")):
            make()


def test_arrays_in_folders_of_an_archive_keep_their_names() -> None:
    arrays: dict[str, Any] = {"a/X": X, "b/X": X + 1, "y": LABELS}
    np.savez("d.npz", **arrays)
    np.testing.assert_array_equal(load(NPZ(path="d.npz", x="b/X")).splits["train"].x, X + 1)


def test_damaged_archives_are_read_or_told_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    for save in (np.savez, np.savez_compressed):
        save("whole.npz", X=X, y=LABELS)
        whole, told = Path("whole.npz").read_bytes(), 0
        for _ in range(150):
            content = bytearray(whole)
            for place in rng.integers(0, len(content), 2) if told % 2 else rng.integers(0, 200, 2):
                content[place] = rng.integers(256)
            Path("d.npz").write_bytes(content[: len(content) - rng.integers(2) * rng.integers(1, 50)])
            try:
                load(NPZ(path="d.npz"))
            except NnfsError:
                told += 1
        assert told > 50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a NumPy file"),
        (b"PK\x03\x04 cut off", "not a NumPy file"),
        (b"\x93NUMPY\x01\x00", "not a NumPy file"),
        (b"\x80\x04pickle", "pickled Python objects"),
    ],
)
def test_what_is_no_array_is_told(content: bytes, message: str) -> None:
    Path("bad").write_bytes(content)
    for read in (open_npy, lambda path: open_npz(path, "X")):
        if message.startswith("pickled") and read is not open_npy:
            continue
        with pytest.raises(NnfsError, match=message):
            read(Path("bad"))


@pytest.mark.parametrize(
    ("shape", "layers", "doubtful"),
    [
        ((8, 8, 3), ["conv", "flatten"], True),
        ((8, 8, 3), [{"type": "reshape", "shape": [3, 8, 8]}, "conv", "flatten"], True),
        ((8, 8, 3), ["flatten"], False),
        ((3, 8, 8), ["conv", "flatten"], False),
        ((8, 8, 1), ["conv", "flatten"], True),
        ((8, 8, 1), [{"type": "reshape", "shape": [1, 8, 8]}, "conv", "flatten"], False),
        ((4, 4, 3), ["conv", "flatten"], False),
    ],
)
def test_images_whose_channels_come_last_are_doubted(shape: Shape, layers: list[Any], doubtful: bool) -> None:
    saved(np.zeros((40, *shape), np.uint8))
    conv = {"type": "conv2d", "filters": 2, "kernel_size": 1}
    config: dict[str, Any] = {
        "name": "doubt",
        "dataset": {"type": "npz", "path": "d.npz", "x": "X", "y": "y"},
        "layers": [*(conv if layer == "conv" else layer for layer in layers), {"type": "dense", "units": 3}],
        "loss": "cross_entropy",
        "optimizer": "adam",
        "training": {"epochs": 1, "batch_size": 8},
    }
    notes = Built(parse_config(json.dumps(config), "doubt.yaml")).data.notes
    words = f"rows of shape {shape} look like images with channels last"
    assert any(words in note for note in notes) is doubtful
    if doubtful:
        config["layers"].insert(0, {"type": "max_pool2d", "pool_size": 99})
        with pytest.raises(NnfsError, match=r"which do not fit .*; rows of shape .* channels last"):
            Built(parse_config(json.dumps(config), "doubt.yaml"))
