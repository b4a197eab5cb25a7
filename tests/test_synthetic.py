"""The synthetic datasets: their points, and networks trained on them."""

import json
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from nnfs_cli.config.load import load_config
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.datasets.base import DATASETS, Dataset, Synthetic
from nnfs_cli.jobs.plot_data import GRID_POINTS, plot_data
from nnfs_cli.plots.colors import marker, palette
from nnfs_cli.plots.regions import shades
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.training.evaluation import evaluate, outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from tests.conftest import Nnfs
from tests.toys import BLOBS, CUBIC, ROOT, toy

SHAPES: dict[str, tuple[int, int]] = {
    "sine": (1, 1), "friedman1": (10, 1), "linear": (5, 2),
    "spiral": (2, 3), "moons": (2, 2), "circles": (2, 2), "blobs": (2, 3), "xor": (2, 2),
}  # fmt: skip
"""The numbers of inputs, and of targets or classes, of each synthetic dataset by default."""
REGRESSIONS = ["sine", "friedman1", "linear"]
CLASSIFICATIONS = ["spiral", "moons", "circles", "blobs", "xor"]
OTHER_OPTIONS: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("friedman1", {"features": 5}, (5, 1)),
    ("linear", {"features": 1, "outputs": 1}, (1, 1)),
    ("linear", {"features": 3, "outputs": 7}, (3, 7)),
    ("spiral", {"classes": 5, "turns": 0.5}, (2, 5)),
    ("blobs", {"classes": 12, "features": 4}, (4, 12)),
]


def load(name: str, splits: int = 0, **options: Any) -> Data:
    return create_set(name, **options).load(np.random.default_rng(splits))


def create_set(name: str, **options: Any) -> Dataset:
    dataset = create(Dataset, name, options)
    assert isinstance(dataset, Dataset)
    return dataset


def points(name: str, **options: Any) -> tuple[Array, Array]:
    """All rows of a dataset in memory order, of all splits."""
    split = load(name, **options).splits["train"]
    return split.x, split.t


def test_every_synthetic_set_is_tested_here() -> None:
    assert {name for name in DATASETS if issubclass(DATASETS[name], Synthetic)} == set(SHAPES)


@pytest.mark.parametrize("samples", [12, 101, 1000])
@pytest.mark.parametrize(
    ("name", "options", "shape"), [*[(name, {}, shape) for name, shape in SHAPES.items()], *OTHER_OPTIONS]
)
def test_a_set_has_exactly_as_many_rows_as_asked_of_the_promised_shape(
    name: str, options: dict[str, Any], shape: tuple[int, int], samples: int
) -> None:
    data = load(name, samples=samples, **options)
    x, t = data.splits["train"].x, data.splits["train"].t
    assert (data.input_shape, data.target_width) == ((shape[0],), shape[1])
    assert x.shape == (samples, shape[0])
    assert x.dtype == np.float64
    assert np.isfinite(x).all()
    assert len(data.splits["train"]) == samples
    if name in CLASSIFICATIONS:
        assert (t.shape, t.dtype) == ((samples,), np.dtype(np.intp))
        assert data.task == "classification"
    else:
        assert (t.shape, t.dtype) == ((samples, shape[1]), np.dtype(np.float64))
        assert data.task == "regression"


@pytest.mark.parametrize("name", SHAPES)
def test_the_seed_alone_draws_the_points(name: str) -> None:
    one, same, other = load(name, splits=1), load(name, splits=2), load(name, splits=1, seed=43)
    assert one.fingerprint == same.fingerprint != other.fingerprint
    np.testing.assert_array_equal(one.splits["train"].x, same.splits["train"].x)
    np.testing.assert_array_equal(one.splits["train"].t, same.splits["train"].t)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_targets_without_noise_are_the_truth(name: str) -> None:
    data = load(name, noise=0)
    assert data.truth is not None
    np.testing.assert_array_equal(data.truth(data.splits["train"].x), data.splits["train"].t)


@pytest.mark.parametrize("noise", [0.2, 3.0])
@pytest.mark.parametrize("name", SHAPES)
def test_noise_has_the_asked_standard_deviation_and_is_all_that_it_changes(name: str, noise: float) -> None:
    x, t = points(name, samples=20_000, noise=0)
    noisy_x, noisy_t = points(name, samples=20_000, noise=noise)
    added, rest = (noisy_t - t, noisy_x - x) if name in REGRESSIONS else (noisy_x - x, noisy_t - t)
    assert not rest.any()
    np.testing.assert_allclose(added.std(axis=0), noise, rtol=0.03)
    np.testing.assert_allclose(added.mean(axis=0), 0, atol=0.04 * noise)


@pytest.mark.parametrize("samples", [12, 101, 1000])
@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_classes_share_the_rows_evenly(name: str, samples: int) -> None:
    data = load(name, samples=samples)
    counts = np.bincount(data.splits["train"].t, minlength=len(data.classes))
    assert len(counts) == len(data.classes) == len(set(data.classes))
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", SHAPES)
def test_splits_hold_every_row_once(name: str) -> None:
    data = load(name, samples=300, validation=0.2, test=45)
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 195, "validation": 60, "test": 45,
    }  # fmt: skip
    rows = np.concatenate([split.rows for split in data.splits.values()])
    assert sorted(rows) == list(range(300))


@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_each_split_has_its_part_of_each_class(name: str) -> None:
    data = load(name, samples=300, validation=0.2, test=45)
    for split in data.splits.values():
        counts = np.bincount(split.t[split.rows], minlength=len(data.classes))
        assert counts.max() - counts.min() <= 2


BAD = [
    *[(name, "samples: 0", "dataset.samples: must be") for name in SHAPES],
    *[(name, "noise: -0.1", "dataset.noise: must be a number of at least 0, found -0.1") for name in SHAPES],
    *[(name, "seed: -1", "dataset.seed: must be an integer of at least 0") for name in SHAPES],
    *[(name, "test: 1.5", "dataset.test: must be a count of rows, or a share") for name in SHAPES],
    *[(name, "validation: -1", "dataset.validation: must be a count of rows, a share of") for name in SHAPES],
    *[(name, "turn: 2", f"dataset.turn: {name} has no option 'turn'") for name in SHAPES],
    *[(name, "samples: 20, test: 20", "dataset.test: must leave rows to train on") for name in SHAPES],
    ("sine", "cycles: 0", "dataset.cycles: must be a positive number, found 0"),
    ("sine", "low: 2", "dataset.high: must be above low, which is 2.0, found 1.0"),
    ("friedman1", "features: 4", "dataset.features: must be an integer of at least 5, found 4"),
    ("linear", "features: 0", "dataset.features: must be a positive integer, found 0"),
    ("linear", "outputs: 0", "dataset.outputs: must be a positive integer, found 0"),
    ("spiral", "classes: 1", "dataset.classes: must be an integer of at least 2, found 1"),
    ("spiral", "turns: -1", "dataset.turns: must be a number of at least 0, found -1"),
    ("spiral", "samples: 2", "dataset.samples: must be at least one for each of the 3 classes, found 2"),
    ("moons", "samples: 1", "dataset.samples: must be at least one for each of the 2 classes, found 1"),
    ("circles", "factor: 1", "dataset.factor: must be above 0 and below 1, found 1"),
    ("circles", "factor: 0", "dataset.factor: must be above 0 and below 1, found 0"),
    ("blobs", "classes: 0", "dataset.classes: must be an integer of at least 2, found 0"),
    ("blobs", "features: 0", "dataset.features: must be a positive integer, found 0"),
    ("blobs", "spread: 0", "dataset.spread: must be a positive number, found 0"),
]


@pytest.mark.parametrize(("name", "options", "message"), BAD)
def test_an_option_out_of_range_is_told_with_its_path(
    nnfs: Nnfs, name: str, options: str, message: str
) -> None:
    text = CUBIC if name in REGRESSIONS else BLOBS.replace("toy_blobs", "{type: cubic, validation: 40}")
    Path("mine.yaml").write_text(
        text.replace("{type: cubic, validation: 40}", f"{{type: {name}, {options}}}")
    )
    outcome = nnfs("train", "mine.yaml")
    assert outcome.status == 2
    assert message in outcome.err
    assert not Path("runs").exists()


def test_a_sine_fits_its_cycles_into_its_interval() -> None:
    x, t = points("sine", samples=9, noise=0, cycles=1, low=0, high=8)
    np.testing.assert_array_equal(x[:, 0], np.arange(9))
    half = np.sqrt(0.5)
    np.testing.assert_allclose(t[:, 0], [0, half, 1, half, 0, -half, -1, -half, 0], atol=1e-14)


def test_friedmans_function_agrees_with_a_row_worked_by_hand() -> None:
    truth = load("friedman1").truth
    assert truth is not None
    row = np.array([[0.5, 1 / 3, 1.0, 0.25, 0.8, 9.0, 9.0, 9.0, 9.0, 9.0]])
    by_hand = 10 * 0.5 + 20 * 0.25 + 10 * 0.25 + 5 * 0.8  # sin(pi / 6) = 1/2
    np.testing.assert_allclose(truth(row), [[by_hand]], rtol=1e-14)


def test_friedmans_inputs_are_uniform_on_the_unit_cube() -> None:
    x, _ = points("friedman1", samples=20_000)
    assert 0 <= x.min() < 0.001 < 0.999 < x.max() < 1
    np.testing.assert_allclose(x.mean(axis=0), 0.5, atol=0.01)
    np.testing.assert_allclose(np.cov(x.T), np.eye(10) / 12, atol=0.002)


def test_linear_targets_are_affine_and_least_squares_recovers_them() -> None:
    data = load("linear", samples=50, noise=0, features=4, outputs=3)
    x, t = data.splits["train"].x, data.splits["train"].t
    design = np.column_stack([x, np.ones(50)])
    Wb, *_ = np.linalg.lstsq(design, t)
    np.testing.assert_allclose(design @ Wb, t, atol=1e-12)
    assert data.truth is not None
    np.testing.assert_allclose(data.truth(np.zeros((1, 4)))[0], Wb[-1], atol=1e-12)
    assert np.abs(Wb).min() > 1e-3


def test_spiral_arms_are_turned_copies_of_one_winding_curve() -> None:
    x, t = points("spiral", samples=401, noise=0, classes=4, turns=1.5)
    r = np.hypot(*x.T)
    assert 0.1 <= r.min() < r.max() <= 1
    a = 2 * np.pi * (1.5 * r + t / 4)
    np.testing.assert_allclose(x, np.column_stack([r * np.cos(a), r * np.sin(a)]), atol=1e-12)


def test_moons_lie_on_two_half_circles() -> None:
    x, t = points("moons", samples=500, noise=0)
    upper, lower = x[t == 0], x[t == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    assert lower[:, 1].min() < 0 < 0.5 < upper[:, 1].max(), "each reaches into the other"


@pytest.mark.parametrize("factor", [0.2, 0.8])
def test_circles_have_radius_one_and_the_factor(factor: float) -> None:
    x, t = points("circles", samples=500, noise=0, factor=factor)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(t == 0, 1, factor))
    np.testing.assert_allclose(x[t == 0].mean(axis=0), 0, atol=0.15)


def test_blobs_without_noise_are_their_centers() -> None:
    x, t = points("blobs", samples=500, noise=0, classes=4, features=3, spread=2)
    centers = np.array([x[t == k][0] for k in range(4)])
    np.testing.assert_array_equal(x, centers[t])
    assert np.abs(centers).max() <= 2
    assert len(np.unique(centers)) == 12


def test_xor_asks_whether_the_signs_differ_and_fills_the_whole_square() -> None:
    x, t = points("xor", samples=20_000, noise=0)
    np.testing.assert_array_equal(t, (x[:, 0] * x[:, 1] < 0).astype(np.intp))
    assert np.abs(x).max() <= 1
    np.testing.assert_allclose(np.cov(x[t == 0].T), [[1 / 3, 1 / 4], [1 / 4, 1 / 3]], atol=0.01)
    np.testing.assert_allclose(np.cov(x[t == 1].T), [[1 / 3, -1 / 4], [-1 / 4, 1 / 3]], atol=0.01)


def shipped(name: str, *overrides: str) -> Experiment:
    return Experiment(load_config(ROOT / "configs" / f"{name}.yaml", overrides))


def test_the_shipped_spiral_is_learned() -> None:
    experiment = shipped("spiral")
    list(train(experiment))
    assert evaluate(experiment, "train").scores["accuracy"] > 0.99
    assert evaluate(experiment, "test").scores["accuracy"] > 0.98


def test_the_shipped_friedman_problem_is_learned_nearly_down_to_its_noise() -> None:
    experiment = shipped("friedman1")
    list(train(experiment))
    experiment.use_best()
    assert evaluate(experiment, "test").scores["rmse"] < 1.3


def test_one_dense_layer_finds_what_least_squares_finds() -> None:
    text = CUBIC.replace("{type: cubic, validation: 40}", "{type: linear, noise: 0.5}")
    text = text.replace(
        "[{type: dense, units: 8}, tanh, {type: dense, units: 1}]", "[{type: dense, units: 2}]"
    )
    whole_batches = ["training.batch_size=200", "training.epochs=300", "optimizer.learning_rate=0.1"]
    experiment = toy(text, *whole_batches, "dtype=float64")
    list(train(experiment))
    split = experiment.split("train")
    design = np.column_stack([split.x, np.ones(len(split.x))])
    Wb, *_ = np.linalg.lstsq(design, split.t)
    found = experiment.network.params.arrays()
    np.testing.assert_allclose(np.vstack([found["0_dense/W"], found["0_dense/b"]]), Wb, atol=1e-6)


def test_the_grid_of_two_inputs_says_what_the_network_says_there() -> None:
    experiment = shipped("spiral", "training.epochs=3", "dtype=float64")
    list(train(experiment))
    said = plot_data(experiment, evaluate(experiment, "test"))
    split = experiment.split("test")
    np.testing.assert_array_equal(said["x"], split.x[split.rows])
    assert said["grid_prediction"].shape == said["grid_confidence"].shape == (GRID_POINTS, GRID_POINTS)
    i, j = 7, 200
    split.x[split.rows[0]] = said["grid_x"][j], said["grid_y"][i]
    p = experiment.loss.predict(outputs(experiment, split))[0]
    assert said["grid_prediction"][i, j] == p.argmax()
    assert said["grid_confidence"][i, j] == pytest.approx(p.max())


def test_the_grid_covers_the_data_in_its_raw_units_though_the_network_reads_others() -> None:
    experiment = toy(BLOBS)
    said = plot_data(experiment, evaluate(experiment, "test"))
    for column, axis in enumerate(("grid_x", "grid_y")):
        x = said["x"][:, column].astype(float)
        margin = 0.1 * (x.max() - x.min())
        assert x.max() > 100
        np.testing.assert_allclose(said[axis][[0, -1]], [x.min() - margin, x.max() + margin], rtol=1e-5)


def test_the_grid_has_room_around_points_that_agree_in_an_input() -> None:
    experiment = toy(BLOBS.replace("toy_blobs", "{type: moons, noise: 0}"), "layers.2.units=2")
    experiment.split("train").x[:, 1] = 3.0
    said = plot_data(experiment, evaluate(experiment, "train"))
    np.testing.assert_allclose(said["grid_y"][[0, -1]], [2.0, 4.0])


@pytest.mark.parametrize(
    ("dataset", "loss", "width"),
    [
        ("{type: moons, test: 50}", "binary_cross_entropy", 1),
        ("{type: circles, test: 50}", "hinge", 2),
        ("{type: xor, test: 50}", "mse", 2),
        ("{type: blobs, classes: 25, test: 50}", "cross_entropy", 25),
    ],
)
@pytest.mark.usefixtures("draws")
def test_regions_are_drawn_for_every_loss_and_number_of_classes(
    nnfs: Nnfs, dataset: str, loss: str, width: int
) -> None:
    text = (
        BLOBS.replace("toy_blobs", dataset)
        .replace("cross_entropy", loss)
        .replace("units: 3", f"units: {width}")
    )
    Path("mine.yaml").write_text(text.replace("[accuracy, brier]", "[accuracy]"))
    outcome = nnfs("train", "mine.yaml", "--id", "one", "--quiet")
    assert outcome.status == 0, outcome.err
    pixels = matplotlib.image.imread("runs/one/plots/regions.png")
    assert pixels[..., :3].std() > 0.05
    assert json.loads(Path("runs/one/summary.json").read_text())["pictured_split"] == "test"


@pytest.mark.usefixtures("draws")
def test_regions_are_not_drawn_for_other_than_two_inputs(nnfs: Nnfs) -> None:
    Path("mine.yaml").write_text(BLOBS.replace("toy_blobs", "{type: blobs, features: 3}"))
    assert nnfs("train", "mine.yaml", "--id", "one", "--quiet").status == 0
    assert not Path("runs/one/plots/regions.png").exists()


@pytest.mark.parametrize("classes", [2, 10, 11, 20, 21, 60])
def test_each_class_has_a_color_and_marker_of_its_own(classes: int) -> None:
    looks = {(*color, marker(k)) for k, color in enumerate(palette(classes))}
    assert len(looks) == classes
    assert len(np.unique(palette(min(classes, 12)), axis=0)) == min(classes, 12)


def test_a_region_is_the_paler_the_less_sure_the_network_is() -> None:
    color = np.array([[[0.1, 0.2, 0.9]]])
    mixed = [shades(color, np.array([[p]]), 2).sum() for p in (1.0, 0.9, 0.7, 0.5)]
    assert mixed == sorted(mixed)
    for out_of_range in (np.nan, np.inf, -3.0):
        assert np.isfinite(shades(color, np.array([[out_of_range]]), 2)).all()
