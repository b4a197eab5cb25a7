"""Losses' gradients as lists of calls: they compute what the losses do, times a scale."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.layout import rows_array
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.losses.mse import MSE
from nnfs_cli.speed.losses import ScaledGradient

N = 9
CASES = [
    pytest.param(name, options, id=f"{name}-{options}")
    for name in LOSSES
    for options in LOSSES[name].examples
]


def batches(loss: Loss, width: int, dtype: str) -> Iterator[tuple[Array, Array, Array]]:
    """z, t and an array for dz, in the network's memory order, for each kind of targets."""
    for _, outputs, targets in loss.trials(N, width, np.random.default_rng(1)):
        z, dz = (rows_array(N, outputs.shape[1:], dtype) for _ in range(2))
        z[...], dz[...] = outputs, np.nan
        yield z, targets if targets.dtype.kind == "i" else targets.astype(dtype), dz


def computed(gradient: ScaledGradient, scale: float, dz: Array) -> Array:
    gradient.use_scale(scale)
    for call in gradient.calls:
        call()
    return dz


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("width", [1, 3, 40])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_listed_gradient_is_the_losss_own_times_any_scale(
    name: str, options: Any, width: int, dtype: str, tolerance: float
) -> None:
    loss = create(Loss, name, options)
    for z, t, dz in batches(loss, width, dtype):
        plain, gradient = np.empty_like(z), ScaledGradient(loss, z, t, dz)
        for scale in (1.0, 0.01, 0.01, 3.0):
            z *= 0.9  # the calls must read what is in the arrays now
            loss.gradient(z, t, plain)
            size = scale * float(np.abs(plain).max())
            ours = computed(gradient, scale, dz)
            np.testing.assert_allclose(ours, scale * plain, rtol=tolerance, atol=tolerance * size)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.uint64])
def test_class_numbers_may_be_integers_of_any_size(kind: type[Any]) -> None:
    loss, rng = create(Loss, "cross_entropy", {}), np.random.default_rng(2)
    z, t = rng.normal(size=(N, 200)), rng.integers(0, 100, N).astype(kind)
    plain, dz = np.empty_like(z), np.empty_like(z)
    loss.gradient(z, t, plain)
    np.testing.assert_allclose(computed(ScaledGradient(loss, z, t, dz), 1.0, dz), plain, atol=1e-15)


def test_a_number_that_is_not_finite_reaches_the_gradient() -> None:
    for name in ("cross_entropy", "mse"):
        for z, t, dz in batches(create(Loss, name, {}), 3, "float32"):
            z[4, 1] = np.nan
            with np.errstate(all="ignore"):
                ours = computed(ScaledGradient(create(Loss, name, {}), z, t, dz), 0.1, dz)
            assert np.isnan(ours).any(axis=1).tolist() == [row == 4 for row in range(N)]


class Doubled(MSE):
    """2 mse, a user's loss."""

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        super().gradient(z, t, dz)
        dz *= 2.0


def test_a_users_loss_that_derives_from_one_with_a_fast_form_is_heard() -> None:
    for z, t, dz in batches(Doubled(), 3, "float64"):
        plain = np.empty_like(z)
        MSE().gradient(z, t, plain)
        np.testing.assert_allclose(computed(ScaledGradient(Doubled(), z, t, dz), 0.5, dz), plain)
