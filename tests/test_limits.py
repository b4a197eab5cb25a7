"""Numbers that are too large or not finite: one message for all kinds of data."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnfs_cli.config.load import config_from
from nnfs_cli.core.arrays import CACHED, Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.preprocessing.limits import LARGEST, in_rows_of, is_usable, refuse_unusable
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.sources import inputs
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.inputs import Rows, read_rows, rows_of_array, rows_of_frame
from nnfs_cli.training.loading import load_data
from tests.conftest import Nnfs

TOO_LARGE = "must be at most 1e+150 in size, found {}: too large for sums of squares in float64 (float32 ends at 3.4e+38); use a larger"
HOLDING = pytest.mark.parametrize(
    ("value", "told"),
    [
        (1e151, TOO_LARGE.format("1e+151")),
        (-1.7e308, TOO_LARGE.format("-1.7e+308")),
        (np.inf, "must be finite, found inf"),
    ],
)


def table(value: float) -> pd.DataFrame:
    frame = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20) / 4, "kind": ["p", "q"] * 10})
    frame.loc[4, "b"] = value
    return frame


def matrix(value: float) -> Array:
    x = np.arange(40.0).reshape(20, 2)
    x[4, 1] = value
    return x


def as_csv(value: float, **options: Any) -> dict[str, Any]:
    table(value).to_csv("t.csv", index=False)
    return {"type": "csv", "path": "t.csv", **options}


def as_npy(x: Array, y: Array) -> dict[str, Any]:
    np.save("x.npy", x)
    np.save("y.npy", y)
    return {"type": "npy", "x": "x.npy", "y": "y.npy", "task": "regression"}


def as_idx(x: Array) -> dict[str, Any]:
    header = struct.pack(">HBB2I", 0, 0x0E, 2, *x.shape)
    Path("images").write_bytes(header + x.astype(">f8").tobytes())
    Path("labels").write_bytes(struct.pack(">HBBI", 0, 0x08, 1, 20) + bytes([0, 1] * 10))
    return {"type": "idx", "train_images": "images", "train_labels": "labels"}


def load(dataset: dict[str, Any]) -> Data:
    regression = dataset.get("target") in ("a", "b") or dataset["type"] not in ("csv", "idx")
    return load_data(
        config_from(
            {
                "dataset": dataset,
                "layers": [{"type": "dense", "units": 2}],
                "loss": "mse" if regression else "cross_entropy",
                "optimizer": {"type": "sgd", "learning_rate": 0.1},
                "training": {"epochs": 1},
            },
            "config",
            (),
        )
    )


DATASETS: dict[str, tuple[Callable[[float], dict[str, Any]], str]] = {
    "a feature": (lambda v: as_csv(v, target="kind", standardize=True), "t.csv: row 5, column 'b': "),
    "a real target": (lambda v: as_csv(v, target="b"), "t.csv: row 5, column 'b': "),
    "a class": (
        lambda v: as_csv(v, target="b", task="classification"),
        "t.csv: row 5, column 'b': ",
    ),
    "an array": (lambda v: as_npy(matrix(v), np.arange(20.0)), "x.npy: row 5, entry [1]: "),
    "an array of targets": (
        lambda v: as_npy(np.arange(40.0).reshape(20, 2), matrix(v)),
        "x.npy: row 5, column 'y2': ",
    ),
    "an IDX file": (lambda v: as_idx(matrix(v)), "images: row 5, entry [1]: "),
}


@HOLDING
@pytest.mark.parametrize("source", DATASETS)
@pytest.mark.usefixtures("nnfs")
def test_a_number_that_is_too_large_is_told_with_its_place(source: str, value: float, told: str) -> None:
    dataset, place = DATASETS[source]
    with pytest.raises(NnfsError) as caught:
        load(dataset(value))
    assert f"{place}{told}" in str(caught.value)


@pytest.mark.parametrize("source", [source for source in DATASETS if source != "a class"])
@pytest.mark.usefixtures("nnfs")
def test_the_largest_numbers_are_taken(source: str) -> None:
    dataset, _ = DATASETS[source]
    data = load(dataset(LARGEST))
    for affine in (data.inputs, data.targets):
        assert np.isfinite(affine.shift).all()
        assert np.isfinite(affine.scale).all()


@HOLDING
def test_data_that_no_file_holds_are_looked_at_too(value: float, told: str) -> None:
    rows, fine = np.arange(20), np.arange(20.0)[:, np.newaxis]
    for x, t, what in ((matrix(value), fine, "inputs"), (fine, matrix(value), "targets")):
        with pytest.raises(NnfsError) as caught:
            Data({"train": Split(x, t, rows)})
        assert f"dataset: {what}: row 5, entry [1]: {told}" in str(caught.value)


@pytest.mark.usefixtures("nnfs")
def test_options_that_make_numbers_too_large_are_told() -> None:
    with pytest.raises(NnfsError, match=r"dataset: targets: row 1, entry .*: must be at most"):
        load({"type": "cubic", "noise": 1e200})
    dataset = as_csv(np.nan, target="kind", missing="constant", fill_value=1e200, standardize=True)
    with pytest.raises(NnfsError, match=r"row 5, column 'b': must be at most 1e\+150 in size, found 1e\+200"):
        load(dataset)


@HOLDING
@pytest.mark.usefixtures("nnfs")
def test_what_is_to_be_predicted_is_looked_at_too(
    value: float, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "NUMBERS", 6)  # three rows at a time
    trained_on_table = load(as_csv(1.0, target="kind")).preparation
    trained_on_array = load(as_npy(matrix(1.0), np.arange(20.0))).preparation
    frame, x = table(value), matrix(value)
    frame.to_csv("p.csv", index=False)
    np.save("p.npy", x)
    tables: list[tuple[Iterator[Rows], str]] = [
        (rows_of_frame(frame, trained_on_table), "the table: row 5, column 'b': "),
        (read_rows(["p.csv"], trained_on_table, Dialect()), "p.csv: row 5, column 'b': "),
        (rows_of_frame(frame[["a", "b"]], trained_on_array), "the table: row 5, column 'b': "),
    ]
    for parts, place in tables:  # all other rows are answered
        notes = [note for part in parts for note in part.notes]
        assert any(f"{place}{told}" in note for note in notes), notes
    sources: list[tuple[Callable[[], Iterator[Rows]], str]] = [
        (lambda: rows_of_array(x, trained_on_array, "the array"), "the array: row 5, entry [1]: "),
        (lambda: read_rows(["p.npy"], trained_on_array, Dialect()), "p.npy: row 5, entry [1]: "),
    ]
    for rows, place in sources:
        with pytest.raises(NnfsError) as caught:
            list(rows())
        assert f"{place}{told}" in str(caught.value)


def test_the_command_line_tells_it_in_one_message(nnfs: Nnfs) -> None:
    as_csv(1e300, target="kind")
    Path("c.yaml").write_text(
        "dataset: {type: csv, path: t.csv, target: kind, standardize: true}\n"
        "layers: [{type: dense, units: 2}]\nloss: cross_entropy\n"
        "optimizer: {type: sgd, learning_rate: 0.1}\ntraining: {epochs: 1}\n"
    )
    for command in (["train", "c.yaml"], ["data", "describe", "c.yaml"]):
        status, _, err = nnfs(*command)
        assert status == 2
        assert err == (
            f"nnfs: t.csv: row 5, column 'b': {TOO_LARGE.format('1e+300')} unit, "
            f"or leave it out if it stands for a missing value (correct it)\n"
        )


@pytest.mark.parametrize("dtype", ["u1", "i8", "?", "f2", "f4", "f8", "g"])
def test_the_first_unusable_number_is_found_in_every_type(dtype: str) -> None:
    x = np.ones((CACHED + 3, 2), dtype)
    assert is_usable(x)
    refuse_unusable(x, in_rows_of("x"))
    if x.dtype.kind != "f":
        return
    x[-2:, 1] = np.nan
    assert not is_usable(x)
    with pytest.raises(NnfsError, match=rf"^x: row {CACHED + 12}, entry \[1\]: must be finite, found nan$"):
        refuse_unusable(x, in_rows_of("x", 10))


def test_the_largest_number_of_a_smaller_type_is_usable() -> None:
    for dtype in (np.float16, np.float32):
        assert is_usable(np.full((3, 2), np.finfo(dtype).max, dtype))
