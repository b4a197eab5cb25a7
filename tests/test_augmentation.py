"""Augmentation changes training images alone, as its options promise, and repeats from the seed."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config import parse_config
from nnfs_cli.core.augmentation import Augmentation, Augmenter, Elastic
from nnfs_cli.core.errors import ConfigError
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import StepReport
from nnfs_cli.core.warp import SmoothField, Warp, inverse_maps
from nnfs_cli.evaluation import outputs
from nnfs_cli.experiment import Experiment
from nnfs_cli.trainer import train
from tests.conftest import Nnfs
from tests.toys import ROOT

N, SIZE = 5, (9, 7)
CONFIG = """
name: digits
seed: 4
dataset:
  type: mnist
  path: data/mnist
  validation: 59900
  augment: {shift: 2, rotation: 15, zoom: 0.1, shear: 5, elastic: {alpha: 1.0}}
layers: [flatten, {type: dense, units: 10}]
loss: cross_entropy
optimizer: adam
training: {epochs: 2, batch_size: 30}
"""


def images(*shape: int) -> Array:
    return np.random.default_rng(1).integers(1, 255, (N, *shape)).astype(np.uint8)


def augmented(options: Augmentation, x: Array, seed: int = 0) -> Array:
    y = np.full(x.shape, np.nan, np.float32)
    Augmenter(options, len(x), x.shape[1:], np.float32, np.random.default_rng(seed))(x, y)
    return y


def moved(x: Array, *, size: tuple[int, int], **changes: Any) -> Array:
    """x, each image under one and the same change."""
    neutral = {"shift": np.zeros((2, N)), "angle": np.zeros(N), "factors": np.ones((2, N))}
    maps = inverse_maps(size, **{**neutral, "slant": np.zeros(N), "mirror": np.ones(N), **changes})
    y = np.empty(x.shape, np.float32)
    Warp(N, x.shape[1:], 7.0, np.float32)(x, maps, None, y)
    return y


@pytest.mark.parametrize("shape", [SIZE, (3, *SIZE)])
def test_without_changes_images_stay_to_the_last_bit(shape: tuple[int, ...]) -> None:
    x = images(*shape)
    np.testing.assert_array_equal(augmented(Augmentation(elastic=Elastic(alpha=0.0)), x), x)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 0), (-1, 3), (4, -2)])
def test_a_shift_moves_whole_pixels_and_fills_what_comes_in(down: int, right: int) -> None:
    x = images(*SIZE)
    shift = np.repeat([[down], [right]], N, axis=1)
    expected = np.roll(x, (down, right), axis=(1, 2)).astype(np.float32)
    rows, columns = np.indices(SIZE)
    came_in = ~(
        (rows - down >= 0) & (rows - down < SIZE[0]) & (columns - right >= 0) & (columns - right < SIZE[1])
    )
    expected[:, came_in] = 7.0
    np.testing.assert_array_equal(moved(x, size=SIZE, shift=shift), expected)


def test_a_quarter_turn_is_counterclockwise_and_a_mirror_swaps_left_and_right() -> None:
    x = images(8, 8)
    turned = moved(x, size=(8, 8), angle=np.full(N, np.pi / 2))
    np.testing.assert_allclose(turned, np.rot90(x, axes=(1, 2)), atol=1e-3)
    np.testing.assert_array_equal(moved(x, size=(8, 8), mirror=-np.ones(N)), x[:, :, ::-1])


def test_a_zoom_by_two_shows_the_middle_twice_as_large() -> None:
    ramp = np.broadcast_to(np.arange(9.0, dtype=np.float32), (N, 9, 9))
    zoomed = moved(np.ascontiguousarray(ramp), size=(9, 9), factors=np.full((2, N), 2.0))
    np.testing.assert_allclose(zoomed, np.broadcast_to(4 + (np.arange(9) - 4) / 2, (N, 9, 9)), atol=1e-5)


def test_an_elastic_displacement_has_the_size_and_the_smoothness_it_promises() -> None:
    d = SmoothField(2000, (28, 28), 1.5, 4.0).draw(np.random.default_rng(3))
    assert d.mean() == pytest.approx(0.0, abs=0.02)
    np.testing.assert_allclose(d.std(axis=(0, 1)), 1.5, rtol=0.1)
    neighbors = (d[..., 1:] * d[..., :-1]).mean() / np.square(d).mean()
    assert neighbors == pytest.approx(np.exp(-1 / (4 * 4.0**2)), abs=0.02)


def test_every_image_and_every_batch_is_changed_otherwise_and_a_seed_repeats() -> None:
    options = Augmentation(shift=1, rotation=20, elastic=Elastic(alpha=1.0))
    x = np.repeat(images(*SIZE)[:1], N, axis=0)
    first, again, other = augmented(options, x), augmented(options, x), augmented(options, x, seed=1)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len({image.tobytes() for image in first}) == N


def test_a_second_batch_allocates_no_image() -> None:
    options = Augmentation(shift=2, rotation=10, zoom=0.1, elastic=Elastic(alpha=1.0))
    x = np.zeros((2048, 28, 28), np.uint8)
    augment, y = (
        Augmenter(options, 2048, (28, 28), np.float32, np.random.default_rng(0)),
        np.empty(x.shape, np.float32),
    )
    augment(x, y)
    tracemalloc.start()
    augment(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 2


def made(monkeypatch: pytest.MonkeyPatch, *overrides: str) -> Experiment:
    monkeypatch.chdir(ROOT)
    return Experiment(parse_config(CONFIG, "toy.yaml", overrides))


def test_only_training_batches_are_augmented(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it, without = made(monkeypatch), made(monkeypatch, "dataset.augment=null")
    for split in ("train", "validation", "test"):
        ours, plain = (outputs(each, each.split(split)) for each in (with_it, without))
        np.testing.assert_array_equal(ours, plain)
    rows = with_it.split("train").rows[:30]
    filled = []
    for each in (with_it, without):
        batch = each.training_batch(30)
        batch.fill(rows)
        filled.append(batch.workspace.x.copy())
    assert not np.array_equal(filled[0], filled[1])
    assert 0.0 <= filled[0].min() <= filled[0].max() <= 1.0


def test_an_augmented_training_goes_on_as_if_never_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = made(monkeypatch), made(monkeypatch)
    state = {}
    for report in train(first):
        if isinstance(report, StepReport) and report.step == 3:
            state = {name: np.copy(array) for name, array in first.state().items()}
    second.load_state(state, "here")
    list(train(second))
    np.testing.assert_array_equal(first.network.params.value, second.network.params.value)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("{shift: -1}", "augment.shift: must be an integer of at least 0, found -1"),
        ("{rotation: 200}", "augment.rotation: must be from 0 to 180 degrees, found 200"),
        ("{rotate: 5}", "did you mean 'rotation'"),
        ("{elastic: {sigma: 3}}", "augment.elastic.alpha"),
    ],
)
def test_wrong_options_are_told(monkeypatch: pytest.MonkeyPatch, augment: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made(monkeypatch, f"dataset.augment={augment}")


def test_rows_that_are_no_images_cannot_be_augmented(nnfs: Nnfs, tmp_path: Any) -> None:
    np.savez(tmp_path / "rows.npz", X=np.zeros((20, 4)), y=np.arange(20) % 2)
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: npz, path: rows.npz, augment: {shift: 1}}\n"
        "layers: [{type: dense, units: 2}]\nloss: cross_entropy\noptimizer: sgd\ntraining: {epochs: 1}\n"
    )
    outcome = nnfs("train", "c.yaml")
    assert outcome.status == 2
    assert "augment: is for images" in outcome.err
