"""Networks whose features processes share are trained as whole ones are, and repeat bit for bit."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml

from nnfs_cli.config.load import parse_config
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import InterruptionError, NnfsError
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.engine.network import Network
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import conduct
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer
from nnfs_cli.regularizers.l2 import L2
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.schedules.base import Clock
from nnfs_cli.schedules.constant import Constant
from nnfs_cli.speed.crew import CAN_FORK, Crew
from nnfs_cli.speed.plan import choose_threads
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Heartbeat, StepReport
from tests.toys import ROOT

pytestmark = pytest.mark.usefixtures("at_home")

THREE = [{"type": "dense", "units": 7}, "relu", {"type": "dense", "units": 5}, "tanh"]
NETWORKS: dict[str, list[Any]] = {
    "two": [{"type": "dense", "units": 6}, "relu"],
    "three": THREE,
    "normalized": [
        {"type": "dense", "units": 7, "bias": False},
        "batch_norm",
        {"type": "prelu", "slopes": "per_channel"},
        {"type": "dense", "units": 5, "bias": False},
        {"type": "batch_norm", "momentum": 0.3},
        "silu",
    ],
    "flattened": ["flatten", "tanh", *THREE],
}
TRAININGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "momentum": {"optimizer": {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01}},
    "adam": {"optimizer": "adam", "schedule": {"type": "cosine"}, "regularizer": "l2"},
    "averaged": {"optimizer": "lion", "training": {"ema": 0.9, "clip_value": 0.01, "accumulate": 3}},
}


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def experiment(threads: int, layers: list[Any] | None = None, **config: Any) -> Experiment:
    """Four features, three classes, 50 rows in batches of 8, the last of 2."""
    content: dict[str, Any] = {
        "name": "shares",
        "seed": 5,
        "dtype": "float64",
        "dataset": {"type": "blobs", "samples": 60, "features": 4, "validation": 10},
        "layers": [*(NETWORKS["three"] if layers is None else layers), {"type": "dense", "units": 3}],
        "loss": "cross_entropy",
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        **config,
    }
    content["training"] = {"epochs": 3, "batch_size": 8, "threads": threads, **config.get("training", {})}
    return Experiment(parse_config(yaml.safe_dump(content), "shares.yaml", ()))


def trained(ours: Experiment) -> Experiment:
    """The experiment at the end of its training; whether it was shared is checked here."""
    assert (ours.shares is not None) == (CAN_FORK and ours.threads > 1)
    for _ in train(ours):
        pass
    return ours


def state(ours: Experiment) -> dict[str, Array]:
    """A copy of its state but for the seconds it took, and outputs for rows that are still to come."""
    now = {name: np.copy(a) for name, a in ours.state().items() if name != "progress/seconds"}
    now["progress/outputs"] = now["progress/outputs"][: ours.progress.position or None]
    return now


def assert_same(first: Experiment, second: Experiment) -> None:
    """That both stand at the same place to the bit."""
    mine, other = state(first), state(second)
    assert mine.keys() == other.keys()
    for name, array in mine.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("training", TRAININGS.values(), ids=TRAININGS)
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_a_shared_training_comes_to_what_one_process_comes_to(
    layers: list[Any], training: dict[str, Any], size: int
) -> None:
    shared = state(trained(experiment(size, layers, **training)))
    whole = state(trained(experiment(1, layers, **training)))
    assert shared.keys() == whole.keys()
    for name, array in whole.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(shared[name], array, rtol=1e-7, atol=1e-10, err_msg=name)
        else:
            np.testing.assert_array_equal(shared[name], array, err_msg=name)


def test_there_are_no_more_shares_than_features_of_the_narrowest_layer() -> None:
    ours = trained(experiment(8, NETWORKS["three"]))
    if CAN_FORK:
        assert ours.shares is not None
        assert ours.shares.size == ours.threads == 5


def test_a_shared_training_repeats_bit_for_bit_however_often_it_reports() -> None:
    first = trained(experiment(2, NETWORKS["normalized"], training={"log_every": 1}))
    second = trained(experiment(2, NETWORKS["normalized"], training={"log_every": 1000}))
    assert_same(first, second)


def test_a_shared_training_goes_on_as_if_never_interrupted() -> None:
    first, second = (experiment(2, optimizer="adam", training={"log_every": 3}) for _ in range(2))
    for report in train(first):
        if isinstance(report, StepReport) and report.step == 9:
            second.load_state({name: np.copy(a) for name, a in first.state().items()}, "here")
    trained(second)
    assert_same(first, second)


def test_what_is_done_to_the_network_between_reports_is_what_training_goes_on_from() -> None:
    ends = []
    for threads in (1, 2):
        ours = experiment(threads, training={"log_every": 3})
        for report in train(ours):
            if isinstance(report, StepReport):
                before = ours.network.params.value.copy()
                ours.network.params.value *= 0.5
                assert np.abs(before).max() > 0
        ends.append(ours.network.params.value.copy())
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-7, atol=1e-10)


def test_a_state_that_is_loaded_in_the_middle_replaces_what_the_shares_have() -> None:
    ours, other = experiment(2), experiment(2)
    start = {name: np.copy(array) for name, array in ours.state().items()}
    reports = train(ours)
    while not isinstance(next(reports), EpochReport):
        pass
    ours.load_state(start, "here")
    assert_same(trained(ours), trained(other))


def test_a_helper_that_dies_is_told_and_the_state_is_not_taken_for_whole() -> None:
    ours, other = experiment(2, training={"epochs": 50}), experiment(2)
    start = {name: np.copy(array) for name, array in ours.state().items()}
    reports = train(ours)
    next(reports)
    if ours.shares is None:
        assert not CAN_FORK
        return
    for helper in ours.shares.helpers:
        os.kill(helper.pid or 0, signal.SIGKILL)
    with pytest.raises(NnfsError, match="helper process has ended"):
        list(reports)
    with pytest.raises(NnfsError, match="go on from a saved state"):
        ours.state()
    other.load_state(start, "here")
    ours.load_state(start, "here")
    for each in (ours, other):
        assert isinstance(list(train_to_epoch(each, 2))[-1], EpochReport)
    assert_same(ours, other)


def is_step(report: object) -> bool:
    return isinstance(report, StepReport)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interruption_while_the_network_is_brought_up_to_date_loses_nothing_or_tells() -> None:
    ours, other = (experiment(2, training={"log_every": 3}) for _ in range(2))
    reports, others = (filter(is_step, train(each)) for each in (ours, other))
    next(reports)
    next(others)
    if ours.shares is None:
        assert not CAN_FORK
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours.shares, "_counterparts", interrupt)
        with pytest.raises(KeyboardInterrupt):
            ours.state()
    assert_same(ours, other)
    next(reports)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Crew, "_do", interrupt)
        with pytest.raises(KeyboardInterrupt):
            ours.state()
    for look in (ours.state, lambda: next(reports)):
        with pytest.raises(NnfsError, match="go on from a saved state"):
            look()


def train_to_epoch(ours: Experiment, epochs: int) -> Iterator[object]:
    for report in train(ours):
        yield report
        if isinstance(report, EpochReport) and report.epoch == epochs:
            return


def test_signals_to_all_processes_stop_training_between_two_steps_and_nothing_is_left_running(
    tmp_path: Path,
) -> None:
    config = yaml.safe_dump(
        {
            "dataset": {"type": "blobs", "samples": 2000},
            "layers": [{"type": "dense", "units": 8}, "relu", {"type": "dense", "units": 3}],
            "loss": "cross_entropy",
            "optimizer": "sgd",
            "training": {"epochs": 10**6, "threads": 2},
        }
    )
    (tmp_path / "long.yaml").write_text(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        run = subprocess.Popen(
            [sys.executable, "-m", "nnfs_cli", "train", "long.yaml", "--id", number.name],
            cwd=tmp_path,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        folder = tmp_path / "runs" / number.name
        while run.poll() is None and not (folder / "steps.csv").exists():
            time.sleep(0.01)
        os.killpg(run.pid, number)
        said, _ = run.communicate(timeout=60)
        assert run.returncode == 130, said
        assert (folder / "weights.npz").exists()
        with pytest.raises(ProcessLookupError):
            os.killpg(run.pid, 0)


@pytest.mark.parametrize("all_of_it", [True, False])
def test_helpers_end_with_the_training_and_leave_what_they_know(all_of_it: bool) -> None:
    ours = experiment(2)
    params, start = ours.network.params.value, ours.network.params.value.copy()
    reports = train(ours)
    next(reports)
    helpers = ours.shares.helpers[:] if ours.shares is not None else []
    assert len(helpers) == (1 if CAN_FORK else 0)
    if all_of_it:
        list(reports)
    else:
        reports.close()
    assert not any(helper.is_alive() for helper in helpers)
    assert np.abs(params - start).max() > 0
    assert_same(trained(ours), trained(experiment(2)))


class Mixed(ReLU):
    """A user's layer that derives from one that treats features apart, and does not."""

    def forward(self, x: Array, y: Array) -> None:
        np.maximum(x, x.mean(axis=1, keepdims=True), out=y)


class Remembering(SGD):
    """A user's optimizer that derives from one that treats numbers apart, and does not."""

    def step(self, params: Any, learning_rate: float) -> None:
        params.value -= learning_rate * params.grad / np.abs(params.grad).max()


class Shrinking(L2):
    """A user's regularizer likewise."""

    def constrain(self, params: Any) -> None:
        params.value /= np.abs(params.value).max()


@pytest.mark.parametrize(
    "config",
    [
        {"layers": []},
        {"layers": [{"type": "dense", "units": 6}, {"type": "dropout", "rate": 0.1}]},
        {"layers": [{"type": "dense", "units": 6}, "layer_norm"]},
        {"layers": [{"type": "dense", "units": 6}, {"type": "prelu", "slopes": "shared"}]},
        {"layers": ["batch_norm", {"type": "dense", "units": 6}]},
        {"layers": [{"type": "dense", "units": 6}, {"type": "residual", "layers": ["relu"]}]},
        {"layers": [{"type": "dense", "units": 1}, "tanh"]},
        {"regularizer": "max_norm"},
        {"training": {"clip_norm": 1.0}},
    ],
    ids=str,
)
def test_what_needs_all_features_at_once_stays_whole(config: dict[str, Any]) -> None:
    assert experiment(2, **config).shares is None


def test_whoever_derives_from_a_part_and_computes_otherwise_has_to_promise_anew() -> None:
    assert ReLU.by_feature
    assert not Mixed.by_feature
    assert SGD.by_number
    assert not Remembering.by_number
    assert L2.by_number
    assert not Shrinking.by_number


class Reaching(L2):
    """A user's regularizer that looks at some of the parameters only."""

    def reach(self, params: Any) -> slice:
        return slice(0, 10)


class Blurred(BatchNorm):
    """A user's layer that changes but a part of how another works."""

    def _sum(self, x: Array) -> Array:
        return np.full(x.shape[1], x.sum() / x.shape[1])


class Tall(ReLU):
    """A user's layer that promises rightly, but has two numbers for each feature."""

    by_feature: ClassVar[bool] = True

    def build(self, shape: Shape) -> Shape:
        self.W = Param((2, *shape), Zeros())
        return shape


def test_changing_a_part_of_how_something_works_takes_its_promise_back_too() -> None:
    assert not Reaching.by_number
    assert not Blurred.by_feature
    assert not Blurred.sums_over_batch


def test_a_layer_with_parameters_of_another_shape_stays_whole() -> None:
    config = experiment(2).config
    layers = (*config.layers[:2], Tall(), *config.layers[2:])
    ours = Experiment(replace(config, layers=layers))
    assert ours.shares is None


@dataclass(eq=False)
class Stacked(SGD):
    """A user's optimizer that rightly promises, and keeps two vectors in one array, and what is in none.

    w <- w - lr m / (1 + sqrt(v)), with running sums m of g and v of g^2.
    """

    by_number: ClassVar[bool] = True

    def build(self, params: FlatParams) -> None:
        self.moments = np.zeros((2, 1, params.value.size), params.value.dtype)
        self.decays, self.count = np.array([[0.9], [0.99]]), np.zeros((), np.int64)

    def state(self) -> dict[str, Array]:
        return {"moments": self.moments, "decays": self.decays, "count": self.count}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        self.count += 1
        self.moments *= self.decays[:, :, np.newaxis] ** (self.count > 1)
        self.moments[:, 0] += [params.grad, params.grad**2]
        (m,), (v,) = self.moments
        params.value -= learning_rate * m / (1.0 + np.sqrt(v))


class Turned(Stacked):
    """The same, kept the other way around."""

    by_number: ClassVar[bool] = True

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.turned = np.zeros((params.value.size, 2))

    def state(self) -> dict[str, Array]:
        return {**super().state(), "turned": self.turned}


class Growing(Stacked):
    """A user's optimizer with an array for each parameter, as large as that."""

    by_number: ClassVar[bool] = True

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.own = {name: np.zeros(param.shape) for name, param in params.named.items()}

    def state(self) -> dict[str, Array]:
        return {**super().state(), **self.own}


def with_optimizer(threads: int, optimizer: Optimizer) -> Experiment:
    return Experiment(replace(experiment(threads, training={"log_every": 3}).config, optimizer=optimizer))


def test_what_an_optimizer_keeps_as_several_vectors_in_one_array_is_shared_too() -> None:
    shared, whole = (state(trained(with_optimizer(threads, Stacked(0.1)))) for threads in (2, 1))
    assert np.abs(whole["optimizer/moments"]).max(axis=-1).min() > 0
    for name, array in whole.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(shared[name], array, rtol=1e-7, atol=1e-10, err_msg=name)


def test_it_goes_on_as_if_never_interrupted_likewise() -> None:
    first, second = (with_optimizer(2, Stacked(0.1)) for _ in range(2))
    for report in train(first):
        if isinstance(report, StepReport) and report.step == 9:
            second.load_state({name: np.copy(a) for name, a in first.state().items()}, "here")
    assert_same(first, trained(second))


@pytest.mark.parametrize("optimizer", [Turned(0.1), Growing(0.1)], ids=["turned", "growing"])
def test_a_promise_with_arrays_of_which_nobody_could_take_a_part_is_not_relied_on(
    optimizer: Optimizer,
) -> None:
    assert optimizer.by_number
    assert with_optimizer(2, optimizer).shares is None


def test_a_schedule_that_keeps_what_it_heard_to_itself_is_heard_by_all() -> None:
    class Halving(Constant):
        """A user's schedule that halves its rate each time it hears of a loss."""

        def observe(self, value: float) -> None:
            object.__setattr__(self, "factor", getattr(self, "factor", 1.0) * 0.5)

        def rate(self, base: float, clock: Clock) -> float:
            return float(base * getattr(self, "factor", 1.0))

    ends = []
    for threads in (1, 2):
        config = replace(experiment(threads).config, schedule=Halving())
        ends.append(trained(Experiment(config)).network.params.value)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9)


def test_a_network_may_be_looked_at_from_another_thread_while_it_is_trained() -> None:
    ours, other = (experiment(2, training={"epochs": 30}) for _ in range(2))
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            ours.network.params.value.sum()

    looker = threading.Thread(target=look)
    looker.start()
    try:
        trained(ours)
    finally:
        done.set()
        looker.join()
    assert_same(ours, trained(other))


def test_a_batch_may_be_larger_than_all_data() -> None:
    ours = experiment(2, training={"batch_size": 10**9})
    assert trained(ours).progress.step == 3


def test_a_copy_of_the_process_neither_trains_nor_ends_what_is_shared() -> None:
    ours, other = experiment(2), experiment(2)
    reports = train(ours)
    next(reports)
    if ours.shares is None or other.shares is None:
        assert not CAN_FORK
        return

    def meddle() -> None:
        with pytest.raises(NnfsError, match="go on from a saved state"):
            next(reports)
        with pytest.raises(NnfsError, match="in the process alone that made it"):
            next(train(other))
        ours.shares.rest() if ours.shares is not None else None

    copy = multiprocessing.get_context("fork").Process(target=meddle)
    copy.start()
    copy.join(30)
    assert copy.exitcode == 0
    list(reports)
    assert_same(ours, trained(other))


def interrupt_twice_in_epoch_2(ours: Experiment, run: RunDirectory) -> None:
    for report in conduct(ours, run):
        if isinstance(report, EpochReport) and report.epoch == 2:
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)


def test_two_interruptions_at_once_end_a_run_in_order(tmp_path: Path) -> None:
    ours = experiment(2, training={"epochs": 10**5})
    run = RunDirectory.create(tmp_path, ours.config, "twice")
    with pytest.raises((KeyboardInterrupt, InterruptionError)):
        interrupt_twice_in_epoch_2(ours, run)
    assert run.summary()["status"] == "interrupted"
    assert resume(run).progress.epoch in (0, 2)


BY_FEATURE = [
    pytest.param(name, options, id=f"{name}-{options}")
    for name in LAYERS
    if LAYERS[name].by_feature
    for options, shape in LAYERS[name].examples
    if len(shape) == 1 and (name, options) != ("prelu", {})  # whose one slope is all features' together
]


@pytest.mark.parametrize(("name", "options"), BY_FEATURE)
def test_layers_that_promise_it_give_some_features_what_they_give_all(
    name: str, options: dict[str, Any]
) -> None:
    draw = np.random.default_rng(3)
    x, dy, some = draw.normal(size=(6, 5)), draw.normal(size=(6, 5)), slice(1, 4)
    found = []
    for x_, dy_ in ((x, dy), (x[:, some].copy(), dy[:, some].copy())):
        layer = create(Layer, name, options)
        network = Network([layer], x_.shape[1:], "float64")
        network.initialize(np.random.default_rng(0))
        workspace = network.workspace(6)
        workspace.x[...], workspace.dy[...] = x_, dy_
        workspace.forward()
        dx = np.zeros_like(x_)
        y = workspace.y.copy() if layer.view(x_) is None else x_
        layer.param_grads(workspace.x, workspace.y, workspace.dy)
        layer.input_grad(workspace.x, workspace.y, workspace.dy, dx)
        grads = [param.grad.copy() for param in layer.params().values()]
        found.append([y, dx, *grads, *(each.value.copy() for each in layer.statistics().values())])
    for whole, part in zip(*found, strict=True):
        np.testing.assert_allclose(whole[..., some], part, rtol=1e-12, atol=1e-14)


def steps_of(optimizer: Optimizer, regularizer: Regularizer | None, some: slice) -> Array:
    """Seven numbers, or some of them, after five steps."""
    draw = np.random.default_rng(4)
    network = Network([create(Layer, "dense", {"units": 7, "bias": False})], (1,), "float64")
    start, grads = draw.normal(size=7), draw.normal(size=(5, 7))
    params = network.params
    if some != slice(None):
        width = len(range(7)[some])
        params = Network([create(Layer, "dense", {"units": width, "bias": False})], (1,), "float64").params
    params.value[...] = start[some]
    optimizer.build(params)
    for grad in grads:
        params.grad[...] = grad[some]
        if regularizer is not None:
            regularizer.add_gradient(params)
        optimizer.step(params, 0.1)
        if regularizer is not None:
            regularizer.constrain(params)
    return params.value


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if OPTIMIZERS[name].by_number])
def test_optimizers_that_promise_it_step_some_numbers_as_all(name: str) -> None:
    whole, part = (steps_of(create(Optimizer, name, {}), None, some) for some in (slice(None), slice(2, 6)))
    np.testing.assert_allclose(whole[2:6], part, rtol=1e-14)


@pytest.mark.parametrize("name", [name for name in REGULARIZERS if REGULARIZERS[name].by_number])
def test_regularizers_that_promise_it_treat_some_numbers_as_all(name: str) -> None:
    whole, part = (
        steps_of(SGD(), create(Regularizer, name, {}), some) for some in (slice(None), slice(2, 6))
    )
    np.testing.assert_allclose(whole[2:6], part, rtol=1e-14)


def test_every_shipped_optimizer_can_be_shared() -> None:
    assert all(
        OPTIMIZERS[name].by_number
        for name in OPTIMIZERS
        if OPTIMIZERS[name].__module__.startswith("nnfs_cli.")
    )


def test_the_rule_shares_what_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.core.blas_threads.usable_cores", lambda: 4)
    layers = [create(Layer, "dense", {"units": 128}), create(Layer, "dense", {"units": 10})]
    network = Network(layers, (784,), "float32")
    assert [choose_threads(network, n, "auto", by_features=True) for n in (16, 64, 1024)] == [1, 2, 4]
    assert [choose_threads(network, n, "auto") for n in (16, 64, 1024)] == [1, 1, 4]


def test_scores_and_averages_of_a_shared_training_are_those_of_its_end() -> None:
    scores = []
    for threads in (1, 2):
        ours = trained(experiment(threads, training={"ema": 0.5}))
        ours.use_best()
        scores.append(evaluate(ours, "validation").scores["loss"])
    assert scores[0] == pytest.approx(scores[1], rel=1e-9)


def test_a_shared_training_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.training.loop.HEARTBEAT_SECONDS", 0.0)
    reports = list(train(experiment(2, training={"log_every": 5})))
    assert sum(isinstance(report, Heartbeat) for report in reports) > 3
    assert sum(isinstance(report, StepReport) for report in reports) == 4
    assert [report.epoch for report in reports if isinstance(report, EpochReport)] == [1, 2, 3]
