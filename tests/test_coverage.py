"""Intervals cover what they say they cover, and tests of equals raise few alarms: measured on synthetic data."""

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.losses.base import Loss
from nnfs_cli.metrics.base import Metric
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.means import corrected_t, over_seeds_and_rows, t_interval
from nnfs_cli.statistics.proportions import mcnemar, wilson
from nnfs_cli.statistics.sign_flip import sign_flip
from nnfs_cli.training.intervals import loss_interval, metric_interval

pytestmark = pytest.mark.slow

REPEATS = 500
COMPARISONS = 1000
SIZES = (50, 200, 1000, 3000)
FEW = (20, 30)
Draw = Callable[[np.random.Generator, int], tuple[Array, Array]]


def regression(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Predictions that miss by normal errors."""
    t = rng.normal(size=(n, 1))
    return t + 0.5 * rng.normal(size=(n, 1)), t


def classes(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Probabilities of three classes, less sure of themselves than they could be."""
    z = 1.5 * rng.normal(size=(n, 3))
    t = softmax(z).cumsum(axis=1) > rng.random((n, 1))
    return softmax(0.6 * z), t.argmax(axis=1)


def softmax(z: Array) -> Array:
    p = np.exp(z)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n  {text}", end="")  # noqa: T201


def coverage(intervals: Iterator[Interval], true: float, most: float = 0.98) -> float:
    """The share of intervals that contain the true value, of those that there are: nearly all, or so many."""
    found = list(intervals)
    there = [each for each in found if each.exists]
    assert len(there) >= most * len(found)
    return float(np.mean([each.low <= true <= each.high for each in there]))


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
def test_wilsons_intervals_cover_95_percent_of_proportions(
    n: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shares, hits = np.linspace(0.05, 0.95, 181), np.arange(n + 1)
    low, high = np.array([(each.low, each.high) for each in (wilson(int(k), n) for k in hits)]).T
    covered = np.array([binom.pmf(hits, n, s)[(low <= s) & (s <= high)].sum() for s in shares])
    say(capsys, f"Wilson, {n} rows: covers {covered.mean():.1%} of proportions, at worst {covered.min():.1%}")
    assert 0.93 <= covered.mean() <= 0.97
    assert covered.min() > 0.9


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        *((name, regression) for name in ("rmse", "mae", "r2", "explained_variance")),
        *((name, classes) for name in ("f1", "precision", "recall", "roc_auc", "log_loss", "brier")),
    ],
)  # fmt: skip
def test_bca_intervals_cover_95_percent_of_scores(
    name: str, draw: Draw, capsys: pytest.CaptureFixture[str]
) -> None:
    metric: Metric = create(Metric, name, {})
    rng = np.random.default_rng(0)
    true = float(np.mean([metric(*draw(rng, 200_000)) for _ in range(10)]))

    def intervals(n: int, repeats: int) -> Iterator[Interval]:
        for _ in range(repeats):
            p, t = draw(rng, n)
            yield metric_interval(metric, p, t, metric(p, t))

    found = [coverage(intervals(n, REPEATS), true) for n in SIZES]
    few = [coverage(intervals(n, REPEATS), true, 0.5) for n in FEW]  # some have too few rows of a class
    by_size = ", ".join(f"{each:.1%} of {n}" for each, n in zip(few + found, FEW + SIZES, strict=True))
    say(capsys, f"BCa, {name}: covers {np.mean(found):.1%} ({by_size} rows)")
    assert 0.93 <= np.mean(found) <= 0.97
    assert min(few) > 0.89


@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
def test_intervals_of_scores_with_a_rare_class_cover_95_percent_or_are_none(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    metric: Metric = create(Metric, name, {})
    rng = np.random.default_rng(0)

    def draw(n: int) -> tuple[Array, Array]:
        t = (rng.random(n) < 0.04).astype(int)
        p = 1.0 / (1.0 + np.exp(1.5 - 2.0 * t - rng.normal(size=n)))
        return np.stack([1.0 - p, p], axis=1), t

    true = float(np.mean([metric(*draw(200_000)) for _ in range(10)]))
    there, covers = {}, {}
    for n in (60, 200, 500):
        drawn = (draw(n) for _ in range(REPEATS))
        found = [metric_interval(metric, p, t, metric(p, t)) for p, t in drawn]
        some = [each for each in found if each.exists]
        there[n], covers[n] = len(some) / REPEATS, coverage(iter(some), true)
    say(capsys, f"BCa, {name}, 4 % of a class: covers {covers}, exists {there}")
    assert there[60] < 0.2
    assert min(covers[200], covers[500]) > 0.91


def test_the_calibration_error_has_intervals_of_many_rows_alone(capsys: pytest.CaptureFixture[str]) -> None:
    metric: Metric = create(Metric, "expected_calibration_error", {})
    rng = np.random.default_rng(0)
    true = float(np.mean([metric(*classes(rng, 200_000)) for _ in range(10)]))
    drawn = (classes(rng, 2000) for _ in range(REPEATS))
    found = coverage((metric_interval(metric, p, t, metric(p, t)) for p, t in drawn), true)
    say(capsys, f"BCa, expected_calibration_error: covers {found:.1%} of 2000 rows")
    assert 0.92 <= found <= 0.97
    few = classes(rng, 500)
    assert (
        metric_interval(metric, *few, metric(*few)).why_none
        == "500 rows; expected_calibration_error needs 900"
    )


def test_bca_intervals_cover_95_percent_of_losses(capsys: pytest.CaptureFixture[str]) -> None:
    loss: Loss = create(Loss, "cross_entropy", {"class_weights": (1.0, 2.0, 5.0)})
    rng = np.random.default_rng(0)

    def draw(n: int) -> tuple[Array, Array]:
        p, t = classes(rng, n)
        return np.log(p), t

    true = float(np.mean([loss.value(*draw(200_000)) for _ in range(10)]))
    drawn = (draw(n) for n in (200, 1500) for _ in range(REPEATS))
    found = coverage((loss_interval(loss, z, t, loss.value(z, t)) for z, t in drawn), true)
    say(capsys, f"BCa, weighted cross-entropy: covers {found:.1%}")
    assert 0.93 <= found <= 0.97


@pytest.mark.parametrize("n", [3, 10])
def test_t_intervals_over_seeds_cover_95_percent(n: int, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    found = coverage((t_interval(list(rng.normal(0.9, 0.02, n))) for _ in range(4000)), 0.9)
    say(capsys, f"t over {n} seeds: covers {found:.1%}")
    assert 0.93 <= found <= 0.97


@pytest.mark.parametrize("n", [3, 10])
def test_intervals_over_seeds_and_rows_cover_95_percent(n: int, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)

    def interval() -> Interval:
        luck = 0.1 * rng.normal(size=(n, 1)) + 0.4 * rng.normal(size=(n, 100))
        hits = rng.normal(size=100) + luck > -1.0  # rows are easy for all runs, and seeds lucky
        own = [wilson(int(each.sum()), 100) for each in hits]
        return over_seeds_and_rows(hits.mean(axis=1).tolist(), own)

    true = NormalDist().cdf(1.0 / math.sqrt(1.0 + 0.1**2 + 0.4**2))
    found = coverage((interval() for _ in range(2000)), true)
    say(capsys, f"t over {n} seeds, and Wilson over 100 rows: covers {found:.1%}")
    assert 0.94 <= found <= 0.995


@pytest.mark.parametrize("n", [5, 10, 20])
def test_intervals_over_random_splits_cover_95_percent_where_the_plain_t_does_not(
    n: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, true = np.random.default_rng(0), math.sqrt((1.0 + 1.0 / 75) * 2.0 / math.pi)

    def scores() -> list[float]:
        """The absolute errors of the training rows' mean, over splits of the same 100 rows."""
        y, found = rng.normal(size=100), []
        for _ in range(n):
            test, train = np.split(rng.permutation(y), [25])
            found.append(float(np.abs(test - train.mean()).mean()))
        return found

    drawn = [scores() for _ in range(2000)]
    found = coverage((corrected_t(each, 0.25, "splits")[0] for each in drawn), true)
    plain = coverage((t_interval(each) for each in drawn), true)
    say(capsys, f"corrected t over {n} splits: covers {found:.1%}; plain t {plain:.1%}")
    assert 0.93 <= found <= 0.97
    assert plain < 0.9


def folds_of(rng: np.random.Generator, count: int) -> Iterator[Array]:
    yield from np.array_split(rng.permutation(100), count)


def splits_of(rng: np.random.Generator, count: int) -> Iterator[Array]:
    yield from (rng.permutation(100)[:20] for _ in range(count))


def differences_over(rng: np.random.Generator, tests: Iterator[Array], rows: int = 100) -> list[float]:
    """What two least-squares models of the same worth differ by on each test: each sees three of six columns."""
    x = rng.normal(size=(rows, 6))
    y = x.sum(axis=1) + rng.normal(size=rows)
    found = []
    for test in tests:
        train = np.setdiff1d(np.arange(rows), test)
        errors = []
        for half in (x[:, :3], x[:, 3:]):
            weights = np.linalg.lstsq(half[train], y[train])[0]
            errors.append(np.mean((half[test] @ weights - y[test]) ** 2))
        found.append(float(errors[0] - errors[1]))
    return found


@pytest.mark.parametrize(
    ("cut", "count", "share"),
    [(folds_of, 5, 0.2), (folds_of, 10, 0.1), (splits_of, 5, 0.2), (splits_of, 20, 0.2)],
)
def test_the_corrected_t_of_equals_raises_few_alarms_where_the_plain_t_raises_many(
    cut: Any, count: int, share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    drawn = [differences_over(rng, cut(rng, count)) for _ in range(COMPARISONS)]
    corrected = [corrected_t(each, share) for each in drawn]
    alarms = np.mean([p < 0.05 for _, p in corrected])
    plain = 1.0 - coverage((t_interval(each) for each in drawn), 0.0)
    say(
        capsys,
        f"corrected t, {count} {cut.__name__.removesuffix('_of')}: covers {1 - alarms:.1%}, alarms {alarms:.1%}; plain t {plain:.1%}",
    )
    assert coverage((interval for interval, _ in corrected), 0.0) == pytest.approx(1.0 - alarms)
    assert alarms <= (0.05 if cut is folds_of else 0.07)


def test_mcnemars_test_of_equals_raises_few_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(COMPARISONS):
        hard = rng.random(450)  # rows are hard for both
        a, b = (rng.random(450) < 1.0 - 0.2 * hard for _ in range(2))
        alarms += mcnemar(int((a & ~b).sum()), int((b & ~a).sum())) < 0.05
    say(capsys, f"McNemar's test over 450 rows: alarms {alarms / COMPARISONS:.1%}")
    assert alarms <= 0.05 * COMPARISONS


@pytest.mark.parametrize(("n", "of"), [(6, "seeds"), (10, "seeds"), (300, "rows")])
def test_the_sign_flip_test_of_equals_raises_few_alarms(
    n: int, of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(COMPARISONS):
        hard = rng.gamma(1.0, size=n)  # rows are hard for both, and seeds lucky
        a, b = (hard * rng.normal(size=n) ** 2 for _ in range(2))
        alarms += sign_flip(a - b) < 0.05
    say(capsys, f"sign-flip test over {n} {of}: alarms {alarms / COMPARISONS:.1%}")
    assert alarms <= 0.05 * COMPARISONS + 2 * math.sqrt(0.05 * 0.95 * COMPARISONS)
