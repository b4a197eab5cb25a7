"""Studies: the same tables for any number of workers, nothing trained twice, a winner scored on rows of its own."""

import csv
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest
import yaml

from nnfs_cli.config.load import load_config, parse_config
from nnfs_cli.config.reader import to_plain
from nnfs_cli.config.trust import UntrustedError
from nnfs_cli.core.errors import ConfigError, InterruptionError, NnfsError
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.study import Conductor
from nnfs_cli.jobs.study_run import RunTask, train_task
from nnfs_cli.jobs.study_start import begun, reopened
from nnfs_cli.jobs.study_summary import option_texts
from nnfs_cli.jobs.study_workers import Processes, Workers
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.studies.directory import StudyDirectory
from nnfs_cli.studies.plan import Plan, Trial
from nnfs_cli.studies.record import StudyRecord, fold_of, short_names
from nnfs_cli.studies.results import Outcome
from nnfs_cli.studies.sampling import sampler_of
from nnfs_cli.training.experiment import Experiment
from tests.conftest import Nnfs
from tests.lives import KINDS, Life, differences, write_files

BASE = """
name: small
seed: 3
dataset: {type: cubic, samples: 60}
layers: [{type: dense, units: 4}, tanh, {type: dense, units: 1}]
loss: mse
metrics: [r2]
optimizer: {type: sgd, learning_rate: 0.02, momentum: 0.9}
training: {epochs: 5, batch_size: 16}
"""
RATES = {"optimizer.learning_rate": {"log": [1e-4, 1e-1]}, "layers.0.units": [2, 4]}
GRID = {"vary": {"optimizer.learning_rate": [0.001, 0.01, 0.05], "layers.0.units": [2, 4]}}
RANDOM = {"vary": RATES, "trials": 5}
TPE = {"vary": RATES, "trials": 12, "sampler": "tpe", "generation": 4}
HALVED = {**TPE, "trials": 6, "generation": 3, "halving": {"first": 1, "factor": 2}}
SEEDS = {"seeds": 2}


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk, which takes most of the time of small runs."""
    monkeypatch.setattr("os.fsync", lambda _: None)


class Here(Workers):
    """This process trains; backwards if so wished, and it stops after so many runs."""

    def __init__(self, *, backwards: bool = False, most: int = sys.maxsize) -> None:
        self.backwards, self.left = backwards, most
        self.trained: list[str] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def outcomes(self, tasks: Sequence[RunTask]) -> Iterator[Outcome]:
        for task in reversed(tasks) if self.backwards else tasks:
            if not self.left:
                raise InterruptionError("interrupted")
            self.left -= 1
            self.trained.append(task.name)
            yield train_task(task)


def conductor(folder: Path, study: dict[str, Any], name: str = "study", base: str = BASE) -> Conductor:
    text = f"{base}\nstudy: {json.dumps(study)}\n"
    return begun(folder, parse_config(text, "small.yaml"), "small.yaml", name)


def conducted(
    folder: Path, study: dict[str, Any], workers: Workers | None = None, name: str = "study", base: str = BASE
) -> Path:
    new = conductor(folder, study, name, base)
    list(new.conduct(workers or Here()))
    return new.study.path


def trials(study: Path) -> str:
    return (study / "trials.csv").read_text()


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def summary(study: Path) -> dict[str, Any]:
    return dict(json.loads((study / "summary.json").read_text()))


# The same table, however it is conducted


@pytest.mark.parametrize("study", [GRID, RANDOM, TPE, HALVED], ids=["grid", "random", "tpe", "halved"])
def test_the_table_does_not_depend_on_the_order_in_which_runs_end(
    study: dict[str, Any], tmp_path: Path
) -> None:
    one = conducted(tmp_path, study, name="one")
    other = conducted(tmp_path, study, Here(backwards=True), name="other")
    assert trials(one) == trials(other)
    assert [row["run"] for row in rows(one / "runs.csv")] == [row["run"] for row in rows(other / "runs.csv")]
    assert summary(one)["winner"] == summary(other)["winner"]


@pytest.mark.slow
def test_one_two_and_four_workers_come_to_the_same_table(tmp_path: Path) -> None:
    here = trials(conducted(tmp_path, HALVED, name="here"))
    for jobs in (1, 2, 4):
        assert trials(conducted(tmp_path, HALVED, Processes(jobs), name=f"by-{jobs}")) == here
    assert here.count("paused") == 5


@pytest.mark.parametrize("most", [0, 4, 8])
def test_a_study_that_was_stopped_comes_to_the_table_of_one_that_was_not(most: int, tmp_path: Path) -> None:
    whole = conducted(tmp_path, HALVED, name="whole")
    part = conductor(tmp_path, HALVED, "part")
    with pytest.raises(InterruptionError, match="--resume"):
        list(part.conduct(Here(most=most)))
    assert summary(part.study.path)["status"] == "interrupted"
    tags = {config.parent.name: config.read_text()[:40] for config in part.study.path.glob("*/config.yaml")}
    list(reopened(part.study.path).conduct(Here()))
    assert trials(part.study.path) == trials(whole)
    for name, tag in tags.items():  # none was begun anew
        assert (part.study.path / name / "config.yaml").read_text()[:40] == tag
        assert not differences(part.study.path / name, whole / name)


def test_a_run_that_died_at_the_epoch_of_its_pause_pauses_there_and_trains_no_further(tmp_path: Path) -> None:
    whole = conducted(tmp_path, HALVED, name="whole")
    part = conductor(tmp_path, HALVED, "part")
    left = next(row["run"] for row in rows(whole / "runs.csv") if row["epochs"] == "1")
    task = next(
        part._task(run, 1)
        for trial in range(6)
        for run in part.plan.runs_of(_trial(whole, trial))
        if run.name == left
    )
    train_task(task)
    run = RunDirectory(part.study.path / left)
    run.write_json("summary.json", {**run.summary(), "status": "running"})
    assert run.summary()["status"] == "died"
    assert train_task(task).status == "paused"
    assert run.summary()["status"] == "paused"
    assert not differences(run.path, whole / left)


def _trial(study: Path, number: int) -> Trial:
    row = rows(study / "trials.csv")[number]
    return Trial(
        number,
        {
            "optimizer.learning_rate": float(row["optimizer.learning_rate"]),
            "layers.0.units": int(row["layers.0.units"]),
        },
    )


def test_halving_trains_nothing_twice_and_to_the_bytes_of_an_unbroken_training(tmp_path: Path) -> None:
    study = conducted(tmp_path, HALVED)
    for row in rows(study / "runs.csv"):
        run = RunDirectory(study / row["run"])
        assert run.table("epochs.csv")["epoch"].tolist() == list(range(1, int(row["epochs"]) + 1))
        assert run.summary()["status"] == row["status"]
    winner = summary(study)["winner"]["runs"][0]
    whole = RunDirectory.create(tmp_path, RunDirectory(study / winner).config(), "whole")
    list(train_run(Experiment(whole.config()), whole))
    assert not differences(study / winner, whole.path)
    assert RunDirectory(study / winner).summary()["resumed"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["int", "kill all", "kill", "kill a worker"])
def test_a_study_that_a_signal_ends_goes_on_and_repeats_no_finished_run(how: str, tmp_path: Path) -> None:
    study = {"vary": {"optimizer.learning_rate": [0.001, 0.002, 0.01, 0.05]}}
    base = BASE.replace("epochs: 5, ", "epochs: 200, checkpoint_every: 0.1, ")
    whole = conducted(tmp_path, study, name="whole", base=base)
    (tmp_path / "small.yaml").write_text(f"{base}\nstudy: {json.dumps(study)}\n")
    life = Life(["study", "small.yaml", "--id", "part", "--jobs", "2"], tmp_path)
    part = tmp_path / "runs" / "part"
    while not life.is_over and not list(part.glob("*/weights.npz")):
        time.sleep(0.02)
    life.strike(how, 0.0)
    status = life.wait()
    life.look_for_survivors()
    if how == "kill a worker":
        assert status == 0
    elif how == "int":
        assert status in (0, 130)
        assert status == 0 or "nnfs study --resume runs/part" in life.err
    assert not [fault for fault in life.faults if "resource_tracker" not in fault]
    finished = {
        file.parent: file.stat().st_mtime_ns
        for file in part.glob("*/weights.npz")
        if json.loads(file.with_name("summary.json").read_text())["status"] == "completed"
    }
    again = Life(["study", "--resume", "part", "--quiet"], tmp_path)
    assert again.wait() == 0, again.err
    assert trials(part) == trials(whole)
    assert all((run / "weights.npz").stat().st_mtime_ns == time for run, time in finished.items())
    for row in rows(part / "runs.csv"):
        assert not differences(part / row["run"], whole / row["run"])


# What is wrong is said before anything is trained


@pytest.mark.parametrize(
    ("study", "said"),
    [
        ({"vary": {"optimizer.learning_rat": [1]}}, "study.vary.optimizer.learning_rat: sgd has no option 'learning_rat'; did you mean 'learning_rate'?"),
        ({"vary": {"optimiser.x": [1]}}, "a config has no option 'optimiser'; did you mean 'optimizer'?"),
        ({"vary": {"layers.7.units": [3]}}, "study.vary.layers.7.units: layers is a list of 3: no item '7' (counted from 0)"),
        ({"vary": {"layers.1.units": [3]}}, "study.vary.layers.1.units: tanh has no option 'units'; it takes none"),
        ({"vary": {"training.epochs": {"int": [-3, 4]}}, "trials": 2}, "study.vary.training.epochs: must be a positive integer, found -3"),
        ({"vary": {"optimizer": ["adam", "adm"]}}, "study.vary.optimizer: no optimizer 'adm'; did you mean 'adam'?"),
        ({"vary": {"seed": [1, 2]}}, "study.vary.seed: cannot be varied: write `study.seeds` instead"),
        ({"vary": {"loss": ["mse", "mae"]}}, "set `study.monitor` to a metric"),
        ({"vary": {"layers.0.units": 3}}, "study.vary.layers.0.units: must be a list of choices, {log: [a, b]}"),
        ({"vary": {"layers.0.units": {"lgo": [1, 2]}}}, "(did you mean 'log'?)"),
        ({"vary": {"layers.0.units": {"log": [0, 2]}}}, "must be {log: [a, b]} with a above 0"),
        ({"vary": {"layers.0.units": {"int": [4, 2]}}}, "must be {int: [a, b]} with a below b"),
        ({"vary": {"layers.0.units": [4, 4]}}, "none is listed twice"),
        ({"vary": {"layers.0.units": []}}, "must be at least one choice"),
        ({"vary": RATES}, "study.trials: must be the number of trials to make"),
        ({"vary": RATES, "sampler": "grid"}, "since optimizer.learning_rate has no list of choices"),
        ({**GRID, "sampler": "grid", "trials": 3}, "a grid has all combinations"),
        ({"trials": 3}, "study.trials: must be left out, since `vary` varies no option"),
        ({**GRID, "halving": {"first": 5}}, "study.halving.first: must be below the 5 epochs of training, found 5"),
        ({"seeds": [1, 1]}, "none twice"),
        ({"monitor": "val_rmse"}, "study.monitor: must be one of val_loss, val_r2, found 'val_rmse'"),
        ({"folds": {"k": 1}}, "study.folds.k: must be"),
        ({"trials": 3}, "found 3"),
        ({"vary": {"optimizer": ["adam"], "optimizer.learning_rate": [1, 2]}}, "optimizer.learning_rate: cannot be varied beside optimizer, which replaces it"),
        ({"vary": {"layers[0].units": [2], "layers.0.units": [3]}}, "cannot be varied beside layers"),
        ({"vary": {"dataset.validation": [0.1]}, "folds": {"k": 2}}, "the folds set `dataset.validation`"),
        ({"vary": {"training": [{"epochs": 2}]}}, "study.vary.training: cannot be varied"),
        ({"vary": {"layers.0.units": {"uniform": [2, 9]}}, "trials": 2}, "must be an integer: write {int: [2, 9]}"),
        ({"vary": {"metrics": [["r2"], ["mae"]]}, "monitor": "val_r2"}, "must be one of val_loss, val_mae, found 'val_r2'"),
    ],
)  # fmt: skip
def test_a_wrong_study_is_one_clear_error_before_anything_is_trained(
    study: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as error:
        conductor(tmp_path, study)
    assert said in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_type_may_be_varied_where_other_options_have_their_defaults(tmp_path: Path) -> None:
    base = BASE.replace(", momentum: 0.9", "")
    study = conducted(tmp_path, {"vary": {"optimizer.type": ["sgd", "adam"]}}, base=base)
    names = [
        RunDirectory(study / row["run"]).config().optimizer.type_name for row in rows(study / "runs.csv")
    ]
    assert names == ["sgd", "adam"]


def test_without_optuna_grids_and_draws_work_and_tpe_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    conducted(tmp_path, GRID, name="grid")
    conducted(tmp_path, RANDOM, name="random")
    with pytest.raises(NnfsError, match=r"pip install 'nnfs-cli\[study\]'"):
        conducted(tmp_path, TPE, name="tpe")


def test_draws_stay_within_their_ends_and_choices_are_not_drawn_twice() -> None:
    vary: dict[str, Any] = {
        "a": {"log": [1e-4, 1e-1]},
        "b": {"uniform": [-1, 2]},
        "c": {"int": [3, 5]},
        "d": [[1, 2], "x", None],
    }
    for sampler in ("random", "tpe"):
        study = Plan(
            parse_config(
                f"{BASE}\nstudy: {json.dumps({'vary': vary, 'trials': 60, 'sampler': sampler})}", "x"
            )
        )
        drawing, found = sampler_of(study.study, 1, maximize=False), []
        while generation := drawing.ask():
            found += generation
            for trial in generation:
                drawing.tell(trial, float(trial.number))
        assert [trial.number for trial in found] == list(range(60))
        values = {key: [trial.options[key] for trial in found] for key in vary}
        assert all(1e-4 <= value <= 1e-1 for value in values["a"]), values["a"]
        assert min(values["a"]) < 1e-3 < 1e-2 < max(values["a"])
        assert all(-1 <= value <= 2 for value in values["b"])
        assert set(values["c"]) == {3, 4, 5}
        assert all(value in vary["d"] for value in values["d"])
    some = Plan(parse_config(f"{BASE}\nstudy: {json.dumps({**GRID, 'trials': 5})}", "x"))
    drawn = [json.dumps(trial.options) for trial in sampler_of(some.study, 1, maximize=False).ask()]
    assert len(set(drawn)) == len(drawn) == 5


# Seeds, folds, and rows that take no part in choosing


def test_seeds_times_folds_validate_on_every_row_once_and_share_their_test_rows(tmp_path: Path) -> None:
    study = conducted(tmp_path, {**GRID, "seeds": [7, 9], "folds": {"k": 3, "repeats": 2}})
    (first,) = (each for each in [rows(study / "runs.csv")])
    names = [row["run"] for row in first[:12]]
    assert names[:7] == [*(f"t000-s7-r{r}-f{f}" for r in (0, 1) for f in (0, 1, 2)), "t000-s9-r0-f0"]
    assert len(first) == 6 * 12
    splits = {name: Experiment(RunDirectory(study / name).config()).data.splits for name in names}
    test_rows = {tuple(each["test"].rows.tolist()) for each in splits.values()}
    assert len(test_rows) == 1
    for repeat in (0, 1):
        folds = [splits[f"t000-s7-r{repeat}-f{fold}"]["validation"].rows for fold in range(3)]
        validated = np.sort(np.concatenate(folds))
        assert np.array_equal(validated, np.setdiff1d(np.arange(60), list(*test_rows)))
    winner = summary(study)["winner"]
    assert winner["test_rows_took_no_part"]
    assert winner["monitored"]["method"] == "corrected t over 6 folds"
    record = StudyRecord(StudyDirectory(study))
    trial = record.trials[0]
    runs = record.runs_of(trial)
    values = record.values(runs, record.monitor).tolist()
    interval = record.interval(values, list(map(fold_of, runs)), record.monitor.removeprefix("val_"))
    assert interval.method == "corrected t over 6 folds"
    assert (interval.low, interval.high) == pytest.approx((trial.low, trial.high))


def test_what_is_held_out_for_choosing_is_said_and_in_every_config(nnfs: Nnfs) -> None:
    Path("small.yaml").write_text(f"{BASE}\nstudy: {json.dumps(GRID)}\n")
    _, out, _ = nnfs("study", "small.yaml", "--id", "s", "--jobs", "1", "--set", "dataset.validation=12")
    assert "the study holds out `dataset.test: 0.2`" in out
    assert "`--set dataset.test=N` changes it" in out
    assert "dataset.validation:" not in out
    assert "On test rows, which took no part in choosing: loss" in out
    assert summary(Path("runs/s"))["notes"][-1] in out
    configs = [RunDirectory(path.parent).config() for path in Path("runs/s").glob("*/config.yaml")]
    assert {(each.dataset.options()["test"], each.split_seed) for each in configs} == {(0.2, 3)}


def test_the_best_config_trains_to_the_winners_scores(nnfs: Nnfs, tmp_path: Path) -> None:
    study = conducted(tmp_path / "runs", {**GRID, "seeds": 2})
    winner = summary(study)["winner"]
    text = (study / "best.yaml").read_text()
    assert f"is trial {winner['trial']}" in text
    assert "took no part in choosing" in text
    assert nnfs("train", str(study / "best.yaml"), "--id", "again", "--quiet").status == 0
    assert not differences(Path("runs/again"), study / winner["runs"][0])
    scores = [
        json.loads((study / run / "summary.json").read_text())["scores"]["test"]["r2"]
        for run in winner["runs"]
    ]
    assert winner["scores"]["test"]["r2"]["mean"] == pytest.approx(np.mean(scores))


def test_the_winner_is_the_best_by_the_monitored_mean_and_the_first_of_equals(tmp_path: Path) -> None:
    study = conducted(
        tmp_path, {"vary": {"training.log_every": [1, 2], "layers.0.units": [1, 4]}, "monitor": "val_r2"}
    )
    values = [float(row["val_r2"]) for row in rows(study / "trials.csv")]
    assert values[:2] == values[2:]
    assert summary(study)["winner"]["trial"] == int(np.argmax(values)) < 2


def test_a_dataset_that_cannot_hold_rows_out_is_refused_with_the_cure(tmp_path: Path) -> None:
    plugin = tmp_path / "own.py"
    plugin.write_text(OWN_DATASET)
    base = BASE.replace("{type: cubic, samples: 60}", "own_line") + f"plugins: ['{plugin}']\n"
    with pytest.raises(NnfsError, match=r"the data have no validation rows, .* give it validation rows"):
        conductor(tmp_path, GRID, base=base)
    with pytest.raises(ConfigError, match=r"study\.folds: the dataset own_line cannot be cut into folds"):
        conductor(tmp_path, {"folds": {"k": 3}}, base=base)


OWN_DATASET = '''
"""A line."""
from dataclasses import dataclass

import numpy as np

from nnfs_cli import DATASETS, Data, Dataset, Split


@DATASETS.register("own_line")
@dataclass(frozen=True)
class OwnLine(Dataset):
    """t = x"""

    def load(self, rng):
        x = np.linspace(0, 1, 30).reshape(-1, 1)
        return Data({"train": Split(x, x, np.arange(30))}, fingerprint="line")
'''


# What goes wrong with some runs


def test_trials_that_fail_or_diverge_have_no_score_and_the_others_go_on(tmp_path: Path) -> None:
    vary = {"layers.2.units": [1, 2], "optimizer.learning_rate": [0.02, 1e9]}
    study = conducted(tmp_path, {"vary": vary}, Here())
    found = rows(study / "trials.csv")
    assert [row["status"] for row in found] == ["completed", "diverged", "failed", "failed"]
    assert [bool(row["val_loss"]) for row in found] == [True, False, False, False]
    assert load_config(study / "best.yaml").optimizer.learning_rate == 0.02
    assert "# Without a score: 1 diverged and 2 failed: t001-s3: " in (study / "best.yaml").read_text()
    notes = {row["run"]: row["note"] for row in rows(study / "runs.csv")}
    assert "diverged" in notes["t001-s3"]
    assert "2" in notes["t002-s3"]
    assert summary(study)["winner"]["trial"] == 0
    before = trials(study)
    again = Here()
    list(reopened(study).conduct(again))
    assert trials(study) == before


def test_where_all_that_halving_kept_fail_the_best_of_those_left_behind_is_trained(tmp_path: Path) -> None:
    class Unlucky(Here):
        """The first run that is to be trained to its end fails."""

        def outcomes(self, tasks: Sequence[RunTask]) -> Iterator[Outcome]:
            for task in tasks:
                is_first = task.until is None and "failed" not in self.trained
                self.trained.append("failed" if is_first else task.name)
                yield Outcome(task.name, "failed", "bad luck") if is_first else train_task(task)

    whole = rows(conducted(tmp_path, HALVED, name="whole") / "trials.csv")
    study = conducted(tmp_path, HALVED, Unlucky())
    found = rows(study / "trials.csv")
    failed = [row["status"] for row in whole].index("completed")
    assert found[failed]["status"] == "failed"
    left = [row for row in whole if row["status"] == "paused"]
    second = min(left, key=lambda row: (-int(row["epochs"]), float(row["val_loss"])))["trial"]
    assert [row["trial"] for row in found if row["status"] == "completed"] == [second]
    assert str(summary(study)["winner"]["trial"]) == second


def test_a_value_to_choose_by_that_is_undefined_is_named(nnfs: Nnfs) -> None:
    lines = [f"{i},{'yes' if i < 3 else 'no'}" for i in range(60)]
    Path("rare.csv").write_text("\n".join(["x,y", *lines, ""]))
    Path("c.yaml").write_text(
        "dataset: {type: csv, path: rare.csv, target: y, test: 0.1}\nlayers: []\nloss: cross_entropy\n"
        "metrics: [roc_auc]\noptimizer: sgd\ntraining: {epochs: 1}\n"
        "study: {folds: {k: 6}, monitor: val_roc_auc, vary: {optimizer.learning_rate: [0.1, 0.2]}}\n"
    )
    status, out, err = nnfs("study", "c.yaml", "--id", "s", "--jobs", "1")
    assert status == 2
    assert "no trial can be chosen by val_roc_auc: it is undefined in t000-s0-f" in err
    assert "val_roc_auc undefined" in out
    assert "test:" not in out


def test_a_study_whose_runs_all_fail_says_why(tmp_path: Path) -> None:
    with pytest.raises(NnfsError, match=r"no trial was trained to its end: t000-s3: .*diverged"):
        conducted(tmp_path, {"vary": {"optimizer.learning_rate": [1e8, 1e9]}})


def test_plugins_are_trained_with_by_workers_too(tmp_path: Path) -> None:
    plugin = tmp_path / "own.py"
    plugin.write_text(
        OWN_DATASET.replace(
            "np.arange(30))}",
            'np.arange(20)), "validation": Split(x, x, np.arange(20, 25)), "test": Split(x, x, np.arange(25, 30))}',
        )
    )
    base = BASE.replace("{type: cubic, samples: 60}", "own_line") + f"plugins: ['{plugin}']\n"
    here = conducted(tmp_path, GRID, base=base)
    assert trials(conducted(tmp_path, GRID, Processes(2), "other", base)) == trials(here)
    copy = here / "plugins" / "0" / "own.py"
    assert copy.read_text() == plugin.read_text()
    plugin.write_text("raise ValueError")  # the study has its own copy, and goes on with that
    list(reopened(here).conduct(Here()))
    plugin.write_text(copy.read_text())
    given = parse_config(f"{base}\nstudy: {json.dumps(GRID)}\n", "small.yaml")
    assert to_plain(reopened(here, given, "small.yaml").config) == to_plain(reopened(here).config)
    best = load_config(here / "best.yaml", trust_plugins=True)
    assert best.plugins == (str(copy),)
    assert "plugins: [plugins/0/own.py]" in (here / "best.yaml").read_text()
    shutil.copytree(here, tmp_path / "stranger")
    with (tmp_path / "stranger" / "plugins" / "0" / "own.py").open("a") as file:
        file.write("raise SystemExit")
    with pytest.raises(UntrustedError, match=r"plugins/0/own\.py"):
        reopened(tmp_path / "stranger")


@pytest.mark.slow
def test_networks_of_images_start_their_own_processes_inside_the_workers(tmp_path: Path) -> None:
    write_files(tmp_path)
    (kind,) = (kind for kind in KINDS if kind.name == "cnn-2")
    base = kind.config.replace("path: images.npz", f"path: {tmp_path / 'images.npz'}, test: 40")
    base = f"name: small\n{base}".replace("epochs: 60", "epochs: 2")
    vary = {"vary": {"optimizer.learning_rate": [0.001, 0.01]}}
    few, many = (conducted(tmp_path, vary, Processes(jobs), f"by-{jobs}", base) for jobs in (1, 2))
    assert trials(few) == trials(many)


# The commands


def test_train_with_seeds_repeats_a_run_and_shows_means_with_intervals(nnfs: Nnfs) -> None:
    Path("small.yaml").write_text(BASE.replace("samples: 60", "samples: 60, test: 20"))
    status, out, _ = nnfs("train", "small.yaml", "--seeds", "3", "--jobs", "1", "--id", "s")
    assert status == 0
    assert "means over 3 runs" in out
    assert "(corrected t over 3 splits)" in out
    assert sorted(path.name for path in Path("runs/s").glob("t*/")) == ["t000-s3", "t000-s4", "t000-s5"]
    nnfs("train", "small.yaml", "--set", "seed=4", "--id", "one", "--quiet")
    assert not differences(Path("runs/s/t000-s4"), Path("runs/one"))
    assert not Path("runs/s/best.yaml").exists()


def test_train_of_a_study_trains_the_one_run_and_says_so(nnfs: Nnfs) -> None:
    Path("small.yaml").write_text(f"{BASE}\nstudy: {json.dumps(GRID)}\n")
    status, _, err = nnfs("train", "small.yaml", "--id", "one", "--quiet")
    assert status == 0
    assert "`nnfs study small.yaml` conducts the study" in err
    assert load_config(Path("runs/one/config.yaml")).study is None


def test_train_with_seeds_leaves_what_a_study_varies_out_and_says_so(nnfs: Nnfs) -> None:
    Path("small.yaml").write_text(f"{BASE}\nstudy: {json.dumps(GRID)}\n")
    status, _, err = nnfs("train", "small.yaml", "--seeds", "2", "--jobs", "1", "--id", "s", "--quiet")
    assert status == 0
    assert "--seeds repeats the one run; the section `study` of small.yaml is left out" in err
    assert len(rows(Path("runs/s/trials.csv"))) == 1


@pytest.mark.parametrize(
    "study", [GRID, RANDOM, TPE, HALVED, SEEDS], ids=["grid", "random", "tpe", "halved", "seeds"]
)
def test_a_dry_run_shows_the_trials_that_will_be_and_writes_nothing(
    study: dict[str, Any], nnfs: Nnfs
) -> None:
    text = f"{BASE}\nstudy: {json.dumps(study)}\n"
    Path("small.yaml").write_text(text)
    status, out, _ = nnfs("study", "small.yaml", "--dry-run")
    assert status == 0
    assert sorted(path.name for path in Path().iterdir()) == ["blobs.yaml", "cubic.yaml", "small.yaml"]
    new = conductor(Path("runs"), study)
    list(new.conduct(Here()))
    found, epochs = rows(new.study.path / "trials.csv"), rows(new.study.path / "runs.csv")
    assert new.plan.trials == len(found)
    assert f"at most {sum(int(row['epochs']) for row in epochs)} epochs in all" in out
    first = sampler_of(new.plan.study, new.config.seed, maximize=False).ask()[:10]
    shown = [line.split("│")[1:-1] for line in out.splitlines() if "│" in line]
    values = [list(option_texts(trial.options).values()) for trial in first]
    assert [[cell.strip() for cell in cells[1:]] for cells in shown] == [each for each in values if each]


def test_latest_is_the_newest_run_or_study_where_both_will_do(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "run", "--quiet")
    conducted(Path("runs"), SEEDS)
    assert str(Path("runs/study/plots")) in nnfs("plot", "latest", "--only", "seeds").out
    assert nnfs("evaluate", "latest", "--split", "train").out.startswith("run, ")
    nnfs("train", "cubic.yaml", "--id", "new", "--quiet")
    assert str(Path("runs/new/plots")) in nnfs("plot", "latest", "--only", "loss").out


def test_a_study_has_one_conductor_and_keeps_its_config(nnfs: Nnfs, tmp_path: Path) -> None:
    Path("small.yaml").write_text(f"{BASE}\nstudy: {json.dumps(GRID)}\n")
    new = conductor(tmp_path / "runs", GRID, "s")
    with new.study.conducting():
        status, _, err = nnfs("study", "--resume", "s")
        assert (status, "is being" in err) == (2, True)
    status, _, err = nnfs("study", "small.yaml", "--id", "s")
    assert status == 2
    assert "`nnfs study --resume runs/s` goes on with it" in err
    status, _, err = nnfs("study", "small.yaml", "--id", "s", "--resume", "--set", "training.epochs=9")
    assert status == 2
    assert "training.epochs: 5 -> 9" in err
    status, _, err = nnfs("study", "--resume", "s", "--set", "training.epochs=9")
    assert (status, "keeps its config" in err) == (2, True)
    status, _, err = nnfs("study", "--resume", "z")
    assert (status, "no study 'z'" in err) == (2, True)
    assert nnfs("study", "small.yaml", "--id", "s", "--resume", "--jobs", "1", "--quiet").status == 0
    assert summary(Path("runs/s"))["status"] == "completed"
    status, _, err = nnfs("study", "cubic.yaml")
    assert (status, "study: missing; write for example" in err) == (2, True)


def test_a_study_whose_config_was_edited_is_refused_and_one_with_a_damaged_summary_goes_on(
    tmp_path: Path,
) -> None:
    study = conducted(tmp_path, RANDOM)
    before = trials(study)
    (study / "summary.json").write_text("{")
    list(reopened(study).conduct(Here()))
    assert trials(study) == before
    assert summary(study)["status"] == "completed"
    config = study / "study.yaml"
    config.write_text(config.read_text().replace("log: [0.0001, 0.1]", "log: [0.001, 0.1]"))
    with pytest.raises(NnfsError, match=r"t000-s3: is not the run .*: optimizer\.learning_rate is .* there"):
        list(reopened(study).conduct(Here()))
    assert trials(study) == before


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("epochs: 5", "epochs: 6", "training.epochs"),
        ("samples: 60", "samples: 70", "dataset.samples"),
        ("momentum: 0.9", "momentum: 0.8", "optimizer.momentum"),
    ],
)
def test_runs_of_another_config_are_not_mixed_into_a_study(
    old: str, new: str, key: str, tmp_path: Path
) -> None:
    study = conducted(tmp_path, SEEDS)
    config = study / "study.yaml"
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(NnfsError, match=rf"t000-s3: is not the run .*: {key} is .* there, and should be"):
        list(reopened(study).conduct(Here()))


def test_a_run_of_an_earlier_version_that_lacks_an_option_is_the_one_that_is_planned(tmp_path: Path) -> None:
    study = conducted(tmp_path, SEEDS)
    config = study / "t000-s3" / "config.yaml"
    config.write_text(re.sub(r"[ ,\n]+min_delta: 0.0", "", config.read_text()))
    assert "min_delta" not in config.read_text()
    list(reopened(study).conduct(Here()))
    assert summary(study)["status"] == "completed"


def test_a_plugin_may_draw_its_data_by_the_seed_of_the_run(tmp_path: Path) -> None:
    plugin = tmp_path / "own.py"
    drawn = OWN_DATASET.replace("np.linspace(0, 1, 30)", "rng.normal(size=30)")
    plugin.write_text(drawn.replace('fingerprint="line"', "fingerprint=str(x[0, 0])"))
    base = BASE.replace("{type: cubic, samples: 60}", "own_line") + f"plugins: ['{plugin}']\n"
    assert len(rows(conducted(tmp_path, SEEDS, base=base) / "runs.csv")) == 2


TABLE = BASE.replace(
    "{type: cubic, samples: 60}", "{type: csv, path: t.csv, target: y, validation: 0.2, test: 0.2}"
)


def write_table(rows: int) -> None:
    x = np.linspace(0, 1, rows)
    lines = [f"{a:.4f},{a * a:.4f}" for a in x]
    Path("t.csv").write_text("\n".join(["x,y", *lines, ""]))


def test_data_that_changed_between_two_runs_are_told_and_data_that_were_away_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(60)
    new = conductor(tmp_path, GRID, base=TABLE)
    Path("t.csv").rename("away.csv")
    with pytest.raises(NnfsError, match=r"(?s)no trial was trained to its end: t000-s3: .*t\.csv"):
        list(new.conduct(Here()))
    Path("away.csv").rename("t.csv")
    list(reopened(new.study.path).conduct(Here()))
    assert summary(new.study.path)["trials_by_status"] == {"completed": 6}
    shutil.rmtree(new.study.path / "t003-s3")
    write_table(70)
    with pytest.raises(NnfsError, match="t003-s3 and t000-s3 were trained on other data"):
        list(reopened(new.study.path).conduct(Here()))


def test_trials_with_other_test_rows_are_not_said_to_share_them(nnfs: Nnfs) -> None:
    text = BASE.replace("samples: 60", "samples: 60, validation: 0.2, test: 0.2")
    for key, values, share in (("dataset.test", [0.1, 0.3], False), ("dataset.validation", [0.1, 0.3], True)):
        Path("c.yaml").write_text(f"{text}\nstudy: {json.dumps({'vary': {key: values}})}\n")
        out = nnfs("study", "c.yaml", "--id", key, "--jobs", "1").out
        assert ("which took no part in choosing" in out) == share
        assert summary(Path("runs") / key)["winner"]["test_rows_took_no_part"] == share
        assert f"trials may have other rows, since {key} is varied" in out


def test_an_interval_over_seeds_allows_for_the_rows_that_runs_share(tmp_path: Path) -> None:
    def method(base: str, study: dict[str, Any], name: str) -> str:
        record = summary(conducted(tmp_path, study, name=name, base=base))["winner"]["scores"]["test"]["loss"]
        return str(record["method"])

    text = BASE.replace("samples: 60", "samples: 60, test: 0.4")
    assert method(text, {"seeds": 3}, "anew") == "corrected t over 3 splits"
    fixed = method(f"{text}split_seed: 1", {"seeds": 3}, "fixed")
    assert fixed == "t over 3 seeds, and BCa bootstrap over 24 rows (so few: nearer 92 %)"
    assert method(text, {"seeds": 2, "folds": {"k": 2}}, "folds").startswith("t over 4 runs, and BCa")


def test_a_paused_run_has_the_scores_of_no_later_epoch(tmp_path: Path) -> None:
    study = conducted(tmp_path, HALVED)
    paused = next(row["run"] for row in rows(study / "runs.csv") if row["status"] == "paused")
    before = trials(study)
    run = RunDirectory(study / paused)
    with run.writing():
        list(train_run(resume(run), run))
    list(reopened(study).conduct(Here()))
    assert trials(study) == before
    row = next(row for row in rows(study / "runs.csv") if row["run"] == paused)
    assert row["status"] == "paused"
    assert not row["train.loss"]


def test_options_are_called_by_the_shortest_ending_that_tells_them_apart() -> None:
    keys = ["layers.0.units", "layers.2.units", "layers.1", "optimizer.learning_rate", "seed"]
    assert list(short_names(keys).values()) == [
        "layers.0.units",
        "layers.2.units",
        "layers.1",
        "learning_rate",
        "seed",
    ]


def test_the_config_of_a_study_reads_back_as_it_is(tmp_path: Path) -> None:
    new = conductor(tmp_path, {**HALVED, "folds": {"k": 3}, "seeds": [1, 2]})
    assert to_plain(new.study.config()) == to_plain(new.config)
    assert yaml.safe_load((new.study.path / "study.yaml").read_text())["study"]["trials"] == 6
    assert Plan(new.config).runs_of(Trial(3))[0].name == "t003-s1-f0"
