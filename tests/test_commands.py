"""The commands, as users call them."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from bdb import BdbQuit
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import matplotlib.image
import numpy as np
import pytest
import yaml

from nnfs_cli.core.interrupts import STOPS
from nnfs_cli.layers.tanh import Tanh
from nnfs_cli.speed.rows import RowsEngine
from nnfs_cli.speed.workers import can_fork
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import Evaluation, Report, StepReport
from tests.conftest import Nnfs
from tests.toys import BARS, BLOBS, ROOT

RUN_FILES = {
    "config.yaml", "weights.npz", "epochs.csv", "steps.csv", "summary.json", "checkpoint.npz", "predictions.npz",
    "preparation.json", "inside.npz", "checkpoint.previous.npz", ".lock",
}  # fmt: skip


def rows(path: Path, *without: str) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [{k: v for k, v in row.items() if k not in without} for row in csv.DictReader(file)]


def same_numbers(one: Path, other: Path) -> bool:
    return (
        (one / "weights.npz").read_bytes() == (other / "weights.npz").read_bytes()
        and (one / "inside.npz").read_bytes() == (other / "inside.npz").read_bytes()
        and (one / "steps.csv").read_bytes() == (other / "steps.csv").read_bytes()
        and rows(one / "epochs.csv", "seconds") == rows(other / "epochs.csv", "seconds")
    )


def pictures(run: Path) -> set[str]:
    names = set()
    for path in (run / "plots").iterdir():
        pixels = matplotlib.image.imread(path)
        assert pixels.shape[0] > 300
        assert pixels.shape[1] > 300
        assert pixels.std() > 0.01, "a blank picture"
        names.add(path.name)
    return names


@pytest.mark.usefixtures("draws")
def test_a_regression_run_leaves_the_files_of_the_contract(nnfs: Nnfs) -> None:
    assert nnfs("train", "cubic.yaml", "--id", "one").status == 0
    run = Path("runs/one")
    files = {path.name for path in run.iterdir() if path.is_file()}
    assert files == RUN_FILES | {"evaluation-validation.json", "snapshots.npz"}
    assert pictures(run) == {"loss.png", "metrics.png", "predictions.png"}
    assert list(np.load(run / "weights.npz")) == ["0_dense/W", "0_dense/b", "2_dense/W", "2_dense/b"]
    assert list(rows(run / "epochs.csv")[0]) == [
        "epoch", "step", "seconds", "learning_rate", "train_loss", "train_rmse", "train_r2",
        "val_loss", "val_rmse", "val_r2",
    ]  # fmt: skip
    assert list(rows(run / "steps.csv")[0]) == ["step", "epoch", "loss", "rmse", "r2"]
    assert len(rows(run / "epochs.csv")) == 5
    assert len(rows(run / "steps.csv")) == 25
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "completed"
    assert set(summary) >= {
        "id", "epochs", "steps", "parameters", "seconds", "samples_per_second", "threads", "versions",
        "data_fingerprint", "scores", "best", "final",
    }  # fmt: skip


@pytest.mark.usefixtures("draws")
def test_a_classification_run_also_has_a_confusion_matrix(nnfs: Nnfs) -> None:
    assert nnfs("train", "blobs.yaml", "--id", "one").status == 0
    assert pictures(Path("runs/one")) == {"loss.png", "metrics.png", "confusion.png", "regions.png"}
    record = json.loads(Path("runs/one/evaluation-test.json").read_text())
    confusion = np.array(record["confusion"])
    assert confusion.sum() == 30
    assert confusion.trace() / 30 == record["scores"]["accuracy"]
    assert [score["name"] for score in record["classes"]] == ["red", "green", "blue"]
    assert [score["support"] for score in record["classes"]] == confusion.sum(axis=1).tolist()


@pytest.mark.parametrize("config", ["cubic.yaml", "blobs.yaml"])
def test_evaluate_agrees_with_training_to_the_last_digit(nnfs: Nnfs, config: str) -> None:
    nnfs("train", config, "--id", "one", "--quiet")
    summary = json.loads(Path("runs/one/summary.json").read_text())
    for split, scores in summary["scores"].items():
        outcome = nnfs("evaluate", "one", "--split", split, "--json")
        assert json.loads(outcome.out)["scores"] == scores
        record = json.loads(Path(f"runs/one/evaluation-{split}.json").read_text())
        assert record.pop("checksum")
        assert record == json.loads(outcome.out)
    best = rows(Path("runs/one/epochs.csv"))[summary["best"]["epoch"] - 1]
    assert float(best["val_loss"]) == summary["scores"]["validation"]["loss"]


def test_evaluate_shows_a_table_for_people(nnfs: Nnfs) -> None:
    nnfs("train", "blobs.yaml", "--id", "one", "--quiet")
    out = nnfs("evaluate", "latest").out
    for word in (
        "accuracy",
        "precision",
        "recall",
        "f1",
        "support",
        "red",
        "green",
        "blue",
        "evaluation-test.json",
    ):
        assert word in out


def test_evaluate_shows_names_as_they_are(nnfs: Nnfs) -> None:
    labels = ["[red]", "b"] * 20
    Path("classes.csv").write_text("x,label\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels)))
    Path("classes.yaml").write_text(
        "name: classes\ndataset: {type: csv, path: classes.csv, target: label}\n"
        "layers: [{type: dense, units: 2}]\nloss: cross_entropy\n"
        "optimizer: {type: sgd, learning_rate: 0.01}\ntraining: {epochs: 1, batch_size: 8}\n"
    )
    assert nnfs("train", "classes.yaml", "--id", "one").status == 0
    out = nnfs("evaluate", "one").out
    assert (
        out.count("[red]") == 3
    )  # above a column and before a row of the confusion matrix, and before the class's scores


def test_plot_needs_nothing_but_the_run_directory(nnfs: Nnfs, tmp_path: Path) -> None:
    nnfs("train", "blobs.yaml", "--id", "one", "--quiet")
    moved = tmp_path / "elsewhere"
    shutil.move("runs/one", moved)
    outcome = nnfs("plot", str(moved))
    assert outcome.status == 0
    assert pictures(moved) >= {"loss.png", "metrics.png", "confusion.png", "regions.png", "network.png"}
    assert set(outcome.out.split()) == {str(moved / "plots" / name) for name in pictures(moved)}


def test_a_dry_run_shows_everything_and_writes_nothing(nnfs: Nnfs) -> None:
    before = set(Path.cwd().rglob("*"))
    outcome = nnfs("train", "cubic.yaml", "--dry-run", "--set", "layers.0.units=16")
    assert outcome.status == 0
    assert set(Path.cwd().rglob("*")) == before
    assert "0_dense" in outcome.out
    assert "(N, 16)" in outcome.out
    resolved = yaml.safe_load(outcome.out[outcome.out.index("name: cubic") :])
    assert resolved["layers"][0]["units"] == 16


def test_quiet_prints_the_path_of_the_run_alone(nnfs: Nnfs) -> None:
    out = nnfs("train", "cubic.yaml", "--quiet").out
    assert re.fullmatch(r"runs/cubic-\d{8}-\d{6}\n", out.replace(os.sep, "/"))
    assert Path(out.strip()).is_dir()


def test_training_shows_the_network_the_scores_and_the_path(nnfs: Nnfs) -> None:
    out = nnfs("train", "cubic.yaml").out
    for words in (
        "0_dense",
        "(N, 8)",
        "16",
        "epoch 1/5",
        "val_loss",
        "samples/s",
        "left",
        "validation",
        "run: runs",
    ):
        assert words in out


def test_overrides_are_saved_with_the_run(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet", "--set", "layers.0.units=32", "--set", "seed=9")
    saved = yaml.safe_load(Path("runs/one/config.yaml").read_text())
    assert (saved["layers"][0]["units"], saved["seed"]) == (32, 9)


@pytest.mark.parametrize("config", ["cubic.yaml", "blobs.yaml"])
def test_the_same_config_twice_gives_the_same_bytes_and_so_does_the_saved_one(
    nnfs: Nnfs, config: str
) -> None:
    nnfs("train", config, "--id", "one", "--quiet")
    nnfs("train", config, "--id", "two", "--quiet")
    nnfs("train", "runs/one/config.yaml", "--id", "three", "--quiet")
    assert same_numbers(Path("runs/one"), Path("runs/two"))
    assert same_numbers(Path("runs/one"), Path("runs/three"))


def test_runs_of_the_same_second_get_numbers_and_overwrite_nothing(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.runs.directory.run_stem", lambda name: f"{name}-20260101-120000")
    paths = [nnfs("train", "cubic.yaml", "--quiet").out.strip() for _ in range(3)]
    assert [Path(path).name for path in paths] == [
        "cubic-20260101-120000", "cubic-20260101-120000-2", "cubic-20260101-120000-3",
    ]  # fmt: skip


def test_a_run_is_found_by_path_by_id_and_as_the_latest(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    nnfs("train", "blobs.yaml", "--id", "two", "--quiet")
    for reference, task in (("runs/one", "rmse"), ("one", "rmse"), ("latest", "accuracy")):
        assert task in json.loads(nnfs("evaluate", reference, "--json").out)["scores"]
    elsewhere = nnfs("train", "cubic.yaml", "--id", "one", "--runs", "other", "--quiet")
    assert elsewhere.status == 0
    assert nnfs("evaluate", "one", "--runs", "other").status == 0


def test_runs_lists_them_newest_last(nnfs: Nnfs) -> None:
    assert "no runs in" in nnfs("runs").out
    for name in ("zebra", "ant"):
        nnfs("train", "cubic.yaml", "--id", name, "--quiet")
    listed = json.loads(nnfs("runs", "--json").out)
    assert [row["id"] for row in listed] == ["zebra", "ant"]
    assert listed[0]["status"] == "completed"
    assert listed[0]["scores"].keys() == {"loss", "rmse", "r2"}
    out = nnfs("runs").out
    assert out.index("zebra") < out.index("ant")
    assert "5/5" in out


@pytest.mark.slow
def test_gradcheck_passes_what_is_right(nnfs: Nnfs) -> None:
    outcome = nnfs("gradcheck")
    assert outcome.status == 0
    for name in ("dense", "relu", "sigmoid", "tanh", "softmax", "flatten", "mse", "cross_entropy"):
        assert name in outcome.out
    assert nnfs("gradcheck", "blobs.yaml").status == 0


def test_gradcheck_ends_with_status_1_and_names_the_tensor_that_is_wrong(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tanh, "input_grad", lambda self, x, y, dy, dx: np.multiply(dy, 1.0 - y, out=dx))
    outcome = nnfs("gradcheck", "cubic.yaml")
    assert outcome.status == 1
    assert "FAIL" in outcome.out
    outcome = nnfs("gradcheck", "--json")
    assert outcome.status == 1
    checks = json.loads(outcome.out)["checks"]
    wrong = {check["subject"].split()[0] for check in checks if check["verdict"] != "pass"}
    assert wrong == {"tanh", "residual"}, "residual, because its examples hold a tanh"


def wait_for(path: Path, lines: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not path.is_file() or len(path.read_text().splitlines()) < lines:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("stop", STOPS)
def test_an_interrupted_run_is_saved_and_resumes_to_the_same_bytes(nnfs: Nnfs, stop: signal.Signals) -> None:
    epochs = "training.epochs=3000"
    command = [sys.executable, "-m", "nnfs_cli", "train", "cubic.yaml", "--id", "stopped", "--set", epochs]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for(Path("runs/stopped/epochs.csv"), 20, process)
        process.send_signal(stop)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "nnfs resume" in err
    assert "Traceback" not in err
    run = Path("runs/stopped")
    assert json.loads((run / "summary.json").read_text())["status"] == "interrupted"
    assert {path.name for path in run.iterdir()} >= RUN_FILES
    assert len(rows(run / "epochs.csv")) < 3000
    assert nnfs("resume", "stopped").status == 0
    assert nnfs("train", "cubic.yaml", "--id", "whole", "--quiet", "--set", epochs).status == 0
    assert json.loads((run / "summary.json").read_text())["status"] == "completed"
    assert same_numbers(run, Path("runs/whole"))


def kill_workers(experiment: Experiment) -> None:
    engine = experiment.engine
    assert isinstance(engine, RowsEngine)
    (process,) = engine._workers.processes
    os.kill(process.pid or 0, signal.SIGKILL)


def kill_in_the_middle(experiment: Experiment) -> Iterator[Report]:
    for report in train(experiment):
        yield report
        if isinstance(report, StepReport) and report.step == 8:
            kill_workers(experiment)


def kill_at_the_end(experiment: Experiment, name: str) -> Evaluation:
    evaluate(experiment, name)
    kill_workers(experiment)
    return evaluate(experiment, name)


@pytest.mark.parametrize(
    ("where", "kill"),
    [("train.train", kill_in_the_middle), ("results.evaluate", kill_at_the_end)],
    ids=["rows", "scores"],
)
def test_a_run_whose_worker_is_killed_says_how_to_go_on_and_does(
    nnfs: Nnfs, where: str, kill: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_fork():
        return  # this system has no workers
    monkeypatch.setattr("nnfs_cli.speed.plan.WORTH_A_PART", 1000)
    Path("toy.yaml").write_text(BARS)
    arguments = ("train", "toy.yaml", "--set", "training.threads=2", "--id")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"nnfs_cli.jobs.{where}", kill)
        outcome = nnfs(*arguments, "killed")
    assert outcome.status == 2
    (said,) = outcome.err.splitlines()
    assert "a worker process was killed by signal 9" in said
    assert "`training.threads: 1` trains without workers" in said
    assert "`nnfs resume runs/killed` continues from the last checkpoint" in said
    run = Path("runs/killed")
    assert json.loads((run / "summary.json").read_text())["status"] == "failed"
    assert nnfs("resume", "killed").status == 0
    assert nnfs(*arguments, "whole").status == 0
    assert json.loads((run / "summary.json").read_text())["status"] == "completed"
    assert same_numbers(run, Path("runs/whole"))


def imported_by(*arguments: str) -> set[str]:
    program = "import sys; sys.argv[0] = 'nnfs'\nfrom nnfs_cli.cli.app import main\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"pandas", "matplotlib", "pydantic", "torch", "requests", "PIL", "pyarrow"}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_start_with_nothing_but_typer(option: str) -> None:
    assert not imported_by(option) & {*HEAVY, "numpy", "yaml"}


def test_the_list_of_runs_starts_without_what_training_needs(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    loaded = imported_by("runs")
    assert not loaded & {"yaml", "threadpoolctl", "nnfs_cli.config.reader"}
    assert not loaded & (HEAVY - {"pydantic"}), "pydantic is for Typer to load or not, by its version"


def test_training_on_synthetic_data_loads_nothing_that_reads_tables_or_opens_windows(nnfs: Nnfs) -> None:
    assert nnfs("train", "cubic.yaml", "--dry-run").status == 0
    loaded = imported_by("train", "cubic.yaml")
    assert "matplotlib" in loaded
    assert not loaded & {"pandas", "pyarrow", "requests", "torch", "matplotlib.pyplot", "tkinter"}


def test_the_version_is_told(nnfs: Nnfs) -> None:
    assert re.fullmatch(r"nnfs \d+\.\d+\.\d+\n", nnfs("--version").out)


def test_every_command_has_help(nnfs: Nnfs) -> None:
    for command in ("train", "resume", "evaluate", "plot", "gradcheck", "runs", "components", "schema"):
        outcome = nnfs(command, "--help")
        assert outcome.status == 0
        assert command in outcome.out


@pytest.mark.parametrize(("page", "config"), [("README.md", "spiral"), ("docs/tutorial.md", "mnist")])
def test_the_docs_show_a_shipped_config_as_it_is(page: str, config: str) -> None:
    block = re.search(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert block is not None
    shipped = yaml.safe_load((ROOT / "configs" / f"{config}.yaml").read_text())
    assert yaml.safe_load(block[1]) == shipped


@pytest.mark.usefixtures("draws")
def test_two_classes_can_be_told_apart_by_one_output(nnfs: Nnfs) -> None:
    text = BLOBS.replace("toy_blobs", "toy_halves").replace("units: 3", "units: 1")
    Path("halves.yaml").write_text(text.replace("cross_entropy", "binary_cross_entropy"))
    assert nnfs("train", "halves.yaml", "--id", "one", "--set", "training.epochs=30").status == 0
    record = json.loads(nnfs("evaluate", "one", "--json").out)
    confusion = np.array(record["confusion"])
    assert confusion.trace() / confusion.sum() == record["scores"]["accuracy"] > 0.8
    assert pictures(Path("runs/one")) == {"loss.png", "metrics.png", "confusion.png", "regions.png"}


def test_who_quits_the_debugger_gets_one_line(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    def quit_debugger(*_: object) -> NoReturn:
        raise BdbQuit

    monkeypatch.setattr("nnfs_cli.layers.dense.Dense.forward", quit_debugger)
    assert nnfs("train", "blobs.yaml", "--plain", "-q") == (130, "", "nnfs: stopped in the debugger\n")
