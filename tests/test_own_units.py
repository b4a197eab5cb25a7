"""Targets and inputs far from zero keep their digits: they are normalized, undone and scored in float64."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import Array
from nnfs_cli.engine.network import Workspace
from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, StepReport
from tests.conftest import Nnfs
from tests.toys import toy

pytestmark = pytest.mark.usefixtures("draws")  # odd runs must have their pictures, too

FAR, SPREAD = 1.6e9, 50.0
CONFIG = """
dataset: {type: csv, path: t.csv, target: t, test: 0.3, standardize: true}
layers: [{type: dense, units: 1}]
loss: mse
metrics: [rmse, mae, mape, r2, explained_variance]
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 10, batch_size: 20}
"""


def rows(far: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(300, 2)), 3)
    t = np.round(SPREAD * (x[:, :1] + 0.1 * rng.normal(size=(300, 1))), 3)
    return x + far, t + far


def write_table(path: Path, x: Array, t: Array) -> None:
    lines = [f"{a:.3f},{b:.3f},{c:.3f}\n" for (a, b), (c,) in zip(x, t, strict=True)]
    path.write_text("a,b,t\n" + "".join(lines))


@pytest.mark.parametrize("far", [FAR, -FAR])
def test_scores_do_not_depend_on_how_far_the_numbers_are_from_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, far: float
) -> None:
    monkeypatch.chdir(tmp_path)
    reports: list[list[Any]] = []
    for offset in (0.0, far):
        write_table(tmp_path / "t.csv", *rows(offset))
        experiment = toy(CONFIG)
        kinds = StepReport, EpochReport
        reports.append([report for report in train(experiment) if isinstance(report, kinds)])
        reports[-1].append(evaluate(experiment, "test"))
    for near, other in zip(*reports, strict=True):
        for mapping in ("metrics", "train", "scores"):
            for name, score in getattr(near, mapping, {}).items():
                if name != "mape":  # it is relative to the targets
                    assert getattr(other, mapping)[name] == pytest.approx(score, rel=1e-4), name


def test_a_run_keeps_targets_and_predictions_with_all_their_digits(nnfs: Nnfs, tmp_path: Path) -> None:
    x, t = rows(FAR)
    write_table(tmp_path / "t.csv", x, t)
    (tmp_path / "c.yaml").write_text(CONFIG)
    assert nnfs("train", "c.yaml", "--id", "r").status == 0
    with np.load(tmp_path / "runs/r/predictions.npz") as arrays:
        target, prediction = arrays["target"], arrays["prediction"]
    assert np.isin(target.round(3), t.round(3)).all()
    scores = json.loads((tmp_path / "runs/r/summary.json").read_text())["scores"]["test"]
    assert scores["rmse"] == pytest.approx(float(np.sqrt(np.mean((target - prediction) ** 2))), rel=1e-12)
    assert scores["rmse"] < 0.2 * SPREAD
    told = nnfs("predict", "r", "t.csv").out
    answers = [float(line[0]) for line in list(csv.reader(io.StringIO(told)))[1:]]
    assert len(set(answers)) > 290
    assert set(prediction.ravel()) <= set(answers), "predict answers as evaluation does, to the last digit"


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_arrays_far_from_zero_are_normalized_in_float64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, dtype: str
) -> None:
    """npz is normalized at once, npy, which is mapped into memory, batch by batch."""
    monkeypatch.chdir(tmp_path)
    steps = np.random.default_rng(1).integers(-100, 100, (200, 3))
    x = (FAR + 128.0 * steps).astype(dtype)  # float32 holds multiples of 128 there
    y = steps[:, :1].astype("float32")
    np.savez("a.npz", X=x, y=y)
    np.save("x.npy", x)
    np.save("y.npy", y)
    source = "type: npz, path: a.npz" if kind == "npz" else "type: npy, x: x.npy, y: y.npy"
    experiment = toy(
        CONFIG.replace("type: csv, path: t.csv, target: t, test: 0.3", f"{source}, task: regression")
    )
    split = experiment.data.splits["train"]
    seen: list[Array] = []
    write = Workspace.infer

    def infer(workspace: Workspace) -> None:
        seen.append(workspace.x.copy())
        write(workspace)

    monkeypatch.setattr(Workspace, "infer", infer)
    experiment.engine.infer(split)
    expected = (steps - steps.mean(axis=0)) / steps.std(axis=0)
    np.testing.assert_allclose(np.concatenate(seen), expected[split.rows], rtol=1e-5, atol=2e-7)


def test_undoing_a_map_is_exact_to_float64() -> None:
    affine = Affine(np.array([FAR, 0.0]), np.array([1 / SPREAD, 3.0]))
    y = np.random.default_rng(2).normal(size=(20, 2)).astype("float32")
    again = (affine.undo(y) - affine.shift) * affine.scale
    assert again.dtype == np.float64
    np.testing.assert_allclose(again, y.astype(np.float64), rtol=1e-6, atol=1e-8)


TWO = """
dataset: {type: csv, path: t.csv, target: [big, small], test: 0.3}
layers: [{type: dense, units: 2}]
loss: mse
metrics: [rmse]
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 5}
"""


def test_several_targets_have_scores_of_their_own(nnfs: Nnfs, tmp_path: Path) -> None:
    x, t = rows(0.0)
    lines = [f"{a},{1e6 * a + c},{b + 0.01 * c}\n" for (a, b), (c,) in zip(x, t, strict=True)]
    (tmp_path / "t.csv").write_text("a,big,small\n" + "".join(lines))
    (tmp_path / "c.yaml").write_text(TWO)
    trained = nnfs("train", "c.yaml", "--id", "r").out
    record = json.loads((tmp_path / "runs/r/evaluation-test.json").read_text())
    summary = json.loads((tmp_path / "runs/r/summary.json").read_text())
    with np.load(tmp_path / "runs/r/predictions.npz") as arrays:
        error = arrays["prediction"] - arrays["target"]
        spread = arrays["target"] - arrays["target"].mean(axis=0)
    assert record["targets"] == summary["targets"]
    assert list(record["targets"]) == ["big", "small"]
    for m, scores in enumerate(record["targets"].values()):
        assert scores["rmse"] == pytest.approx(np.sqrt(np.mean(error[:, m] ** 2)))
        assert scores["mae"] == pytest.approx(np.mean(np.abs(error[:, m])))
        assert scores["r2"] == pytest.approx(1 - np.sum(error[:, m] ** 2) / np.sum(spread[:, m] ** 2))
    for told in (trained, nnfs("evaluate", "r").out):
        assert "each target, test" in told
        assert f"{record['targets']['big']['rmse']:#.6g}" in told


def test_a_single_target_has_no_table_of_its_own(nnfs: Nnfs, tmp_path: Path) -> None:
    assert "each target" not in nnfs("train", "cubic.yaml", "--id", "r").out
    assert "targets" not in json.loads((tmp_path / "runs/r/evaluation-validation.json").read_text())
