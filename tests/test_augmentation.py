"""Augmentation: what it does to images, in training only."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import yaml

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import ConfigError, NnfsError
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.datasets.fashion_mnist import FashionMNIST
from nnfs_cli.datasets.mnist import MNIST
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.preprocessing.augmentation import Augmentation, Augmenter, Elastic
from nnfs_cli.preprocessing.warp import SmoothField, Warp, inverse_maps
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loading import seeds
from nnfs_cli.training.loop import train
from tests.conftest import Nnfs
from tests.test_laws import peak_of
from tests.test_training import reports
from tests.toys import toy, toy_config, write_idx

SHAPES = [(6, 7), (3, 6, 7)]
EVERYTHING = Augmentation(2, 20, 0.2, 10, True, Elastic(1.0, 3.0))


def images(n: int, shape: tuple[int, ...], dtype: str = "uint8") -> Array:
    return np.random.default_rng(1).integers(0, 256, (n, *shape)).astype(dtype)


def augmented(x: Array, options: Augmentation, seed: int = 0, dtype: str = "float32") -> Array:
    y = np.full(x.shape, np.nan, dtype)
    Augmenter(options, len(x), x.shape[1:], dtype, Draws(seed))(x, y)
    return y


def warped(x: Array, fill: float = 0.0, d: Array | None = None, **draws: Any) -> Array:
    """x warped with the same draws for each image."""
    n, size = len(x), x.shape[-2:]
    none = {"shift": [0, 0], "angle": 0.0, "factors": [1.0, 1.0], "slant": 0.0, "mirror": 1.0}
    each = {
        name: np.repeat(np.asarray(value)[..., np.newaxis], n, -1) for name, value in (none | draws).items()
    }
    y = np.full(x.shape, np.nan, "float32")
    Warp(n, x.shape[1:], fill, "float32")(x, inverse_maps(size, **each), d, y)
    return y


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_without_any_strength_images_stay_what_they_are_bit_for_bit(
    shape: tuple[int, ...], dtype: str
) -> None:
    x, still = images(5, shape, dtype), Augmentation(elastic=Elastic(0.0), fill=9.0)
    assert still.is_identity
    np.testing.assert_array_equal(augmented(x, still), x)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 0), (0, -3), (-1, 2), (5, 6)])
def test_a_shift_by_whole_pixels_moves_them_and_fills_the_rest(
    shape: tuple[int, ...], down: int, right: int
) -> None:
    x = images(3, shape)
    expected = np.roll(x, (down, right), (-2, -1)).astype("float32")
    rows, columns = np.arange(shape[-2]) - down, np.arange(shape[-1]) - right
    expected[..., (rows < 0) | (rows >= shape[-2]), :] = 7.0
    expected[..., (columns < 0) | (columns >= shape[-1])] = 7.0
    np.testing.assert_array_equal(warped(x, 7.0, shift=[down, right]), expected)


@pytest.mark.parametrize("shape", [(6, 6), (7, 7), (3, 5, 5)])
@pytest.mark.parametrize("turns", [-1, 1, 2])
def test_a_rotation_by_right_angles_is_that_of_numpy(shape: tuple[int, ...], turns: int) -> None:
    x = images(4, shape)
    expected = np.rot90(x, turns, (-2, -1))
    np.testing.assert_allclose(warped(x, angle=turns * np.pi / 2), expected, atol=1e-3)


def test_flipping_swaps_left_and_right() -> None:
    x = images(4, (3, 6, 7))
    np.testing.assert_array_equal(warped(x, mirror=-1.0), x[..., ::-1])


def test_a_factor_of_two_shows_the_middle_twice_as_large() -> None:
    x = images(2, (7, 9))
    y = warped(x, factors=[2.0, 2.0])
    np.testing.assert_array_equal(y[:, 1::2, ::2], x[:, 2:5, 2:7])
    np.testing.assert_allclose(y[:, 1, 1::2], (x[:, 2, 2:6].astype(float) + x[:, 2, 3:7]) / 2)


def test_a_slant_leans_to_the_right() -> None:
    x = np.zeros((1, 7, 7), "uint8")
    x[..., 3] = 1
    np.testing.assert_allclose(warped(x, slant=np.pi / 4)[0], np.eye(7)[::-1], atol=1e-6)


def test_turning_a_quarter_moves_what_is_above_to_the_left_before_it_is_shifted() -> None:
    x = np.zeros((1, 5, 5), "uint8")
    x[0, 0, 2] = 1
    y = warped(x, angle=np.pi / 2, shift=[1, 0])
    assert np.argwhere(y[0] > 0.99).tolist() == [[3, 0]]


def test_what_comes_in_from_outside_is_the_fill() -> None:
    assert warped(images(2, (6, 7)), 3.5, shift=[100, 0]) == pytest.approx(3.5)
    y = warped(np.full((1, 9, 9), 200, "uint8"), 100.0, angle=np.pi / 4)
    assert y[0, 0, 0] == y[0, -1, -1] == 100.0
    assert y.min() >= 100.0
    assert y.max() <= 200.0


def test_a_displacement_by_whole_pixels_looks_that_far_away() -> None:
    x = images(2, (6, 7))
    d = np.zeros((2, 2, 6, 7), "float32")
    d[0, 0, 2, 3], d[1, 1, 4, 5] = 3.0, -2.0
    expected = x.astype("float32")
    expected[0, 2, 3], expected[1, 4, 5] = x[0, 5, 3], x[1, 4, 3]
    np.testing.assert_array_equal(warped(x, d=d), expected)


@pytest.mark.parametrize(("alpha", "sigma"), [(1.4, 4.0), (0.5, 2.0), (2.0, 9.0)])
def test_an_elastic_field_is_as_large_and_as_smooth_as_promised(alpha: float, sigma: float) -> None:
    d = SmoothField(2000, (28, 20), alpha, sigma).draw(Draws(2)).astype(float)
    assert np.abs(d.mean(axis=1)).max() < 5 * alpha / np.sqrt(2000)
    np.testing.assert_allclose(d.std(axis=1), alpha, rtol=0.1)
    assert np.abs((d[0] * d[1]).mean(axis=0)).max() < 5 * alpha**2 / np.sqrt(2000)
    # White noise under a Gaussian of width sigma is correlated exp(-distance^2 / (4 sigma^2)).
    for distance in (1, 3, 6):
        alike = (d[:, :, :, 7] * d[:, :, :, 7 + distance]).mean() / alpha**2
        assert alike == pytest.approx(np.exp(-(distance**2) / (4 * sigma**2)), abs=0.06)


def test_draws_fill_their_ranges() -> None:
    n, options = 4000, Augmentation(shift=2, rotation=30, flip=True)
    maps = options.draw_maps(n, (28, 28), Draws(3)).astype(float)
    turned = maps[:, :, :2].transpose(1, 0, 2)
    mirrored = np.linalg.det(turned) < 0
    assert 0.46 < mirrored.mean() < 0.54
    angles = np.degrees(np.arctan2(maps[0, :, 1], maps[0, :, 0]))
    assert (-30 <= angles.min() < -29.5, 29.5 < angles.max() <= 30) == (True, True)
    shifts = np.linalg.solve(turned, 13.5 - maps[:, :, 2].T[..., np.newaxis])
    whole = np.round(shifts)
    np.testing.assert_allclose(shifts, whole, atol=1e-4)
    assert [(whole == k).mean() for k in range(-2, 3)] == pytest.approx([0.2] * 5, abs=0.02)


def test_height_and_width_are_zoomed_each_for_itself() -> None:
    maps = Augmentation(zoom=0.25).draw_maps(4000, (28, 28), Draws(3))
    factors: Array = 1 / maps[[0, 1], :, [0, 1]]
    np.testing.assert_allclose([factors.min(), factors.max()], [0.75, 1.25], atol=0.01)
    correlations: Array = np.asarray(np.corrcoef(factors))
    assert abs(correlations[0, 1]) < 0.05


@pytest.mark.parametrize("shape", SHAPES)
def test_a_seed_gives_the_same_images_and_the_next_batch_others(shape: tuple[int, ...]) -> None:
    x, y, again = images(8, shape), np.empty((8, *shape), "float32"), np.empty((8, *shape), "float32")
    one, same = (Augmenter(EVERYTHING, 8, shape, "float32", Draws(4)) for _ in range(2))
    for _ in range(3):
        before = y.copy()
        one(x, y)
        same(x, again)
        np.testing.assert_array_equal(y, again)
        assert (y != before).mean() > 0.5


def test_the_channels_of_an_image_are_moved_together() -> None:
    gray = images(5, (6, 7))
    y = augmented(np.stack([gray, gray, gray], axis=1), EVERYTHING)
    for channel in range(3):
        np.testing.assert_array_equal(y[:, channel], augmented(gray, EVERYTHING))


def test_float64_gives_the_same_images_but_for_rounding() -> None:
    x = images(5, (6, 7))
    np.testing.assert_allclose(augmented(x, EVERYTHING), augmented(x, EVERYTHING, dtype="float64"), atol=1e-3)


def test_any_memory_order_may_be_written_to() -> None:
    x, y = images(5, (3, 6, 7)), np.moveaxis(np.empty((3, 6, 7, 5), "float32"), -1, 0)
    Augmenter(EVERYTHING, 5, (3, 6, 7), "float32", Draws(0))(x, y)
    np.testing.assert_array_equal(y, augmented(x, EVERYTHING))


@pytest.mark.parametrize("shape", [(28, 28), (3, 16, 16)])
def test_a_second_batch_allocates_nothing_batch_sized(shape: tuple[int, ...]) -> None:
    x, y = images(512, shape), np.empty((512, *shape), "float32")
    augmenter = Augmenter(EVERYTHING, 512, shape, "float32", Draws(5))
    augmenter(x, y)
    some_numbers_a_row, buffers_of_numpy = 512 * 40 * 8, 2**17
    assert peak_of(lambda: augmenter(x, y)) < some_numbers_a_row + buffers_of_numpy < x.size


# In experiments

CONFIG = """
name: images
seed: 3
dataset: {type: idx, train_images: x, train_labels: t, test_images: x2, test_labels: t2, validation: 20,
          augment: {shift: 1, rotation: 10, zoom: 0.1, shear: 5, elastic: {alpha: 0.5, sigma: 2}}}
layers: [flatten, {type: dense, units: 8}, relu, {type: dropout, rate: 0.2}, {type: dense, units: 3}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 3, batch_size: 32}
"""
CONVOLUTIONAL = CONFIG.replace(
    "[flatten", "[{type: reshape, shape: [1, 8, 8]}, {type: conv2d, filters: 2, kernel_size: 3}, flatten"
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for n, suffix in ((120, ""), (30, "2")):
        write_idx(Path(f"x{suffix}"), images(n, (8, 8)))
        write_idx(Path(f"t{suffix}"), np.arange(n) % 3)


def first_batch(experiment: Experiment) -> Array:
    assert isinstance(experiment.engine, PlainEngine)
    batch = experiment.engine._new_batch(20)
    batch.fill(experiment.split("train").rows[:20])
    return batch.workspace.x.copy()


def raw(experiment: Experiment) -> Array:
    split = experiment.split("train")
    return split.x[split.rows[:20]]


@pytest.mark.usefixtures("files")
def test_training_batches_are_augmented_and_then_scaled() -> None:
    experiment = toy(CONFIG)
    expected = np.empty((20, 8, 8), "float32")
    options = experiment.data.augment
    assert options is not None
    Augmenter(options, 20, (8, 8), "float32", Draws(seeds(3)[4]))(raw(experiment), expected)
    np.testing.assert_allclose(first_batch(experiment), expected / 255, rtol=1e-6)
    assert not np.allclose(first_batch(experiment), expected / 255, atol=0.05), "each time otherwise"


@pytest.mark.usefixtures("files")
def test_evaluation_sees_the_images_as_they_are_and_draws_nothing() -> None:
    plain, other = toy(CONFIG, "dataset.augment=null"), toy(CONFIG)
    assert isinstance(other.engine, PlainEngine)
    for name in ("train", "validation", "test"):
        assert evaluate(other, name).scores == evaluate(plain, name).scores
    assert not other.engine.augment_draws.was_used


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("augment", ["{}", "{elastic: {alpha: 0}}", "{fill: 3}"])
def test_an_augmentation_without_strength_trains_as_none(augment: str) -> None:
    assert reports(toy(CONFIG, f"dataset.augment={augment}")) == reports(toy(CONFIG, "dataset.augment=null"))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("text", [CONFIG, CONVOLUTIONAL], ids=["dense", "convolutional"])
@pytest.mark.parametrize("stop_after", [1, 3, 5, 11])
@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_resumed_amid_augmented_epochs_equals_uninterrupted(
    engine: Literal["plain", "fast"], text: str, stop_after: int
) -> None:
    whole, first, second = (toy(text, engine=engine) for _ in range(3))
    expected = reports(whole)
    assert expected != reports(toy(text, "dataset.augment=null", engine=engine))
    for _, _ in zip(range(stop_after), train(first), strict=False):
        pass
    second.load_state({name: array.copy() for name, array in first.state().items()}, "memory")
    assert reports(second) == expected[stop_after:]
    np.testing.assert_array_equal(second.network.params.value, whole.network.params.value)


@pytest.mark.usefixtures("files")
def test_a_checkpoint_from_before_draws_followed_from_the_step_still_loads() -> None:
    """Old checkpoints hold the states of two generators, which are not used any more."""
    whole, first, second = (toy(CONFIG) for _ in range(3))
    for _, _ in zip(range(5), train(first), strict=False):
        pass
    generator = np.array(json.dumps(np.random.default_rng(1).bit_generator.state))
    second.load_state({**first.state(), "layer_rng": generator, "augment_rng": generator}, "memory")
    assert reports(second) == reports(whole)[5:]


def test_the_generators_of_a_seed_are_those_of_before_and_one_more() -> None:
    four = [np.random.default_rng(child) for child in np.random.SeedSequence(27).spawn(4)]
    five = [np.random.default_rng(child) for child in seeds(27)]
    assert len(five) == 5
    for one, other in zip(four, five, strict=False):
        assert one.bit_generator.state == other.bit_generator.state


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_arrays_of_images_in_any_units_are_augmented_alike(
    kind: str, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x = images(60, (8, 8), dtype)
    np.savez("all.npz", X=x, y=np.arange(60) % 3)
    np.save("x.npy", x)
    np.save("y.npy", np.arange(60) % 3)
    source = {"npz": {"type": "npz", "path": "all.npz"}, "npy": {"type": "npy", "x": "x.npy", "y": "y.npy"}}[
        kind
    ]
    options = {"shift": 1, "rotation": 20, "elastic": {"alpha": 1.0}, "fill": 128}
    config = yaml.safe_load(CONFIG) | {"dataset": {**source, "standardize": True, "augment": options}}
    experiment = Experiment(toy_config(yaml.safe_dump(config)))
    expected = np.empty((20, 8, 8), "float32")
    assert experiment.data.augment is not None
    Augmenter(experiment.data.augment, 20, (8, 8), "float32", Draws(seeds(3)[4]))(raw(experiment), expected)
    np.testing.assert_allclose(first_batch(experiment), (expected - x.mean()) / x.std(), atol=1e-4)
    reports(experiment)


@pytest.mark.parametrize("member", [MNIST, FashionMNIST])
def test_mnist_and_its_like_are_augmented_too(member: type[Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
    x, t = images(9, (28, 28)), np.arange(9)
    files = SimpleNamespace(arrays=lambda _: (x, t, x, t), fingerprint="none")
    monkeypatch.setattr(member, "files", files)
    dataset = create(Dataset, member.type_name, {"augment": {"flip": True}})
    assert dataset.load(np.random.default_rng(0)).augment == Augmentation(flip=True)


def table(folder: Path) -> str:
    header = ",".join(["y", *(f"p{i}" for i in range(64))])
    np.savetxt(
        folder / "t.csv",
        np.column_stack([np.arange(60) % 3, images(60, (64,))]),
        "%d",
        ",",
        header=header,
        comments="",
    )
    return f"{{type: csv, path: {folder / 't.csv'}, target: y, image_shape: [8, 8], augment: {{shift: 3}}}}"


def test_a_table_of_images_is_augmented_and_any_other_table_refused(tmp_path: Path) -> None:
    text = yaml.safe_load(CONFIG) | {"dataset": yaml.safe_load(table(tmp_path))}
    experiment = toy(yaml.safe_dump(text))
    first, pixels = first_batch(experiment), raw(experiment)
    assert (first != pixels).any()
    assert set(np.unique(first)) <= {0.0, *np.unique(pixels)}, "a shift alone blurs nothing"
    with pytest.raises(NnfsError, match=r"dataset.augment: is for images, .*found \(64,\)"):
        toy(yaml.safe_dump(text), "dataset.image_shape=[]")


@pytest.mark.usefixtures("files")
def test_a_shift_out_of_sight_is_refused() -> None:
    with pytest.raises(
        NnfsError, match=r"dataset.augment.shift: must be smaller than the images, 8 x 8, found 8"
    ):
        toy(CONFIG, "dataset.augment.shift=8")


@pytest.mark.usefixtures("files")
def test_mistakes_are_told_all_at_once_with_their_paths() -> None:
    settings = ["rotation=181", "shift=-1", "zoom=1", "shear=-2", "elastic={alpha: -1, sigma: 0.5}"]
    with pytest.raises(ConfigError) as caught:
        toy_config(CONFIG, [f"dataset.augment.{setting}" for setting in settings])
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "dataset.augment.elastic.alpha: must be a number of at least 0, found -1.0",
        "dataset.augment.elastic.sigma: must be a number of at least 1, found 0.5",
        "dataset.augment.shift: must be an integer of at least 0, found -1",
        "dataset.augment.rotation: must be from 0 to 180 degrees, found 181.0",
        "dataset.augment.zoom: must be at least 0 and below 1, found 1.0",
        "dataset.augment.shear: must be from 0 to 60 degrees, found -2.0",
    ]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("dataset.augment.rotatoin=3", "dataset.augment.rotatoin: augment has no option 'rotatoin'; did you mean 'rotation'?"),
        ("dataset.augment=strong", "dataset.augment: must be a mapping of options, found 'strong'"),
        ("dataset.augment.shift=1.5", "dataset.augment.shift: must be an integer, found 1.5"),
        ("dataset.augment.elastic={sigma: 3}", "dataset.augment.elastic.alpha: elastic needs this option, and it is missing"),
        ("dataset.augment.flip=maybe", "dataset.augment.flip: must be true or false, found 'maybe'"),
    ],
)  # fmt: skip
def test_a_misspelled_option_is_told(setting: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        toy_config(CONFIG, [setting])
    assert message in str(caught.value)


@pytest.mark.usefixtures("files")
def test_the_resolved_config_holds_all_strengths_and_reads_back_as_itself() -> None:
    resolved = toy_config(CONFIG).to_yaml()
    assert toy_config(resolved).to_yaml() == resolved
    assert yaml.safe_load(resolved)["dataset"]["augment"] == {
        "shift": 1, "rotation": 10.0, "zoom": 0.1, "shear": 5.0, "flip": False,
        "elastic": {"alpha": 0.5, "sigma": 2.0}, "fill": 0.0,
    }  # fmt: skip
    assert (
        yaml.safe_load(toy_config(CONFIG, ["dataset.augment=null"]).to_yaml())["dataset"]["augment"] is None
    )


def test_a_datasets_reference_explains_what_may_stand_under_augment(nnfs: Nnfs) -> None:
    out = nnfs("components", "dataset", "mnist").out
    for words in ("augment.elastic:", "rotation: the largest rotation", "Simard", "mapping", "null"):
        assert words in out
