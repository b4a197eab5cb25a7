"""The gradient check itself: it must find what is wrong and must not cry wolf."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.params import Array
from nnfs_cli.gradcheck import check_components, check_experiment, check_layer, check_loss
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.layers.softmax import Softmax
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.losses.mse import MSE
from tests.toys import BLOBS, CUBIC, toy


def spoil(monkeypatch: pytest.MonkeyPatch, cls: type, method: str, change: Callable[..., None]) -> None:
    """Run `change` after the method, with the same arguments."""
    original = getattr(cls, method)

    def wrong(self: Any, *arrays: Array) -> None:
        original(self, *arrays)
        change(self, *arrays)

    monkeypatch.setattr(cls, method, wrong)


def failing(checks: list[Any]) -> list[str]:
    return [check.tensor for check in checks if check.verdict == "FAIL"]


RNG = np.random.default_rng


@pytest.mark.parametrize(
    ("change", "tensor"),
    [
        pytest.param(lambda self, x, y, dy: np.multiply(self.W.grad, 2, out=self.W.grad), "W", id="factor"),
        pytest.param(lambda self, x, y, dy: np.negative(self.W.grad, out=self.W.grad), "W", id="sign"),
        pytest.param(lambda self, x, y, dy: self.W.grad.fill(0), "W", id="zero"),
        pytest.param(lambda self, x, y, dy: np.copyto(self.b.grad, dy[0]), "b", id="bias not summed"),
        pytest.param(lambda self, x, y, dy: np.copyto(self.b.grad, dy.mean(axis=0)), "b", id="mean for sum"),
        pytest.param(
            lambda self, x, y, dy: np.copyto(self.W.grad, self.W.grad.T.copy()), "W", id="transposed"
        ),
        pytest.param(lambda self, x, y, dy: np.copyto(self.W.grad, np.nan), "W", id="nan"),
    ],
)
def test_a_wrong_parameter_gradient_fails_at_its_tensor(
    monkeypatch: pytest.MonkeyPatch, change: Callable[..., None], tensor: str
) -> None:
    spoil(monkeypatch, Dense, "param_grads", change)
    assert failing(check_layer(Dense(units=4), (4,), 3, RNG(0))) == [tensor]


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        pytest.param(
            Dense(units=4), lambda self, x, y, dy, dx: np.matmul(dy, self.W.value, out=dx), id="W for W^T"
        ),
        pytest.param(ReLU(), lambda self, x, y, dy, dx: np.copyto(dx, dy), id="mask forgotten"),
        pytest.param(ReLU(), lambda self, x, y, dy, dx: np.multiply(dy, x < 0, out=dx), id="mask inverted"),
        pytest.param(
            Softmax(), lambda self, x, y, dy, dx: np.multiply(dy, y * (1 - y), out=dx), id="diagonal only"
        ),
        pytest.param(
            Softmax(), lambda self, x, y, dy, dx: np.copyto(dx, y - dy), id="the cross-entropy shortcut"
        ),
    ],
)
def test_a_wrong_input_gradient_fails_at_x(
    monkeypatch: pytest.MonkeyPatch, layer: Any, change: Callable[..., None]
) -> None:
    spoil(monkeypatch, type(layer), "input_grad", change)
    assert failing(check_layer(layer, (4,), 3, RNG(0))) == ["x"]


@pytest.mark.parametrize(
    ("loss", "change"),
    [
        pytest.param(
            MSE(), lambda self, z, t, dz: np.multiply(dz, z.shape[1], out=dz), id="mse over N alone"
        ),
        pytest.param(
            CrossEntropy(), lambda self, z, t, dz: np.multiply(dz, len(z), out=dz), id="sum for mean"
        ),
        pytest.param(
            CrossEntropy(), lambda self, z, t, dz: np.copyto(dz, np.roll(dz, 1, axis=1)), id="off by one"
        ),
    ],
)
def test_a_wrong_loss_gradient_fails_at_z(
    monkeypatch: pytest.MonkeyPatch, loss: Any, change: Callable[..., None]
) -> None:
    spoil(monkeypatch, type(loss), "gradient", change)
    assert failing(check_loss(loss, 4, 3, RNG(0))) == ["z"] * len(loss.tasks)


def test_an_entry_at_a_kink_is_left_out_and_counted_and_too_many_are_no_pass() -> None:
    class ZerosFirst(np.random.Generator):
        """Its first drawn array of 40 starts with zeros: ReLU's inputs at the kink."""

        zeros = 0

        def normal(self, *args: Any, **kwargs: Any) -> Any:
            drawn = super().normal(*args, **kwargs)
            if drawn.size == 40:
                drawn[0, : self.zeros] = 0.0
                self.zeros = 0
            return drawn

    for zeros, verdict in ((3, "pass"), (8, "inconclusive")):
        rng = ZerosFirst(np.random.PCG64(0))
        rng.zeros = zeros
        (check,) = check_layer(ReLU(), (10,), 4, rng)
        assert (check.kinks, check.verdict) == (zeros, verdict)


@pytest.mark.parametrize("seed", range(20))
def test_right_components_raise_no_false_alarm(seed: int) -> None:
    assert [check for check in check_components(seed=seed) if not check.passed] == []


@pytest.mark.parametrize("text", [CUBIC, BLOBS])
def test_a_whole_network_is_checked_down_to_its_input(text: str) -> None:
    checks = check_experiment(toy(text, "dtype=float64"))
    assert [check.tensor for check in checks] == ["0_dense/W", "0_dense/b", "2_dense/W", "2_dense/b", "x"]
    assert all(check.passed for check in checks)
