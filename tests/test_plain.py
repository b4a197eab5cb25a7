"""The plain engine: it equals the fast one, works without it, and needs few functions per step."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.load import config_from, load_config
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.regularizers.base import REGULARIZERS
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.schedules.base import SCHEDULES
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport
from tests.conftest import Nnfs
from tests.route import route
from tests.toys import ROOT

STEPS = 20
CONFIGS = sorted(path for path in (ROOT / "configs").glob("*.yaml") if path.stem != "digits-csv")
MNIST = [path for path in CONFIGS if "mnist" in path.stem and path.stem != "fashion-mnist"]
SMALL = [path for path in CONFIGS if "mnist" not in path.stem]


def steps(experiment: Experiment, count: int = STEPS) -> Array:
    """Train; the losses of the first steps."""
    losses: list[float] = []
    for report in train(experiment):
        if isinstance(report, StepReport):
            losses.append(report.loss)
        if len(losses) == count:
            break
    return np.array(losses)


def pair(path: Path, *overrides: str) -> tuple[Experiment, Experiment]:
    """A config's experiment with the plain engine, and with the default one."""
    config = load_config(path, ["training.log_every=1", *overrides])
    plain, fast = Experiment(config), Experiment(config)
    choose_engine(fast)
    assert (plain.engine.name, fast.engine.name) == ("plain", "fast")
    return plain, fast


def gap(one: Array, other: Array) -> float:
    """The norm of the difference, relative to the norm of the first."""
    size, difference = float(np.linalg.norm(one)), float(np.linalg.norm(one - other))
    return difference / size if size else difference


def check_agreement(plain: Experiment, fast: Experiment, tolerance: float, count: int = STEPS) -> None:
    losses = steps(plain, count), steps(fast, count)
    np.testing.assert_allclose(losses[1], losses[0], rtol=tolerance)
    assert gap(plain.network.params.value, fast.network.params.value) <= tolerance
    assert gap(plain.network.params.statistics, fast.network.params.statistics) <= tolerance
    for name in plain.data.splits:
        split = plain.split(name)
        few = replace(split, rows=split.rows[:300])
        assert gap(outputs(plain, few), outputs(fast, few)) <= 10 * tolerance
    if plain.config.dtype == "float32":
        return  # averages of gradients that nearly cancel have few digits
    for key, array in plain.descent.state().items():
        assert gap(array, fast.descent.state()[key]) <= 10 * tolerance, key


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_fast_and_plain_agree_on_shipped_configs(path: Path, dtype: str, tolerance: float) -> None:
    check_agreement(*pair(path, f"dtype={dtype}"), tolerance)


ROUNDED = {"mnist-cnn": 2e-5, "mnist-best": 2e-5}
"""In float32, for networks that Adam trains through convolutions: it divides each gradient by its own size, so
that rounding decides about those that nearly cancel. Found: 1e-6 with AVX-512, up to 8e-6 with older kernels.
"""


@pytest.mark.slow
@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("path", MNIST, ids=lambda path: path.stem)
def test_fast_and_plain_agree_on_real_images(path: Path, dtype: str) -> None:
    tolerance = 1e-12 if dtype == "float64" else ROUNDED.get(path.stem, 1e-6)
    check_agreement(*pair(path, f"dtype={dtype}"), tolerance)


@pytest.mark.usefixtures("at_root")
def test_fast_and_plain_agree_after_two_hundred_steps_of_mnist() -> None:
    check_agreement(*pair(ROOT / "configs" / "mnist.yaml"), 1e-6, count=200)


def cases() -> Iterator[Any]:
    """Every layer, loss, optimizer, schedule and regularizer with its examples, as parts of a config."""
    for name in LAYERS:
        for options, shape in LAYERS[name].examples:
            layer: dict[str, Any] = {"type": name, **options}
            yield pytest.param({"layer": layer, "shape": shape}, id=f"{name}-{options}-{shape}")
    for name in LOSSES:
        for options in LOSSES[name].examples:
            for task in LOSSES[name].tasks:
                yield pytest.param(
                    {"loss": {"type": name, **options}, "task": task}, id=f"{name}-{options}-{task}"
                )
    for name in OPTIMIZERS:
        yield pytest.param({"optimizer": {"type": name, "learning_rate": 0.01}}, id=name)
    for name in SCHEDULES:
        yield pytest.param({"schedule": name}, id=name)
    for name in REGULARIZERS:
        for options in REGULARIZERS[name].examples:
            yield pytest.param({"regularizer": {"type": name, **options}}, id=f"{name}-{options}")


def component_config(case: dict[str, Any], folder: Path, dtype: str) -> dict[str, Any]:
    """A small config around one component, with random rows that suit it."""
    rng = np.random.default_rng(1)
    shape, task, width = case.get("shape", (6,)), case.get("task", "regression"), 3
    if "loss" in case:
        options = {key: value for key, value in case["loss"].items() if key != "type"}
        trials = create(Loss, case["loss"]["type"], options).trials(1, 3, rng)
        width = next(z.shape[1] for kind, z, _ in trials if kind == task)
    size = int(np.prod(shape))
    np.save(folder / "x.npy", rng.normal(size=(50, size)))
    classes = rng.permutation(np.arange(50) % max(width, 2))
    np.save(folder / "y.npy", classes if task == "classification" else rng.random((50, width)))
    layers: list[Any] = [{"type": "dense", "units": size}]
    if "layer" in case:
        layers += [{"type": "reshape", "shape": list(shape)}, case["layer"], "flatten"]
    return {
        "name": "component",
        "dtype": dtype,
        "dataset": {
            "type": "npy",
            "x": str(folder / "x.npy"),
            "y": str(folder / "y.npy"),
            "test": 10,
            "task": task,
        },
        "layers": [*layers, {"type": "dense", "units": width}],
        "loss": case.get("loss", "mse"),
        "optimizer": case.get("optimizer", {"type": "sgd", "learning_rate": 0.01}),
        "schedule": case.get("schedule", "constant"),
        "regularizer": case.get("regularizer"),
        "training": {"epochs": 9, "batch_size": 16, "parts": 2},
    }


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("case", list(cases()))
def test_fast_and_plain_agree_on_every_component(
    case: dict[str, Any], dtype: str, tolerance: float, tmp_path: Path
) -> None:
    config = config_from(component_config(case, tmp_path, dtype), "component")
    plain, fast = Experiment(config), Experiment(config)
    choose_engine(fast)
    assert fast.engine.parts == (2 if fast.network.has_images else 1)
    check_agreement(plain, fast, tolerance)


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("name", ["cubic", "mnist"])
def test_a_plain_step_with_its_report_runs_through_few_functions_in_few_files(name: str) -> None:
    overrides = ["training.log_every=1", "metrics=[]"]  # each metric is a function in a file of its own
    experiment = Experiment(load_config(ROOT / "configs" / f"{name}.yaml", overrides))
    reports = train(experiment)
    for _ in range(3):
        next(reports)
    entered = route(lambda: next(reports))
    reports.close()
    assert {("layers/dense.py", "Dense.forward"), ("layers/relu.py", "ReLU.forward")} <= set(entered)
    assert ("optimizers/sgd.py", "SGD.step") in entered
    assert len(entered) <= 14, entered
    assert len({file for file, _ in entered}) <= 9, entered


@pytest.mark.usefixtures("at_root")
def test_print_and_breakpoint_work_in_each_function_of_a_plain_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = Experiment(load_config(ROOT / "configs" / "cubic.yaml", ["metrics=[]"]))
    reports, stops = train(experiment), list[str]()
    next(reports)
    entered = [(file, name) for file, name in route(lambda: next(reports)) if name != "train"]

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            print(name)  # noqa: T201  as a learner would
            breakpoint()
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr("sys.breakpointhook", lambda: stops.append("stopped"))
    for file, name in entered:
        owner: Any = import_module("nnfs_cli." + file.removesuffix(".py").replace("/", "."))
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        monkeypatch.setattr(owner, last, watched(name, getattr(owner, last)))
    next(reports)
    reports.close()
    printed = capsys.readouterr().out.split()
    assert set(printed) == {name for _, name in entered}
    assert printed.count("Dense.forward") == 3
    assert len(stops) == len(printed)


def test_plain_is_an_option_of_train_and_stays_with_the_run(nnfs: Nnfs) -> None:
    assert nnfs("train", "blobs.yaml", "--plain", "--id", "plain", "-q").status == 0
    assert nnfs("train", "blobs.yaml", "--set", "training.engine=plain", "--id", "same", "-q").status == 0
    assert nnfs("train", "blobs.yaml", "--id", "fast", "-q").status == 0
    runs = {name: RunDirectory(Path("runs") / name) for name in ("plain", "same", "fast")}
    assert {name: run.summary()["engine"] for name, run in runs.items()} == {
        "plain": "plain",
        "same": "plain",
        "fast": "fast",
    }
    assert runs["plain"].config().training.engine == "plain"
    assert (Path("runs/plain/epochs.csv")).read_text().split("\n")[0]
    assert "plain engine" in nnfs("train", "blobs.yaml", "--plain", "--dry-run").out
    assert nnfs("evaluate", "plain").status == 0


def run(folder: Path, *arguments: str) -> str:
    """The output of the nnfs in a folder, run in a process of its own; its status must be 0."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NNFS_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "nnfs_cli", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_without_the_folder_that_makes_it_fast_every_main_job_still_runs(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "nnfs_cli", tmp_path / "nnfs_cli", ignore=shutil.ignore_patterns("speed", "__pycache__")
    )
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "data" / "mnist", tmp_path / "data" / "mnist")
    assert not (tmp_path / "nnfs_cli" / "speed").exists()
    run(tmp_path, "train", "configs/cubic.yaml", "--id", "cubic", "--set", "training.epochs=30", "-q")
    few = ["--set", "training.epochs=1", "--set", "dataset.validation=57000", "-q"]
    run(tmp_path, "train", "configs/mnist.yaml", "--id", "mnist", *few)
    run(tmp_path, "train", "configs/mnist-cnn.yaml", "--id", "cnn", *few, "--set", "training.batch_size=500")
    for name in ("cubic", "mnist", "cnn"):
        summary = json.loads((tmp_path / "runs" / name / "summary.json").read_text())
        assert (summary["status"], summary["engine"]) == ("completed", "plain")
    for name, split in (("cubic", "train"), ("mnist", "test")):
        scores = json.loads((tmp_path / "runs" / name / "summary.json").read_text())["scores"]
        assert json.loads(run(tmp_path, "evaluate", name, "--json"))["scores"] == scores[split]
        run(tmp_path, "plot", name)
    images = "data/mnist/t10k-images-idx3-ubyte.gz"
    assert len(run(tmp_path, "predict", "mnist", images).splitlines()) == 10_001
    run(tmp_path, "gradcheck", "--only", "dense", "--only", "batch_norm", "--only", "dropout")
    run(tmp_path, "gradcheck", "configs/cubic.yaml")
    script = (
        "from pathlib import Path\n"
        "from nnfs_cli.config.load import load_config\n"
        "from nnfs_cli.core.errors import InterruptionError\n"
        "from nnfs_cli.jobs.train import train_run\n"
        "from nnfs_cli.runs.directory import RunDirectory\n"
        "from nnfs_cli.training.experiment import Experiment\n"
        "import signal\n"
        "ours = Experiment(load_config(Path('configs/cubic.yaml'), ['training.epochs=30']))\n"
        "try:\n"
        "    for report in train_run(ours, RunDirectory.create(Path('runs'), ours.config, 'stopped')):\n"
        "        if ours.progress.step == 50:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "except InterruptionError:\n"
        "    print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "stopped\n", done.stderr
    run(tmp_path, "resume", "stopped", "-q")
    weights = [np.load(tmp_path / "runs" / name / "weights.npz") for name in ("cubic", "stopped")]
    for name in weights[0]:
        np.testing.assert_array_equal(weights[0][name], weights[1][name])
