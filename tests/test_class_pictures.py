"""Pictures of a classification show the numbers that the metrics compute, and the mistakes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_cli import Experiment
from nnfs_cli.metrics.expected_calibration_error import ExpectedCalibrationError
from nnfs_cli.metrics.roc_auc import RocAuc
from nnfs_cli.plots import calibration, confusion, curves, mistakes, regions
from nnfs_cli.plots.library import Axes
from nnfs_cli.runs.directory import RunDirectory
from tests.aged import aged

CONFIG = {
    "name": "shown",
    "dataset": {"type": "blobs", "classes": 4, "samples": 160, "test": 80, "noise": 2.0},
    "layers": [{"type": "dense", "units": 8}, "tanh", {"type": "dense", "units": 4}],
    "loss": "cross_entropy",
    "metrics": ["roc_auc", {"type": "expected_calibration_error", "bins": 7}],
    "optimizer": {"type": "sgd", "learning_rate": 0.1},
    "training": {"epochs": 3},
}


def trained(folder: Path, name: str, **changes: object) -> RunDirectory:
    run = Experiment({**CONFIG, **changes}).train(folder, run_id=name, progress=False)
    return RunDirectory(run.path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return trained(tmp_path_factory.mktemp("runs"), "shown")


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def legend(axes: Axes) -> str:
    found = axes.get_legend()
    assert found is not None
    return "\n".join([found.get_title().get_text(), *(text.get_text() for text in found.get_texts())])


def test_the_areas_are_those_of_the_metric(run: RunDirectory) -> None:
    score = run.summary()["scores"]["test"]["roc_auc"]
    assert f"mean {score:.4f}" in legend(curves.draw(run)["roc"])


def test_the_calibration_error_is_that_of_the_metric_in_its_bins(run: RunDirectory) -> None:
    title = calibration.draw(run)["calibration"].get_title(loc="left")
    score = run.summary()["scores"]["test"]["expected_calibration_error"]
    assert f"error {score:.4f} in 7 bins" in title


def test_every_cell_of_the_confusion_matrix_says_count_and_rate(run: RunDirectory) -> None:
    counts = np.array(run.json("evaluation-test.json")["confusion"])
    axes = confusion.draw(run)["confusion"]
    shown = texts(axes)
    assert (
        sum(int(text.replace(",", "")) for text in shown if text.replace(",", "").isdigit()) == counts.sum()
    )
    assert sum(text.endswith("%") for text in shown) == np.count_nonzero(counts)
    (cells,) = axes.collections
    shown_shares: Any = np.ma.asarray(cells.get_array()).reshape(counts.shape)
    colored = np.ma.getdata(shown_shares)
    share = counts / counts.sum(axis=1, keepdims=True)
    off = ~np.eye(len(counts), dtype=bool)
    np.testing.assert_allclose(colored[off], share[off])
    assert np.ma.getmaskarray(shown_shares).diagonal().all()
    assert cells.get_clim()[1] == pytest.approx(share[off].max())


def test_of_many_classes_the_worst_pairs_are_listed(tmp_path: Path) -> None:
    run = trained(
        tmp_path,
        "many",
        dataset={"type": "blobs", "classes": 15, "samples": 300, "test": 150, "noise": 2.0},
        layers=[{"type": "dense", "units": 15}],
        metrics=[],
    )
    counts = np.array(run.json("evaluation-test.json")["confusion"])
    np.fill_diagonal(counts, 0)
    axes = confusion.draw(run)["confusion"]
    listed = axes.figure.axes[1]
    first = listed.get_yticklabels()[0].get_text()
    i, j = divmod(int(counts.argmax()), 15)
    assert first == f"{i} taken for {j}"
    assert texts(listed)[0].startswith(f" {counts.max()}, ")


def test_wrong_rows_are_ringed_and_counted(run: RunDirectory) -> None:
    arrays = run.arrays("predictions.npz")
    wrong = arrays["x"][arrays["target"] != arrays["prediction"]]
    axes = regions.draw(run)["regions"]
    rings = axes.collections[-1].get_offsets()
    np.testing.assert_array_equal(np.sort(np.asarray(rings), axis=0), np.sort(wrong, axis=0))
    assert f"{len(wrong)} wrong rows ringed" in axes.get_title(loc="left")
    assert legend(axes).splitlines()[-1] == "wrong"


def test_the_most_wrong_rows_come_first_with_what_is_odd_about_them(run: RunDirectory) -> None:
    arrays = run.arrays("predictions.npz")
    table = mistakes.draw(run)["mistakes"].tables[0]
    wrong = np.flatnonzero(arrays["target"] != arrays["prediction"])
    assert len(wrong) > 2
    p = dict(zip(arrays["p_rows"].tolist(), arrays["p"], strict=True))
    worst = max(wrong, key=lambda row: p[row].max() - p[row][arrays["target"][row]])
    cells = [table[1, i].get_text().get_text() for i in range(4)]
    assert cells[0] == f"{worst:,}"
    assert cells[1] == str(arrays["target"][worst])
    assert cells[2].startswith(f"{arrays['prediction'][worst]}, ")
    assert "x1 " in cells[3]
    assert len(table.get_celld()) == 4 * (1 + min(len(wrong), mistakes.MOST))


def test_a_run_of_an_earlier_version_still_has_its_confusion_matrix(
    run: RunDirectory, tmp_path: Path
) -> None:
    arrays = run.arrays("predictions.npz")
    old = RunDirectory(tmp_path)
    for file in ("summary.json", "config.yaml", "preparation.json", "epochs.csv", "steps.csv"):
        (tmp_path / file).write_bytes((run.path / file).read_bytes())
    aged(tmp_path)
    old.write_arrays("predictions.npz", {name: arrays[name] for name in ("target", "prediction")})
    assert confusion.draw(old)
    assert not any(module.draw(old) for module in (mistakes, calibration, curves, regions))


def test_scores_that_are_no_probabilities_have_no_calibration(tmp_path: Path) -> None:
    run = trained(tmp_path, "hinge", loss="hinge", metrics=["accuracy"])
    assert not calibration.draw(run)
    assert not curves.draw(run)
    assert all(module.draw(run) for module in (confusion, mistakes, regions))


scores = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), st.booleans()), min_size=2, max_size=30
)


@given(scores)
def test_the_area_below_a_roc_curve_is_the_metrics_with_ties_too(rows: list[tuple[float, bool]]) -> None:
    score, positive = (np.array(column) for column in zip(*rows, strict=True))
    if not 0 < positive.sum() < len(positive):
        return
    p = np.column_stack([1 - score, score])
    x, y, area = curves.roc(score, positive)
    assert area == pytest.approx(RocAuc()(p, positive.astype(int)))
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    assert (x[-1], y[-1]) == (1.0, 1.0)


@given(scores)
def test_average_precision_is_the_mean_precision_at_each_positive(rows: list[tuple[float, bool]]) -> None:
    score, positive = (np.array(column) for column in zip(*rows, strict=True))
    if not positive.any():
        return
    at_each = [(positive & (score >= s)).sum() / (score >= s).sum() for s in score[positive]]
    assert curves.precision_recall(score, positive)[2] == pytest.approx(np.mean(at_each))


@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.booleans()), min_size=1, max_size=40), st.integers(1, 20))
def test_the_reliability_of_bins_gives_the_metric(rows: list[tuple[float, bool]], bins: int) -> None:
    confidence, right = (np.array(column) for column in zip(*rows, strict=True))
    counts, mean, accuracy = calibration.reliability(confidence, right, bins)
    error = np.sum(counts * np.abs(accuracy - mean)) / counts.sum()
    p = np.column_stack([confidence, np.zeros(len(confidence))])
    target = np.where(right, 0, 1)
    assert error == pytest.approx(ExpectedCalibrationError(bins)(p, target))


def test_the_95_percent_interval_holds_the_truth_as_often() -> None:
    rng = np.random.default_rng(0)
    found = rng.binomial(20, 0.8, 20_000) / 20
    low, high = calibration.interval(found, np.full(len(found), 20))
    assert np.mean((low <= 0.8) & (high >= 0.8)) == pytest.approx(0.95, abs=0.02)
