"""The cases: for each component its inputs, and a function that computes nnfs's results.

A case's arrays have names. PyTorch's function for a case is in `peers.py`, under the same key.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import Layer
from nnfs_cli.losses.base import Loss
from nnfs_cli.metrics.base import Metric
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.regularizers.base import Regularizer
from nnfs_cli.schedules.base import Clock, Schedule
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport
from tests.toys import toy

Arrays = dict[str, Array]
STEPS = 50
SEED = 11
RATE = 0.05


@dataclass(frozen=True)
class Case:
    """One component with certain options on certain inputs.

    key: `kind/name/variant`.   inputs: the arrays for both sides.   ours: nnfs's results for them.
    """

    key: str
    inputs: Arrays
    ours: Callable[[], Arrays]

    @property
    def component(self) -> str:
        return self.key.rsplit("/", 1)[0]


def rng(key: str) -> np.random.Generator:
    return np.random.default_rng(list(key.encode()))


def layer_case(
    name: str, variant: str, options: Mapping[str, Any], shape: tuple[int, ...], *, whole: bool = False
) -> Case:
    """A case of a layer. whole: x has whole numbers, many of them equal."""
    key = f"layer/{name}/{variant}"
    draw = rng(key)
    network = Network([create(Layer, name, options)], shape[1:], "float64")
    network.params.value[...] = draw.normal(size=network.params.value.shape)
    inputs: Arrays = {"x": draw.normal(size=shape)}
    if whole:
        inputs["x"] = np.round(inputs["x"])
    inputs["x"][0] = 0.0  # the kink of relu and similar layers, where the result is a convention
    inputs["dy"] = draw.normal(size=(shape[0], *network.output_shape))
    inputs |= {f"param_{short(key)}": param.value.copy() for key, param in network.params.named.items()}

    def ours() -> Arrays:
        workspace = Workspace(network, shape[0], to_input=True)
        workspace.x[...] = inputs["x"]
        network.use_draws(Draws(SEED))
        workspace.forward()
        workspace.dy[...] = inputs["dy"]
        workspace.backward()
        named = network.params.named.items()
        grads = {f"d{short(key)}": param.grad.copy() for key, param in named}
        return {"y": workspace.y.copy(), "dx": workspace.dx.copy(), **grads}

    return Case(key, inputs, ours)


def short(key: str) -> str:
    """The last part of a name: W for `0_dense/W` and for `0_residual/0_dense/W`."""
    return key.rpartition("/")[2]


def loss_case(name: str, variant: str, options: Mapping[str, Any], z: Array, t: Array) -> Case:
    def ours() -> Arrays:
        loss, dz = create(Loss, name, options), np.full_like(z, np.nan)
        loss.gradient(z, t, dz)
        return {"value": np.array(loss.value(z, t)), "dz": dz}

    return Case(f"loss/{name}/{variant}", {"z": z, "t": t}, ours)


def optimizer_case(name: str, variant: str, options: Mapping[str, Any]) -> Case:
    """STEPS steps with given gradients, for a weight matrix and a bias."""
    key = f"optimizer/{name}/{variant}"
    draw = rng(key)
    inputs = {
        "W": draw.normal(size=(4, 3)),
        "b": draw.normal(size=3),
        "dW": draw.normal(size=(STEPS, 4, 3)),
        "db": draw.normal(size=(STEPS, 3)),
    }

    def ours() -> Arrays:
        named = {"W": Param((4, 3), Zeros()), "b": Param((3,), Zeros(), decay=False)}
        params = FlatParams(named, {}, "float64")
        optimizer: Optimizer = create(Optimizer, name, {"learning_rate": RATE, **options})
        optimizer.build(params)
        path: dict[str, list[Array]] = {"W": [], "b": []}
        for key, param in named.items():
            param.value[...] = inputs[key]
        for step in range(STEPS):
            for key, param in named.items():
                param.grad[...] = inputs[f"d{key}"][step]
            optimizer.step(params, RATE)
            for key, param in named.items():
                path[key].append(param.value.copy())
        return {key: np.array(values) for key, values in path.items()}

    return Case(key, inputs, ours)


def regularizer_case(name: str, variant: str, options: Mapping[str, Any]) -> Case:
    """The penalty, its gradient, and the result of `constrain`, for a weight matrix and a bias."""
    key = f"regularizer/{name}/{variant}"
    draw = rng(key)
    inputs = {"W": draw.normal(size=(4, 3)), "b": draw.normal(size=3)}
    inputs["W"][1, 1] = 0.0

    def ours() -> Arrays:
        named = {"W": Param((4, 3), Zeros()), "b": Param((3,), Zeros(), decay=False)}
        params = FlatParams(named, {}, "float64")
        for key, param in named.items():
            param.value[...] = inputs[key]
        regularizer = create(Regularizer, name, options)
        penalty = np.array(regularizer.penalty(params))
        regularizer.add_gradient(params)
        regularizer.constrain(params)
        grads = {f"d{key}": param.grad.copy() for key, param in named.items()}
        return {"penalty": penalty, **grads, **{key: param.value.copy() for key, param in named.items()}}

    return Case(key, inputs, ours)


def schedule_case(
    name: str, variant: str, options: Mapping[str, Any], per_epoch: int = 1, values: Array | None = None
) -> Case:
    """The rates of STEPS steps. Schedules that observe get the given values."""
    if values is None:
        values = np.array([1.0 / (1 + min(i, 9)) for i in range(STEPS)])

    def ours() -> Arrays:
        schedule: Schedule = create(Schedule, name, options)
        schedule.start()
        rates = []
        for step in range(STEPS):
            rates.append(schedule.learning_rate(RATE, Clock(step, per_epoch, STEPS / per_epoch)))
            schedule.observe(float(values[step]))
        return {"rates": np.array(rates)}

    return Case(f"schedule/{name}/{variant}", {"values": values}, ours)


def metric_case(name: str, variant: str, options: Mapping[str, Any], p: Array, t: Array) -> Case:
    return Case(
        f"metric/{name}/{variant}",
        {"p": p, "t": t},
        lambda: {"score": np.array(create(Metric, name, options)(p, t))},
    )


IMAGE_LAYERS: dict[str, dict[str, tuple[dict[str, Any], tuple[int, ...]]]] = {
    "conv2d": {
        "plain": ({"filters": 3, "kernel_size": 3}, (2, 2, 6, 5)),
        "no_bias": ({"filters": 3, "kernel_size": (2, 3), "bias": False}, (2, 2, 5, 6)),
        "pixel": ({"filters": 3, "kernel_size": 1, "stride": 2}, (3, 2, 5, 4)),
        "whole": ({"filters": 5, "kernel_size": (4, 5)}, (3, 2, 4, 5)),
        "stride": ({"filters": 2, "kernel_size": 3, "stride": 2}, (2, 3, 8, 7)),
        "strides": ({"filters": 2, "kernel_size": (2, 3), "stride": (1, 3)}, (2, 2, 5, 9)),
        "gaps": ({"filters": 2, "kernel_size": 2, "stride": 3}, (2, 2, 8, 7)),
        "padding": ({"filters": 2, "kernel_size": 3, "padding": 2}, (2, 2, 4, 3)),
        "paddings": ({"filters": 2, "kernel_size": (3, 2), "stride": 2, "padding": (1, 3)}, (2, 2, 5, 4)),
        "dilation": ({"filters": 2, "kernel_size": 3, "dilation": 2}, (2, 2, 6, 7)),
        "dilations": ({"filters": 2, "kernel_size": (2, 3), "dilation": (3, 2), "stride": 2}, (2, 2, 8, 9)),
        "groups": ({"filters": 6, "kernel_size": 2, "groups": 2}, (2, 4, 4, 3)),
        "depthwise": ({"filters": 6, "kernel_size": 3, "groups": 3, "padding": 1, "stride": 2}, (2, 3, 5, 6)),
        "same": ({"filters": 2, "kernel_size": 3, "padding": "same"}, (2, 2, 4, 5)),
        "same_even": ({"filters": 2, "kernel_size": (2, 4), "padding": "same"}, (2, 2, 4, 5)),
        "same_dilated": (
            {"filters": 2, "kernel_size": (4, 3), "padding": "same", "dilation": (1, 2)},
            (2, 2, 5, 6),
        ),
        "same_stride": ({"filters": 2, "kernel_size": (3, 4), "padding": "same", "stride": 2}, (2, 2, 6, 7)),
        "everything": (
            {"filters": 4, "kernel_size": (3, 2), "stride": (2, 1), "padding": (2, 1),
             "dilation": (1, 3), "groups": 2},
            (3, 4, 6, 7),
        ),
    },
    "conv_transpose2d": {
        "plain": ({"filters": 3, "kernel_size": 3}, (2, 2, 3, 4)),
        "no_bias": ({"filters": 3, "kernel_size": (2, 3), "bias": False}, (2, 2, 3, 2)),
        "pixel": ({"filters": 3, "kernel_size": 1, "stride": 2}, (2, 2, 3, 4)),
        "stride": ({"filters": 2, "kernel_size": 4, "stride": 2, "padding": 1}, (2, 3, 3, 4)),
        "gaps": ({"filters": 2, "kernel_size": 2, "stride": 3}, (2, 2, 3, 2)),
        "padding": ({"filters": 2, "kernel_size": (3, 4), "padding": (2, 1)}, (2, 2, 4, 3)),
        "output_padding": (
            {"filters": 2, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
            (2, 2, 3, 4),
        ),
        "dilation": ({"filters": 2, "kernel_size": (2, 3), "dilation": (3, 2)}, (2, 2, 3, 2)),
        "dilated_output_padding": (
            {"filters": 2, "kernel_size": 2, "dilation": 3, "output_padding": (2, 1)},
            (2, 2, 3, 2),
        ),
        "groups": ({"filters": 6, "kernel_size": 2, "groups": 2}, (2, 4, 3, 2)),
        "everything": (
            {"filters": 4, "kernel_size": (3, 2), "stride": (2, 3), "padding": (2, 1),
             "output_padding": (1, 2), "dilation": (1, 2), "groups": 2},
            (3, 4, 4, 3),
        ),
    },
    "max_pool2d": {
        "plain": ({}, (2, 3, 4, 6)),
        "leftover": ({"pool_size": (2, 3)}, (2, 2, 7, 8)),
        "overlap": ({"pool_size": 3, "stride": 2}, (2, 2, 7, 7)),
        "strides": ({"pool_size": 3, "stride": (1, 2)}, (2, 2, 5, 8)),
        "gaps": ({"pool_size": 2, "stride": 3}, (2, 2, 8, 7)),
        "padding": ({"pool_size": 3, "stride": 2, "padding": 1}, (2, 2, 6, 5)),
        "paddings": ({"pool_size": (2, 5), "stride": (2, 1), "padding": (1, 2)}, (2, 2, 5, 4)),
    },
    "avg_pool2d": {
        "plain": ({}, (2, 3, 4, 6)),
        "leftover": ({"pool_size": (2, 3)}, (2, 2, 7, 8)),
        "overlap": ({"pool_size": 3, "stride": (1, 2)}, (2, 2, 5, 7)),
        "gaps": ({"pool_size": 2, "stride": 3}, (2, 2, 8, 7)),
        "padding": ({"pool_size": 3, "stride": 2, "padding": 1}, (2, 2, 6, 5)),
        "paddings": ({"pool_size": (2, 5), "stride": (2, 1), "padding": (1, 2)}, (2, 2, 5, 4)),
        "inside": (
            {"pool_size": 3, "stride": 2, "padding": 1, "count_include_padding": False},
            (2, 2, 6, 5),
        ),
        "inside_paddings": (
            {"pool_size": (2, 5), "stride": (2, 1), "padding": (1, 2), "count_include_padding": False},
            (2, 2, 5, 4),
        ),
    },
    "global_avg_pool2d": {"plain": ({}, (3, 2, 4, 5)), "wide": ({}, (2, 40, 2, 1))},
    "upsample2d": {
        "nearest": ({"factor": (2, 3)}, (2, 2, 3, 4)),
        "bilinear": ({"factor": (2, 3), "mode": "bilinear"}, (2, 2, 3, 4)),
        "bilinear_pixel": ({"factor": (4, 2), "mode": "bilinear"}, (2, 2, 1, 2)),
    },
    "padding2d": {
        "all": ({"padding": 2}, (2, 2, 3, 4)),
        "pair": ({"padding": (0, 3)}, (2, 2, 3, 4)),
        "sides": ({"padding": (1, 0, 2, 3)}, (2, 2, 3, 4)),
    },
    "dropout2d": {"half": ({"rate": 0.5}, (4, 5, 2, 3))},
}  # fmt: skip
"""For each layer and variant: the options and the shape of x."""


def image_cases() -> Iterator[Case]:
    for name, variants in IMAGE_LAYERS.items():
        for variant, (options, shape) in variants.items():
            yield layer_case(name, variant, options, shape)
            if name == "max_pool2d":
                yield layer_case(name, f"{variant}_ties", options, shape, whole=True)


def layer_cases() -> Iterator[Case]:
    yield layer_case("dense", "narrow", {"units": 3}, (5, 4))
    yield layer_case("dense", "wide", {"units": 35}, (5, 40))  # batch innermost in memory
    yield layer_case("dense", "single", {"units": 1}, (2, 1))
    activations = (
        "relu", "sigmoid", "tanh", "softmax", "selu", "silu", "mish", "hard_sigmoid",
        "leaky_relu", "elu", "gelu", "softplus",
    )  # fmt: skip
    for name in activations:
        yield layer_case(name, "vector", {}, (5, 4))
        yield layer_case(name, "matrix", {}, (3, 2, 4))
    yield layer_case("leaky_relu", "slope", {"negative_slope": 0.3}, (5, 4))
    yield layer_case("elu", "alpha", {"alpha": 0.4}, (5, 4))
    yield layer_case("gelu", "approximate", {"approximate": "tanh"}, (5, 4))
    yield layer_case("softplus", "beta", {"beta": 3.0}, (5, 4))
    yield layer_case("prelu", "shared", {}, (5, 4))
    yield layer_case("prelu", "channels", {"slopes": "per_channel"}, (3, 2, 4))
    yield layer_case("dropout", "half", {"rate": 0.5}, (5, 4))
    yield layer_case("gaussian_noise", "plain", {"stddev": 0.3}, (5, 4))
    yield layer_case("batch_norm", "vector", {}, (5, 4))
    yield layer_case("batch_norm", "sequence", {}, (5, 3, 12))
    yield layer_case("batch_norm", "image", {"epsilon": 0.01}, (5, 3, 2, 4))
    yield layer_case("layer_norm", "last", {}, (5, 4))
    yield layer_case("layer_norm", "row", {"over": "row"}, (5, 2, 3))
    yield layer_case("flatten", "image", {}, (3, 2, 4, 5))
    yield layer_case("reshape", "image", {"shape": [4, -1]}, (3, 2, 10))
    yield layer_case("residual", "dense", {"layers": [{"type": "dense", "units": 4}, "tanh"]}, (5, 4))


def metric_cases() -> Iterator[Case]:
    draw = rng("metrics")
    p, t = draw.dirichlet(np.ones(7), 60), draw.integers(0, 7, 60)
    coarse = np.round(p[:, :2] / p[:, :2].sum(axis=1, keepdims=True), 1)
    for name in ("accuracy", "brier", "precision", "recall", "f1", "log_loss", "roc_auc", "top_k_accuracy"):
        yield metric_case(name, "classes", {}, p, t)
    for name in ("precision", "recall", "f1"):
        yield metric_case(name, "micro", {"average": "micro"}, p, t)
        yield metric_case(name, "absent", {}, p[:9], t[:9] % 4)
    yield metric_case("roc_auc", "ties", {}, coarse, t % 2)
    yield metric_case("top_k_accuracy", "two", {"k": 2}, p, t)
    yield metric_case("top_k_accuracy", "ties", {"k": 2}, np.round(p, 1), t)
    yield metric_case("log_loss", "sure", {}, np.eye(7)[(t + t % 2) % 7], t)
    yield metric_case("expected_calibration_error", "plain", {}, p, t)
    yield metric_case("expected_calibration_error", "edges", {"bins": 10}, np.round(p, 1), t)
    a, b = draw.normal(size=(40, 3)), draw.normal(size=(40, 3))
    constant = np.concatenate([b[:, :2], np.ones((40, 1))], axis=1)
    for name in ("mae", "rmse", "r2", "mape", "explained_variance"):
        yield metric_case(name, "values", {}, a, b)
    for name in ("r2", "explained_variance"):
        yield metric_case(name, "constant", {}, a, constant)
    yield metric_case("mape", "zeros", {}, a, b * (b > 0))
    yield metric_case("roc_auc", "scores", {}, 5.0 * draw.normal(size=(60, 2)), t % 2)


TRAINING = """
name: training
seed: 5
dtype: float64
dataset: toy_blobs
layers:
  - {type: dense, units: 8, bias: false}
  - batch_norm
  - relu
  - {type: dropout, rate: 0.0}
  - {type: dense, units: 3}
loss: cross_entropy
optimizer: {type: adam, learning_rate: 0.01}
schedule: cosine
training: {epochs: 20, batch_size: 16, log_every: 300}
"""


def training_case() -> Case:
    """300 steps of a training with batch norm, Adam and a cosine schedule: all arrays at its end."""
    experiment = toy(TRAINING)
    split = experiment.data.splits["train"]
    shuffle = copy.deepcopy(experiment.shuffle_rng)
    orders = np.array([shuffle.permutation(split.rows) for _ in range(20)])
    inputs = {
        "x": split.x * experiment.data.inputs.scale,
        "t": split.t,
        "orders": orders,
        **{name.replace("/", "_"): array for name, array in experiment.network.params.arrays().items()},
    }

    def ours() -> Arrays:
        trained = toy(TRAINING)
        assert [report.step for report in train(trained) if isinstance(report, StepReport)] == [300]
        return {name.replace("/", "_"): array for name, array in trained.network.params.arrays().items()}

    return Case("training/adam/cosine", inputs, ours)


def cases() -> Iterator[Case]:
    yield from layer_cases()
    yield from image_cases()
    yield training_case()
    z = rng("losses").normal(size=(6, 3)) * 3
    t = rng("targets").normal(size=(6, 3))
    labels = np.array([0, 1, 2, 2, 1, 0])
    extreme = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4], [0, 0, 0]])
    yield loss_case("mse", "values", {}, z, t)
    yield loss_case("mse", "classes", {}, z, labels)
    yield loss_case("cross_entropy", "plain", {}, z, labels)
    yield loss_case("cross_entropy", "extreme", {}, extreme, np.array([1, 0, 2]))

    for name in ("mae", "huber", "log_cosh", "quantile"):
        yield loss_case(name, "values", {}, z, t)
    yield loss_case("huber", "delta", {"delta": 0.3}, z, t)
    yield loss_case("quantile", "high", {"q": 0.9}, z, t)
    whole = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [1.0, 1.0, 2.0], [0.0, 2.0, 1.0]])
    for name in ("mae", "huber", "log_cosh", "quantile"):
        yield loss_case(name, "ties", {}, whole, np.ones_like(whole))
        yield loss_case(name, "extreme", {}, extreme, t[:3])
    yield loss_case("quantile", "high_ties", {"q": 0.9}, whole, np.ones_like(whole))
    yield loss_case("poisson", "counts", {}, z, np.abs(np.round(t * 3)))
    yield loss_case("poisson", "extreme", {}, np.clip(extreme, -1e4, 80.0), np.abs(np.round(t[:3] * 3)))
    yield loss_case("hinge", "plain", {}, z, labels)
    yield loss_case("hinge", "margin", {"margin": 0.3}, z, labels)
    yield loss_case("hinge", "ties", {}, whole, labels[:4])
    yield loss_case("hinge", "extreme", {}, extreme, np.array([1, 0, 2]))
    yield loss_case("binary_cross_entropy", "classes", {}, z[:, :1], labels % 2)
    yield loss_case("binary_cross_entropy", "labels", {}, z, (t > 0).astype(np.float64))
    yield loss_case("binary_cross_entropy", "extreme", {}, extreme, (extreme > 0).astype(np.float64))
    weighted = {"positive_weight": 3.0}
    yield loss_case("binary_cross_entropy", "weighted_classes", weighted, z[:, :1], labels % 2)
    yield loss_case("binary_cross_entropy", "weighted_labels", weighted, z, (t > 0).astype(np.float64))
    yield loss_case("binary_cross_entropy", "weighted_shares", weighted, z, 1 / (1 + np.exp(t)))
    weights = [0.5, 2.0, 1.5]
    yield loss_case("cross_entropy", "smooth", {"label_smoothing": 0.1}, z, labels)
    yield loss_case("cross_entropy", "weighted", {"class_weights": weights}, z, labels)
    both = {"label_smoothing": 0.1, "class_weights": weights}
    yield loss_case("cross_entropy", "both", both, z, labels)
    yield loss_case("cross_entropy", "both_extreme", both, extreme, np.array([1, 0, 2]))

    for name in ("adagrad", "rmsprop", "adadelta", "adam", "amsgrad", "adamax", "nadam", "adamw", "lion"):
        yield optimizer_case(name, "plain", {})
        decay = "decoupled_weight_decay" if name in ("adamw", "lion") else "weight_decay"
        yield optimizer_case(name, "decay", {decay: 0.1})
    yield optimizer_case("rmsprop", "centered", {"centered": True, "momentum": 0.8})
    yield optimizer_case("rmsprop", "only_centered", {"centered": True, "alpha": 0.8})
    yield optimizer_case("rmsprop", "momentum", {"momentum": 0.8, "epsilon": 0.1})
    yield optimizer_case("adagrad", "epsilon", {"epsilon": 0.1})
    yield optimizer_case("adadelta", "options", {"rho": 0.5, "epsilon": 1e-3})
    # With a small beta2 the largest v of amsgrad is not the last one.
    betas = {"beta1": 0.5, "beta2": 0.7, "epsilon": 0.01}
    for name in ("adam", "adamw", "amsgrad", "adamax", "nadam"):
        yield optimizer_case(name, "options", betas)
    yield optimizer_case("nadam", "momentum_decay", {"momentum_decay": 0.5})
    yield optimizer_case("adam", "forgetful", {"beta1": 0.0, "beta2": 0.0})
    yield optimizer_case("lion", "options", {"beta1": 0.3, "beta2": 0.6})

    yield schedule_case("constant", "plain", {})
    yield schedule_case("constant", "warmup", {"warmup": 10})
    yield schedule_case("step", "plain", {"every": 7, "factor": 0.5})
    yield schedule_case("exponential", "plain", {"gamma": 0.9})
    yield schedule_case("polynomial", "plain", {"power": 2.0})
    yield schedule_case("cosine", "plain", {"minimum": 0.001})
    yield schedule_case("cosine", "restarts", {"cycle": 8, "growth": 2, "minimum": 0.001})
    yield schedule_case("one_cycle", "plain", {})
    yield schedule_case("inverse_time", "plain", {"decay": 0.3})
    yield schedule_case("reduce_on_plateau", "plain", {"patience": 3, "factor": 0.5, "cooldown": 2})
    yield schedule_case("step", "epochs", {"every": 2, "factor": 0.5}, per_epoch=5)
    yield schedule_case("exponential", "epochs", {"gamma": 0.5}, per_epoch=5)
    yield schedule_case("polynomial", "epochs", {"power": 0.5}, per_epoch=5)
    yield schedule_case("cosine", "epochs", {}, per_epoch=5)
    yield schedule_case("cosine", "warmup", {"warmup": 2}, per_epoch=5)
    yield schedule_case("cosine", "same_cycles", {"cycle": 1.4}, per_epoch=5)
    options = {"rise": 0.1, "first_divisor": 10.0, "last_divisor": 100.0}
    yield schedule_case("one_cycle", "options", options, per_epoch=5)
    yield schedule_case("inverse_time", "epochs", {"decay": 0.3}, per_epoch=5)
    noisy = np.abs(rng("plateau").normal(size=STEPS)) + 1.0 / np.arange(1, STEPS + 1)
    options = {"patience": 2, "factor": 0.7, "threshold": 0.05, "minimum": 0.01, "cooldown": 1}
    yield schedule_case("reduce_on_plateau", "noisy", options, values=noisy)
    yield schedule_case(
        "reduce_on_plateau", "smallest", {"patience": 0, "factor": 0.1}, values=np.ones(STEPS)
    )

    for name in ("l1", "l2", "elastic_net", "max_norm"):
        yield regularizer_case(name, "plain", {"limit": 1.5} if name == "max_norm" else {})
        yield regularizer_case(
            name, "all", {"all_parameters": True, **({"limit": 1.5} if name == "max_norm" else {})}
        )
    yield regularizer_case("elastic_net", "strengths", {"l1": 0.3, "l2": 0.7})

    yield from metric_cases()

    yield optimizer_case("sgd", "plain", {})
    yield optimizer_case("sgd", "momentum", {"momentum": 0.9})
    yield optimizer_case("sgd", "nesterov", {"momentum": 0.9, "nesterov": True})
    yield optimizer_case("sgd", "decay", {"momentum": 0.9, "weight_decay": 0.1})
