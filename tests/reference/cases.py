"""The cases: for each component, inputs, and what nnfs makes of them.

A case's arrays go by name. PyTorch's side of each case is in `peers.py`, under the same key.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.params import Array, FlatParams, Param
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.network import Network, Workspace
from nnfs_cli.optimizers.base import OPTIMIZERS

Arrays = dict[str, Array]
STEPS = 50
RATE = 0.05


@dataclass(frozen=True)
class Case:
    """One component with certain options on certain inputs.

    key: `kind/name/variant`.   inputs: what both sides are given.   ours: what nnfs gives for them.
    """

    key: str
    inputs: Arrays
    ours: Callable[[], Arrays]

    @property
    def component(self) -> str:
        return self.key.rsplit("/", 1)[0]


def rng(key: str) -> np.random.Generator:
    return np.random.default_rng(list(key.encode()))


def layer_case(name: str, variant: str, options: Mapping[str, Any], shape: tuple[int, ...]) -> Case:
    key = f"layer/{name}/{variant}"
    draw = rng(key)
    network = Network([LAYERS[name](**options)], shape[1:], "float64")
    network.params.value[...] = draw.normal(size=network.params.value.shape)
    inputs: Arrays = {"x": draw.normal(size=shape)}
    inputs["dy"] = draw.normal(size=(shape[0], *network.output_shape))
    inputs |= {f"param_{key.split('/')[1]}": array for key, array in network.params.arrays().items()}

    def ours() -> Arrays:
        workspace = Workspace(network, shape[0], to_input=True)
        workspace.x[...] = inputs["x"]
        workspace.forward()
        workspace.dy[...] = inputs["dy"]
        workspace.backward()
        named = network.params.named.items()
        grads = {f"d{key.split('/')[1]}": param.grad.copy() for key, param in named}
        return {"y": workspace.y.copy(), "dx": workspace.dx.copy(), **grads}

    return Case(key, inputs, ours)


def loss_case(name: str, variant: str, options: Mapping[str, Any], z: Array, t: Array) -> Case:
    def ours() -> Arrays:
        loss, dz = LOSSES[name](**options), np.full_like(z, np.nan)
        loss.gradient(z, t, dz)
        return {"value": np.array(loss.value(z, t)), "dz": dz}

    return Case(f"loss/{name}/{variant}", {"z": z, "t": t}, ours)


def optimizer_case(name: str, variant: str, options: Mapping[str, Any]) -> Case:
    """A path of STEPS steps over given gradients, for a weight matrix and a bias."""
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
        params = FlatParams(named, "float64")
        make: Any = OPTIMIZERS[name]
        optimizer = make(learning_rate=RATE, **options)
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


def cases() -> Iterator[Case]:
    yield layer_case("dense", "wide", {"units": 3}, (5, 4))
    yield layer_case("dense", "single", {"units": 1}, (2, 1))
    for name in ("relu", "sigmoid", "tanh", "softmax"):
        yield layer_case(name, "vector", {}, (5, 4))
        yield layer_case(name, "matrix", {}, (3, 2, 4))
    yield layer_case("flatten", "image", {}, (3, 2, 4, 5))

    z = rng("losses").normal(size=(6, 3)) * 3
    t = rng("targets").normal(size=(6, 3))
    labels = np.array([0, 1, 2, 2, 1, 0])
    extreme = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4], [0, 0, 0]])
    yield loss_case("mse", "values", {}, z, t)
    yield loss_case("mse", "classes", {}, z, labels)
    yield loss_case("cross_entropy", "plain", {}, z, labels)
    yield loss_case("cross_entropy", "extreme", {}, extreme, np.array([1, 0, 2]))

    yield optimizer_case("sgd", "plain", {})
    yield optimizer_case("sgd", "momentum", {"momentum": 0.9})
    yield optimizer_case("sgd", "nesterov", {"momentum": 0.9, "nesterov": True})
    yield optimizer_case("sgd", "decay", {"momentum": 0.9, "weight_decay": 0.1})
