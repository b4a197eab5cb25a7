"""Scores that are undefined or not a number: never the best, told, and null in JSON."""

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.metrics.base import METRICS
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.schedules.reduce_on_plateau import ReduceOnPlateau
from nnfs_cli.training.evaluation import split_scores
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, format_score, scores_text
from tests.conftest import Nnfs
from tests.toys import BLOBS, CUBIC, toy, toy_config

pytestmark = pytest.mark.usefixtures("draws")  # odd runs must have their pictures, too

NAN, INF = math.nan, math.inf
TABLE = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{'rare' if i == 3 else 'often'}\n" for i in range(40))
CONFIG = """
dataset: {type: csv, path: t.csv, target: y, validation: 10}
layers: [{type: dense, units: 4}, relu, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy, roc_auc]
optimizer: sgd
training: {epochs: 3, monitor: val_roc_auc}
"""


def train_with(monkeypatch: pytest.MonkeyPatch, values: list[float], *overrides: str) -> list[EpochReport]:
    """The epochs of a training whose monitored values are these."""
    experiment = toy(BLOBS, f"training.epochs={len(values)}", *overrides)
    name = experiment.config.training.monitor.removeprefix("val_")

    def scored(experiment: Experiment, split: str) -> dict[str, float]:
        return {**split_scores(experiment, split), name: values[experiment.progress.epoch]}

    monkeypatch.setattr("nnfs_cli.training.epoch.split_scores", scored)
    return [report for report in train(experiment) if isinstance(report, EpochReport)]


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([NAN, 2.0, 2.0], [False, True, False]),
        ([INF, 2.0, NAN], [False, True, False]),
        ([-INF, NAN, 2.0], [False, False, True]),
        ([2.0, NAN, INF], [True, False, False]),
        ([NAN, NAN, NAN], [False, False, False]),
    ],
)
def test_what_is_no_finite_number_is_never_the_best(
    monkeypatch: pytest.MonkeyPatch, values: list[float], best: list[bool]
) -> None:
    epochs = train_with(monkeypatch, values, "training.monitor=val_accuracy")
    assert [epoch.is_best for epoch in epochs] == best
    told = [note for epoch in epochs for note in epoch.notes]
    assert any("in epoch 1" in note for note in told) == (not math.isfinite(values[0]))
    assert any("no epoch is the best" in note for note in told) == (True not in best)


def test_patience_runs_out_where_no_value_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        len(train_with(monkeypatch, [NAN] * 9, "training.monitor=val_accuracy", "training.patience=4")) == 4
    )


def test_a_plateaus_best_value_is_a_number() -> None:
    schedule = ReduceOnPlateau(patience=0)
    for value in (NAN, -INF, INF, 3.0, NAN, 2.0):
        schedule.observe(value)
    assert float(schedule.state()["best"][0]) == 2.0
    assert int(schedule.state()["waited"][2]) == 4


def test_a_split_without_a_class_is_told_and_its_auc_is_null(nnfs: Nnfs, tmp_path: Any) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "c.yaml").write_text(CONFIG)
    outcome = nnfs("train", "c.yaml", "--id", "r")
    assert outcome.status == 0
    assert "validation has no row of class rare, so roc_auc is undefined there" in outcome.out
    assert "val_roc_auc undefined" in outcome.out
    summary = json.loads((tmp_path / "runs/r/summary.json").read_text())
    assert "best" not in summary
    assert summary["scores"]["validation"]["roc_auc"] is None
    assert "val_roc_auc was never a finite number, so no epoch is the best" in summary["notes"][-1]
    evaluation = nnfs("evaluate", "r", "--split", "validation")
    assert re.search(r"roc_auc +undefined", evaluation.out)
    assert nnfs("runs").status == nnfs("plot", "r").status == 0


def test_an_undefined_score_is_called_so() -> None:
    assert (
        scores_text({"loss": 0.25, "roc_auc": NAN, "r2": None})
        == "loss 0.2500  roc_auc undefined  r2 undefined"
    )
    assert format_score(1 / 3) == "0.333333"


@pytest.mark.parametrize(
    ("layers", "loss", "refused"),
    [
        ("dense", "hinge", ["log_loss", "brier", "expected_calibration_error", "roc_auc"]),
        ("dense", "mse", ["log_loss", "brier", "expected_calibration_error", "roc_auc"]),
        ("sigmoid", "mse", ["log_loss", "brier", "expected_calibration_error", "roc_auc"]),
        ("softmax", "mse", []),
        ("softmax}, {type: flatten", "mse", []),
        ("dropout}, {type: tanh", "mse", ["log_loss", "brier", "expected_calibration_error", "roc_auc"]),
        ("relu", "cross_entropy", []),
    ],
)
def test_metrics_of_probabilities_are_refused_where_there_are_none(
    layers: str, loss: str, refused: list[str]
) -> None:
    last = "units: 3}" if layers == "dense" else f"units: 3}}, {{type: {layers}}}"
    config = BLOBS.replace("units: 3}", last).replace("cross_entropy", loss)
    metrics = "metrics=[accuracy, log_loss, brier, expected_calibration_error, roc_auc, f1, top_k_accuracy]"
    if not refused:
        assert len(toy(config, metrics).metrics) == 7
        return
    with pytest.raises(NnfsError) as error:
        toy(config, metrics)
    message = str(error.value)
    assert [line.split(": ")[1].split()[0] for line in message.splitlines()[1:]] == refused
    assert "write `loss: cross_entropy`, or make softmax the last layer" in message


@pytest.mark.parametrize("loss", ["hinge", "mse"])
def test_two_classes_have_an_area_by_scores_too(loss: str) -> None:
    config = BLOBS.replace("toy_blobs", "toy_halves").replace("units: 3", "units: 2").replace(", brier", "")
    experiment = toy(config, f"loss={loss}", "metrics=[roc_auc]")
    z = np.random.default_rng(1).normal(size=(6, 2))
    rows = np.arange(6)
    split = Split(np.zeros((6, 2)), np.array([0, 1, 0, 1, 0, 1]), rows)
    pairs = [(a, b) for a in z[1::2] @ [-1, 1] for b in z[0::2] @ [-1, 1]]
    scores = experiment.metric_scores(z, split, rows)
    assert scores["roc_auc"] == pytest.approx(np.mean([a > b for a, b in pairs]))


@pytest.mark.parametrize("toy_text", [BLOBS, CUBIC])
def test_where_a_prediction_is_not_a_number_no_score_is_one(toy_text: str) -> None:
    config = toy_config(toy_text)
    task = "classification" if toy_text == BLOBS else "regression"
    names = [name for name in METRICS if task in METRICS[name].tasks]
    experiment = Experiment(replace(config, metrics=tuple(METRICS[name]() for name in names)))
    split = experiment.data.splits["train"]
    z = np.zeros((len(split), *experiment.network.output_shape))
    assert np.isfinite(list(experiment.metric_scores(z, split, split.rows).values())).all()
    z[-1] = NAN  # the largest of a row that is not a number would be the first class
    assert np.isnan(list(experiment.metric_scores(z, split, split.rows).values())).all()
