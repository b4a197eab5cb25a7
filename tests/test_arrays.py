"""Arrays from .npy and .npz files: mapped, split and normalized, with messages for bad files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import Experiment
from nnfs_cli.config.load import parse_config
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError
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
        (X[:0], LABELS[:0], {}, "train rows do not fit"),
        (X, LABELS * 0, {}, "only one class, '0'"),
        (np.where(X > 6, np.nan, X), LABELS, {}, "must be finite, found nan"),
        (X, np.where(T > 2, np.inf, T), {}, "must be finite, found inf"),
        (X, T, {"task": "classification"}, "classification takes one target column, found 2"),
        (X, T[:, 0], {"task": "classification"}, "holds fractions"),
        (X.astype(str), LABELS, {}, "x must hold numbers"),
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
