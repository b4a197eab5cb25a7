"""Mistakes that users make: each gets one clear message and status 2, and changes no file."""

import gzip
import json
import pickle
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.errors import ConfigError, Mistake, OptionError
from tests.aged import aged
from tests.conftest import Nnfs
from tests.toys import BARS, BLOBS, CUBIC, ROOT

MNIST = ROOT / "data" / "mnist"
LABELS = "t10k-labels-idx1-ubyte"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def fails(nnfs: Nnfs, *arguments: str) -> str:
    """The message of a command that must fail with status 2 and change no file."""
    before = contents(Path.cwd())
    status, out, err = nnfs(*arguments)
    assert status == 2, out + err
    assert "Traceback" not in err
    assert contents(Path.cwd()) == before
    return err


@pytest.mark.parametrize(
    "error", [ConfigError("mine.yaml", [Mistake("a", "b")]), OptionError([("units", "positive", -1)])]
)
def test_an_error_gets_from_one_process_to_another(error: Exception) -> None:
    """A Pool would wait forever for one that it cannot make anew."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["must be a mapping of keys, found nothing"]),
        ("- a\n- b", ["must be a mapping of keys, found ['a', 'b']"]),
        ("name: [cubic", ["line 1, column 13: not YAML"]),
        ("training:\n\tepochs: 3", ["line 2, column 1: not YAML: a tab; YAML wants spaces"]),
        ("seed: 1\nseed: 2", ["line 2, column 1: key 'seed' is given twice"]),
        (CUBIC.replace("loss:", "los:"), ["los: a config has no option 'los'; did you mean 'loss'?"]),
        (CUBIC.replace("loss: mse", ""), ["loss: a config needs this option, and it is missing"]),
        (CUBIC.replace("units: 8", "unit: 8"), ["layers[0].unit: dense has no option 'unit'; did you mean 'units'?"]),
        (CUBIC.replace("tanh", "tahn"), ["layers[1]: no layer 'tahn'; did you mean 'tanh'?"]),
        (CUBIC.replace("tanh", "{type: tanh, slope: 1}"), ["layers[1].slope: tanh has no option 'slope'; it takes none"]),
        (CUBIC.replace("tanh", "3"), ["layers[1]: must be a layer: a name, or a mapping with its `type`, found 3"]),
        (CUBIC.replace("units: 8", "units: 0"), ["layers[0].units: must be a positive integer, or auto in the last layer, found 0"]),
        (CUBIC.replace("units: 8", "units: eight"), ["layers[0].units: must be an integer or 'auto', found 'eight'"]),
        (CUBIC.replace("units: 8", "units: 8.5"), ["layers[0].units: must be", "integer", "found 8.5"]),
        (CUBIC.replace("batch_size: 32", "batch_size: -3"), ["training.batch_size: must be a positive integer, found -3"]),
        (CUBIC.replace("seed: 3", "seed: -3"), ["seed: must be an integer of at least 0, found -3"]),
        (CUBIC.replace("0.02", ".nan"), ["optimizer.learning_rate: must be a finite number, found nan"]),
        (CUBIC.replace("momentum: 0.9", "momentum: 1.5"), ["optimizer.momentum: must be at least 0 and below 1, found 1.5"]),
        (CUBIC.replace("metrics: [rmse, r2]", "metrics: rmse"), ["metrics: must be a list of metrics, found 'rmse'"]),
        (CUBIC.replace("metrics: [rmse, r2]", "metrics: [rmse, rmse]"), ["metrics: rmse is listed twice"]),
        (CUBIC + "dtype: float16", ["dtype: must be 'float32' or 'float64', found 'float16'"]),
        (CUBIC.replace("epochs: 5", "epochs: 5, threads: many"), ["training.threads: must be", "'auto', found 'many'"]),
        (CUBIC.replace("epochs: 5", "epochs: 5, monitor: val_mae"), ["training.monitor: must be one of val_loss, val_rmse, val_r2, found 'val_mae'"]),
        (CUBIC.replace("name: cubic", "name: a/b"), ["name: must be letters, digits, and . _ -, with a letter or digit first, found 'a/b'"]),
        (BLOBS.replace("units: 3}]", "units: 3}, softmax]"), ["layers[3]: softmax right before cross_entropy", "remove this layer", "loss: mse"]),
        (BLOBS.replace("units: 3}]", "units: 3}, softmax, {type: reshape, shape: [3]}, flatten]"), ["layers[3]: softmax right before cross_entropy"]),
        (BLOBS.replace("units: 3}]", "units: 1}, sigmoid]").replace("cross_entropy", "binary_cross_entropy"), ["layers[3]: sigmoid right before binary_cross_entropy"]),
        (BLOBS.replace("units: 3", "units: 4"), ["layers[2]: the last layer gives (4,)", "toy_blobs has 3 classes", "(3,)"]),
        (CUBIC.replace("units: 1}", "units: 2}"), ["layers[2]: the last layer gives (2,)", "targets of width 1"]),
        (BLOBS.replace("[accuracy, brier]", "[rmse]"), ["metrics[0]: rmse is for regression, but toy_blobs is classification"]),
        (CUBIC.replace("loss: mse", "loss: cross_entropy"), ["loss: cross_entropy is for classification, but cubic is regression"]),
        (CUBIC.replace("validation: 40", "validation: 200"), ["dataset.validation: must leave rows to train on, found 200 of 200 rows"]),
        (BLOBS.replace("layers: [", "layers: [softmax]\nx: [").replace("cross_entropy", "mse"), ["x: a config has no option 'x'"]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_config_is_named_with_its_place_and_remedy(
    nnfs: Nnfs, text: str, messages: list[str]
) -> None:
    Path("mine.yaml").write_text(text)
    err = fails(nnfs, "train", "mine.yaml")
    for message in messages:
        assert message in err


PAIR = "must be an integer or a list of two integers, found"
PADDING = "must be 'valid', 'same', an integer or a list of two integers, found"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("conv2d, filters: 4, kernel_size: [1, 2, 3]", f"kernel_size: {PAIR} [1, 2, 3]"),
        ("conv2d, filters: 4, kernel_size: [3]", f"kernel_size: {PAIR} [3]"),
        ("conv2d, filters: 4, kernel_size: []", f"kernel_size: {PAIR} []"),
        ("conv2d, filters: 4, kernel_size: 2.5", f"kernel_size: {PAIR} 2.5"),
        ("conv2d, filters: 4, kernel_size: [3, x]", f"kernel_size: {PAIR} [3, 'x']"),
        ("conv2d, filters: 4, kernel_size: [true, 3]", f"kernel_size: {PAIR} [true, 3]"),
        ("conv2d, filters: 4, kernel_size: [[3, 3]]", f"kernel_size: {PAIR} [[3, 3]]"),
        ("conv2d, filters: 4, kernel_size: 3x3", f"kernel_size: {PAIR} '3x3'"),
        ("conv2d, filters: 4, kernel_size: null", f"kernel_size: {PAIR} nothing"),
        ("conv2d, filters: 4, kernel_size: 3, stride: [2, -1]", "stride: must be one or two positive integers, found [2, -1]"),
        ("conv2d, filters: 4, kernel_size: 3, padding: [1]", f"padding: {PADDING} [1]"),
        ("conv2d, filters: 4, kernel_size: 3, padding: sam", f"padding: {PADDING} 'sam'; did you mean 'same'?"),
        ("conv2d, filters: 4, kernel_size: 3, padding: VALID", f"padding: {PADDING} 'VALID'; did you mean 'valid'?"),
        ("conv2d, filters: 4, kernel_size: 3, padding: full", f"padding: {PADDING} 'full'"),
        ("conv2d, filters: 4, kernel_size: 3, padding: [same, 1]", f"padding: {PADDING} ['same', 1]"),
        ("conv2d, filters: 4, kernel_size: 3, padding: [1, -1]", "padding: must be valid, same, or one or two integers of at least 0, found [1, -1]"),
        ("max_pool2d, stride: [1]", "stride: must be an integer, a list of two integers or null, found [1]"),
        ("avg_pool2d, padding: same", f"padding: {PAIR} 'same'"),
        ("conv_transpose2d, filters: 1, kernel_size: 2, output_padding: [0, 0, 0]", f"output_padding: {PAIR} [0, 0, 0]"),
        ("upsample2d, mode: bilin", "mode: must be 'nearest' or 'bilinear', found 'bilin'; did you mean 'bilinear'?"),
        ("upsample2d, factor: two", f"factor: {PAIR} 'two'"),
        ("padding2d, padding: [1, x]", "padding: must be an integer or a list of integers, found [1, 'x']"),
        ("padding2d, padding: [1, 2, 3]", "padding: must be one, two or four integers of at least 0, found [1, 2, 3]"),
        ("reshape, shape: 3", "shape: must be a list of integers, found 3"),
        ("reshape, shape: [1, x]", "shape[1]: must be an integer, found 'x'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_image_layer_is_told_in_one_line(nnfs: Nnfs, layer: str, message: str) -> None:
    Path("mine.yaml").write_text(BARS)
    err = fails(nnfs, "train", "mine.yaml", "--dry-run", "--set", f"layers.2={{type: {layer}}}")
    assert err == f"nnfs: mine.yaml: 1 mistake\n  layers[2].{message}\n"


def test_several_mistakes_are_all_told_at_once(nnfs: Nnfs) -> None:
    text = (
        CUBIC.replace("units: 8", "unit: 8")
        .replace("loss: mse", "loss: mae2")
        .replace("epochs: 5", "epochs: 0")
    )
    Path("mine.yaml").write_text(text)
    err = fails(nnfs, "train", "mine.yaml")
    assert "mine.yaml: 3 mistakes" in err
    for path in ("layers[0].unit:", "loss:", "training.epochs:"):
        assert f"  {path}" in err


def test_shapes_that_do_not_fit_are_told_with_the_layer_what_came_in_and_what_it_wants(nnfs: Nnfs) -> None:
    err = fails(
        nnfs, "train", str(ROOT / "configs" / "mnist.yaml"), "--set", f"dataset.path={MNIST}",
        "--set", "layers=[{type: dense, units: 10}]",
    )  # fmt: skip
    assert "layers[0]: dense wants a vector (D,) for each row, found (28, 28); put flatten before it" in err


def test_images_of_one_pixel_at_the_end_want_flatten(nnfs: Nnfs) -> None:
    Path("mine.yaml").write_text(BARS)
    layers = "layers=[{type: reshape, shape: [1, 10, 10]}, {type: conv2d, filters: 2, kernel_size: 10}]"
    assert (
        "layers[1]: the last layer gives (2, 1, 1) for each row, but toy_bars has 2 classes: "
        "cross_entropy wants (2,); put flatten after it" in fails(nnfs, "train", "mine.yaml", "--set", layers)
    )


def test_a_network_without_parameters_is_refused(nnfs: Nnfs) -> None:
    text = CUBIC.replace("layers: [{type: dense, units: 8}, tanh, {type: dense, units: 1}]", "layers: [tanh]")
    Path("mine.yaml").write_text(text)
    assert "layers: no layer has parameters, so there is nothing to train" in fails(
        nnfs, "train", "mine.yaml"
    )


def test_a_config_that_is_not_there_is_told_with_the_nearest_one(nnfs: Nnfs) -> None:
    assert "cubik.yaml: no such file; did you mean 'cubic.yaml'?" in fails(nnfs, "train", "cubik.yaml")


def test_a_config_that_is_a_folder_or_no_text_cannot_be_read(nnfs: Nnfs) -> None:
    Path("folder").mkdir()
    Path("picture.yaml").write_bytes(b"\x89PNG\xff\xfe")
    assert "folder: is a folder" in fails(nnfs, "train", "folder")
    assert "picture.yaml: not UTF-8 text" in fails(nnfs, "train", "picture.yaml")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "--set seed: must look like dotted.key=value"),
        ("=3", "--set =3: must look like dotted.key=value"),
        ("layers.7.units=3", "layers is a list of 3: no item '7' (counted from 0)"),
        ("layers.first.units=3", "layers is a list of 3: no item 'first' (counted from 0)"),
        ("seed.x=3", "seed is 3: nothing can be set inside it"),
        ("seed=[1", "the value is not YAML"),
        ("training.epoch=3", "training.epoch: training has no option 'epoch'; did you mean 'epochs'?"),
    ],
)
def test_a_bad_override_is_told(nnfs: Nnfs, override: str, message: str) -> None:
    assert message in fails(nnfs, "train", "cubic.yaml", "--set", override)


def mnist_with(folder: Path, payload: bytes, *, compress: bool = True) -> str:
    """A copy of MNIST's folder with this payload as the test labels."""
    folder.mkdir()
    for file in MNIST.glob("*.gz"):
        if file.name != f"{LABELS}.gz":
            (folder / file.name).symlink_to(file)
    target = folder / (f"{LABELS}.gz" if compress else LABELS)
    target.write_bytes(payload)
    return f"dataset.path={folder}"


REAL = gzip.decompress((MNIST / f"{LABELS}.gz").read_bytes())
PACKED = (MNIST / f"{LABELS}.gz").read_bytes()


@pytest.mark.parametrize(
    ("payload", "compress", "message"),
    [
        pytest.param(PACKED[:3000], True, "truncated or corrupted", id="truncated gz"),
        pytest.param(PACKED[:2000] + b"\0" * 99 + PACKED[2099:], True, "truncated or corrupted", id="damaged gz"),
        pytest.param(b"hello", True, "not an IDX file: it starts with 68 65 6c 6c", id="no gz"),
        pytest.param(b"hello there", False, "not an IDX file: it starts with", id="no IDX"),
        pytest.param(b"", False, "not an IDX file: it is empty", id="empty"),
        pytest.param(REAL[:5000], False, "its header says (10000,), which is 10000 bytes, but 4992 follow", id="short"),
        pytest.param(struct.pack(">BBBBi", 0, 0, 8, 1, 3) + b"abc", False, "not MNIST's", id="other labels"),
    ],
)  # fmt: skip
def test_a_damaged_data_file_is_named(
    nnfs: Nnfs, tmp_path: Path, payload: bytes, compress: bool, message: str
) -> None:
    path = mnist_with(tmp_path / "damaged", payload, compress=compress)
    err = fails(nnfs, "train", str(ROOT / "configs" / "mnist.yaml"), "--set", path)
    assert LABELS in err
    assert message in err


def test_missing_data_files_are_named_with_what_to_do(nnfs: Nnfs) -> None:
    err = fails(nnfs, "train", str(ROOT / "configs" / "mnist.yaml"), "--set", "dataset.path=elsewhere")
    assert "no train-images-idx3-ubyte.gz" in err
    assert "put MNIST's files there" in err


def test_a_run_that_is_not_there_is_told_with_the_nearest_ids(nnfs: Nnfs) -> None:
    assert "no runs in" in fails(nnfs, "evaluate", "latest")
    nnfs("train", "cubic.yaml", "--id", "first-try", "--quiet")
    for command in ("evaluate", "plot", "resume"):
        assert "no run 'first-tri'" in (err := fails(nnfs, command, "first-tri"))
        assert "did you mean 'first-try'?" in err
    assert "runs is no run directory: it has no config.yaml" in fails(nnfs, "plot", "runs")


def save(path: Path, arrays: Mapping[str, Any]) -> None:
    np.savez(path, **arrays)


def test_weights_of_another_architecture_are_told_by_array_and_both_shapes(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    nnfs("train", "cubic.yaml", "--id", "two", "--quiet", "--set", "layers.0.units=9")
    aged(Path("runs/one"))
    Path("runs/one/weights.npz").write_bytes(Path("runs/two/weights.npz").read_bytes())
    err = fails(nnfs, "evaluate", "one")
    assert "0_dense/W: the network has shape (1, 8), the file has shape (1, 9)" in err
    save(Path("runs/one/weights.npz"), {"0_dense/W": np.zeros((1, 8))})
    assert "0_dense/b: the network has shape (8,), the file has no such array" in fails(
        nnfs, "evaluate", "one"
    )


def test_damaged_files_of_a_run_are_named(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    weights, summary = Path("runs/one/weights.npz"), Path("runs/one/summary.json")
    whole = weights.read_bytes()
    weights.write_bytes(whole[:200])
    assert "weights.npz: damaged" in fails(nnfs, "evaluate", "one")
    save(weights, {"0_dense/W": np.array([{}], dtype=object)})
    assert "weights.npz: damaged" in fails(nnfs, "evaluate", "one")
    weights.unlink()
    assert "weights.npz: no such file" in fails(nnfs, "evaluate", "one")
    summary.write_text("{")
    assert "summary.json: cannot be read" in fails(nnfs, "plot", "one")
    assert nnfs("runs").status == 0


def test_an_unknown_split_is_told_with_those_there_are(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    assert "no test split in this data; it has train, validation" in fails(
        nnfs, "evaluate", "one", "--split", "test"
    )


def test_a_taken_or_unfit_id_is_refused_and_the_run_stays_as_it_was(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    assert "a run never overwrites another" in fails(nnfs, "train", "cubic.yaml", "--id", "one")
    for unfit in ("a/b", "..", "latest", ""):
        assert "--id: must be a plain name" in fails(nnfs, "train", "cubic.yaml", "--id", unfit)


def test_runs_cannot_go_where_a_file_is(nnfs: Nnfs) -> None:
    assert "--runs: cannot write in cubic.yaml" in fails(nnfs, "train", "cubic.yaml", "--runs", "cubic.yaml")


def test_a_completed_run_has_nothing_to_resume(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    assert "the run is completed; there is nothing to resume" in fails(nnfs, "resume", "one")


def test_a_batch_for_which_memory_is_too_small_is_told_and_the_run_is_marked(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_small(*_: object) -> None:
        raise MemoryError("Unable to allocate 9.3 TiB for an array")

    monkeypatch.setattr("nnfs_cli.core.arena.Arena.zeros", too_small)
    Path("bars.yaml").write_text(BARS)
    outcome = nnfs("train", "bars.yaml", "--id", "one")
    assert outcome.status == 2
    assert "nnfs: not enough memory: Unable to allocate 9.3 TiB for an array; reduce" in outcome.err
    assert "Traceback" not in outcome.err
    assert json.loads(Path("runs/one/summary.json").read_text())["status"] == "failed"


def test_divergence_ends_with_status_3_and_the_run_is_marked(nnfs: Nnfs) -> None:
    outcome = nnfs("train", "cubic.yaml", "--id", "one", "--set", "optimizer.learning_rate=1e20")
    assert outcome.status == 3
    assert "training diverged: the loss was" in outcome.err
    assert "Traceback" not in outcome.err
    assert json.loads(Path("runs/one/summary.json").read_text())["status"] == "diverged"


def test_gradcheck_refuses_overrides_without_a_config(nnfs: Nnfs) -> None:
    assert "--set" in fails(nnfs, "gradcheck", "--set", "seed=3")


def test_a_mistake_is_one_message_on_standard_error_in_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nnfs_cli", "train", "nothing.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "nnfs: nothing.yaml: no such file\n")
