"""`nnfs doctor` names planted faults: each of them by the check that is there for it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.doctor import Diagnosis, examine_config
from tests.toys import toy_config

Arrays = dict[str, Array]


def table(rows: int = 400, classes: int = 3, seed: int = 0) -> Arrays:
    """Six inputs that tell the class but for some noise, by a bent border."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 6))
    scores = (
        x @ draw.normal(size=(6, classes)) + np.abs(x[:, :classes]) + 0.3 * draw.normal(size=(rows, classes))
    )
    return {"x": x, "y": scores.argmax(axis=1)}


def curve(rows: int = 400) -> Arrays:
    """Real targets on both sides of 0."""
    draw = np.random.default_rng(1)
    x = draw.normal(size=(rows, 4))
    return {"x": x, "y": 2.0 * np.tanh(x[:, 0]) + x[:, 1] - 0.5 * x[:, 2] ** 2 + 0.1 * draw.normal(size=rows)}


def shuffled() -> Arrays:
    data = table()
    return {**data, "y": np.random.default_rng(2).permutation(data["y"])}


def with_column(make: Callable[[Arrays], Array]) -> Arrays:
    data = table()
    return {**data, "x": np.column_stack([data["x"], make(data)])}


def with_test_rows(x: Array, y: Array) -> Arrays:
    return {**table(), "x_test": x, "y_test": y}


def in_test_too() -> Arrays:
    data = table()
    return with_test_rows(data["x"][:100], data["y"][:100])


def elsewhere() -> Arrays:
    other = table(150, seed=0)
    return with_test_rows(other["x"] + 1.5, other["y"])


def contradicting() -> Arrays:
    data = table()
    x = np.concatenate([data["x"], data["x"][:80]])
    return {"x": x, "y": np.concatenate([data["y"], (data["y"][:80] + 1) % 3])}


def rare() -> Arrays:
    data = table(800)
    others = np.flatnonzero(data["y"] == 1)[8:]
    keep = np.setdiff1d(np.arange(800), np.concatenate([others, np.flatnonzero(data["y"] == 2)]))
    return {"x": data["x"][keep], "y": data["y"][keep]}


def arms() -> Arrays:
    """Two arms of a spiral, which one line cannot part."""
    draw = np.random.default_rng(3)
    turn, y = draw.uniform(0.2, 1.0, 400), np.arange(400) % 2
    angle = 9.0 * turn + np.pi * y
    return {"x": np.column_stack([turn * np.cos(angle), turn * np.sin(angle)]), "y": y}


def mistyped() -> Arrays:
    data = table()
    data["x"][7, 2] = 1e5
    return data


CLASSES = "[{type: dense, units: 16}, relu, {type: dense, units: 3}]"
REAL = "[{type: dense, units: 16}, tanh, {type: dense, units: 1}]"
DEEP = "[" + "{type: dense, units: 8, init: xavier_uniform}, sigmoid, " * 20 + "{type: dense, units: 3}]"
PLUGIN = """
from dataclasses import dataclass
import numpy as np
from nnfs_cli import LAYERS, Array, Layer, Shape
from nnfs_cli.layers.dense import Dense

@LAYERS.register("zeros_layer")
@dataclass(eq=False)
class ZerosLayer(Layer):
    def forward(self, x: Array, y: Array) -> None:
        y[...] = 0.0
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        dx[...] = 0.0

@LAYERS.register("log_layer")
@dataclass(eq=False)
class LogLayer(Layer):
    def forward(self, x: Array, y: Array) -> None:
        np.log(x, out=y)
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.divide(dy, x, out=dx)

@LAYERS.register("wrong_sign")
@dataclass(eq=False)
class WrongSign(Dense):
    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        super().param_grads(x, y, dy)
        self.W.grad *= -1.0
        self.b.grad *= -1.0

@LAYERS.register("frozen")
@dataclass(eq=False)
class Frozen(Dense):
    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        self.W.grad[...] = 0.0
        self.b.grad[...] = 0.0
"""


class Fault(NamedTuple):
    data: Arrays
    checks: str = ""
    layers: str = CLASSES
    changes: tuple[str, ...] = ()


FAULTS = {
    "labels are shuffled": Fault(shuffled(), "shuffled-labels"),
    "the label is an input": Fault(with_column(lambda data: 3.0 * data["y"]), "target-leak"),
    "test rows are training rows": Fault(in_test_too(), "duplicates"),
    "equal rows have different labels": Fault(contradicting(), "duplicates"),
    "a column numbers the rows": Fault(with_column(lambda data: np.arange(len(data["y"]))), "id-columns"),
    "a column is constant": Fault(with_column(lambda data: np.full(len(data["y"]), 3.7)), "constant-columns"),
    "one class has a row in a hundred": Fault(rare(), "classes", CLASSES.replace("units: 3", "units: 2")),
    "inputs are 10,000 times too large": Fault(
        {**table(), "x": 1e4 * table()["x"]}, "input-scale", changes=("dataset.standardize=false",)
    ),
    "all inputs are zero": Fault({**table(), "x": 0.0 * table()["x"]}, "constant-columns zeroed-inputs"),
    "the learning rate is 100 times too high": Fault(
        table(), "learning-rate updates", changes=("optimizer.learning_rate=1.0",)
    ),
    "the rate of sgd is too high": Fault(
        curve(), "learning learning-rate", REAL, ("loss=mse", "optimizer={type: sgd, learning_rate: 30}")
    ),
    "the learning rate is 1000 times too low": Fault(
        table(), "learning-rate", changes=("optimizer.learning_rate=0.00001",)
    ),
    "all hidden units are dead": Fault(
        table(),
        "units",
        "[{type: dense, units: 16, init: {type: constant, value: -1}}, relu, {type: dense, units: 3}]",
        ("dataset.standardize=false", "dataset.minmax=true"),
    ),
    "all weights are zero": Fault(
        table(),
        "units",
        "[{type: dense, units: 16, init: zeros}, relu, {type: dense, units: 3, init: zeros}]",
    ),
    "the rate is too high for relu": Fault(
        table(), "updates learning-rate", changes=("optimizer={type: sgd, learning_rate: 20}",)
    ),
    "sigmoids are saturated": Fault(
        table(),
        "units",
        "[{type: dense, units: 16, init: {type: normal, stddev: 30}}, sigmoid, {type: dense, units: 3}]",
    ),
    "gradients vanish in twenty sigmoids": Fault(table(), "gradients", DEEP),
    "all units are equal": Fault(
        table(),
        "units",
        "[{type: dense, units: 16, init: {type: constant, value: 0.1}}, tanh, "
        "{type: dense, units: 3, init: {type: constant, value: 0.1}}]",
    ),
    "the network is too small": Fault(
        arms(), "one-batch", "[{type: dense, units: 1}, tanh, {type: dense, units: 2}]"
    ),
    "a layer ignores its inputs": Fault(
        table(), "zeroed-inputs one-batch", "[{type: dense, units: 16}, zeros_layer, {type: dense, units: 3}]"
    ),
    "a gradient has the wrong sign": Fault(
        table(), "one-batch", "[{type: wrong_sign, units: 16}, relu, {type: wrong_sign, units: 3}]"
    ),
    "a layer is frozen": Fault(
        table(), "updates", "[{type: frozen, units: 16}, relu, {type: dense, units: 3}]"
    ),
    "targets are constant": Fault({**curve(), "y": np.full(400, 2.5)}, "target-scale", REAL, ("loss=mse",)),
    "test rows come from elsewhere": Fault(elsewhere(), "shift"),
    "weight decay keeps weights at zero": Fault(
        table(), "held-back learning", changes=("regularizer={type: l2, strength: 3.0}",)
    ),
    "dropout leaves nothing": Fault(
        table(),
        "held-back",
        "[{type: dense, units: 16}, relu, {type: dropout, rate: 0.95}, {type: dense, units: 3}]",
    ),
    "relu ends a regression": Fault(
        curve(),
        "last-layer",
        "[{type: dense, units: 16}, relu, {type: dense, units: 1}, relu]",
        ("loss=mse",),
    ),
    "relu ends a classification": Fault(table(), "last-layer", CLASSES.replace("}]", "}, relu]")),
    "initial weights are far too large": Fault(
        table(), "start-loss", CLASSES.replace("units: 3", "units: 3, init: {type: normal, stddev: 20}")
    ),
    "targets are in millions": Fault(
        {**curve(), "y": 1e6 * curve()["y"]},
        "target-scale",
        REAL,
        ("loss=mse", "dataset.standardize_target=false"),
    ),
    "a layer makes nan": Fault(
        table(), "units", "[{type: dense, units: 16}, log_layer, {type: dense, units: 3}]"
    ),
    "no activation stands between layers": Fault(
        table(), "activations", "[{type: dense, units: 16}, {type: dense, units: 3}]"
    ),
    "one row holds a typing error": Fault(mistyped(), "outliers"),
    "inputs have very different units": Fault(
        {**table(), "x": table()["x"] * [1e-4, 1, 1, 1, 1, 1]},
        "input-scale",
        changes=("dataset.standardize=false",),
    ),
    "validation has three rows": Fault(table(), "rows", changes=("dataset.validation=3",)),
    "a column is made from the target": Fault(
        {**curve(), "x": np.column_stack([curve()["x"], 0.5 * curve()["y"] + 0.05 * curve()["x"][:, 3]])},
        "target-leak",
        REAL,
        ("loss=mse",),
    ),
    "training ends after two steps": Fault(
        table(), "epochs", changes=("training.epochs=1", "training.batch_size=200")
    ),
    "the learning rate is 30 times too low": Fault(
        table(), "learning-rate", changes=("optimizer.learning_rate=0.0003",)
    ),
    "classes are told by squared errors": Fault(table(), "last-layer", changes=("loss=mse",)),
}
CONFIG = """
name: planted
seed: 4
plugins: [{plugin}]
dataset: {{type: npz, path: {path}, validation: 0.25, standardize: true, x: x, y: y{test}}}
layers: {layers}
loss: cross_entropy
optimizer: {{type: adam, learning_rate: 0.01}}
training: {{epochs: 20, batch_size: 32}}
"""


def diagnose(folder: Path, fault: Fault, only: Sequence[str] = ()) -> Diagnosis:
    path, plugin = folder / "planted.npz", folder / "planted_layers.py"
    np.savez(path, **fault.data)  # type: ignore[arg-type]  # names of arrays
    plugin.write_text(PLUGIN)
    test = ", x_test: x_test, y_test: y_test" if "x_test" in fault.data else ""
    text = CONFIG.format(plugin=plugin, path=path, layers=fault.layers, test=test)
    return examine_config(toy_config(text, fault.changes), only)


TRAINED = {
    "epochs",
    "one-batch",
    "learning",
    "shuffled-labels",
    "zeroed-inputs",
    "learning-rate",
    "held-back",
}
"""Checks that train for a while."""
CASES = [
    pytest.param(name, marks=pytest.mark.slow) if TRAINED & set(fault.checks.split()) else name
    for name, fault in FAULTS.items()
]


@pytest.mark.parametrize("name", CASES)
def test_a_planted_fault_is_named(name: str, tmp_path: Path) -> None:
    checks = FAULTS[name].checks.split()
    found = diagnose(tmp_path, FAULTS[name], checks)
    assert found.alarms, found.findings


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [Fault(table()), Fault(curve(), "", REAL, ("loss=mse",))], ids=["classes", "real"]
)
def test_the_same_without_a_fault_raises_no_alarm(fault: Fault, tmp_path: Path) -> None:
    found = diagnose(tmp_path, fault)
    assert not found.alarms
    assert found.passed
