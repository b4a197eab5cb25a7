"""The gradient check: it finds wrong gradients, says what is wrong, and raises no false alarm."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import matplotlib.image
import numpy as np
import pytest

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.gradcheck.compare import TensorCheck, compare
from nnfs_cli.gradcheck.differences import derivative
from nnfs_cli.gradcheck.networks import experiment_subjects
from nnfs_cli.gradcheck.subject import Subject, check
from nnfs_cli.gradcheck.subjects import (
    layer_subject,
    loss_subjects,
    regularizer_subject,
)
from nnfs_cli.jobs.gradcheck import check_components
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.conv2d import Conv2D
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.dropout import Dropout
from nnfs_cli.layers.layer_norm import LayerNorm
from nnfs_cli.layers.max_pool2d import MaxPool2D
from nnfs_cli.layers.prelu import PReLU
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.layers.sigmoid import Sigmoid
from nnfs_cli.layers.softmax import Softmax
from nnfs_cli.layers.tanh import Tanh
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.losses.mse import MSE
from nnfs_cli.regularizers.l2 import L2
from tests.conftest import Nnfs
from tests.toys import BARS, BLOBS, CUBIC, toy

N = 4
Change = Callable[..., None]


def spoil(monkeypatch: pytest.MonkeyPatch, cls: type, method: str, change: Change) -> None:
    """Let `change` run after the method, with the same arguments."""
    original = getattr(cls, method)

    def wrong(self: Any, *arrays: Array) -> None:
        original(self, *arrays)
        change(self, *arrays)

    monkeypatch.setattr(cls, method, wrong)


def failing(checks: list[TensorCheck]) -> dict[str, str]:
    """The tensors that fail, with their diagnoses; without the random direction over all tensors."""
    return {c.tensor: c.diagnosis for c in checks if c.verdict == "FAIL" and not c.tensor.startswith("all")}


def layer_failures(layer: Any, shape: Shape = (4,)) -> dict[str, str]:
    return failing(check(layer_subject(layer, shape, N)))


PARAMETER_MISTAKES = [
    ("factor", Dense(units=4), lambda self, x, y, dy: np.multiply(self.W.grad, 2, out=self.W.grad), "W", "2 times numeric: there is a factor 2 too many"),
    ("sign", Dense(units=4), lambda self, x, y, dy: np.negative(self.W.grad, out=self.W.grad), "W", "the sign is wrong"),
    ("zero", Dense(units=4), lambda self, x, y, dy: self.W.grad.fill(0), "W", "analytic is zero"),
    ("transposed", Dense(units=4), lambda self, x, y, dy: np.copyto(self.W.grad, self.W.grad.T.copy()), "W", "transposed"),
    ("bias of one row", Dense(units=4), lambda self, x, y, dy: np.copyto(self.b.grad, dy[0]), "b", ""),
    ("mean for sum", Dense(units=4), lambda self, x, y, dy: np.copyto(self.b.grad, dy.mean(axis=0)), "b", "1/N times numeric: it is divided by the batch once too often"),
    ("bias forgotten", Dense(units=4), lambda self, x, y, dy: self.b.grad.fill(np.nan), "b", "never written"),
    ("one entry", Dense(units=4), lambda self, x, y, dy: self.W.grad.__setitem__((2, 1), 0.5), "W", ""),
    ("off by one", Dense(units=4), lambda self, x, y, dy: np.copyto(self.W.grad, np.roll(self.W.grad, 1, axis=1)), "W", "shifted by one along axis 1"),
    ("reversed", Dense(units=4), lambda self, x, y, dy: np.copyto(self.W.grad, self.W.grad[::-1].copy()), "W", "reverse order along axis 0"),
    ("wrong axis", PReLU(slopes="per_channel"), lambda self, x, y, dy: np.copyto(self.a.grad, (dy * np.minimum(x, 0)).sum(axis=1)), "a", ""),
    ("wrong side", PReLU(), lambda self, x, y, dy: np.copyto(self.a.grad, (dy * np.maximum(x, 0)).sum()), "a", ""),
    ("x for xhat", BatchNorm(), lambda self, x, y, dy: np.copyto(self.gamma.grad, (dy * x).sum(axis=0)), "gamma", ""),
    ("y for xhat", LayerNorm(), lambda self, x, y, dy: np.copyto(self.gamma.grad, (dy * y).sum(axis=0)), "gamma", ""),
]  # fmt: skip

INPUT_MISTAKES = [
    ("W for W^T", Dense(units=4), lambda self, x, y, dy, dx: np.matmul(dy, self.W.value, out=dx)),
    ("mask forgotten", ReLU(), lambda self, x, y, dy, dx: np.copyto(dx, dy)),
    ("mask inverted", ReLU(), lambda self, x, y, dy, dx: np.multiply(dy, x < 0, out=dx)),
    ("written in part", Tanh(), lambda self, x, y, dy, dx: dx[-1].fill(np.nan)),
    ("derivative at y", Sigmoid(), lambda self, x, y, dy, dx: np.multiply(dy, x * (1 - x), out=dx)),
    ("dy forgotten", Tanh(), lambda self, x, y, dy, dx: np.copyto(dx, 1 - y * y)),
    ("Jacobian's diagonal only", Softmax(), lambda self, x, y, dy, dx: np.multiply(dy, y * (1 - y), out=dx)),
    ("the cross-entropy shortcut", Softmax(), lambda self, x, y, dy, dx: np.copyto(dx, y - dy)),
    ("sum over the wrong axis", Softmax(), lambda self, x, y, dy, dx: np.copyto(dx, y * (dy - (dy * y).sum(axis=0)))),
    ("stale mask", Dropout(), lambda self, x, y, dy, dx: np.multiply(dy, np.roll(self._mask(x), 1, axis=0), out=dx)),
    ("dropout not scaled", Dropout(), lambda self, x, y, dy, dx: np.multiply(dy, self._mask(x) > 0, out=dx)),
    ("gradient of evaluation", BatchNorm(), lambda self, x, y, dy, dx: np.copyto(dx, dy * self.gamma.value * self._inverse)),
    ("mean's path forgotten", BatchNorm(), lambda self, x, y, dy, dx: np.add(dx, self.gamma.value * self._inverse * self.beta.grad / len(x), out=dx)),
    ("gamma forgotten", LayerNorm(), lambda self, x, y, dy, dx: np.divide(dx, self.gamma.value, out=dx)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "change", "tensor", "words"),
    [m[1:] for m in PARAMETER_MISTAKES],
    ids=[m[0] for m in PARAMETER_MISTAKES],
)
def test_a_wrong_parameter_gradient_fails_at_its_tensor(
    monkeypatch: pytest.MonkeyPatch, layer: Any, change: Change, tensor: str, words: str
) -> None:
    spoil(monkeypatch, type(layer), "param_grads", change)
    # batch_norm computes dx from dgamma, so a mistake in dgamma may fail both.
    found = layer_failures(layer)
    assert tensor in found
    assert set(found) <= {tensor, "x", "below"}
    if not isinstance(layer, BatchNorm):
        assert set(found) == {tensor}
    assert words in found[tensor]


@pytest.mark.parametrize(
    ("layer", "change"), [m[1:] for m in INPUT_MISTAKES], ids=[m[0] for m in INPUT_MISTAKES]
)
def test_a_wrong_input_gradient_fails_at_x_and_at_the_layer_below(
    monkeypatch: pytest.MonkeyPatch, layer: Any, change: Change
) -> None:
    spoil(monkeypatch, type(layer), "input_grad", change)
    assert set(layer_failures(layer)) == {"x", "below"}


@pytest.mark.parametrize(
    ("loss", "change", "words"),
    [
        pytest.param(MSE(), lambda self, z, t, dz: np.multiply(dz, z.shape[1], out=dz), "", id="mse over N alone"),
        pytest.param(MSE(), lambda self, z, t, dz: np.multiply(dz, 0.5, out=dz), "1/2 times", id="the 2 forgotten"),
        pytest.param(CrossEntropy(), lambda self, z, t, dz: np.multiply(dz, len(z), out=dz), "N times numeric: it is summed over the batch", id="sum for mean"),
        pytest.param(CrossEntropy(), lambda self, z, t, dz: np.copyto(dz, np.roll(dz, 1, axis=1)), "shifted by one", id="off by one class"),
    ],
)  # fmt: skip
def test_a_wrong_loss_gradient_fails_at_z(
    monkeypatch: pytest.MonkeyPatch, loss: Any, change: Change, words: str
) -> None:
    spoil(monkeypatch, type(loss), "gradient", change)
    for subject in loss_subjects(loss, N, 3):
        found = failing(check(subject))
        assert set(found) == {"z"}
        assert words in found["z"]


def test_a_penalty_without_its_factor_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(self: L2, params: Any) -> float:
        w = params.value[self.reach(params)]
        return self.strength * float(np.dot(w, w))

    monkeypatch.setattr(L2, "penalty", doubled)
    assert "1/2 times" in failing(check(regularizer_subject(L2(strength=0.5))))["W"]


@dataclass(eq=False)
class Unseeded(Tanh):
    """A layer that draws from a generator of its own."""

    type_name: ClassVar[str] = "unseeded"
    own = np.random.default_rng(0)

    def forward(self, x: Array, y: Array) -> None:
        super().forward(x, y)
        y += self.own.normal(size=y.shape)


@dataclass(eq=False)
class AddsUp(Dense):
    """A layer that adds to its gradient instead of writing it."""

    type_name: ClassVar[str] = "adds_up"

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        super().param_grads(x, y, dy)
        self.seen = getattr(self, "seen", 0.0) + self.W.grad
        self.W.grad[...] = self.seen


def test_two_equal_calls_that_differ_are_a_failure_of_their_own() -> None:
    assert all("not deterministic" in text for text in layer_failures(Unseeded()).values())
    assert "different gradients" in layer_failures(AddsUp(units=2))["W"]


def test_a_kink_is_told_from_a_slope() -> None:
    assert derivative(lambda h: 3.0 * h, 0.0).kink is False
    assert derivative(lambda h: np.sin(1.0 + h), np.sin(1.0)).slope == pytest.approx(np.cos(1.0), abs=1e-9)
    assert derivative(abs, 0.0).kink
    assert derivative(lambda h: max(0.0, h - 4e-7), 0.0).kink, "a kink aside, but within all steps"
    assert derivative(lambda h: max(0.0, h - 4e-6), 0.0) == (0.0, False), "smaller steps look past it"
    assert derivative(lambda h: max(0.0, h - 4e-6), 0.0, magnitude=50.0).kink, "rounding forbids them"
    assert not derivative(lambda h: max(0.0, h - 4e-5), 0.0).kink, "a kink out of reach"


@pytest.mark.parametrize(("zeros", "verdict"), [(3, "pass"), (8, "inconclusive")])
def test_entries_at_a_kink_are_left_out_and_counted_and_too_many_are_no_pass(
    zeros: int, verdict: str
) -> None:
    subject = layer_subject(ReLU(), (10,), N)
    below, x = (dict(subject.tensors)[name] for name in ("below", "x"))
    below.fill(0.0)
    x[0, :zeros] = 0.0
    (found,) = [c for c in check(subject) if c.tensor == "x"]
    assert (found.kinks, found.entries, found.verdict) == (zeros, 40 - zeros, verdict)
    assert found.passed is (verdict == "pass")


def test_entries_without_influence_are_counted_as_zeros() -> None:
    subject = layer_subject(ReLU(), (10,), N)
    dict(subject.tensors)["x"][...] = -5.0
    (found,) = [c for c in check(subject) if c.tensor == "x"]
    assert (found.zeros, found.entries, found.verdict) == (40, 40, "pass")


def test_complex_steps_are_used_where_the_operations_allow_them() -> None:
    for layer in (Dense(units=3), Tanh(), BatchNorm()):
        errors = [
            c.complex_error for c in check(layer_subject(layer, (4,), N)) if not c.tensor.startswith("all")
        ]
        assert all(error is not None and error < 1e-13 for error in errors)


def alarms(seed: int) -> list[str]:
    """The findings on all components of nnfs. Each would be a false alarm."""
    found = check_components(seed=seed)
    return [f"{report.name}: {finding}" for report in found.reports for finding in report.findings]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 60))
def test_right_components_raise_no_false_alarm_for_many_seeds(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("nnfs_cli.gradcheck.compare.MOST_ENTRIES", 12)  # they differ for each seed
    assert alarms(seed) == []


def names(subject: Subject) -> list[str]:
    return [c.tensor for c in check(subject) if c.passed]


@pytest.mark.parametrize("text", [CUBIC, BLOBS])
def test_a_whole_network_is_checked_down_to_its_input(text: str) -> None:
    (subject,) = experiment_subjects(toy(text, "dtype=float64"), 0, "at the start")
    assert names(subject) == ["0_dense/W", "0_dense/b", "2_dense/W", "2_dense/b", "x", "all, one direction"]


def test_loss_and_penalty_are_checked_apart_and_together() -> None:
    experiment = toy(BLOBS, "dtype=float64", "regularizer={type: l2, strength: 0.3}")
    subjects = list(experiment_subjects(experiment, 0, "at the start"))
    assert [subject.name.split(", ")[-2] for subject in subjects] == ["loss", "penalty", "loss + penalty"]
    assert all(len(names(subject)) == 6 for subject in subjects)


def bars(seed: int = 0, *overrides: str) -> dict[str, TensorCheck]:
    """The check of a convolutional network on images that are mostly constant."""
    (subject,) = experiment_subjects(toy(BARS, "dtype=float64", *overrides), seed, "at the start")
    return {found.tensor: found for found in check(subject, seed)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("overrides", [[], ["layers.2=relu", "layers.3=max_pool2d"], ["layers.3=batch_norm"]])
def test_a_network_on_images_with_constant_areas_is_judged_down_to_its_input(
    seed: int, overrides: list[str]
) -> None:
    found = bars(seed, f"seed={seed}", *overrides)
    assert {tensor: each.verdict for tensor, each in found.items() if not each.passed} == {}
    assert found["x"].subject.endswith(", with noise"), "the data themselves lie on kinks"
    assert not found["1_conv2d/W"].subject.endswith(", with noise"), "where the data can be judged, they are"
    assert found["x"].entries > 50


def test_a_bias_of_zero_at_relus_kink_is_judged_beside_it() -> None:
    transposed = "layers.4={type: conv_transpose2d, filters: 4, kernel_size: 3, stride: 2}"
    found = bars(0, "layers.2=relu", "layers.3=dropout2d", transposed)
    assert {tensor: each.verdict for tensor, each in found.items() if not each.passed} == {}
    assert found["4_conv_transpose2d/b"].subject.endswith(", with noise")


def test_noise_is_taken_off_inputs_and_parameters_again() -> None:
    (subject,) = experiment_subjects(toy(BARS, "dtype=float64"), 0, "at the start")
    before = [values.copy() for _, values in subject.tensors]
    assert any("with noise" in each.subject for each in check(subject))
    for (_, values), start in zip(subject.tensors, before, strict=True):
        np.testing.assert_array_equal(values, start)


def at_first(change: Change) -> Change:
    """The change, but only in the network's first layer of its kind."""

    def wrong(self: Any, x: Array, y: Array, dy: Array, dx: Array) -> None:
        if x.shape[1] == 1:
            change(self, x, y, dy, dx)

    return wrong


FLIPPED = np.s_[:, :, ::-1, ::-1]
IMAGE_MISTAKES = [
    ("a kernel upside down", Conv2D, at_first(lambda self, x, y, dy, dx: np.copyto(dx, dx[FLIPPED].copy())), {"x"}),
    ("shifted by a pixel", Conv2D, at_first(lambda self, x, y, dy, dx: np.copyto(dx, np.roll(dx, 1, axis=3))), {"x"}),
    ("the last row forgotten", Conv2D, at_first(lambda self, x, y, dy, dx: dx[:, :, -1].fill(0)), {"x"}),
    ("of another image", Conv2D, at_first(lambda self, x, y, dy, dx: np.copyto(dx, np.roll(dx, 1, axis=0))), {"x"}),
    ("never written", Conv2D, at_first(lambda self, x, y, dy, dx: dx.fill(np.nan)), {"x"}),
    ("a factor in both", Conv2D, lambda self, x, y, dy, dx: np.multiply(dx, 1.001, out=dx), {"x", "1_conv2d/W", "1_conv2d/b"}),
    ("dy to the whole window", MaxPool2D, lambda self, x, y, dy, dx: np.copyto(dx, dy.repeat(2, 2).repeat(2, 3)[:, :, : x.shape[2], : x.shape[3]]), {"x", "1_conv2d/W"}),
    ("to the next pixel", MaxPool2D, lambda self, x, y, dy, dx: np.copyto(dx, np.roll(dx, 1, axis=3)), {"x", "1_conv2d/W"}),
    ("to the smallest", MaxPool2D, lambda self, x, y, dy, dx: np.copyto(dx, dx[FLIPPED].copy()), {"x", "1_conv2d/W"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "change", "tensors"), [m[1:] for m in IMAGE_MISTAKES], ids=[m[0] for m in IMAGE_MISTAKES]
)
def test_a_wrong_input_gradient_of_an_image_layer_fails_on_images_with_constant_areas(
    monkeypatch: pytest.MonkeyPatch, layer: type, change: Change, tensors: set[str]
) -> None:
    spoil(monkeypatch, layer, "input_grad", change)
    found = bars()
    assert tensors <= {tensor for tensor, each in found.items() if each.verdict == "FAIL"}
    assert found["all, one direction"].verdict == "FAIL"


def test_a_maximum_that_counts_each_of_its_equals_fails_where_the_data_hold_ties(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def for_each(_: MaxPool2D, x: Array, y: Array, dy: Array, dx: Array) -> None:
        largest, slope = (a.repeat(2, axis=2).repeat(2, axis=3) for a in (y, dy))
        height, width = largest.shape[2:]
        dx[:, :, :height, :width] = slope * (x[:, :, :height, :width] == largest)

    spoil(monkeypatch, MaxPool2D, "input_grad", for_each)
    found = bars(0, "layers.5=tanh", "layers.6=avg_pool2d")  # no kinks above it, since b starts at zero
    assert found["1_conv2d/b"].verdict == "FAIL"
    assert found["x"].passed, "with noise nothing is equal, so that x alone would not tell"


LEAKY = """
from dataclasses import dataclass
import numpy as np
from nnfs_cli import LAYERS, Array, Layer

@LAYERS.register("{name}")
@dataclass(eq=False)
class Square(Layer):
    '''y = x^2'''

    def forward(self, x: Array, y: Array) -> None:
        np.multiply(x, x, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.multiply(dy, x, out=dx)
        dx *= {factor}
"""


def test_a_students_own_layer_is_checked_trained_and_resumable_from_its_file(nnfs: Nnfs) -> None:
    Path("mine.py").write_text(LEAKY.format(name="square_right", factor=2.0))
    outcome = nnfs("gradcheck", "mine.py", "--json")
    assert outcome.status == 0
    assert {c["subject"].split()[0] for c in json.loads(outcome.out)["checks"]} == {"square_right"}
    Path("own.yaml").write_text(CUBIC.replace("tanh", "square_right") + "plugins: [mine.py]\n")
    assert nnfs("train", "own.yaml", "--id", "own", "--set", "optimizer.learning_rate=0.001").status == 0
    Path("mine.py").unlink()
    assert nnfs("evaluate", "own").status == 0
    assert nnfs("gradcheck", "runs/own/config.yaml").status == 0


def test_a_mistake_is_one_line_and_one_finding(nnfs: Nnfs) -> None:
    Path("wrong.py").write_text(LEAKY.format(name="square_wrong", factor=1.0))
    lines = nnfs("gradcheck", "wrong.py").out.splitlines()
    assert [line for line in lines if line.startswith(("FAIL", "pass"))] == [
        line for line in lines if "layer square_wrong" in line
    ], "a verdict, and the heading of its finding"
    assert sum("analytic" in line for line in lines) == 2, "the numbers, and what they look like"
    assert "FAIL: layer square_wrong (wrong.py, line 6)" in lines


def test_a_file_can_be_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(LEAKY.format(name="square_right", factor=2.0))
    for _ in range(2):
        (report,) = check_components(Path("mine.py")).reports
        assert (report.name, report.passed) == ("square_right", True)


def test_a_learning_rate_of_the_config_is_named(nnfs: Nnfs) -> None:
    Path("mine.py").write_text(LEAKY.format(name="square_slow", factor=0.6))
    Path("own.yaml").write_text(CUBIC.replace("tanh", "square_slow") + "plugins: [mine.py]\n")
    rate = ("--set", "optimizer.learning_rate=0.3")
    assert "analytic is 0.3 times numeric: a learning rate" in nnfs("gradcheck", "own.yaml", *rate).out
    assert "times numeric" not in nnfs("gradcheck", "own.yaml").out


OTHERS = """
from dataclasses import dataclass
from nnfs_cli import METRICS, OPTIMIZERS, Metric, Optimizer

@OPTIMIZERS.register("none")
@dataclass(eq=False)
class Nothing(Optimizer):
    learning_rate: float = 0.1
    def step(self, params, learning_rate):
        pass

@METRICS.register("one")
@dataclass(frozen=True)
class One(Metric):
    tasks = ("regression",)
    def __call__(self, p, t):
        return 1.0
"""


def test_what_has_no_gradient_is_named(nnfs: Nnfs) -> None:
    Path("both.py").write_text(LEAKY.format(name="square_right", factor=2.0) + OTHERS)
    outcome = nnfs("gradcheck", "both.py")
    assert outcome.status == 0
    assert "not checked, since they have no gradient: metric one, optimizer none" in outcome.out
    Path("own.yaml").write_text(
        CUBIC.replace("tanh", "square_right").replace("[rmse, r2]", "[one]") + "plugins: [both.py]\n"
    )
    assert "not checked, since they have no gradient: metric one" in nnfs("gradcheck", "own.yaml").out


def test_a_file_without_gradients_says_what_it_has(nnfs: Nnfs) -> None:
    Path("others.py").write_text(OTHERS)
    outcome = nnfs("gradcheck", "others.py")
    assert outcome.status == 2
    assert "registers only metric one, optimizer none, no layer, loss or regularizer" in outcome.err


UNDER_SIGMOIDS = (
    "layers=[{type: square_wrong}, {type: dense, units: 8},"
    + "sigmoid, {type: dense, units: 8}," * 12
    + "{type: dense, units: 1}]"
)


@pytest.mark.parametrize("factor", [2.0, -2.0])
def test_a_gradient_that_is_tiny_in_its_network_is_told(nnfs: Nnfs, factor: float) -> None:
    Path("mine.py").write_text(LEAKY.format(name="square_wrong", factor=factor))
    Path("own.yaml").write_text(CUBIC + "plugins: [mine.py]\n")
    outcome = nnfs("gradcheck", "own.yaml", "--set", UNDER_SIGMOIDS)
    assert outcome.status == (1 if factor < 0 else 0)
    assert ("analytic is -1 times numeric: the sign is wrong" in outcome.out) is (factor < 0)


def test_tiny_gradients_of_a_whole_network_are_told_by_its_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    (subject,) = experiment_subjects(
        toy(CUBIC, "dtype=float64", UNDER_SIGMOIDS.replace("square_wrong", "tanh")), 0, ""
    )
    right = {found.tensor: found for found in check(subject)}
    assert all(found.passed for found in right.values())
    assert right["1_dense/W"].worst is not None
    assert abs(right["1_dense/W"].worst[1]) < 1e-7
    spoil(monkeypatch, Dense, "param_grads", lambda self, x, y, dy: np.negative(self.W.grad, out=self.W.grad))
    wrong = failing(check(subject))
    assert "the sign is wrong" in wrong["1_dense/W"]
    assert len(wrong) == 14, "each W, and no b"


def test_what_nothing_can_tell_is_no_pass(nnfs: Nnfs) -> None:
    text = LEAKY.format(name="tiny", factor="np.sign(x)")
    text = text.replace("np.multiply(x, x, out=y)", "y[...] = 1 + 1e-12 * np.abs(x)")
    Path("tiny.py").write_text(text.replace("np.multiply(dy, x, out=dx)", "dx[...] = 1e-12 * dy"))
    outcome = nnfs("gradcheck", "tiny.py")
    assert outcome.status == 1
    assert outcome.out.startswith("too small to tell  layer tiny")


def test_the_verdict_is_seen_in_any_width(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (140, 80, 40):
        monkeypatch.setattr("nnfs_cli.cli.console.out.width", width)
        out = nnfs("gradcheck", "blobs.yaml", "--verbose").out
        verdicts = [line for line in out.splitlines() if "1_relu" in line or "all, one direction" in line]
        assert verdicts
        assert all(
            "pass" in line or "1_relu on" in line or "as 1_relu" in line or line == "layer 1_relu"
            for line in verdicts
        )
        if width >= 80:
            assert max(map(len, out.splitlines())) <= width


def test_an_error_in_a_plugin_is_a_finding_with_file_and_line(nnfs: Nnfs) -> None:
    Path("broken.py").write_text(LEAKY.format(name="square_broken", factor="self.missing"))
    Path("own.yaml").write_text(CUBIC.replace("tanh", "square_broken") + "plugins: [broken.py]\n")
    for target in ("broken.py", "own.yaml"):
        outcome = nnfs("gradcheck", target)
        assert outcome.status == 1
        assert "FAIL: layer square_broken (broken.py, line 6)" in outcome.out
        said = " ".join(outcome.out.split())
        assert "input_grad raises AttributeError: 'Square' object has no attribute 'missing'" in said
        assert "(broken.py, line 16)" in said


def test_json_has_every_check_and_the_findings(nnfs: Nnfs) -> None:
    Path("wrong.py").write_text(LEAKY.format(name="square_wrong", factor=1.0))
    content = json.loads(nnfs("gradcheck", "wrong.py", "--json").out)
    (component,) = content["components"]
    assert (component["kind"], component["name"], component["verdict"]) == ("layer", "square_wrong", "FAIL")
    assert [finding["factor"] for finding in component["findings"]] == ["1/2"]
    assert content["passed"] is False
    assert {check.get("tensor") or check["law"] for check in content["checks"]} > {"below", "x"}


def test_a_students_wrong_layer_fails_with_a_diagnosis(nnfs: Nnfs) -> None:
    Path("wrong.py").write_text(LEAKY.format(name="square_wrong", factor=1.0))
    outcome = nnfs("gradcheck", "wrong.py")
    assert outcome.status == 1
    assert "analytic is 1/2 times numeric: a factor 2 is missing" in outcome.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_like_this", "line 1: ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("x = 1\ny = (", "line 2: SyntaxError"),
        ("x = 1\ny = z", "line 2: NameError: name 'z' is not defined"),
        ("x = 1", "registers no layer, loss or regularizer"),
        (LEAKY.format(name="tanh", factor=2.0), "layer 'tanh' is registered twice"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_told_with_its_line(nnfs: Nnfs, text: str, words: str) -> None:
    Path("broken.py").write_text(text)
    outcome = nnfs("gradcheck", "broken.py")
    assert outcome.status == 2
    assert words in outcome.err
    assert "Traceback" not in outcome.err


def test_only_names_what_is_checked(nnfs: Nnfs) -> None:
    checks = json.loads(nnfs("gradcheck", "--only", "tanh", "--only", "mse", "--json").out)["checks"]
    assert {c["subject"].split()[0] for c in checks} == {"tanh", "mse"}
    outcome = nnfs("gradcheck", "--only", "tahn")
    assert outcome.status == 2
    assert "did you mean 'tanh'?" in outcome.err


def test_a_config_is_checked_at_the_start_and_after_a_burn_in(nnfs: Nnfs) -> None:
    checks = json.loads(nnfs("gradcheck", "blobs.yaml", "--json", "--burn-in", "7").out)["checks"]
    whole = [c["subject"] for c in checks if c["subject"].startswith("blobs")]
    assert {subject.rpartition(", ")[2] for subject in whole} == {"at the start", "after 7 steps"}


def test_the_picture_is_drawn(nnfs: Nnfs) -> None:
    outcome = nnfs("gradcheck", "--only", "tanh", "--picture", "steps.png")
    assert outcome.status == 0
    assert matplotlib.image.imread("steps.png").std() > 0.05
    refused = nnfs("gradcheck", "--picture", "cubic.yaml")
    assert refused.status == 2
    assert "--picture: must be a .png file" in refused.err


def test_a_tolerance_can_be_too_strict_for_differences(nnfs: Nnfs) -> None:
    assert nnfs("gradcheck", "--only", "sigmoid", "--tolerance", "1e-15").status == 1


def test_a_config_on_images_passes(nnfs: Nnfs) -> None:
    Path("bars.yaml").write_text(BARS)
    assert nnfs("gradcheck", "bars.yaml").status == 0


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (-1.0, "too small to tell")])
def test_tiny_slopes_without_rounding_tell_where_no_complex_step_can(factor: float, verdict: str) -> None:
    values = np.array([0.5, -2.0, 3.0])
    gradient = factor * 3e-12 * values * np.abs(values)
    found = compare(
        "cubes",
        "v",
        values,
        gradient,
        lambda: float(1e-12 * np.sum(np.abs(values) ** 3)),
        rng=np.random.default_rng(0),
    )
    assert found.verdict == verdict
