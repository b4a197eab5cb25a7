"""Intervals and tests are those of SciPy and of the books."""

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from nnfs_cli.core.arrays import Array
from nnfs_cli.statistics.bootstrap import bca, bca_by_rows
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.means import corrected_t, runs_needed, runs_needed_unpaired, t_interval, welch_t
from nnfs_cli.statistics.paired import swap_test, swap_test_by_rows
from nnfs_cli.statistics.proportions import mcnemar, wilson
from nnfs_cli.statistics.resampling import drawn_rows, group_sums
from nnfs_cli.statistics.sign_flip import sign_flip


def mean(m: Array) -> Array:
    return m[..., 0]


def root(m: Array) -> Array:
    return np.asarray(np.sqrt(m[..., 0]))


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (1, 1), (0, 10), (9, 10), (412, 450), (450, 450), (1, 10**6)]
)
def test_wilsons_interval_is_scipys(successes: int, n: int) -> None:
    expected = scipy.stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert ends(wilson(successes, n)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilsons_interval_is_that_of_newcombes_table() -> None:
    # Newcombe, 1998, Two-sided confidence intervals for the single proportion, table I, method 3.
    for successes, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert ends(wilson(successes, n)) == pytest.approx((low, high), abs=5e-5)


def test_wilson_names_its_rows_and_has_none_for_no_rows() -> None:
    assert wilson(1, 1).method == "Wilson over 1 row"
    assert wilson(900, 1000).method == "Wilson over 1,000 rows"
    assert wilson(0, 0).why_none == "no rows"
    assert 0.0 == wilson(0, 3).low < wilson(0, 3).high < 1.0


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 0), (3, 15), (15, 3), (7, 7), (1200, 1300)])
def test_mcnemars_p_is_the_exact_binomial(a: int, b: int) -> None:
    expected = scipy.stats.binomtest(a, a + b).pvalue if a + b else 1.0
    assert mcnemar(a, b) == pytest.approx(expected)


def test_the_t_interval_is_scipys() -> None:
    values = [0.91, 0.93, 0.9, 0.95, 0.92]
    expected = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = t_interval(values)
    assert ends(found) == pytest.approx((expected.low, expected.high))
    assert found.method == "t over 5 seeds"
    assert ends(t_interval(values, level=0.9)) == pytest.approx(
        tuple(scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.9))
    )


@pytest.mark.parametrize(
    ("values", "why"),
    [([], "no values"), ([0.9], "a single value"), ([0.1] * 10, "all 10 values are equal"), ([0.1, math.nan], "some values are not numbers")],
)  # fmt: skip
def test_values_without_spread_have_no_t_interval_and_say_why(values: list[float], why: str) -> None:
    assert t_interval(values).why_none == why
    interval, p = corrected_t(values, 0.2)
    assert interval.why_none == why
    assert math.isnan(p)
    assert runs_needed(values) is None


def test_the_corrected_t_widens_by_nadeau_and_bengios_factor() -> None:
    differences = [0.02, 0.05, -0.01, 0.03, 0.04, 0.01, 0.02, 0.06, 0.0, 0.03]
    plain = scipy.stats.ttest_1samp(differences, 0.0)
    factor = math.sqrt((1 / 10 + 0.2 / 0.8) / (1 / 10))
    interval, p = corrected_t(differences, 0.2)
    low, high = plain.confidence_interval(0.95)
    assert interval.high - interval.low == pytest.approx(factor * (high - low))
    assert interval.high + interval.low == pytest.approx(high + low)
    assert p == pytest.approx(2 * scipy.stats.t.sf(plain.statistic / factor, 9))
    assert corrected_t([-d for d in differences], 0.2)[1] == pytest.approx(p)


@pytest.mark.parametrize("n", [2, 5, 11, 14])
def test_few_signs_are_flipped_in_all_ways_as_by_scipy(n: int) -> None:
    d = np.random.default_rng(n).normal(0.4, 1.0, n)
    expected = scipy.stats.permutation_test(
        (d,), np.sum, permutation_type="samples", n_resamples=10**6
    ).pvalue
    assert sign_flip(d) == pytest.approx(expected)


def test_p_of_eight_equal_signs_is_that_of_eight_heads() -> None:
    assert sign_flip([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]) == 2 / 2**8
    assert sign_flip([0.0] * 8) == 1.0


@pytest.mark.parametrize("n", [15, 60, 1000, 20_000])
def test_many_signs_give_nearly_the_p_of_the_t_test(n: int) -> None:
    d = np.random.default_rng(1).normal(1.5 / math.sqrt(n), 1.0, n)
    assert sign_flip(d) == pytest.approx(scipy.stats.ttest_1samp(d, 0.0).pvalue, abs=0.03)
    assert sign_flip(d) == sign_flip(d)


def test_welchs_t_is_scipys() -> None:
    a, b = [0.1, 0.4, 0.2, 0.9], [0.7, 0.8, 0.75, 0.8, 0.6, 1.1]
    found = scipy.stats.ttest_ind(b, a, equal_var=False)
    interval, p = welch_t(a, b)
    assert p == pytest.approx(found.pvalue)
    assert ends(interval) == pytest.approx(tuple(found.confidence_interval(0.95)))
    assert interval.method == "Welch's t over 4 and 6 seeds"
    assert welch_t([0.5, 0.5], [0.5, 0.5])[0].why_none == "the scores have no spread"


@pytest.mark.parametrize("unit", [1e-20, 1e-9, 1.0, 1e20])
def test_p_does_not_depend_on_the_unit(unit: float) -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(60, 1))
    b = a + rng.normal(0.3, 1.0, size=a.shape)
    p = swap_test(a * unit, b * unit, mean)
    assert 0.001 < p < 0.1
    assert p == swap_test(a, b, mean) == pytest.approx(sign_flip((b - a)[:, 0]), abs=0.01)

    def by_rows(unit: float) -> float:
        return swap_test_by_rows(lambda x, rows: float(x[: len(rows)].mean()), a * unit, b * unit)

    assert by_rows(unit) == by_rows(1.0) == pytest.approx(p, abs=0.02)


def test_an_interval_is_cut_where_no_score_can_be() -> None:
    interval = t_interval([0.9, 0.95, 1.0])
    assert interval.high > 1
    assert interval.within(0.0, 1.0) == Interval(interval.low, 1.0, "t over 3 seeds")
    assert not Interval.none("one value").within(0.0, 1.0).exists


def test_runs_needed_gives_the_power_of_a_t_test() -> None:
    d = [0.1, -0.2, 0.3, -0.1, 0.2]
    more = runs_needed(d)
    assert more is not None
    n, effect = len(d) + more, np.mean(d) / np.std(d, ddof=1)
    critical = scipy.stats.t.ppf(0.975, n - 1)
    power = scipy.stats.nct.sf(critical, n - 1, effect * math.sqrt(n))
    assert power == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 3, 1 - 0.05 / 10])
def test_runs_needed_are_enough_for_a_sign_flip_test_whose_p_is_coarse(level: float) -> None:
    rng = np.random.default_rng(0)
    for effect in (3.0, 2.0, 1.5, 1.2):
        n = 2 + (runs_needed([effect - math.sqrt(0.5), effect + math.sqrt(0.5)], level, by_signs=True) or 0)
        found = [sign_flip(rng.normal(effect, 1.0, n)) < 1 - level for _ in range(100)]
        assert np.mean(found) > 0.65


def test_unpaired_runs_needed_give_the_power_of_welchs_test() -> None:
    rng = np.random.default_rng(0)
    a, b = [0.1, -0.2, 0.3, -0.1, 0.2], [0.3, 0.5, -0.1, 0.9]
    more = runs_needed_unpaired(a, b)
    assert more is not None
    n, apart = 4 + more, np.mean(b) - np.mean(a)
    x = rng.normal(0.0, np.std(a, ddof=1), (4000, n))
    y = rng.normal(apart, np.std(b, ddof=1), (4000, n))
    assert np.mean(scipy.stats.ttest_ind(x, y, axis=1, equal_var=False).pvalue < 0.05) == pytest.approx(
        0.8, abs=0.03
    )
    several = runs_needed_unpaired(a, b, 1 - 0.05 / 10)
    assert several is not None
    assert several > 1.4 * more


def test_nobody_can_say_how_many_runs_tell_a_difference_that_hardly_is_one() -> None:
    assert runs_needed([1.0, -1.0, 1e-4, 0.0]) is None
    assert runs_needed([1.0, -1.0]) is None
    assert runs_needed([0.5, 0.6, 0.4]) == 1


@pytest.mark.parametrize("n", [25, 200, 1000])
@pytest.mark.parametrize("of_means", [mean, root])
def test_the_bootstrap_of_means_is_scipys_bca(n: int, of_means: Any) -> None:
    terms = np.random.default_rng(n).gamma(0.7, 2.0, (n, 1))
    z = math.sqrt(n / (n - 1)) * scipy.stats.t.ppf(0.975, n - 1)
    expected = scipy.stats.bootstrap(
        (terms[:, 0],),
        lambda x, axis: of_means(x.mean(axis=axis)[..., np.newaxis]),
        n_resamples=20_000,
        method="BCa",
        confidence_level=2 * scipy.stats.norm.cdf(z) - 1,
        rng=0,
    ).confidence_interval
    found = bca(terms, of_means)
    width = expected.high - expected.low
    assert ends(found) == pytest.approx((expected.low, expected.high), abs=0.04 * width)
    assert found.method == f"BCa bootstrap over {n:,} rows" + (n < 30) * " (so few: nearer 92 %)"


def test_a_score_of_rows_has_the_interval_of_its_terms() -> None:
    terms = np.random.default_rng(0).gamma(0.7, 2.0, (300, 1))
    by_terms = bca(terms, root)
    by_rows = bca_by_rows(lambda rows: float(np.sqrt(terms[rows].mean())), 300)
    assert ends(by_rows) == pytest.approx(ends(by_terms), abs=0.06 * (by_terms.high - by_terms.low))
    assert by_rows.method == by_terms.method


@pytest.mark.parametrize("unit", [1e-290, 1e-150, 1e-5, 1e12, 1e106, 1e290])
def test_an_interval_has_the_unit_of_its_score(unit: float) -> None:
    terms = np.random.default_rng(0).gamma(0.7, 2.0, (60, 1))
    low, high = ends(bca(terms, mean))
    assert ends(bca(terms * unit, mean)) == pytest.approx((low * unit, high * unit), rel=1e-9)


def test_a_score_that_no_resample_has_is_undefined() -> None:
    terms = np.random.default_rng(0).integers(0, 2**30, (60, 1)).astype(float)
    whole = terms.mean()

    def of_all(means: Array) -> Array:
        return np.where(means[..., 0] == whole, 1.0, np.inf)

    assert bca(terms, of_all).why_none == "the score is undefined without a few of the rows"


def test_groups_of_rows_have_the_interval_of_rows() -> None:
    terms = np.random.default_rng(0).gamma(0.7, 2.0, (5000, 1))
    expected = scipy.stats.bootstrap(
        (terms[:, 0],), np.mean, n_resamples=2_000, method="BCa", rng=0
    ).confidence_interval
    assert ends(bca(terms, mean)) == pytest.approx(tuple(expected), abs=0.06 * (expected.high - expected.low))


def test_an_interval_of_some_rows_is_narrowed_and_put_around_the_score_of_all() -> None:
    terms = np.random.default_rng(0).normal(3.0, 1.0, (40_000, 1))
    some = drawn_rows(40_000, 10_000)
    found = bca(terms[some], mean, score=float(terms.mean()), rows=40_000)
    assert found.high + found.low == pytest.approx(2 * terms.mean(), abs=0.002)
    assert found.high - found.low == pytest.approx(2 * 1.96 / 200, rel=0.05)
    assert found.method == "BCa bootstrap over 10,000 of 40,000 rows"
    by_rows = bca_by_rows(lambda rows: float(terms[rows].mean()), 40_000, score=float(terms.mean()))
    assert by_rows.high - by_rows.low == pytest.approx(2 * 1.96 / 200, rel=0.1)
    assert by_rows.method == "BCa bootstrap over 1,000 of 40,000 rows"


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (np.ones((0, 1)), "0 rows; a bootstrap needs 20"),
        (np.ones((1, 1)), "a single row; a bootstrap needs 20"),
        (np.arange(19.0)[:, np.newaxis], "19 rows; a bootstrap needs 20"),
        (np.full((50, 1), 0.1), "the score is the same in all resamples"),
        (np.full((50, 1), -1.0), "the score is undefined"),
        (np.where(np.arange(50) == 3, 40.0, -0.1)[:, np.newaxis], "the score is undefined without a few of the rows"),
    ],
)  # fmt: skip
def test_a_bootstrap_that_tells_nothing_says_why(terms: Array, why: str) -> None:
    with np.errstate(invalid="ignore"):
        assert bca(terms, root).why_none == why
        by_rows = bca_by_rows(lambda rows: float(np.sqrt(terms[rows].mean())), len(terms))
    assert by_rows.why_none == why


def test_a_score_that_resampling_moves_far_has_no_interval() -> None:
    terms = np.random.default_rng(0).normal(0.0, 1.0, (100, 8))
    terms -= 0.4 * terms.mean(axis=0)
    assert (
        bca(terms, lambda m: np.abs(m).sum(axis=-1)).why_none
        == "resampling alone moves the score, by more than half of its spread"
    )


def test_sums_of_groups_are_of_all_rows_each_once() -> None:
    terms = np.arange(2503.0)[:, np.newaxis]
    sums, sizes = group_sums(terms), group_sums(np.ones((2503, 1), bool))
    assert sums.sum() == terms.sum()
    assert set(sizes[:, 0]) == {2.0, 3.0}


def test_an_interval_has_two_digits_of_its_width() -> None:
    assert Interval(0.90512, 0.95123, "Wilson").text("0.931") == "0.931 [0.905, 0.951]"
    assert Interval(1234.5, 1267.8, "m").ends == "[1,234, 1,268]"
    assert Interval(7_630_000, 7_630_150, "m").ends == "[7,630,000, 7,630,150]"
    assert Interval(1.2345e-20, 2.3456e-20, "m").ends == "[1.2e-20, 2.3e-20]"
    assert Interval(-2.7e-11, 3.2e-11, "m").shown(5e-12) == "0.5e-11"
    assert Interval(12345.6, 98765.4, "m").ends == "[12,000, 99,000]"
    assert Interval(-0.0001, 0.054, "m").ends == "[0.000, 0.054]"
    assert Interval.none("a single row").text("0.931") == "0.931"


@given(st.floats(-1e300, 1e300), st.floats(1e-9, 1e3), st.floats(0.0, 1.0), st.integers(0, 6))
def test_a_score_and_its_ends_are_rounded_alike_and_stay_apart(
    low: float, relative: float, place: float, digits: int
) -> None:
    interval = Interval(low, low + relative * max(abs(low), 1e-300), "m")
    width, value = interval.high - low, low + place * (interval.high - low)
    texts = [interval.shown(low), interval.shown(interval.high), interval.shown(value, digits)]
    found = [float(text.replace(",", "")) for text in texts]
    assert found == pytest.approx([low, interval.high, value], abs=0.051 * width, rel=1e-14)
    assert found[0] < found[1]
    assert not any(text.startswith("-") and not number for text, number in zip(texts, found, strict=True))
    assert len({text.partition("e")[2] for text in texts}) == 1
    assert len({len(text.partition("e")[0].partition(".")[2]) for text in texts[:2]}) == 1


def test_an_interval_survives_json() -> None:
    there, none = Interval(0.1, 0.2, "m", 0.9), Interval.none("no rows")
    assert Interval.of_json(there.to_json()) == there
    assert none.to_json() == {"low": None, "high": None, "method": "none: no rows", "level": 0.95}
    assert Interval.of_json(none.to_json()).why_none == "no rows"


def test_training_and_evaluating_load_no_scipy() -> None:
    check = "import sys, nnfs_cli.jobs.results, nnfs_cli.cli.scores; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
