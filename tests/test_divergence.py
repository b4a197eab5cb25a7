"""Divergence: found at its step, told with its layer, its last finite weights kept, and rolled back."""

import json
import math
import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from nnfs_cli import DATASETS, Data, Dataset, Split
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import DivergenceError
from nnfs_cli.jobs import record
from nnfs_cli.jobs.checkpoint import write_checkpoint
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import train_run
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.losses.mse import MSE
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.schedules.base import SCHEDULES
from nnfs_cli.training import recovery
from nnfs_cli.training.divergence import Diverged, check_arrays, check_loss
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Evaluation, Heartbeat, Report, Rollback, StepReport
from tests.conftest import Nnfs
from tests.test_commands import same_numbers
from tests.toys import BARS, BLOBS, CUBIC, toy, toy_config

Engines = Literal["plain", "fast"]
EVERY_ENGINE = pytest.mark.parametrize("engine", ["plain", "fast"])
NAMED = re.compile(r"at step (\d+), in epoch (\d+); first went bad: (?:the \w+ of |the output of )*(\w+)")


def slow(*values: object) -> Any:
    """A case that CI tries, but not the fast suite."""
    return pytest.param(*values, marks=pytest.mark.slow)


ROLLBACK = "training.on_divergence=rollback"
DEEP = (
    "layers=["
    + "{type: dense, units: 30, init: {type: normal, stddev: 30.0}}, relu, " * 14
    + "{type: dense, units: 1}]"
)
NORMED = BLOBS.replace("relu", "batch_norm, relu")


@DATASETS.register("toy_far_validation")
@dataclass(frozen=True)
class FarValidation(Dataset):
    """Numbers near 1 for training, and near 1e38 for validation."""

    def load(self, rng: np.random.Generator) -> Data:
        x = np.linspace(-1.0, 1.0, 60, dtype=np.float32)[:, None] * np.ones(4, np.float32)
        far, t = 3e38 * np.ones_like(x), x[:, :1].astype(np.float64)
        splits = {"train": Split(x, t, np.arange(60)), "validation": Split(far, t, np.arange(60))}
        return Data(splits, fingerprint="far")


def ending(experiment: Experiment) -> str:
    """Train; the message of the divergence, or an empty text. All that remains must be finite."""
    said = ""
    try:
        for _ in train(experiment):
            pass
    except DivergenceError as error:
        said = str(error)
    params = experiment.network.params
    assert np.isfinite(params.value).all()
    assert np.isfinite(params.statistics).all()
    return said


def named(message: str) -> tuple[str, ...]:
    """(step, epoch, layer) in a message; nothing if there is none."""
    found = NAMED.search(message)
    assert found or not message, message
    return found.groups() if found else ()


def alike_in_both(text: str, *overrides: str) -> str:
    """The message of the plain engine; that of the fast one names the same step, epoch and layer."""
    plain, fast = (ending(toy(text, *overrides, engine=engine)) for engine in ("plain", "fast"))
    assert named(plain) == named(fast)
    return plain


@pytest.mark.parametrize("rate", [slow("1e4"), slow("1e30"), "1e300"])
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_any_optimizer_at_a_huge_rate_ends_with_finite_weights_and_names_a_layer(
    name: str, rate: str
) -> None:
    options = f"optimizer={{type: {name}, learning_rate: {rate}}}"
    message = alike_in_both(CUBIC, options)
    if rate == "1e300":
        assert message.startswith("training diverged: ")


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_any_loss_ends_with_finite_weights_and_names_a_layer(name: str) -> None:
    classes = "classification" in LOSSES[name].tasks
    text = BLOBS if classes else CUBIC
    if name == "binary_cross_entropy":
        text = text.replace("toy_blobs", "toy_halves").replace("units: 3}", "units: 1}")
    if name == "poisson":
        text = text.replace("cubic,", "toy_counts,").replace("validation: 40", "")
    options = (f"loss={name}", "metrics=[]", "optimizer={type: sgd, learning_rate: 1e25}")
    assert alike_in_both(text, *options).startswith("training diverged: ")


@DATASETS.register("toy_counts")
@dataclass(frozen=True)
class Counts(Dataset):
    """A count that grows with its input."""

    standardize_target: bool = False

    def load(self, rng: np.random.Generator) -> Data:
        x = np.linspace(0.0, 2.0, 80, dtype=np.float32)[:, None]
        split = Split(x, np.floor(np.exp(x.astype(np.float64))), np.arange(80))
        return Data({"train": split}, fingerprint="counts")


@EVERY_ENGINE
def test_a_deep_network_whose_weights_explode_names_its_first_overflow_and_its_init(engine: Engines) -> None:
    message = ending(toy(CUBIC, DEEP, engine=engine))
    assert re.search(
        r"the loss was (inf|nan) at step 1, in epoch 1; first went bad: the output of \d+_dense", message
    )
    message = ending(
        toy(CUBIC, DEEP.replace("30.0", "1.5"), "optimizer={type: sgd, learning_rate: 1}", engine=engine)
    )
    assert "the initial weights are too large; try another `init`" in message


@EVERY_ENGINE
@pytest.mark.parametrize("log_every", [4, 7, 1000])
def test_the_first_bad_step_is_told_however_seldom_steps_are_logged(log_every: int, engine: Engines) -> None:
    options = "optimizer={type: sgd, learning_rate: 0.6, momentum: 0.9}", f"training.log_every={log_every}"
    experiment = toy(CUBIC, *options, "training.epochs=40", engine=engine)
    message = ending(experiment)
    always = ending(toy(CUBIC, options[0], "training.epochs=40", engine=engine))
    step, _, layer = named(always)
    assert int(step) > 4
    if log_every < 1000:  # an epoch's mean loss is smaller than its largest
        assert named(message) == named(always)
    assert layer in experiment.network.names
    assert experiment.progress.step == int(named(message)[0]) - 1


@EVERY_ENGINE
@pytest.mark.parametrize("text", [CUBIC, NORMED, slow(BARS)])
def test_where_the_marks_are_changes_nothing(
    text: str, engine: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["training.epochs=30", "training.log_every=3", "training.ema=0.9"]
    options.append(
        "optimizer={type: sgd, learning_rate: 1, momentum: 0.9}"
        if text == CUBIC
        else "optimizer.learning_rate=1e25"
    )
    options.append("schedule={type: reduce_on_plateau, patience: 0}")
    states, messages = [], []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr("nnfs_cli.training.retrace.SECONDS", seconds)
        monkeypatch.setattr("nnfs_cli.training.retrace.SHARE", 1e9)
        experiment = toy(text, *options, engine=engine)
        messages.append(ending(experiment))
        states.append({key: np.copy(array) for key, array in experiment.own_state().items()})
    assert named(messages[0]) == named(messages[1]) != ()
    for key, array in states[0].items():
        if key != "progress/seconds":
            np.testing.assert_array_equal(array, states[1][key], err_msg=key)


def test_the_start_of_a_loss_is_no_smaller_than_that_of_outputs_of_zero() -> None:
    experiment = toy(CUBIC)
    progress = experiment.progress
    progress.start_loss = 0.0
    check_loss(experiment, 1e30)  # there is nothing to measure it by
    for start in (1e-9, 3.0):
        progress.start_loss = start
        check_loss(experiment, 0.99e6 * start)
        check_loss(experiment, -1e30)
        with pytest.raises(Diverged):
            check_loss(experiment, 1.01e6 * start)
    other = toy(CUBIC, "optimizer.learning_rate=1e-6")
    next(train(other))
    t = other.data.splits["train"].t
    assert other.progress.start_loss >= 0.99 * float(np.square(t[other.data.splits["train"].rows]).mean())


@pytest.mark.parametrize("where", ["value", "statistics", "average"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_each_array_that_is_not_finite_is_found(where: str, number: float) -> None:
    experiment = toy(NORMED, "training.ema=0.9")
    check_arrays(experiment)
    place: Any = experiment.descent if where == "average" else experiment.network.params
    array = getattr(place, where)
    array[-1] = number
    with pytest.raises(Diverged):
        check_arrays(experiment)
    array[-1] = 3e38  # its square is not finite, but it is
    with np.errstate(over="ignore"):
        check_arrays(experiment)


@pytest.mark.parametrize("where", ["value", "statistics", "average", "loss"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_the_loops_quick_look_doubts_whatever_is_not_finite(
    monkeypatch: pytest.MonkeyPatch, where: str, number: float
) -> None:
    experiment = toy(NORMED, "training.ema=0.9", "training.log_every=2")
    reports = train(experiment)
    next(reports)
    if where == "loss":
        monkeypatch.setattr(type(experiment.loss), "value", lambda *_: number)
    else:
        place: Any = experiment.descent if where == "average" else experiment.network.params
        getattr(place, where)[-1] = number
    with pytest.raises(DivergenceError):
        next(reports)


@EVERY_ENGINE
def test_a_running_variance_that_overflows_is_a_divergence(engine: Engines) -> None:
    text = BLOBS.replace(
        "{type: dense, units: 8}", "{type: dense, units: 8, init: {type: normal, stddev: 1e+22}}, batch_norm"
    )
    message = ending(toy(text, engine=engine))
    assert "at step 1, in epoch 1" in message
    assert "1_batch_norm" in message


@EVERY_ENGINE
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_validation_that_overflows_is_a_divergence_that_names_the_layer(engine: Engines, ema: float) -> None:
    text = CUBIC.replace("{type: cubic, validation: 40}", "toy_far_validation").replace("tanh", "relu")
    experiment = toy(text, f"training.ema={ema}", engine=engine)
    message = ending(experiment)
    assert "in validation after epoch 1; first went bad: the output of 0_dense" in message
    assert experiment.progress.step == 2


def test_a_heartbeat_never_comes_with_parameters_that_are_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfs_cli.training.loop.HEARTBEAT_SECONDS", 0.0)
    experiment = toy(BLOBS, "training.log_every=1000", "optimizer.learning_rate=1e30")
    reports: list[Report] = []
    with pytest.raises(DivergenceError, match="at step 2, in epoch 1"):
        reports.extend(train(experiment))
    assert [type(report) for report in reports] == [Heartbeat]
    assert [type(report) for report in train(toy(BLOBS, "training.log_every=1000"))].count(Heartbeat) == 70


class Spoiled(MSE):
    """A user's loss that becomes not-a-number at its hundredth value."""

    type_name = "spoiled"
    values = 0

    def value(self, z: Array, t: Array) -> float:
        type(self).values += 1
        return math.nan if self.values > 100 else super().value(z, t)


def test_a_users_loss_that_is_not_a_number_is_a_divergence() -> None:
    config = replace(toy_config(CUBIC, ["training.epochs=60"]), loss=Spoiled())
    experiment = Experiment(config)
    assert "the loss was nan" in ending(experiment)


def run_of(
    tmp_path: Path, name: str, text: str, *overrides: str, stop_after: int = 0, plain: bool = False
) -> RunDirectory:
    """A run of a toy, stopped after a report if `stop_after` says so."""
    experiment = Experiment(toy_config(text, [*overrides, *(["training.engine=plain"] if plain else [])]))
    run = RunDirectory.create(tmp_path, experiment.config, name)
    go(train_run(experiment, run), stop_after)
    return run


def go(training: Any, stop_after: int = 0) -> None:
    assert isinstance(training, Generator)
    for i, _ in enumerate(training, 1):
        if i == stop_after:
            training.close()


WILD = {
    "cubic": (CUBIC, "optimizer={type: sgd, learning_rate: 0.7, momentum: 0.9}", "training.epochs=6"),
    "adam": (CUBIC, "optimizer={type: adam, learning_rate: 3e+3}", "training.epochs=4", "training.ema=0.9"),
    "bars": (BARS, "optimizer={type: sgd, learning_rate: 1.5e+3}", "training.epochs=3"),
}
"""Trainings that diverge, and recover at a lower rate."""


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("cubic", False),
        slow("cubic", True),
        slow("adam", False),
        slow("adam", True),
        slow("bars", False),
        slow("bars", True),
    ],
)
def test_a_run_that_rolled_back_is_the_same_wherever_it_was_stopped(
    tmp_path: Path, text: str, plain: bool
) -> None:
    options = *WILD[text], ROLLBACK
    whole = run_of(tmp_path, "whole", *options, plain=plain)
    rollbacks = whole.summary()["rollbacks"]
    assert rollbacks
    reports = len(whole.table("steps.csv")["step"])
    for stop_after in sorted({1, 3, reports // 2, reports - 1}):
        run = run_of(tmp_path, f"stopped-{stop_after}", *options, stop_after=stop_after, plain=plain)
        go(train_run(resume(run), run))
        assert same_numbers(run.path, whole.path), stop_after
        assert run.summary()["rollbacks"] == rollbacks
        assert run.summary()["final"].keys() == whole.summary()["final"].keys()


def test_no_checkpoint_counts_a_rollback_that_the_summary_does_not_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []

    def look(experiment: Experiment, run: RunDirectory, *rest: Any) -> None:
        counts.append((experiment.progress.rollbacks, len(run.summary()["rollbacks"])))
        write_checkpoint(experiment, run, *rest)

    monkeypatch.setattr(record, "write_checkpoint", look)
    run_of(tmp_path, "run", *WILD["cubic"], ROLLBACK)
    assert max(counts) > (0, 0)
    assert all(counted <= named for counted, named in counts)


@pytest.mark.parametrize("schedule", [slow(name) for name in sorted(SCHEDULES)])
def test_every_schedule_goes_on_at_half_its_rate_after_a_rollback(tmp_path: Path, schedule: str) -> None:
    needed = {"step": {"every": 1}}.get(schedule, {})
    options = f"schedule={json.dumps({'type': schedule, 'warmup': 1, **needed})}"
    run = run_of(
        tmp_path,
        "run",
        CUBIC,
        options,
        "optimizer={type: sgd, learning_rate: 4, momentum: 0.9}",
        ROLLBACK,
        "training.epochs=4",
    )
    experiment = Experiment(run.config())
    times, epochs = len(run.summary()["rollbacks"]), run.table("epochs.csv")
    assert 0 < times <= recovery.MOST_ROLLBACKS
    if schedule != "reduce_on_plateau":
        rate = experiment.learning_rate(int(epochs["step"][-1]) - 1)
        assert epochs["learning_rate"][-1] == pytest.approx(rate * 0.5**times)
    assert np.all(np.diff(run.table("steps.csv")["step"]) == 1)
    assert np.all(np.diff(epochs["epoch"]) == 1)


def test_a_run_killed_while_it_drops_rows_goes_on_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_of(tmp_path, "whole", *WILD["cubic"], ROLLBACK)
    for where in (
        "jobs.record.write_checkpoint",
        "runs.recorder.Recorder.close",
        "jobs.record.Record.checkpoint",
    ):
        name = where.rpartition(".")[2]
        experiment = Experiment(toy_config(WILD["cubic"][0], [*WILD["cubic"][1:], ROLLBACK]))
        run = RunDirectory.create(tmp_path, experiment.config, name)
        training = train_run(experiment, run)
        next(training)
        with monkeypatch.context() as patch:
            patch.setattr(f"nnfs_cli.{where}", killed)
            with pytest.raises(RuntimeError, match="killed"):
                list(training)
        go(train_run(resume(run), run))
        assert same_numbers(run.path, whole.path), where


def killed(*_: object) -> None:
    raise RuntimeError("killed")


def test_after_five_rollbacks_training_stops_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError, match="it went back 5 times and on at half the learning rate"):
        run_of(tmp_path, "run", CUBIC, "optimizer.learning_rate=1e30", ROLLBACK)
    run = RunDirectory(tmp_path / "run")
    summary = run.summary()
    assert summary["status"] == "diverged"
    assert len(summary["rollbacks"]) == 5
    assert sum("of at most 5 times" in note for note in summary["notes"]) == 5


def test_a_rollback_returns_to_an_epoch_no_worse_than_the_start() -> None:
    """The end of an epoch may be lost already, though its loss is not beyond bounds yet."""
    experiment = toy(*WILD["cubic"], ROLLBACK)
    losses = {0: math.inf}
    for report in train(experiment):
        if isinstance(report, EpochReport):
            losses[report.epoch] = report.train["loss"]
        if isinstance(report, Rollback):
            assert report.epoch == 0 or losses[report.epoch] <= experiment.progress.start_loss
            assert experiment.progress.best_epoch <= report.epoch
    assert experiment.finished


def test_a_training_that_does_not_diverge_is_the_same_with_rollback(tmp_path: Path) -> None:
    runs = [run_of(tmp_path, name, BLOBS, f"training.on_divergence={name}") for name in ("stop", "rollback")]
    assert same_numbers(runs[0].path, runs[1].path)
    assert runs[1].summary()["rollbacks"] == []


def test_a_diverged_run_can_be_resumed_with_rollback(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError):
        run_of(tmp_path, "run", *WILD["cubic"])
    run = RunDirectory(tmp_path / "run")
    file = run.path / "config.yaml"
    file.write_text(file.read_text().replace("on_divergence: stop", "on_divergence: rollback"))
    go(train_run(resume(run), run))
    assert run.summary()["status"] == "completed"
    assert "divergence" not in run.summary()
    assert same_numbers(run.path, run_of(tmp_path, "other", *WILD["cubic"], ROLLBACK).path)


def test_a_checkpoint_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    whole = run_of(tmp_path, "whole", CUBIC)
    run = run_of(tmp_path, "run", CUBIC, stop_after=9)
    state = run.arrays("checkpoint.npz")
    run.write_arrays(
        "checkpoint.npz", {k: v for k, v in state.items() if not k.endswith(("start_loss", "rollbacks"))}
    )
    go(train_run(resume(run), run))
    assert same_numbers(run.path, whole.path)


@pytest.mark.usefixtures("draws")
@pytest.mark.parametrize("rate", [slow("1"), slow("1e10"), slow("1e20"), slow("1e300")])
def test_every_command_takes_a_diverged_run(nnfs: Nnfs, rate: str) -> None:
    short = ("--set", "dataset.validation=0", "--set", "training.epochs=40")
    outcome = nnfs("train", "cubic.yaml", "--id", "one", *short, "--set", f"optimizer.learning_rate={rate}")
    assert outcome.status == 3
    assert "the weights in runs/one are the last finite ones, after step " in outcome.err
    run = RunDirectory(Path("runs/one"))
    assert all(np.isfinite(array).all() for array in run.arrays("weights.npz").values())
    assert run.summary()["divergence"] in outcome.err
    Path("new.csv").write_text("x\n0.5\n1.5\n")
    for command in (
        ("evaluate", "one"),
        ("predict", "one", "new.csv"),
        ("plot", "one"),
        ("report", "one"),
        ("runs",),
    ):
        assert nnfs(*command).status == 0, command


def test_a_score_that_overflows_is_null_and_breaks_nothing(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnfs_cli.training.evaluation import evaluate, split_scores

    def scored(experiment: Experiment, split: str) -> dict[str, float]:
        return {**split_scores(experiment, split), "rmse": math.inf}

    def overflowed(experiment: Experiment, split: str) -> Evaluation:
        found = evaluate(experiment, split)
        return replace(found, scores={**found.scores, "rmse": math.inf})

    with monkeypatch.context() as patch:
        patch.setattr("nnfs_cli.training.epoch.split_scores", scored)
        patch.setattr("nnfs_cli.jobs.results.evaluate", overflowed)
        assert nnfs("train", "cubic.yaml", "--id", "one").status == 0
    assert RunDirectory(Path("runs/one")).summary()["scores"]["validation"]["rmse"] is None
    for command in (("runs",), ("evaluate", "one"), ("report", "one")):
        assert nnfs(*command).status == 0, command


def test_what_is_logged_before_a_divergence_is_finite() -> None:
    experiment = toy(CUBIC, "optimizer.learning_rate=1")
    reports: list[Report] = []
    with pytest.raises(DivergenceError):
        reports.extend(train(experiment))
    assert all(math.isfinite(report.loss) for report in reports if isinstance(report, StepReport))
