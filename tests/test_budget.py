"""`training.budget`: an end after so many steps or seconds, wherever in an epoch that is."""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from nnfs_cli.config.experiment import Budget
from nnfs_cli.core.errors import ConfigError, OptionError
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Heartbeat
from tests.conftest import Nnfs
from tests.toys import BLOBS, CUBIC, toy, toy_config

STEPS_PER_EPOCH = 5
"""Of CUBIC: 160 training rows in batches of 32."""
BOTH: list[Literal["plain", "fast"]] = ["plain", "fast"]


def trained(*overrides: str, engine: Literal["plain", "fast"] = "plain", text: str = CUBIC) -> Experiment:
    experiment = toy(text, *overrides, engine=engine)
    list(train(experiment))
    return experiment


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize("log_every", [1, 1000])
@pytest.mark.parametrize("steps", [1, 5, 13, 24])
def test_training_ends_after_exactly_so_many_steps(
    steps: int, log_every: int, engine: Literal["plain", "fast"]
) -> None:
    experiment = trained(f"training.budget.steps={steps}", f"training.log_every={log_every}", engine=engine)
    assert experiment.progress.step == steps
    assert divmod(steps, STEPS_PER_EPOCH) == (experiment.progress.epoch, experiment.progress.position // 32)
    assert experiment.finished
    whole = toy(CUBIC, f"training.log_every={log_every}", engine=engine)
    whole.pause = steps
    for _ in train(whole):
        if whole.progress.step == steps:
            break
    np.testing.assert_array_equal(whole.network.params.value, experiment.network.params.value)


def test_the_last_report_says_where_it_ended_once() -> None:
    reports = list(train(toy(CUBIC, "training.budget.steps=7")))
    assert isinstance(reports[-1], Heartbeat)
    assert reports[-1].notes == ("stopped after step 7, in epoch 2 (training.budget.steps: 7)",)
    assert sum(isinstance(report, EpochReport) for report in reports) == 1
    reports = list(train(toy(CUBIC, "training.budget.steps=10")))
    assert isinstance(reports[-1], EpochReport)
    assert reports[-1].notes == ("stopped after step 10, in epoch 2 (training.budget.steps: 10)",)


def test_epochs_end_a_training_before_its_budget_does() -> None:
    experiment = trained("training.budget.steps=1000", "training.epochs=2")
    assert (experiment.progress.epoch, experiment.progress.step) == (2, 10)


@pytest.mark.parametrize(("log_every", "step"), [(1, 1), (3, 3), (1000, 5)])
def test_seconds_end_at_the_first_logged_step_or_epochs_end(log_every: int, step: int) -> None:
    experiment = trained("training.budget.seconds=1e-9", f"training.log_every={log_every}")
    assert experiment.progress.step == step


def test_seconds_are_those_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10**6))
    monkeypatch.setattr("nnfs_cli.training.loop.time.perf_counter", lambda: float(next(ticks)))
    experiment = toy(CUBIC, "training.budget={seconds: 40}", "training.epochs=500")
    list(train(experiment))
    assert experiment.progress.seconds >= 40
    assert experiment.progress.epoch < 500


def test_schedules_and_patience_count_as_without_a_budget() -> None:
    text = CUBIC + "schedule: cosine\n"
    whole, short = (toy(text, *changes) for changes in ((), ("training.budget.steps=12",)))
    rates = [
        [report.learning_rate for report in train(each) if isinstance(report, EpochReport)]
        for each in (whole, short)
    ]
    assert rates[1] == rates[0][:2]
    patient = trained("training.patience=1", "training.min_delta=1000", "training.budget.steps=24")
    assert (patient.progress.epoch, patient.progress.step) == (2, 10)


def test_the_best_epochs_weights_are_kept_and_without_one_the_last() -> None:
    experiment = trained("training.budget.steps=13")
    last = experiment.network.params.value.copy()
    experiment.use_best()
    assert experiment.progress.best_epoch in (1, 2)
    assert (experiment.network.params.value != last).any()
    experiment = trained("training.budget.steps=3")
    last = experiment.network.params.value.copy()
    experiment.use_best()
    np.testing.assert_array_equal(experiment.network.params.value, last)


def summary(run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("runs", run, "summary.json").read_text())
    return found


def test_a_run_says_where_it_stopped_and_is_complete(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(CUBIC)
    outcome = nnfs("train", "a.yaml", "--id", "one", "--set", "training.budget.steps=8")
    assert outcome.status == 0, outcome.err
    said = "stopped after step 8, in epoch 2 (training.budget.steps: 8)"
    assert outcome.out.count(said) == 1
    found = summary("one")
    assert (found["status"], found["steps"], found["epochs"], found["stopped_early"]) == (
        "completed",
        8,
        1,
        True,
    )
    assert said in found["notes"]
    outcome = nnfs("resume", "one")
    assert outcome.status == 2
    assert (
        f"there is nothing to resume: {said}; `--set training.budget=null`, or a larger one, lets it go on"
        in outcome.err
    )
    assert nnfs("resume", "one", "--set", "training.budget.steps=12", "-q").status == 0
    stops = [note for note in summary("one")["notes"] if note.startswith("stopped")]
    assert stops == ["stopped after step 12, in epoch 3 (training.budget.steps: 12)"]


def test_a_run_of_less_than_an_epoch_is_whole(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(BLOBS.replace("toy_blobs", "{type: blobs, test: 50, validation: 30}"))
    outcome = nnfs("train", "a.yaml", "--id", "one", "--set", "training.budget={steps: 2}")
    assert outcome.status == 0, outcome.err
    assert summary("one")["epochs"] == 0
    for command in ("evaluate one", "plot one --only loss", "report one"):
        outcome = nnfs(*command.split())
        assert outcome.status == 0, outcome.err
    assert nnfs("runs").status == 0


FILES = ("steps.csv", "weights.npz")


@pytest.mark.parametrize("first", [5, 7])
@pytest.mark.parametrize("more", ["training.budget.steps=18", "training.budget=null"])
def test_a_run_that_gets_a_larger_budget_ends_as_one_that_had_it_at_once(
    nnfs: Nnfs, first: int, more: str
) -> None:
    Path("a.yaml").write_text(CUBIC.replace("validation: 40", "validation: 40, test: 10"))
    assert nnfs("train", "a.yaml", "--id", "whole", "-q", "--set", more).status == 0
    assert (
        nnfs("train", "a.yaml", "--id", "parts", "-q", "--set", f"training.budget.steps={first}").status == 0
    )
    outcome = nnfs("resume", "parts", "-q", "--set", more)
    assert outcome.status == 0, outcome.err
    for name in FILES:
        assert Path("runs/parts", name).read_bytes() == Path("runs/whole", name).read_bytes(), name
    whole, parts = summary("whole"), summary("parts")
    for key in ("steps", "epochs", "best", "scores", "baseline"):
        assert parts[key] == whole[key], key


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("{}", "training.budget.steps: must be set, or seconds"),
        ("{steps: 0}", "training.budget.steps: must be a positive integer"),
        ("{seconds: 0}", "training.budget.seconds: must be a positive number"),
        ("{step: 3}", "training.budget.step: budget has no option 'step'; did you mean 'steps'?"),
        ("30", "training.budget: must be a mapping of options, found 30"),
    ],
)
def test_a_wrong_budget_is_told(budget: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        toy_config(CUBIC, [f"training.budget={budget}"])
    assert message in str(caught.value)
    with pytest.raises(OptionError):
        Budget()


def test_the_doctors_short_trainings_have_no_budget() -> None:
    subject = Subject(toy(CUBIC, "training.budget.steps=1"))
    assert subject.trial(subject.train).config.training.budget is None
