"""Scores carry intervals: metrics say what they are means of, and runs write, print and give them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.stats import bootstrap

from nnfs_cli.api.run import load_run
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.losses.base import LOSSES, Loss, adds_up
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.training.intervals import class_intervals, loss_interval, metric_interval
from tests.conftest import Nnfs

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "top_k_accuracy": [{"k": 2}],
    **{name: [{"average": "macro"}, {"average": "micro"}] for name in ("precision", "recall", "f1")},
}
CASES = [(name, options) for name in METRICS for options in OPTIONS.get(name, [{}])]


def rows_for(metric: Metric, n: int, width: int = 3) -> tuple[Array, Array]:
    """Predictions and targets that a metric takes: with ties, and right for most rows."""
    rng = np.random.default_rng(n)
    t: Array
    if "classification" not in metric.tasks:
        t = rng.gamma(2.0, 3.0, (n, width))
        return t + rng.normal(size=t.shape), t
    t = rng.integers(0, width, n)
    z = np.round(rng.normal(size=(n, width)) + 1.5 * np.eye(width)[t], 1)
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), t


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_a_metric_is_what_it_says_of_the_means_of_its_terms(
    name: str, options: Mapping[str, Any], width: int
) -> None:
    metric: Metric = create(Metric, name, options)
    p, t = rows_for(metric, 200, width)
    terms, hits = metric.terms(p, t), metric.hits(p, t)
    assert terms is not None
    assert len(terms) == 200
    assert float(metric.of_means(terms.mean(axis=0))) == pytest.approx(metric(p, t), rel=1e-9)
    assert hits is None or hits.mean() == pytest.approx(metric(p, t))


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_means_of_terms_give_the_score_of_resampled_rows(
    name: str, options: Mapping[str, Any], width: int
) -> None:
    metric: Metric = create(Metric, name, options)
    p, t = rows_for(metric, 400, width)
    terms = metric.terms(p, t)
    assert terms is not None
    rng = np.random.default_rng(0)
    samples = [rng.integers(0, 400, 400) for _ in range(300)]
    by_terms = metric.of_means(np.stack([terms[rows].mean(axis=0) for rows in samples]))
    by_rows = np.array([metric(p[rows], t[rows]) for rows in samples])
    # roc_auc's terms rank rows among those given and not among the resampled, which changes little
    assert (by_terms - by_rows).std() <= (0.1 * by_rows.std() if name == "roc_auc" else 1e-9)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_the_interval_of_a_metric_is_scipys_over_resampled_rows(
    name: str, options: Mapping[str, Any]
) -> None:
    metric: Metric = create(Metric, name, options)
    p, t = rows_for(metric, 300)
    found = metric_interval(metric, p, t, metric(p, t))
    if name == "expected_calibration_error":
        assert found.why_none == "300 rows; expected_calibration_error needs 900"
        return
    expected = bootstrap(
        (np.arange(300),),
        lambda rows: metric(p[rows], t[rows]),
        vectorized=False,
        n_resamples=1500,
        method="BCa",
        rng=0,
    ).confidence_interval
    width = expected.high - expected.low
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.15 * width)
    assert found.method == (
        "BCa bootstrap over 300 rows" if metric.hits(p, t) is None else "Wilson over 300 rows"
    )


def loss_cases() -> Iterator[tuple[str, Mapping[str, Any], Task]]:
    for name in LOSSES:
        for options in LOSSES[name].examples:
            yield from ((name, options, task) for task in LOSSES[name].tasks)


@pytest.mark.parametrize(("name", "options", "task"), list(loss_cases()), ids=str)
@pytest.mark.parametrize("n", [300, 1500])
def test_the_interval_of_a_loss_is_that_of_its_rows(
    name: str, options: Mapping[str, Any], task: Task, n: int
) -> None:
    loss: Loss = create(Loss, name, options)
    z, t = next((z, t) for kind, z, t in loss.trials(n, 3, np.random.default_rng(1)) if kind == task)
    assert adds_up(loss)
    found = loss_interval(loss, z, t, loss.value(z, t))
    by_row = np.array([(loss.weight(t[k : k + 1]), loss.value(z[k : k + 1], t[k : k + 1])) for k in range(n)])

    def weighted(rows: Array, axis: int = -1) -> Array:
        return np.asarray(np.average(by_row[rows, 1], weights=by_row[rows, 0], axis=axis))

    expected = bootstrap((np.arange(n),), weighted, n_resamples=2000, method="BCa", rng=0).confidence_interval
    low, high = expected
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.12 * (high - low))
    assert found.method == f"BCa bootstrap over {n:,} rows"


@dataclass(frozen=True)
class Spread(Metric):
    """The range of errors: a metric that does not say what it is a mean of, and cannot be resampled."""

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)

    def __call__(self, p: Array, t: Array) -> float:
        return float(np.ptp(p - t))


class Median(Spread):
    def __call__(self, p: Array, t: Array) -> float:
        return float(np.median(np.abs(p - t)))


class Wrong(Spread):
    """Its terms are those of another score."""

    def terms(self, p: Array, t: Array) -> Array:
        return np.asarray(np.abs(p - t) + 100.0)


def interval_of(metric: Metric, n: int) -> Any:
    p, t = rows_for(metric, n, 1)
    return metric_interval(metric, p, t, metric(p, t))


def test_a_metric_without_terms_is_called_for_each_resample() -> None:
    found = interval_of(Median(), 300)
    p, t = rows_for(Median(), 300, 1)
    low, high = bootstrap(
        (np.abs(p - t)[:, 0],), np.median, n_resamples=4000, method="BCa", rng=0
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.15 * (high - low))
    assert found.method == "BCa bootstrap over 300 rows"
    assert interval_of(Median(), 3000).method == "BCa bootstrap over 1,000 of 3,000 rows"


def test_a_largest_error_has_no_interval_since_no_resample_has_a_larger_one() -> None:
    assert interval_of(Spread(), 300).why_none == "no resample has a higher score"


def test_terms_that_do_not_give_the_score_give_no_interval() -> None:
    assert interval_of(Wrong(), 300).why_none == "the score is not that of the rows that were resampled"


class Shapeless(Spread):
    type_name: ClassVar[str] = "shapeless"

    def terms(self, p: Array, t: Array) -> Array:
        return np.ravel(np.abs(p - t))


def test_a_metric_of_the_wrong_terms_has_no_interval() -> None:
    assert "terms must give an array of shape (N, K)" in interval_of(Shapeless(), 30).why_none


def test_a_plugin_that_fails_at_its_interval_ends_no_training(nnfs: Nnfs) -> None:
    Path("careless.py").write_text(
        """
from dataclasses import dataclass
import numpy as np
from nnfs_cli.metrics.base import METRICS, Metric

@METRICS.register("careless")
@dataclass(frozen=True)
class Careless(Metric):
    \"\"\"It fails where many rows come twice.\"\"\"
    tasks = ("classification",)

    def __call__(self, p, t):
        return float("x" if 1 < len(np.unique(p, axis=0)) < 0.8 * len(p) else 1.0)
"""
    )
    own = CLASSES.replace("f1, roc_auc]", "careless]").replace("{epochs: 5}", "{epochs: 1}")
    Path("c.yaml").write_text(f"plugins: [careless.py]{own}")
    assert nnfs("train", "c.yaml", "--id", "r").status == 0
    why = load_run("r", trust_plugins=True).intervals["test"]["careless"].why_none
    assert re.search(r"careless.py, line 13, __call__ of metric 'careless': ValueError", why)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("n", [1, 2, 19])
def test_few_rows_have_wilsons_interval_or_none(name: str, options: Mapping[str, Any], n: int) -> None:
    metric: Metric = create(Metric, name, options)
    p, t = rows_for(metric, n)
    found = metric_interval(metric, p, t, metric(p, t))
    if metric.hits(p, t) is not None:
        assert found.high - found.low > 0.15
    else:
        assert not found.exists
        assert found.why_none.endswith((" needs 20", " needs 900", "the score is undefined"))


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_perfect_predictions_and_equal_rows_never_have_a_width_of_zero(
    name: str, options: Mapping[str, Any]
) -> None:
    metric: Metric = create(Metric, name, options)
    regression = "regression" in metric.tasks
    t = np.arange(60) % 3
    cases = [(np.eye(3)[t], t), (np.tile([0.2, 0.5, 0.3], (60, 1)), np.ones(60, int)), (np.eye(3)[t], t * 0)]
    if regression:
        x = np.linspace(1.0, 2.0, 60)[:, np.newaxis]
        cases = [(x, x), (x * 0 + 0.1, x * 0 + 0.3), (x * 0 + 0.1, x), (x, x * 0 + 0.1)]
    for p, t in cases:
        found = metric_interval(metric, p, t, metric(p, t))
        assert found.why_none or found.high - found.low > 1e-6


@pytest.mark.parametrize("name", ["f1", "precision", "recall", "roc_auc"])
def test_without_the_rows_of_a_rare_class_it_would_be_another_score(name: str) -> None:
    metric: Metric = create(Metric, name, {})
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 80)
    for rare, exists in ((2, False), (10, True)):
        t = np.repeat([0, 1, 2], [40 - rare, 40, rare])
        found = metric_interval(metric, p, t, metric(p, t))
        assert found.exists == exists
        assert exists or found.why_none == "the score is undefined without a few of the rows"


def test_a_single_class_has_no_area_and_no_interval() -> None:
    p, _ = rows_for(create(Metric, "roc_auc", {}), 50, 2)
    metric: Metric = create(Metric, "roc_auc", {})
    t = np.zeros(50, int)
    assert metric_interval(metric, p, t, metric(p, t)).why_none == "the score is undefined"
    t[7] = 1
    assert (
        metric_interval(metric, p, t, metric(p, t)).why_none
        == "the score is undefined without a few of the rows"
    )


def test_a_loss_that_is_a_sum_has_no_interval() -> None:
    class Sum(type(create(Loss, "mse", {}))):  # type: ignore[misc]
        adds_up: ClassVar[bool] = True

        def value(self, z: Array, t: Array) -> float:
            return float(np.square(z - t).sum())

        def weight(self, t: Array) -> float:
            return 1.0

    z = np.random.default_rng(0).normal(size=(100, 1))
    assert (
        loss_interval(Sum(), z, 0 * z, float(np.square(z).sum())).why_none == "the loss is no mean over rows"
    )


def test_a_classs_f1_lies_in_the_interval_of_its_hits_among_its_rows_and_predictions() -> None:
    found = class_intervals(hits=30, predicted=40, actual=50)
    f1 = 2 * 30 / (40 + 50)
    assert found["f1"].low < f1 < found["f1"].high
    assert {name: each.method for name, each in found.items()} == {
        "precision": "Wilson over 40 rows",
        "recall": "Wilson over 50 rows",
        "f1": "Wilson over 60 rows",
    }
    none = class_intervals(hits=0, predicted=0, actual=3)
    assert none["precision"].why_none == "no rows"
    assert none["recall"].high < 1.0


CLASSES = """
dataset: {type: moons, samples: 400, noise: 0.3, test: 0.3, validation: 0.2}
layers: [{type: dense, units: 8}, tanh, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy, f1, roc_auc]
optimizer: adam
training: {epochs: 5}
"""


def test_a_run_writes_prints_and_gives_the_interval_of_each_score(nnfs: Nnfs) -> None:
    Path("c.yaml").write_text(CLASSES)
    printed = nnfs("train", "c.yaml", "--id", "r").out
    summary = json.loads(Path("runs/r/summary.json").read_text())
    assert summary["intervals"].keys() == summary["scores"].keys() == {"train", "validation", "test"}
    for split, scores in summary["scores"].items():
        assert summary["intervals"][split].keys() == scores.keys()
        for name, score in scores.items():
            record = summary["intervals"][split][name]
            if split == "train":
                assert record["low"] is None
                assert record["method"] == "none: rows that were fitted say nothing of new ones"
            else:
                assert record["low"] <= score <= record["high"]
                assert record["level"] == 0.95
    run = load_run("r")
    accuracy = run.intervals["test"]["accuracy"]
    assert accuracy.method == "Wilson over 120 rows"
    assert f" {accuracy.ends} " in printed
    assert accuracy.ends in run._repr_html_()
    assert "no intervals of train: rows that were fitted say nothing of new ones" in printed
    assert (
        "95 % intervals of test: BCa bootstrap over 120 rows (loss, f1, roc_auc); Wilson over 120 rows (accuracy)"
        in printed
    )


def test_an_evaluation_has_the_intervals_that_training_wrote(nnfs: Nnfs) -> None:
    Path("c.yaml").write_text(CLASSES)
    nnfs("train", "c.yaml", "--id", "r")
    intervals = json.loads(Path("runs/r/summary.json").read_text())["intervals"]
    for split in ("train", "validation", "test"):
        record = json.loads(nnfs("evaluate", "r", "--split", split, "--json").out)
        assert record["intervals"] == intervals[split]
    rows = record["classes"]
    assert rows[0]["intervals"]["recall"]["method"] == f"Wilson over {rows[0]['support']} rows"
    told = nnfs("evaluate", "r").out
    assert "classes, with Wilson's 95 % intervals" in told
    assert load_run("r").intervals["test"]["loss"].ends in told
    nnfs("report", "r")
    page = Path("runs/r/report.html").read_text()
    assert all(interval.ends in page for interval in load_run("r").intervals["test"].values())
    assert "no intervals of train: rows that were fitted say nothing of new ones" in page
    assert all(Interval.of_json(each).ends in page for row in rows for each in row["intervals"].values())


def test_each_target_has_intervals_of_its_own(nnfs: Nnfs) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3))
    Path("t.csv").write_text(
        "x,big,small\n" + "".join(f"{a},{100 * a + 9 * b},{a + c}\n" for a, b, c in rows)
    )
    Path("c.yaml").write_text(
        "dataset: {type: csv, path: t.csv, target: [big, small], test: 0.3}\n"
        "layers: [{type: dense, units: 2}]\nloss: mse\nmetrics: [rmse]\noptimizer: adam\ntraining: {epochs: 3}\n"
    )
    printed = nnfs("train", "c.yaml", "--id", "r").out
    summary = json.loads(Path("runs/r/summary.json").read_text())
    for name, scores in summary["targets"].items():
        assert summary["target_intervals"][name].keys() == scores.keys() == {"rmse", "mae", "r2"}
        record = summary["target_intervals"][name]["rmse"]
        assert record["low"] < scores["rmse"] < record["high"]
    assert "95 % intervals of each target: BCa bootstrap over 60 rows" in printed
    nnfs("report", "r")
    page = Path("runs/r/report.html").read_text()
    for records in summary["target_intervals"].values():
        assert all(Interval.of_json(record).ends in page for record in records.values())


@pytest.mark.parametrize("width", [60, 80, 200])
def test_intervals_stand_below_the_scores_where_a_line_is_too_short(
    nnfs: Nnfs, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("c.yaml").write_text(CLASSES)
    monkeypatch.setattr("nnfs_cli.cli.screen.out.width", width)
    printed = nnfs("train", "c.yaml", "--id", "r").out
    ends = [interval.ends for interval in load_run("r").intervals["test"].values()]
    lines = [line for line in printed.splitlines() if ends[0] in line]
    if width == 60:
        assert not lines
        assert "60 columns have no room for intervals: `nnfs evaluate` lists them" in printed
    else:
        assert all(each in lines[0] for each in ends)
        assert ("test" in lines[0]) == (width == 200)


def test_a_run_without_intervals_or_with_odd_ones_is_still_shown(nnfs: Nnfs) -> None:
    Path("c.yaml").write_text(CLASSES)
    nnfs("train", "c.yaml", "--id", "r")
    run = load_run("r")
    for odd in (
        None,
        3,
        {"test": 3},
        {"test": {"loss": 3}},
        {"test": {"loss": {"low": "a", "high": [], "method": "m"}}},
    ):
        run.summary["intervals"] = odd
        assert "accuracy" in run._repr_html_()
        assert not any(interval.exists for own in run.intervals.values() for interval in own.values())
