"""Layers of images: compared with plain loops, their gradients, and what they refuse."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arena import Arena
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import CHUNK, Draws
from nnfs_cli.core.errors import ConfigError, NnfsError, ShapeError
from nnfs_cli.engine.network import Network
from nnfs_cli.gradcheck.subject import check
from nnfs_cli.gradcheck.subjects import layer_subject
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.chain import Chain
from nnfs_cli.layers.dropout import LEVELS
from nnfs_cli.layers.layout import image_array
from tests import plain_images

Options = dict[str, Any]
N = 3


def grid(
    shape: Shape, choices: Mapping[str, Sequence[Any]], every: int = 1
) -> Iterator[tuple[Options, Shape]]:
    """Each `every`-th combination of the choices. `every` must have no common divisor with their numbers."""
    for values in itertools.islice(itertools.product(*choices.values()), 0, None, every):
        yield dict(zip(choices, values, strict=True)), shape


STRIDES: dict[str, list[Any]] = {
    "kernel_size": [1, 2, (3, 2)],
    "dilation": [1, (2, 1)],
    "groups": [1, 2],
    "filters": [4],
}
CONV = STRIDES | {"stride": [1, 2, (1, 3)], "padding": ["valid", "same", 1, (0, 2)]}
TRANSPOSED = STRIDES | {"stride": [2, (2, 3)], "padding": [0, 1, (0, 1)], "output_padding": [0, (1, 0)]}
POOL: dict[str, list[Any]] = {
    "pool_size": [2, 3, (2, 4)],
    "stride": [None, 1, (3, 2)],
    "padding": [0, 1, (0, 1)],
}
INSIDE = POOL | {"count_include_padding": [False], "padding": [1, (0, 1)]}
CASES: dict[str, list[tuple[Options, Shape]]] = {
    "conv2d": [*grid((4, 5, 6), CONV, 7), ({"filters": 2, "kernel_size": (3, 1), "bias": False}, (2, 3, 1))],
    "conv_transpose2d": [*grid((4, 3, 2), TRANSPOSED, 7), ({"filters": 2, "kernel_size": 2, "bias": False}, (3, 1, 1))],
    "max_pool2d": [*grid((2, 7, 6), POOL, 2), ({"pool_size": 3}, (1, 3, 3))],
    "avg_pool2d": [*grid((2, 7, 6), POOL, 2), *grid((2, 7, 6), INSIDE)],
    "global_avg_pool2d": [({}, (2, 3, 4)), ({}, (40, 2, 1))],
    "upsample2d": [*grid((2, 3, 4), {"factor": [1, 2, (3, 2)], "mode": ["nearest", "bilinear"]})],
    "padding2d": [*grid((2, 3, 2), {"padding": [0, 2, (1, 0), (1, 0, 2, 3)]})],
}  # fmt: skip


def every_case(step: int = 1) -> list[Any]:
    return [
        pytest.param(name, options, shape, id=f"{name}-{options}-{shape}")
        for name, cases in CASES.items()
        for options, shape in cases[::step]
    ]


def in_c_order(shape: Shape) -> Array:
    return np.zeros((N, *shape))


def batch_innermost(shape: Shape) -> Array:
    return image_array(N, shape, np.float64, Arena())


def computed(layer: Layer, x: Array, *, whole: bool = False) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Random (x, dy, parameters), with x in the given memory; and the layer's results for them."""
    network, draw = Network([layer], x.shape[1:], "float64"), np.random.default_rng(1)
    named = network.params.named.values()
    network.params.value[...] = draw.normal(size=network.params.value.shape)
    x[...] = draw.integers(-2, 3, x.shape) if whole else draw.normal(size=x.shape)
    chain = Chain(network.layers, network.shapes, x, to_input=True)
    chain.forward()
    chain.dy[...] = draw.normal(size=chain.dy.shape)
    chain.backward()
    return (x, chain.dy, *(p.value for p in named)), (chain.y, chain.dx, *(p.grad for p in named))


@pytest.mark.parametrize("make_array", [in_c_order, batch_innermost])
@pytest.mark.parametrize(("name", "options", "shape"), every_case())
def test_a_layer_gives_what_plain_loops_give(
    name: str, options: Options, shape: Shape, make_array: Any
) -> None:
    given, ours = computed(create(Layer, name, options), make_array(shape), whole=name == "max_pool2d")
    plain = getattr(plain_images, name)(*given, **options)
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("longest", [1, 20])
@pytest.mark.parametrize("smallest", [0, 2**20])
@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_columns_of_pixels_and_strips_of_any_length_add_up_to_the_same(
    monkeypatch: pytest.MonkeyPatch, name: str, longest: int, smallest: int
) -> None:
    options = {
        "filters": 4,
        "kernel_size": (3, 2),
        "padding": 1,
        "stride": (1, 2),
        "dilation": (2, 1),
        "groups": 2,
    }
    _, whole = computed(create(Layer, name, options), batch_innermost((2, 7, 5)))
    monkeypatch.setattr("nnfs_cli.kernels.convolution.LONGEST_STRIP", longest)
    monkeypatch.setattr("nnfs_cli.kernels.convolution.SMALLEST_PRODUCT", smallest)
    _, parts = computed(create(Layer, name, options), batch_innermost((2, 7, 5)))
    for one, other in zip(parts, whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make_array", [in_c_order, batch_innermost])
@pytest.mark.parametrize(("name", "options", "shape"), every_case())
def test_columns_of_pixels_give_what_plain_loops_give(
    monkeypatch: pytest.MonkeyPatch, name: str, options: Options, shape: Shape, make_array: Any
) -> None:
    """Without the patch, cases this small would all be computed by strips."""
    monkeypatch.setattr("nnfs_cli.kernels.convolution.SMALLEST_PRODUCT", 0)
    test_a_layer_gives_what_plain_loops_give(name, options, shape, make_array)


@pytest.mark.parametrize(("name", "options", "shape"), every_case(step=4))
def test_an_image_layers_gradients_are_right(name: str, options: Options, shape: Shape) -> None:
    subject = layer_subject(create(Layer, name, options), shape, 2)
    assert [each for each in check(subject) if not each.passed] == []


@pytest.mark.parametrize("options", [{"stride": 2}, {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}])
def test_a_transposed_convolution_is_the_transpose_of_a_convolution(options: Options) -> None:
    conv = create(Layer, "conv2d", {"filters": 6, "kernel_size": 3, "bias": False, **options})
    (x, _, W), (y, *_) = computed(conv, batch_innermost((4, 7, 9)))
    transposed = create(Layer, "conv_transpose2d", {"filters": 4, "kernel_size": 3, "bias": False, **options})
    network = Network([transposed], y.shape[1:], "float64")
    network.params.value[...] = W.ravel()
    workspace = network.workspace(N)
    workspace.x[...] = np.random.default_rng(2).normal(size=y.shape)
    workspace.forward()
    assert np.vdot(workspace.y, x) == pytest.approx(np.vdot(workspace.x, y), rel=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_a_transposed_convolution_starts_with_outputs_as_large_as_its_inputs(stride: int) -> None:
    options = {"filters": 32, "kernel_size": 4, "stride": stride, "init": "lecun_normal"}
    network = Network([create(Layer, "conv_transpose2d", options)], (32, 12, 12), "float64")
    network.initialize(np.random.default_rng(3))
    workspace = network.workspace(4)
    workspace.x[...] = np.random.default_rng(4).normal(size=workspace.x.shape)
    workspace.forward()
    assert workspace.y[:, :, 4:-4, 4:-4].std() == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("make_array", [in_c_order, batch_innermost])
@pytest.mark.parametrize("shape", [(4,), (40,), (3, 5), (3, 4, 5)])
def test_batch_norm_gives_what_plain_equations_give(shape: Shape, make_array: Any) -> None:
    given, ours = computed(BatchNorm(epsilon=0.01), make_array(shape))
    x, dy, gamma, beta = given
    for one, other in zip(ours, plain_images.batch_norm(x, dy, gamma, beta, epsilon=0.01), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_batch_norm_in_single_precision_bears_a_mean_far_from_zero() -> None:
    network = Network([BatchNorm()], (2, 8, 8), "float32")
    network.initialize(np.random.default_rng(5))
    workspace = network.workspace(64)
    workspace.x[...] = 100.0 + np.random.default_rng(6).normal(size=workspace.x.shape)
    workspace.forward()
    assert np.abs(workspace.y.mean(axis=(0, 2, 3))).max() < 1e-4
    assert np.abs(workspace.y.std(axis=(0, 2, 3)) - 1.0).max() < 1e-4


def drawn(layer: Layer, shape: Shape, n: int) -> Array:
    """A layer's outputs for ones in training."""
    network = Network([layer], shape, "float32")
    network.use_draws(Draws(7))
    workspace = network.workspace(n)
    workspace.x[...] = 1.0
    workspace.forward()
    return workspace.y


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_makes_up_for_it(rate: float) -> None:
    y = drawn(create(Layer, "dropout", {"rate": rate}), (101,), 999)
    assert (y == 0.0).mean() == pytest.approx(rate, abs=0.01)
    assert y.mean() == pytest.approx(1.0, rel=0.03)
    assert np.unique(y)[1:] == pytest.approx([1.0 / (1.0 - rate)], rel=1e-3)


@pytest.mark.parametrize(("rate", "kept"), [(1e-9, LEVELS), (1.0 - 1e-9, 1)])
def test_the_rates_next_to_none_and_all_are_taken_to_the_nearest_step(rate: float, kept: int) -> None:
    y = drawn(create(Layer, "dropout", {"rate": rate}), (1000,), 500)
    assert set(np.unique(y)) <= {0.0, LEVELS / kept}
    assert (y > 0).mean() == pytest.approx(kept / LEVELS, abs=1e-4)


def test_dropout_draws_every_part_of_a_large_mask_anew() -> None:
    y = drawn(create(Layer, "dropout", {"rate": 0.5}), (CHUNK,), 3)
    for first, second in itertools.combinations(y, 2):
        assert (first == second).mean() == pytest.approx(0.5, abs=0.02)


def test_dropout2d_drops_whole_channels_of_each_row_by_itself() -> None:
    y = drawn(create(Layer, "dropout2d", {"rate": 0.25}), (50, 3, 2), 40)
    assert (y == y[:, :, :1, :1]).all()
    channels = y[:, :, 0, 0]
    assert np.unique(channels) == pytest.approx([0.0, 1.0 / 0.75])
    assert (channels == 0.0).mean() == pytest.approx(0.25, abs=0.03)
    assert channels.std(axis=0).min() > 0, "rows differ"
    assert channels.std(axis=1).min() > 0, "channels differ"


def test_an_upsampled_constant_stays_constant() -> None:
    y = drawn(create(Layer, "upsample2d", {"factor": 3, "mode": "bilinear"}), (2, 4, 1), 2)
    np.testing.assert_allclose(y, 1.0, rtol=1e-6)


NEEDED = {"conv2d": {"filters": 2, "kernel_size": 3}, "conv_transpose2d": {"filters": 2, "kernel_size": 3}, "padding2d": {"padding": 1}}  # fmt: skip


@pytest.mark.parametrize("name", [*CASES, "dropout2d"])
@pytest.mark.parametrize(
    ("shape", "hint"),
    [((784,), "[C, H, W]"), ((28, 28), "[1, 28, 28]"), ((1, 2, 3, 4), "[C, H, W]")],
)
def test_rows_that_are_no_images_are_refused_with_the_way_out(name: str, shape: Shape, hint: str) -> None:
    with pytest.raises(NnfsError) as caught:
        Network([create(Layer, name, NEEDED.get(name, {}))], shape, "float32")
    assert str(caught.value) == (
        f"layers[0]: {name} wants an image (C, H, W) for each row, found {shape}; "
        f"put {{type: reshape, shape: {hint}}} before it"
    )


@pytest.mark.parametrize(
    ("name", "options", "shape", "message"),
    [
        ("conv2d", {"filters": 2, "kernel_size": 5, "padding": 1}, (1, 8, 2), "5 x 5 pixels, which do not fit into images of 10 x 4"),
        ("conv2d", {"filters": 2, "kernel_size": 2, "dilation": 4}, (1, 4, 9), "5 x 5 pixels, which do not fit into images of 4 x 9"),
        ("conv2d", {"filters": 4, "kernel_size": 1, "groups": 2}, (3, 4, 4), "2 groups, which do not divide the 3 channels of (3, 4, 4)"),
        ("conv_transpose2d", {"filters": 4, "kernel_size": 1, "groups": 2}, (3, 4, 4), "2 groups, which do not divide the 3 channels"),
        ("conv_transpose2d", {"filters": 1, "kernel_size": 2, "padding": 2}, (1, 3, 5), "cuts off 2 x 2 pixels at each side of images of 4 x 6, which leaves none"),
        ("max_pool2d", {"pool_size": 3}, (1, 2, 9), "3 x 3 pixels, which do not fit into images of 2 x 9"),
        ("avg_pool2d", {"pool_size": (1, 4)}, (1, 2, 3), "1 x 4 pixels, which do not fit into images of 2 x 3"),
    ],
)  # fmt: skip
def test_an_image_that_does_not_suit_a_layer_is_refused(
    name: str, options: Options, shape: Shape, message: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        create(Layer, name, options).build(shape)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("max_pool2d", {"pool_size": 3, "padding": 2}, "padding: must be at least 0 and at most half of pool_size, found 2"),
        ("avg_pool2d", {"pool_size": (4, 1), "padding": 1}, "padding: must be at least 0 and at most half of pool_size, found 1"),
        ("max_pool2d", {"pool_size": 0}, "pool_size: must be one or two positive integers, found 0"),
        ("avg_pool2d", {"stride": (1, 0)}, "stride: must be one or two positive integers, found [1, 0]"),
        ("conv_transpose2d", {"filters": 1, "kernel_size": 2, "stride": 2, "output_padding": 2}, "output_padding: must be at least 0 and smaller than stride or dilation, found 2"),
        ("conv_transpose2d", {"filters": 3, "kernel_size": 2, "groups": 2}, "groups: must be a positive integer that divides filters (3), found 2"),
        ("conv2d", {"filters": 3, "kernel_size": (2, 0)}, "kernel_size: must be one or two positive integers, found [2, 0]"),
        ("conv2d", {"filters": 3, "kernel_size": 2, "padding": -1}, "padding: must be valid, same, or one or two integers of at least 0, found -1"),
        ("upsample2d", {"factor": 0}, "factor: must be one or two positive integers, found 0"),
        ("padding2d", {"padding": (1, 2, 3)}, "padding: must be one, two or four integers of at least 0, found [1, 2, 3]"),
        ("padding2d", {"padding": (1, -1)}, "padding: must be one, two or four integers of at least 0, found [1, -1]"),
        ("dropout2d", {"rate": 1.0}, "rate: must be at least 0 and below 1, found 1.0"),
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(name: str, options: Options, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        create(Layer, name, options)
    assert f"{name}.{message}" in str(caught.value)
