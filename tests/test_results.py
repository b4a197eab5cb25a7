"""The scores of the shipped configs on real data."""

from pathlib import Path

import numpy as np
import pytest

import nnfs_cli
from nnfs_cli.config.load import load_config
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from tests.conftest import Nnfs
from tests.toys import ROOT


@pytest.fixture(autouse=True)
def in_the_projects_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def trained(config: str) -> Experiment:
    experiment = Experiment(load_config(Path("configs") / config))
    choose_engine(experiment)
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
@pytest.mark.parametrize("config", ["mnist-cnn.yaml", "mnist-best.yaml"])
def test_a_convolutional_network_learns_digits_within_an_epoch(config: str) -> None:
    experiment = Experiment(load_config(Path("configs") / config, ["training.epochs=1"]))
    choose_engine(experiment)
    assert list(train(experiment))[-1].epoch == 1
    assert evaluate(experiment, "test").scores["accuracy"] >= 0.975


@pytest.mark.slow
def test_mnist_reaches_its_accuracy() -> None:
    experiment = trained("mnist.yaml")
    test, train_scores = evaluate(experiment, "test").scores, evaluate(experiment, "train").scores
    assert test["accuracy"] >= 0.976
    assert train_scores["accuracy"] > 0.99
    assert train_scores["brier"] <= 0.02


@pytest.mark.slow
def test_the_kaggle_sample_is_learned_from_its_csv(nnfs: Nnfs) -> None:
    (Path.cwd() / "data").mkdir()
    (Path.cwd() / "data" / "mnist").symlink_to(ROOT / "data" / "mnist")
    assert nnfs("data", "kaggle-sample", "data/kaggle").status == 0
    assert nnfs("train", str(ROOT / "configs" / "digits-csv.yaml"), "--quiet").status == 0
    columns = ("--columns", "ImageId,Label", "--output", "submission.csv")
    assert nnfs("predict", "latest", "data/kaggle/test.csv", *columns).status == 0
    found, truth = (
        Path(name).read_text().split() for name in ("submission.csv", "data/kaggle/test-labels.csv")
    )
    assert len(found) == 28_001
    assert found[0] == "ImageId,Label"
    assert sum(map(str.__eq__, found[1:], truth[1:])) / 28_000 > 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "score", "least"),
    [
        ("digits", "accuracy", 0.973),
        ("breast-cancer", "accuracy", 0.965),
        ("wine", "accuracy", 0.975),
        ("diabetes", "rmse", -57.0),
    ],
)
def test_small_tables_reach_what_other_libraries_reach(
    tmp_path: Path, name: str, score: str, least: float
) -> None:
    config = ROOT / "configs" / f"{name}.yaml"
    runs = [nnfs_cli.Experiment(config, [f"seed={seed}"]).train(tmp_path) for seed in range(5)]
    scores = [run.scores["test"][score] for run in runs]
    assert np.mean(scores) * np.sign(least) >= least
