"""Compare our networks with scikit-learn's on four well-known tables.

    python benchmarks/tables.py [--seeds 5]

Each seed draws another quarter of the rows for test. Both sides have networks of the same shape, get the same
rows, standardized by the training rows, and train by Adam with the same rate, batch size and epochs.
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from machine import describe
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from nnfs_cli import Experiment

ROOT = Path(__file__).parent.parent
CONFIGS = ("digits", "breast-cancer", "wine", "diabetes")


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    print(describe())
    print("| table | score | nnfs | scikit-learn |\n|---|---|---|---|")
    for name in CONFIGS:
        scores = np.array([compare(name, seed) for seed in seeds])
        metric = "RMSE" if name == "diabetes" else "accuracy"
        cells = [f"{mean:.4g} ± {std:.2g}" for mean, std in zip(scores.mean(0), scores.std(0), strict=True)]
        print(f"| {name} | {metric} | {cells[0]} | {cells[1]} |", flush=True)


def compare(name: str, seed: int) -> tuple[float, float]:
    """Our test score and scikit-learn's, for the rows that `seed` draws."""
    config = ROOT / "configs" / f"{name}.yaml"
    whole = pd.read_csv(ROOT / "data" / "samples" / f"{name.replace('-', '_')}.csv.gz")
    target = whole.columns[-1]
    regression = name == "diabetes"
    train, test = train_test_split(
        whole, test_size=0.25, random_state=seed, stratify=None if regression else whole[target]
    )
    with tempfile.TemporaryDirectory() as folder:
        files = {"path": Path(folder, "train.csv"), "test": Path(folder, "test.csv")}
        for frame, file in zip((train, test), files.values(), strict=True):
            frame.to_csv(file, index=False)
        overrides = [f"dataset.{option}={file}" for option, file in files.items()]
        experiment = Experiment(config, [*overrides, f"seed={seed}"])
        run = experiment.train(folder)
        ours = run.scores["test"]["rmse" if regression else "accuracy"]
    return ours, theirs(experiment, train, test, target, seed, regression=regression)


def theirs(
    experiment: Experiment,
    train: pd.DataFrame,
    test: pd.DataFrame,
    target: str,
    seed: int,
    *,
    regression: bool,
) -> float:
    """scikit-learn's score with the same architecture and number of epochs."""
    scaler = StandardScaler().fit(train.drop(columns=target))
    x, x_test = (scaler.transform(frame.drop(columns=target)) for frame in (train, test))
    training = experiment.config.training
    model = (MLPRegressor if regression else MLPClassifier)(
        hidden_layer_sizes=(experiment.network.shapes[1][0],),
        learning_rate_init=experiment.config.optimizer.learning_rate,
        batch_size=training.batch_size,
        max_iter=training.epochs,
        n_iter_no_change=training.epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if not regression:
            return float(model.fit(x, train[target]).score(x_test, test[target]))
        mean, std = train[target].mean(), train[target].std(ddof=0)
        model.fit(x, (train[target] - mean) / std)
        return float(np.sqrt(np.mean((model.predict(x_test) * std + mean - test[target]) ** 2)))


if __name__ == "__main__":
    main()
