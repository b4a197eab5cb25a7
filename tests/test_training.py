"""Training: it is repeatable and resumable, and reports correct numbers."""

import contextlib
import copy
import math
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, Literal

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.blas_threads import blas, limit_blas
from nnfs_cli.core.errors import DivergenceError, NnfsError
from nnfs_cli.core.interrupts import STOPS, StopRequest, Uninterrupted
from nnfs_cli.core.params import Statistic
from nnfs_cli.engine.batch import Batch
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.layers.base import Layer
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.speed.engine import FastEngine
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Heartbeat, Report, StepReport
from tests.test_nested import NESTED
from tests.toys import BARS, BLOBS, CUBIC, toy, toy_config

Engines = Literal["plain", "fast"]
EVERY_ENGINE = pytest.mark.parametrize("engine", ["plain", "fast"])


def numbers(report: Report) -> tuple[object, ...]:
    if isinstance(report, EpochReport):
        return (report.epoch, report.step, report.train, report.validation, report.is_best)
    assert isinstance(report, StepReport)
    return (report.step, report.epoch, report.loss, report.metrics)


def reports(experiment: Experiment) -> list[tuple[object, ...]]:
    return [numbers(report) for report in train(experiment) if not isinstance(report, Heartbeat)]


@EVERY_ENGINE
@pytest.mark.parametrize("text", [CUBIC, BLOBS])
def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(text: str, engine: Engines) -> None:
    one, same, other = (toy(text, f"seed={seed}", engine=engine) for seed in (3, 3, 4))
    assert reports(one) == reports(same) != reports(other)
    np.testing.assert_array_equal(one.network.params.value, same.network.params.value)


@EVERY_ENGINE
def test_training_never_touches_the_global_generator(engine: Engines) -> None:
    state = np.random.get_state()
    list(train(toy(BLOBS, engine=engine)))
    for before, after in zip(state, np.random.get_state(), strict=True):
        np.testing.assert_array_equal(before, after)


@EVERY_ENGINE
def test_scores_do_not_depend_on_the_callers_number_of_threads(
    engine: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BLAS may round otherwise with another number."""
    used, own = set[int](), CrossEntropy.value

    def value(loss: CrossEntropy, z: Array, t: Array) -> float:
        used.add(blas().num_threads)
        return own(loss, z, t)

    monkeypatch.setattr(CrossEntropy, "value", value)
    ours = toy(BLOBS, *SHORT, engine=engine)
    with limit_blas(2):
        list(train(ours))
        evaluate(ours, "test")
        assert blas().num_threads == 2
    assert used == {1}


@EVERY_ENGINE
@pytest.mark.parametrize("text", [CUBIC, BLOBS])
@pytest.mark.parametrize("stop_after", [1, 5, 7, 17, 32])
def test_resumed_equals_uninterrupted_bit_for_bit(text: str, stop_after: int, engine: Engines) -> None:
    whole = toy(text, engine=engine)
    expected = reports(whole)
    first, seen = toy(text, engine=engine), []
    for report in train(first):
        if not isinstance(report, Heartbeat):
            seen.append(numbers(report))
        if len(seen) == stop_after:
            break
    state = {name: array.copy() for name, array in first.state().items()}
    second = toy(text, engine=engine)
    second.load_state(state, "memory")
    assert seen + reports(second) == expected
    np.testing.assert_array_equal(second.network.params.value, whole.network.params.value)
    second.use_best()
    whole.use_best()
    np.testing.assert_array_equal(second.network.params.value, whole.network.params.value)


SHORT = (
    "training.epochs=3", "training.batch_size=30", "training.log_every=2", "training.ema=0.5",
    "schedule={type: reduce_on_plateau, patience: 0, threshold: 0.5}",
)  # fmt: skip


def state_copy(experiment: Experiment) -> dict[str, Array]:
    """A copy of its state, without the seconds."""
    return {name: np.copy(a) for name, a in experiment.state().items() if name != "progress/seconds"}


def assert_both_end_at(end: dict[str, Array], stopped: Experiment) -> None:
    """Check that an experiment, and another that loads its state, end as one that was never stopped."""
    other = Experiment(stopped.config)
    if stopped.engine.name == "fast":
        choose_engine(other)
    other.load_state({name: np.copy(array) for name, array in stopped.state().items()}, "memory")
    for each in (stopped, other):
        list(train(each))
        now = state_copy(each)
        assert now.keys() == end.keys()
        for name, array in end.items():
            np.testing.assert_array_equal(now[name], array, err_msg=name)


@EVERY_ENGINE
@pytest.mark.parametrize("epoch", [0, 1, 2])
@pytest.mark.parametrize("where", ["epoch", "step"])
def test_stopped_between_an_epochs_shuffle_and_its_first_step_it_goes_on_in_that_order(
    where: str, epoch: int, engine: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = (toy(BLOBS, *SHORT, engine=engine) for _ in range(2))
    list(train(whole))
    place, name = (stopped, "learning_rates") if where == "epoch" else (stopped.engine, "step")
    own = getattr(place, name)

    def stop(*arguments: Any) -> Any:
        if stopped.progress.epoch == epoch:
            raise KeyboardInterrupt
        return own(*arguments)

    for _ in range(2):  # stop it again after it resumed
        with monkeypatch.context() as patch:
            patch.setattr(place, name, stop)
            with pytest.raises(KeyboardInterrupt):
                list(train(stopped))
        assert (stopped.progress.epoch, stopped.progress.position) == (epoch, 0)
    assert_both_end_at(state_copy(whole), stopped)


@dataclass(eq=False)
class LateNoise(Layer):
    """A user's layer that draws from its fifth batch on."""

    def build(self, shape: Shape) -> Shape:
        self.batches = Statistic((1,), 0.0)
        return shape

    def forward(self, x: Array, y: Array) -> None:
        np.copyto(y, x)
        self.batches.value += 1.0
        if self.batches.value[0] > 4:
            y += self.rng.normal(size=x.shape)

    def infer(self, x: Array, y: Array) -> None:
        np.copyto(y, x)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.copyto(dx, dy)


@EVERY_ENGINE
@pytest.mark.parametrize("stop_after", [2, 4, 7])
def test_what_is_drawn_in_a_step_is_the_same_whenever_drawing_began(
    stop_after: int, engine: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LateNoise, "type_name", "late_noise", raising=False)
    config = toy_config(BLOBS)
    config = replace(config, layers=(config.layers[0], LateNoise(), *config.layers[1:]))
    whole, stopped = Experiment(config), Experiment(config)
    for each in (whole, stopped):
        if engine == "fast":
            choose_engine(each)
    list(train(whole))
    for i, _ in enumerate(train(stopped), 1):
        if i == stop_after:
            break
    assert_both_end_at(state_copy(whole), stopped)


@EVERY_ENGINE
def test_a_state_loaded_between_two_reports_is_where_training_goes_on(engine: Engines) -> None:
    whole = toy(BLOBS, *SHORT, engine=engine)
    states = [state_copy(whole) for _ in train(whole)]
    end = state_copy(whole)
    for before in range(0, len(states), 3):
        for state in states[before % 2 :: 2]:
            moved = toy(BLOBS, *SHORT, engine=engine)
            for i, _ in enumerate(train(moved)):
                if i == before:
                    moved.load_state({**state, "progress/seconds": np.zeros(())}, "memory")
            for name, array in end.items():
                np.testing.assert_array_equal(state_copy(moved)[name], array, err_msg=name)


class CtrlC:
    """In the `with` block, presses Ctrl-C or sends another signal at the nth line of the package's code."""

    def __init__(self, nth: int, number: signal.Signals = signal.SIGINT) -> None:
        self.left, self.number = nth, number

    def __enter__(self) -> "CtrlC":
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if "nnfs_cli" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(self.number)
        return self._trace


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_wherever_ctrl_c_comes_training_goes_on_from_there_as_if_it_had_not(engine: Engines) -> None:
    whole = toy(BLOBS, *SHORT, engine=engine)
    with CtrlC(0) as counted:
        list(train(whole))
    end, lines = state_copy(whole), -counted.left
    stops = 0
    for nth in range(1, lines, 29):
        stopped = toy(BLOBS, *SHORT, engine=engine)
        with contextlib.suppress(KeyboardInterrupt), CtrlC(nth):
            list(train(stopped))
        stops += not stopped.finished
        assert_both_end_at(end, stopped)
    assert stops > 50, "now and then one may come too late"


def test_a_second_ctrl_c_does_not_wait_for_the_step_to_end() -> None:
    heard: list[int] = []

    def take_note(number: int, _: object) -> None:
        heard.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, take_note)
    try:
        for _ in range(2):
            with Uninterrupted():
                signal.raise_signal(signal.SIGINT)
                assert not heard
            assert heard.pop() == signal.SIGINT
            signal.signal(signal.SIGINT, take_note)
        with pytest.raises(KeyboardInterrupt), Uninterrupted(), Uninterrupted():  # noqa: PT012  all that is delayed
            signal.raise_signal(signal.SIGINT)
            assert not heard
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it waited")
        assert heard == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_that_comes_while_steps_begin_or_end_is_heard_once_and_by_nobody_later(
    number: signal.Signals,
) -> None:
    before, left = [signal.getsignal(each) for each in STOPS], 0
    for nth in range(1, 30):
        with StopRequest() as stop:
            with CtrlC(nth, number) as came, Uninterrupted():
                pass
            left = came.left
            assert stop.requested == (left <= 0)
        assert [signal.getsignal(each) for each in STOPS] == before
    assert left > 0, "every line was tried"


def test_the_state_of_another_architecture_is_refused_by_name() -> None:
    state = toy(CUBIC).state()
    with pytest.raises(NnfsError, match=r"memory: .*params must have shape \(\d+,\)"):
        toy(CUBIC, "layers.0.units=9").load_state(state, "memory")


def test_every_row_is_trained_on_once_an_epoch_and_the_last_batch_is_what_is_left() -> None:
    experiment = toy(BLOBS, "training.batch_size=100", "training.epochs=1")
    seen: list[Array] = []
    fill = Batch.fill

    def spy(self: object, rows: Array) -> None:
        seen.append(rows.copy())
        fill(self, rows)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnfs_cli.engine.batch.Batch.fill", spy)
        next(report for report in train(experiment) if isinstance(report, StepReport) and report.step == 3)
    assert [len(rows) for rows in seen] == [100, 100, 40]
    assert sorted(np.concatenate(seen)) == sorted(experiment.data.splits["train"].rows)


def test_a_batch_size_above_the_rows_trains_on_all_of_them_at_once() -> None:
    experiment = toy(BLOBS, "training.batch_size=1000", "training.epochs=2")
    assert [report.step for report in train(experiment) if isinstance(report, EpochReport)] == [1, 2]


def test_an_epochs_training_loss_is_the_mean_over_its_rows_of_the_steps_losses() -> None:
    experiment = toy(BLOBS, "training.epochs=1", "training.batch_size=100")
    steps = []
    for report in train(experiment):
        if isinstance(report, StepReport):
            steps.append(report)
        elif isinstance(report, EpochReport):
            weights = [100, 100, 40]
            for key, score in report.train.items():
                parts = [step.loss if key == "loss" else step.metrics[key] for step in steps]
                assert score == pytest.approx(np.average(parts, weights=weights), rel=1e-6)


@EVERY_ENGINE
def test_validation_scores_are_those_of_evaluate_to_the_last_digit(engine: Engines) -> None:
    experiment = toy(BLOBS, engine=engine)
    best: EpochReport | None = None
    for report in train(experiment):
        if isinstance(report, EpochReport):
            assert report.validation == evaluate(experiment, "validation").scores
            best = report if report.is_best else best
    assert best is not None
    experiment.use_best()
    assert evaluate(experiment, "validation").scores == best.validation


@pytest.mark.parametrize(("monitor", "pick"), [("val_loss", min), ("val_accuracy", max), ("val_brier", min)])
def test_the_best_epoch_is_the_first_with_the_best_monitored_value(
    monitor: str, pick: Callable[[list[float]], float]
) -> None:
    experiment = toy(BLOBS, f"training.monitor={monitor}")
    values = [
        report.validation[monitor.removeprefix("val_")]
        for report in train(experiment)
        if isinstance(report, EpochReport)
    ]
    assert experiment.progress.best_epoch == values.index(pick(values)) + 1


@EVERY_ENGINE
@pytest.mark.parametrize("log_every", [1, 1000])
def test_divergence_is_told_with_its_step_and_a_remedy(log_every: int, engine: Engines) -> None:
    overrides = "optimizer.learning_rate=1e20", f"training.log_every={log_every}"
    experiment = toy(CUBIC, *overrides, engine=engine)
    with pytest.raises(
        DivergenceError, match=r"(?s)the loss was inf at step 2, .*smaller optimizer.learning_rate"
    ):
        list(train(experiment))


def test_a_long_stretch_without_a_logged_step_still_gives_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.training.loop.HEARTBEAT_SECONDS", 0.0)
    kinds = [type(report) for report in train(toy(BLOBS, "training.log_every=1000", "training.epochs=1"))]
    assert kinds == [Heartbeat] * 14 + [EpochReport]


def test_float32_and_float64_start_from_the_same_weights_and_stay_close() -> None:
    single, double = toy(BLOBS), toy(BLOBS, "dtype=float64")
    np.testing.assert_array_equal(single.network.params.value, double.network.params.value.astype("float32"))
    list(train(single))
    list(train(double))
    np.testing.assert_allclose(single.network.params.value, double.network.params.value, atol=1e-4)


def test_weight_decay_spares_the_biases() -> None:
    experiment = toy(BLOBS, "optimizer.weight_decay=0.5", "optimizer.learning_rate=0.1")
    params = experiment.network.params
    before = params.arrays()
    params.grad[...] = 0.0
    experiment.descent.optimizer.step(params, 0.1)
    for name, array in params.arrays().items():
        factor = 1.0 if name.endswith("/b") else 1.0 - 0.1 * 0.5
        np.testing.assert_allclose(array, before[name] * factor, rtol=1e-6)


def test_a_score_of_a_finished_network_is_finite_and_the_toy_is_learned() -> None:
    experiment = toy(BLOBS, "training.epochs=40")
    list(train(experiment))
    scores = evaluate(experiment, "test").scores
    assert all(math.isfinite(score) for score in scores.values())
    assert scores["accuracy"] > 0.85


def test_trainings_that_take_turns_each_have_their_number_of_threads_and_leave_the_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def now() -> list[int]:
        return [blas().num_threads]  # NumPy's: SciPy, which other tests import, has one of its own

    def settings(threads: int) -> list[int]:
        with threadpool_limits(limits=threads, user_api="blas"):
            return now()

    one, two = (toy(BLOBS, engine="fast") for _ in range(2))
    assert isinstance(two.engine, FastEngine)
    two.engine.blas_threads = 2  # as in a run of an earlier version that is resumed
    had: dict[int, list[list[int]]] = {id(one.engine): [], id(two.engine): []}
    step = FastEngine.step

    def spy(self: FastEngine, rows: slice, number: int, learning_rate: float) -> None:
        had[id(self)].append(now())
        step(self, rows, number, learning_rate)

    monkeypatch.setattr(FastEngine, "step", spy)
    before = now()
    first, second = train(one), train(two)
    for _ in range(5):
        for reports_ in (first, second):
            next(reports_)
            assert now() == before
    evaluate(one, "validation")
    next(second)
    first.close()
    for _ in range(5):
        next(second)
        assert now() == before
    second.close()
    assert now() == before
    assert had == {id(one.engine): [settings(1)] * 5, id(two.engine): [settings(2)] * 11}


@pytest.mark.parametrize("make", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301
@pytest.mark.parametrize("before", [0, 3, 9])
@pytest.mark.parametrize("text", [BLOBS, NESTED, BARS])
@EVERY_ENGINE
def test_a_copy_of_an_experiment_goes_on_as_that_does(
    engine: Engines, text: str, before: int, make: Callable[[Experiment], Experiment]
) -> None:
    ours = toy(text, *SHORT, engine=engine)
    for i, _ in enumerate(train(ours), 1):
        if i > before:
            break
    copied = make(ours)
    for each in (copied, ours):
        list(train(each))
    for name, array in state_copy(ours).items():
        np.testing.assert_array_equal(state_copy(copied)[name], array, err_msg=name)


def test_a_training_may_end_in_another_thread_than_it_began_in() -> None:
    ours, same, before = toy(BLOBS, *SHORT), toy(BLOBS, *SHORT), signal.getsignal(signal.SIGINT)
    under_way = train(ours)
    next(under_way)
    left = list[object]()
    thread = threading.Thread(target=lambda: left.extend(under_way))
    thread.start()
    thread.join()
    try:
        assert len(left) == len(list(train(same))) - 1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
