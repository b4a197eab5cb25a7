"""Numerical soak: each shipped config, ten times as long and at ten times its rate, ends rightly.

NNFS_WHOLE takes all of them; the pictures' sets then have a few hundred rows each.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.load import load_config
from nnfs_cli.core.errors import DivergenceError
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.train import train_run
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.divergence import GROWTH, loss_of_zeros
from nnfs_cli.training.experiment import Experiment
from tests.amount import amount
from tests.test_divergence import NAMED
from tests.toys import ROOT

TIMES = 10
ROWS = {"train": 512, "validation": 256, "test": 256}
"""Rows of the pictures' sets."""
SLOWEST = "mnist-best"
"""The config that has half as many rows to train on: its pictures are bent anew in each epoch."""
SMALL = ("breast-cancer", "diabetes", "wine", "xor")
ELSEWHERE = "digits-csv", "fashion-mnist"
"""Configs whose data do not come with nnfs."""
ALL = sorted({file.stem for file in (ROOT / "configs").glob("*.yaml")} - {*ELSEWHERE})
UPWARD = 1.0, 10.0, 1000.0
"""Further factors on the rate: at the last one, most diverge."""


class Few(Dataset):
    """Some rows of another dataset. No config can name it."""

    type_name = "few"
    whole: Dataset
    at_most: Mapping[str, int] = ROWS

    def options(self) -> dict[str, Any]:
        return self.whole.options()

    def load(self, rng: np.random.Generator) -> Data:
        data = self.whole.load(rng)
        cut = {name: replace(s, rows=s.rows[: self.at_most[name]]) for name, s in data.splits.items()}
        return replace(data, splits=cut)


def experiment_of(name: str, factor: float) -> Experiment:
    """A shipped config's experiment, TIMES as long and at TIMES times `factor` its rate."""
    config = load_config(ROOT / "configs" / f"{name}.yaml")
    rate = config.optimizer.learning_rate * TIMES * factor
    optimizer: Any = config.optimizer
    training = replace(config.training, epochs=config.training.epochs * TIMES)
    config = replace(config, training=training, optimizer=replace(optimizer, learning_rate=rate))
    if "mnist" in name:
        few = Few()
        few.whole = config.dataset
        if name == SLOWEST:
            few.at_most = {**ROWS, "train": ROWS["train"] // 2}
        config = replace(config, dataset=few)
    return Experiment(config)


def first_bad_step(experiment: Experiment) -> int:
    """The first step that is bad by the definition, found by a loop of its own; 0 if none is."""
    choose_engine(experiment)
    progress, params, t = experiment.progress, experiment.network.params, experiment.data.splits["train"].t
    start = 0.0
    with np.errstate(all="ignore"):
        while progress.epoch < experiment.config.training.epochs:
            experiment.shuffle()
            for rate in experiment.learning_rates():
                here = experiment.take_step(rate)
                loss = experiment.loss.value(progress.outputs[here], t[progress.order[here]])
                start = start or max(abs(loss), loss_of_zeros(experiment))
                arrays = (params.value, params.statistics)
                if (
                    not math.isfinite(loss)
                    or loss > GROWTH * start
                    or not all(np.isfinite(x).all() for x in arrays)
                ):
                    return progress.step
            experiment.close_epoch(loss)
    return 0


@pytest.mark.slow
@pytest.mark.parametrize("factor", UPWARD)
@pytest.mark.parametrize("name", (amount(0, 1) and ALL) or SMALL)
def test_a_shipped_config_at_ten_times_its_rate_ends_rightly(
    tmp_path: Path, name: str, factor: float
) -> None:
    experiment = experiment_of(name, factor)
    run, said = RunDirectory.create(tmp_path, experiment.config, "run"), ""
    try:
        for _ in train_run(experiment, run):
            pass
    except DivergenceError as error:
        said = str(error)
    summary, weights = run.summary(), run.arrays("weights.npz")
    assert summary["status"] == ("diverged" if said else "completed")
    assert all(np.isfinite(array).all() for array in weights.values())
    assert "NaN" not in (run.path / "summary.json").read_text()
    for table in ("epochs.csv", "steps.csv"):
        losses = [x for key, x in run.table(table).items() if key.endswith("loss")] if run.has(table) else []
        assert all(np.isfinite(x).all() for x in losses)
    if said:
        found = NAMED.search(said)
        assert found, said
        step, epoch, layer = found.groups()
        assert layer in experiment.network.names
        again = experiment_of(name, factor)
        assert int(epoch) == (int(step) - 1) // again.steps_per_epoch + 1
        assert first_bad_step(again) == int(step)
    elif experiment.config.training.log_every == 1:
        assert first_bad_step(experiment_of(name, factor)) == 0
