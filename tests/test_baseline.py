"""The baseline: what a prediction that ignores its inputs scores."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.doctor.baselines import lowest
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.losses.hinge import Hinge
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.training.baseline import baseline_scores
from nnfs_cli.training.evaluation import evaluate
from tests.conftest import Nnfs
from tests.toys import BLOBS, CUBIC, toy

BEST = {"mse", "mae", "quantile", "poisson", "cross_entropy", "binary_cross_entropy"}
"""Losses whose constant is the best one; others give the mean, or the classes' shares."""
CASES = [(name, dict(options)) for name in LOSSES for options in LOSSES[name].examples]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_no_constant_has_a_lower_loss_than_the_baselines_where_that_is_the_best(
    name: str, options: dict[str, Any]
) -> None:
    loss, rng = create(Loss, name, options), np.random.default_rng(0)
    for _, outputs, t in loss.trials(300, 3, rng):
        width = outputs.shape[1]
        z = loss.constant(t, width)
        assert z.shape == (width,)
        assert np.isfinite(z).all()
        own = loss.value(np.tile(z, (len(t), 1)), t)
        _, best = lowest(loss, np.tile(z, (len(t), 1)), t, constant=True)
        assert own <= loss.value(outputs, t)
        if name in BEST:
            assert own <= best + 1e-6 * abs(best)


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy", "hinge", "mse", "poisson"])
def test_targets_that_are_all_the_same_have_a_finite_baseline(name: str) -> None:
    loss = create(Loss, name, {})
    t = np.zeros((5, 1)) if name == "poisson" else np.zeros(5, np.intp)
    z = loss.constant(t, 1 if name in ("binary_cross_entropy", "poisson") else 2)
    assert np.isfinite(z).all()
    assert np.isfinite(loss.value(np.tile(z, (5, 1)), t))


def test_classes_are_predicted_by_their_shares_among_the_training_rows() -> None:
    experiment = toy(BLOBS.replace("toy_blobs", "{type: blobs, samples: 301, test: 100, validation: 50}"))
    scores = baseline_scores(experiment)
    train, test = experiment.split("train"), experiment.split("test")
    shares = np.bincount(train.t[train.rows]) / len(train)
    t = test.t[test.rows]
    assert scores["test"]["accuracy"] == pytest.approx(np.mean(t == shares.argmax()))
    assert scores["test"]["loss"] == pytest.approx(-np.log(shares[t]).mean(), rel=1e-5)
    assert scores["test"]["brier"] == pytest.approx(
        ((np.eye(3)[t] - shares) ** 2).sum(axis=1).mean(), rel=1e-5
    )


@pytest.mark.parametrize(("loss", "average"), [("mse", np.mean), ("mae", np.median)])
def test_numbers_are_predicted_by_their_mean_or_with_mae_their_median(loss: str, average: Any) -> None:
    experiment = toy(
        CUBIC.replace("loss: mse", f"loss: {loss}").replace("validation: 40", "validation: 40, noise: 2")
    )
    scores = baseline_scores(experiment)
    train, validation = (experiment.split(name) for name in ("train", "validation"))
    p, t = average(train.targets[train.rows]), validation.targets[validation.rows]
    assert scores["validation"]["rmse"] == pytest.approx(np.sqrt(np.mean((t - p) ** 2)), rel=1e-5)
    if loss == "mse":
        assert scores["train"]["r2"] == pytest.approx(0.0, abs=1e-6)


def test_the_baseline_is_in_the_summary_and_beside_the_scores(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(BLOBS.replace("toy_blobs", "{type: blobs, test: 100, validation: 50}"))
    outcome = nnfs("train", "a.yaml", "--id", "one")
    summary = json.loads(Path("runs/one/summary.json").read_text())
    assert {split: set(scores) for split, scores in summary["baseline"].items()} == {
        split: set(scores) for split, scores in summary["scores"].items()
    }
    assert summary["baseline"]["test"]["accuracy"] < 0.5 < summary["scores"]["test"]["accuracy"]
    said = f"test loss {summary['baseline']['test']['loss']:#.4g}"
    assert f"baseline, one prediction for all rows, from the training targets alone: {said}" in outcome.out


def test_the_baseline_changes_nothing_of_the_experiment() -> None:
    experiment = toy(CUBIC)
    before = evaluate(experiment, "train").scores
    baseline_scores(experiment)
    assert evaluate(experiment, "train").scores == before


@dataclass(frozen=True)
class OneSided(Hinge):
    """A loss of two classes that wants one output, as a plugin's may."""

    def value(self, z: Array, t: Array) -> float:
        return float(np.mean(np.maximum(0.0, 1.0 - z[:, 0] * (2 * t - 1))))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        dz[:, 0] = -(2 * t - 1) * (z[:, 0] * (2 * t - 1) < 1) / len(t)

    def predict(self, z: Array) -> Array:
        return np.concatenate([-z, z], axis=1)

    def width(self, data: Data) -> int:
        return len(data.classes) - 1


@pytest.fixture
def one_sided() -> Iterator[None]:
    """The loss is registered for this test alone: laws are tried on all that are."""
    LOSSES.register("one_sided")(OneSided)
    yield
    LOSSES.remove("one_sided", OneSided)


@pytest.mark.usefixtures("one_sided")
def test_a_loss_with_other_outputs_than_classes_has_no_baseline_and_trains(nnfs: Nnfs) -> None:
    text = BLOBS.replace("toy_blobs", "{type: moons, test: 50}").replace("cross_entropy", "one_sided")
    Path("a.yaml").write_text(
        text.replace("[accuracy, brier]", "[accuracy]").replace("units: 3", "units: auto")
    )
    outcome = nnfs("train", "a.yaml", "--id", "one")
    assert outcome.status == 0, outcome.err
    assert json.loads(Path("runs/one/summary.json").read_text())["baseline"] == {}
    assert "baseline" not in outcome.out
