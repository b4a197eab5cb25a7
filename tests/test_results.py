"""What the shipped configs reach on their real data."""

from pathlib import Path

import pytest

from nnfs_cli.config import load_config
from nnfs_cli.evaluation import evaluate
from nnfs_cli.experiment import Experiment
from nnfs_cli.trainer import train
from tests.toys import ROOT


@pytest.fixture(autouse=True)
def in_the_projects_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def trained(config: str) -> Experiment:
    experiment = Experiment(load_config(Path("configs") / config))
    for _ in train(experiment):
        pass
    experiment.use_best()
    return experiment


def test_the_cubic_fit_gets_down_to_the_noise() -> None:
    scores = evaluate(trained("cubic.yaml"), "train").scores
    assert scores["loss"] <= 0.085


def test_adam_fits_the_cubic_as_well_in_a_fifth_of_the_epochs() -> None:
    sgd, adam = trained("cubic.yaml"), trained("cubic-adam.yaml")
    assert adam.progress.epoch * 5 == sgd.progress.epoch
    assert evaluate(adam, "train").scores["loss"] <= evaluate(sgd, "train").scores["loss"]


@pytest.mark.slow
def test_mnist_with_dropout_reaches_its_accuracy() -> None:
    assert evaluate(trained("mnist-dropout.yaml"), "test").scores["accuracy"] >= 0.986


@pytest.mark.slow
def test_mnist_reaches_its_accuracy() -> None:
    experiment = trained("mnist.yaml")
    test, train_scores = evaluate(experiment, "test").scores, evaluate(experiment, "train").scores
    assert test["accuracy"] >= 0.976
    assert train_scores["accuracy"] > 0.99
    assert train_scores["brier"] <= 0.02
