"""A traced step is the step that training takes, and leaves the experiment alone."""

from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.config.load import load_config
from nnfs_cli.core.formula import evaluate
from nnfs_cli.layers.base import names_of
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.trace import Tracer

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.mark.parametrize("name", ["cubic", "cubic-adam", "spiral", "breast-cancer", "wine"])
def test_a_traced_step_changes_the_parameters_as_the_plain_engine_does(name: str) -> None:
    experiment = Experiment(load_config(CONFIGS / f"{name}.yaml"))
    experiment.shuffle()
    size = experiment.config.training.batch_size
    tracer = Tracer(experiment)
    for step, start in enumerate((0, size)):
        rows = slice(start, start + size)
        before = {key: array.copy() for key, array in experiment.state().items()}
        trace = tracer.trace(experiment.progress.order[rows].copy())
        for key, array in experiment.state().items():
            np.testing.assert_array_equal(array, before[key], err_msg=key)
        experiment.engine.step(rows, step, experiment.descent.learning_rate(experiment.clock(step)))
        experiment.progress.step += 1
        for key, array in experiment.network.params.arrays().items():
            np.testing.assert_array_equal(array, trace.after[key], err_msg=key)
        assert any(not np.array_equal(trace.before[key], array) for key, array in trace.after.items())


def test_a_trace_holds_the_gradient_of_each_activation_and_parameter() -> None:
    experiment = Experiment(load_config(CONFIGS / "cubic.yaml", ["dtype=float64"]))
    trace = Tracer(experiment).trace(np.arange(3))
    W = trace.before["4_dense/W"]
    x, dy = trace.activations[4], trace.gradients[5]
    np.testing.assert_allclose(dy, 2 * (trace.activations[5] - trace.t) / 3)
    np.testing.assert_allclose(trace.grads["4_dense/W"], x.T @ dy)
    np.testing.assert_allclose(trace.gradients[4], dy @ W.T)
    assert trace.gradients[0].shape == trace.activations[0].shape
    assert trace.gradients[0].any()
    assert trace.loss_after < trace.loss


def test_a_trace_holds_the_gradient_as_the_optimizer_gets_it_and_the_inside_of_residual_blocks() -> None:
    block = "{type: residual, layers: [{type: dense, units: 8}, tanh]}"
    layers = f"layers=[{{type: dense, units: 8}}, batch_norm, {block}, {{type: dense, units: 3}}]"
    options = ["regularizer={type: l2, strength: 0.5}", "training.clip_norm=0.1", "training.ema=0.9"]
    experiment = Experiment(load_config(CONFIGS / "spiral.yaml", ["dtype=float64", layers, *options]))
    trace = Tracer(experiment).trace(np.arange(16))
    penalized, clipped = trace.regularized["3_dense/W"], trace.clipped["3_dense/W"]
    np.testing.assert_allclose(penalized, trace.grads["3_dense/W"] + 0.5 * trace.before["3_dense/W"])
    norm = np.sqrt(sum((array**2).sum() for array in trace.regularized.values()))
    np.testing.assert_allclose(clipped, penalized * 0.1 / norm)
    moved = trace.before["3_dense/W"] + 0.9 * (trace.after["3_dense/W"] - trace.before["3_dense/W"])
    np.testing.assert_allclose(trace.average["3_dense/W"], moved)
    assert not trace.before["1_batch_norm/running_mean"].any()  # before its forward pass
    assert trace.after["1_batch_norm/running_mean"].any()
    activations, gradients = trace.inside["2_residual"]
    np.testing.assert_array_equal(activations[0], trace.activations[2])
    np.testing.assert_allclose(trace.activations[3], activations[0] + activations[-1])
    np.testing.assert_allclose(trace.gradients[2], trace.gradients[3] + gradients[0])


DRAWN = [
    ("layers", [
        {"type": "dense", "units": 6}, "batch_norm", "relu", {"type": "dropout", "rate": 0.3},
        {"type": "residual", "layers": [{"type": "dense", "units": 6}, "tanh"]}, {"type": "dense", "units": 3},
    ]),
    ("optimizer", {"type": "sgd", "learning_rate": 1e-12}),
]  # fmt: skip


def test_the_formulas_give_a_traced_steps_arrays() -> None:
    tracer = Tracer(Experiment(load_config(CONFIGS / "spiral.yaml", DRAWN)), "float64")
    trace = tracer.trace(np.arange(7))
    for i, name in enumerate(names_of(tracer.network.layers)):
        layer, x, y = tracer.network.layers[i], trace.activations[i], trace.activations[i + 1]
        own = {key.removeprefix(f"{name}/"): array for key, array in trace.before.items()}
        values = {**layer.formula_values(x, y), **own, "x": x, "y": y, "dy": trace.gradients[i + 1]}
        computed = evaluate(layer.equations(), values)
        np.testing.assert_allclose(computed["y"], y, atol=1e-12)
        np.testing.assert_allclose(computed["dx"], trace.gradients[i], atol=1e-12)


def test_the_loss_after_a_step_is_that_of_the_same_draws() -> None:
    trace = Tracer(Experiment(load_config(CONFIGS / "spiral.yaml", DRAWN))).trace(np.arange(7))
    assert trace.loss_after == pytest.approx(trace.loss, rel=1e-6)
