"""Layers give the same for arrays in C order and batch innermost."""

import math
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arena import Arena
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.layers.chain import Chain
from nnfs_cli.layers.layout import image_array

CASES = [
    pytest.param(name, options, shape, id=f"{name}-{options}-{shape}")
    for name in LAYERS
    for options, shape in LAYERS[name].examples
]
N = 6


def in_c_order(shape: Shape) -> Array:
    return np.zeros((N, *shape))


def batch_innermost(shape: Shape) -> Array:
    x = image_array(N, shape, np.float64, Arena())
    assert math.prod(shape) == 1 or not x.flags.c_contiguous
    return x


def step(name: str, options: Any, shape: Shape, x: Array) -> tuple[list[Array], bool]:
    """y, dx and all parameters' gradients; and whether the layer drew random numbers."""
    network, draws = Network([create(Layer, name, options)], shape, "float64"), Draws(8)
    network.use_draws(draws)
    network.params.value[...] = np.random.default_rng(1).normal(size=network.params.value.shape)
    x[...] = np.random.default_rng(2).normal(size=x.shape)
    chain = Chain(network.layers, network.shapes, x, to_input=True)
    chain.forward()
    chain.dy[...] = np.random.default_rng(3).normal(size=chain.dy.shape)
    chain.backward()
    return [chain.y, chain.dx, network.params.grad], draws.was_used


@pytest.mark.parametrize(("name", "options", "shape"), CASES)
def test_a_layer_gives_the_same_whatever_its_inputs_memory_order(
    name: str, options: Any, shape: Shape
) -> None:
    ours, random = step(name, options, shape, in_c_order(shape))
    others, _ = step(name, options, shape, batch_innermost(shape))
    if not random:  # random numbers follow the memory order
        for one, other in zip(ours, others, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("make", [in_c_order, batch_innermost])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
def test_dropout_draws_its_mask_into_any_memory_order(make: Any, shape: Shape) -> None:
    x = make(shape)
    (y, dx, _), random = step("dropout", {"rate": 0.5}, shape, x)
    mask = y / x
    assert random
    assert set(np.unique(np.round(mask, 12))) == {0.0, 2.0}
    np.testing.assert_allclose(dx, mask * np.random.default_rng(3).normal(size=dx.shape), atol=1e-14)


@pytest.mark.parametrize("make", [in_c_order, batch_innermost])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
def test_noise_is_drawn_into_any_memory_order(make: Any, shape: Shape) -> None:
    x = make(shape)
    (y, _, _), random = step("gaussian_noise", {"stddev": 0.5}, shape, x)
    drawn = np.sort(np.random.default_rng(8).standard_normal(x.size)) * 0.5
    assert random
    np.testing.assert_allclose(np.sort((y - x).ravel()), drawn, atol=1e-14)
