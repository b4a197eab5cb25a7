"""Diagnostics of a training: they change nothing, follow from steps alone, and are what NumPy gives."""

import shutil
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.diagnostics import FIRST, is_looked_at, next_look
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import train_run
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.layers.tanh import Tanh
from nnfs_cli.plots import histograms, layer_norms
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.schedules.base import SCHEDULES
from nnfs_cli.training.diagnostics import BINS, histogram
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.trace import Tracer
from nnfs_cli.training.units import dead_units, saturated_units
from tests.toys import BARS, BLOBS, CUBIC, toy_config

ON = "training.diagnostics=true"


def run_of(folder: Path, text: str, *overrides: str, name: str = "run", stop_after: int = 0) -> RunDirectory:
    """A run of a toy, stopped after some steps if `stop_after` says so."""
    experiment = Experiment(toy_config(text, overrides))
    run = RunDirectory.create(folder, experiment.config, name)
    training = train_run(experiment, run)
    assert isinstance(training, Generator)
    for _ in training:
        if stop_after and experiment.progress.step >= stop_after:
            training.close()
    return run


def recorded(run: RunDirectory) -> dict[str, Array]:
    return run.arrays("diagnostics.npz")


@pytest.mark.parametrize("text", [CUBIC, BLOBS, BARS])
def test_diagnostics_change_no_number_and_both_engines_record_alike(text: str, tmp_path: Path) -> None:
    text = text.replace("tanh", "tanh, {type: dropout, rate: 0.2}") if "[{" in text else text
    without = run_of(tmp_path, text, name="without")
    plain, fast = (run_of(tmp_path, text, ON, f"training.engine={e}", name=e) for e in ("plain", "auto"))
    for name in ("weights.npz", "steps.csv"):
        assert (without.path / name).read_bytes() == (fast.path / name).read_bytes()
    assert not without.has("diagnostics.npz")
    assert recorded(plain)["step"].tolist() == recorded(fast)["step"].tolist()
    for name, array in recorded(plain).items():
        if name.endswith("_norm"):
            assert recorded(fast)[name] == pytest.approx(array, rel=1e-3), name


@pytest.mark.parametrize("stop_after", [1, 5, 7, 10, 12])
@pytest.mark.parametrize("log_every", [1, 100])
def test_a_run_that_was_stopped_records_what_an_unbroken_one_does(
    stop_after: int, log_every: int, tmp_path: Path
) -> None:
    whole = run_of(tmp_path, CUBIC, ON, f"training.log_every={log_every}", "schedule=reduce_on_plateau")
    broken = run_of(
        tmp_path,
        *(CUBIC, ON, f"training.log_every={3}", "schedule=reduce_on_plateau"),
        name="broken",
        stop_after=stop_after,
    )
    for _ in train_run(resume(broken), broken):
        pass
    assert broken.summary()["resumed"]
    assert (whole.path / "diagnostics.npz").read_bytes() == (broken.path / "diagnostics.npz").read_bytes()


def test_more_epochs_record_what_they_would_have_from_the_start(tmp_path: Path) -> None:
    long = run_of(tmp_path, CUBIC, ON, "training.epochs=7")
    short = run_of(tmp_path, CUBIC, ON, "training.epochs=4", name="short")
    shutil.copytree(short.path, tmp_path / "killed")
    for _ in train_run(resume(short, 7), short):
        pass
    assert (long.path / "diagnostics.npz").read_bytes() == (short.path / "diagnostics.npz").read_bytes()


def test_looks_are_early_then_far_apart_and_bounded() -> None:
    looks = [0]
    while looks[-1] < 100_000 * 1000:
        looks.append(next_look(looks[-1]))
    assert looks[: len(FIRST)] == list(FIRST)
    assert min(np.diff(looks[len(FIRST) - 1 :])) >= 400
    assert len(looks) < 300
    assert all(is_looked_at(step) for step in looks[:50])
    assert not any(is_looked_at(step) for step in (2, 99, 101, 499, 501))
    assert all(next_look(step) > step for step in range(3000))


def test_a_look_is_what_numpy_gives(tmp_path: Path) -> None:
    run = run_of(tmp_path, BLOBS, ON)
    experiment = Experiment(toy_config(BLOBS, [ON]))
    choose_engine(experiment)
    found, rows = recorded(run), experiment.data.splits["train"].sampled(16)
    trace = Tracer(experiment).trace(rows)
    names = [str(name) for name in found["trained"]]
    assert names == ["0_dense", "2_dense"]
    for k, name in enumerate(names):
        grads = np.concatenate([trace.grads[f"{name}/{key}"].ravel() for key in "Wb"])
        before, after = (
            np.concatenate([a[f"{name}/{key}"].ravel() for key in "Wb"]) for a in (trace.before, trace.after)
        )
        assert found["gradient_norm"][0, k] == pytest.approx(np.linalg.norm(grads), rel=1e-5)
        assert found["weight_norm"][0, k] == pytest.approx(np.linalg.norm(before), rel=1e-5)
        assert found["update_norm"][0, k] == pytest.approx(np.linalg.norm(after - before), rel=1e-3)
        zeros = np.count_nonzero(grads == 0)
        assert found["gradient_zeros"][0, k] == pytest.approx(zeros / grads.size)
        assert found["gradient_counts"][0, k].sum() == grads.size - zeros
        low, high = found["gradient_range"][0, k]
        assert (low, high) == pytest.approx(
            (np.log10(np.abs(grads[grads != 0])).min(), np.log10(np.abs(grads).max()))
        )
    assert found["activation_counts"][0].sum(axis=1).tolist() == [16 * 8, 16 * 8, 16 * 3]
    relu = trace.activations[2]
    assert found["dead"][0].tolist() == [np.count_nonzero(np.ptp(relu, axis=0) == 0)]
    assert found["units"].tolist() == [8]


def test_dead_and_saturated_units_are_counted() -> None:
    y = np.random.default_rng(0).uniform(0.1, 1, (20, 5))
    y[:, 1] = 0.0
    assert dead_units(y).tolist() == [False, True, False, False, False]
    images = np.moveaxis(np.broadcast_to(y[:, None, None], (20, 2, 3, 5)), -1, 1)
    assert dead_units(images).tolist() == [False, True, False, False, False]
    z = np.random.default_rng(0).uniform(-1, 1, (40, 3)) * [1, 1, 0.01] + [0, 9, 0]
    assert saturated_units(Tanh(), np.tanh(z)).tolist() == [False, True, False]
    assert not saturated_units(ReLU(), y).any()


@pytest.mark.parametrize("x", [[], [3.0] * 7, [0.0], [1e300, -1e300], [5e-324, 0.0], list(range(100))])
def test_a_histogram_counts_all_numbers(x: list[float]) -> None:
    counts, (low, high) = histogram(np.array(x, float))
    assert counts.sum() == len(x)
    assert len(counts) == BINS
    assert low <= high
    if len(x) > 10:
        assert np.array_equal(counts, np.histogram(x, BINS)[0])


@pytest.mark.parametrize("schedule", sorted(SCHEDULES.known()))
def test_the_last_step_is_looked_at_whatever_the_schedule(schedule: str, tmp_path: Path) -> None:
    run = run_of(tmp_path, BLOBS, ON, f"schedule={schedule}", "training.epochs=2")
    found = recorded(run)
    assert found["step"][-1] == run.summary()["steps"]
    assert np.isfinite(found["update_norm"]).all()


@pytest.mark.parametrize(
    "layers",
    [
        "[flatten, {type: dense, units: 3}]",
        "[{type: dense, units: 4, init: zeros}, relu, {type: dense, units: 3}]",
        "[{type: residual, layers: [{type: dense, units: 2}, sigmoid]}, batch_norm, {type: dense, units: 3}]",
        "[" + "{type: dense, units: 4}, tanh, " * 14 + "{type: dense, units: 3}]",
    ],
)
def test_any_network_has_its_pictures(layers: str, tmp_path: Path) -> None:
    run = run_of(tmp_path, BLOBS, ON, f"layers={layers}", "training.epochs=1")
    drawn = {**layer_norms.draw(run), **histograms.draw(run)}
    assert {"gradients", "updates", "activations", "gradient_histograms"} <= set(drawn)
    names = [line.get_label() for line in drawn["gradients"].lines]
    assert set(recorded(run)["trained"].tolist()) <= set(names)
