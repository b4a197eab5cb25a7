"""Metrics, computed by hand on small numbers: ties, missing classes, constants, single rows."""

from collections.abc import Mapping
from math import isnan, log
from typing import Any, Literal

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import OptionError
from nnfs_cli.metrics.base import METRICS, WORTH_COLUMNS, Metric, likeliest


def score(name: str, p: Any, t: Any, dtype: str = "float64", **options: Any) -> float:
    metric: Metric = create(Metric, name, options)
    return metric(np.array(p, dtype), np.array(t))


def certain(guesses: list[int], classes: int) -> Array:
    """Probabilities of 1 for these classes."""
    return np.eye(classes)[guesses]


def two_classes(p: list[float]) -> Array:
    """Probabilities of two classes, from those of the second."""
    return np.array([[1 - each, each] for each in p])


def test_accuracy_by_hand() -> None:
    assert score("accuracy", [[0.7, 0.3], [0.4, 0.6], [0.9, 0.1]], [0, 1, 1]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("odd", [None, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("classes", [1, 2, 10, 255, 256])
def test_the_likeliest_class_is_the_first_of_the_largest_in_any_memory_order(
    classes: int, odd: float | None, order: Literal["C", "F"]
) -> None:
    rng = np.random.default_rng(1)
    p = rng.integers(0, 4, (WORTH_COLUMNS // classes + 1, classes)).astype(np.float32, order=order)  # ties
    if odd is not None:
        p[rng.random(p.shape) < 0.1] = odd
        p[3] = odd
    found = likeliest(p)
    assert found.dtype == np.intp
    assert np.array_equal(found, p.argmax(axis=1))


def test_brier_by_hand() -> None:
    # (0.7 - 1)^2 + 0.3^2 and 0.4^2 + (0.6 - 1)^2
    assert score("brier", [[0.7, 0.3], [0.4, 0.6]], [0, 1]) == pytest.approx((0.18 + 0.32) / 2)


def test_top_k_accuracy_by_hand() -> None:
    p = [[0.5, 0.3, 0.2]] * 3
    assert score("top_k_accuracy", p, [0, 1, 2], k=1) == pytest.approx(1 / 3)
    assert score("top_k_accuracy", p, [0, 1, 2], k=2) == pytest.approx(2 / 3)


@pytest.mark.parametrize("k", [3, 5])
def test_top_k_accuracy_is_one_where_k_takes_in_every_class(k: int) -> None:
    assert score("top_k_accuracy", [[0.5, 0.3, 0.2]], [2], k=k) == 1.0


def test_of_equal_probabilities_top_k_accuracy_takes_the_higher_class() -> None:
    p = [[0.4, 0.3, 0.3]]
    assert [score("top_k_accuracy", p, [t], k=2) for t in (0, 1, 2)] == [1.0, 0.0, 1.0]
    same = [[1 / 3] * 3]
    assert [score("top_k_accuracy", same, [t], k=1) for t in (0, 1, 2)] == [0.0, 0.0, 1.0]


ACTUAL, GUESSED = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2]
"""Hits 2, 1, 1; rows predicted as each class 2, 2, 2; rows of each class 3, 2, 1."""


@pytest.mark.parametrize(
    ("name", "by_class"),
    [
        ("precision", [2 / 2, 1 / 2, 1 / 2]),
        ("recall", [2 / 3, 1 / 2, 1 / 1]),
        ("f1", [2 * 2 / (2 + 3), 2 * 1 / (2 + 2), 2 * 1 / (2 + 1)]),
    ],
)
def test_precision_recall_and_f1_by_hand(name: str, by_class: list[float]) -> None:
    p = certain(GUESSED, 3)
    assert score(name, p, ACTUAL) == pytest.approx(sum(by_class) / 3)
    assert score(name, p, ACTUAL, average="micro") == pytest.approx((2 + 1 + 1) / 6)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(
    ("name", "there", "never_there"),
    [
        # one row of each class, both taken for the first
        ("precision", (1 / 2 + 0) / 2, (1 + 0) / 2),
        ("recall", (1 / 1 + 0) / 2, (1 / 2 + 0) / 2),
        ("f1", (2 / 3 + 0) / 2, (2 / 3 + 0) / 2),
    ],
)
def test_nothing_over_nothing_counts_as_zero_and_unseen_classes_are_left_out(
    name: str, there: float, never_there: float, classes: int
) -> None:
    assert score(name, certain([0, 0], classes), [0, 1]) == pytest.approx(there)
    # and the other way round: two rows of the first class, one taken for the second
    assert score(name, certain([0, 1], classes), [0, 0]) == pytest.approx(never_there)


@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_of_one_row_precision_recall_and_f1_are_all_or_nothing(name: str, average: str) -> None:
    assert score(name, certain([1], 3), [1], average=average) == 1.0
    assert score(name, certain([1], 3), [2], average=average) == 0.0


def test_roc_auc_of_two_classes_by_hand() -> None:
    # of the pairs (0.35, 0.1), (0.35, 0.4), (0.8, 0.1), (0.8, 0.4) all but the second are in order
    assert score("roc_auc", two_classes([0.1, 0.4, 0.35, 0.8]), [0, 0, 1, 1]) == pytest.approx(3 / 4)
    assert score("roc_auc", two_classes([0.9, 0.8, 0.2]), [0, 0, 1]) == 0.0


def test_in_roc_auc_ties_count_half() -> None:
    # (0.5, 0.2) in order, (0.5, 0.5) a tie, (0.9, 0.2) and (0.9, 0.5) in order
    assert score("roc_auc", two_classes([0.2, 0.5, 0.5, 0.9]), [0, 0, 1, 1]) == pytest.approx(3.5 / 4)
    assert score("roc_auc", two_classes([0.5] * 5), [0, 1, 1, 0, 1]) == 0.5


def test_roc_auc_of_several_classes_is_the_mean_of_each_against_the_rest() -> None:
    p = [[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.5, 0.1, 0.4]]
    # class 0: 0.6 over 0.3 and 0.5; class 1: 0.4 over 0.3 and 0.1; class 2: 0.4 over 0.1 and 0.3
    assert score("roc_auc", p, [0, 1, 2]) == 1.0
    # class 0: 0.3 under 0.6 and 0.5, 0; class 1: 0.3 under 0.4, over 0.1, 1/2; class 2 as above, 1
    assert score("roc_auc", p, [1, 0, 2]) == pytest.approx((0 + 1 / 2 + 1) / 3)


def test_roc_auc_leaves_out_classes_that_are_not_there() -> None:
    p = [[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.5, 0.1, 0.4]]
    # without class 2: class 0 has 0.3 under 0.6 and 0.5, 0; class 1 has 0.3, 0.1 and against them 0.4, 0
    assert score("roc_auc", p, [1, 0, 1]) == pytest.approx((0 + 0) / 2)
    # with rows of a single class there is nothing to tell apart
    assert isnan(score("roc_auc", p, [1, 1, 1]))
    assert isnan(score("roc_auc", two_classes([0.9]), [1]))


def test_roc_auc_of_two_classes_scores_ranks_by_their_difference() -> None:
    # differences -1, 3, 1, 2: of the pairs (1, -1), (1, 3), (2, -1), (2, 3) half are in order; z1 alone: all
    z = [[2.0, 1.0], [-3.0, 0.0], [1.0, 2.0], [3.0, 5.0]]
    assert score("roc_auc", z, [0, 0, 1, 1]) == 2 / 4


@pytest.mark.parametrize("offset", [0.0, 0.5, 1e6, -1e12])
def test_roc_auc_of_scores_with_a_common_offset_ranks_by_their_difference(offset: float) -> None:
    z = np.array([[2.0, 1.0], [-3.0, 0.0], [1.0, 2.0], [3.0, 5.0]]) / 64.0 + offset
    assert score("roc_auc", z, [0, 0, 1, 1]) == 2 / 4


def test_roc_auc_keeps_the_digits_of_tiny_probabilities() -> None:
    p = np.array([1e-12, 2e-12, 3e-12, 4e-12], np.float32)
    assert score("roc_auc", np.stack([1 - p, p], axis=1), [0, 0, 1, 1], "float32") == 1.0
    assert score("roc_auc", np.stack([p, 1 - p], axis=1), [1, 1, 0, 0], "float32") == 0.5  # all are 1


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", [name for name in METRICS if "classification" in METRICS[name].tasks])
def test_a_metric_that_needs_no_probabilities_asks_only_how_a_rows_scores_differ(
    name: str, classes: int
) -> None:
    metric, rng = METRICS[name](), np.random.default_rng(8)
    z, t = rng.normal(size=(60, classes)), rng.integers(0, classes, 60)
    other = 3.0 * z + 10.0 * rng.normal(size=(60, 1))
    assert (metric(other, t) != metric(z, t)) == metric.needs_probabilities(classes)


def test_a_metric_is_undefined_exactly_where_it_names_what_the_targets_lack() -> None:
    names = ("a", "b", "c")
    lists = [[0], [2], [0, 0], [1, 1, 1], [0, 1], [2, 1, 0]]
    for name in METRICS:
        metric = METRICS[name]()
        for t in lists:
            if "classification" in metric.tasks:
                for k in range(max(2, max(t) + 1), 4):
                    p = np.random.default_rng(1).dirichlet(np.ones(k), len(t))
                    assert isnan(metric(p, np.array(t))) == bool(metric.lacks(np.array(t), names[:k]))
            else:
                values = np.array(t, float).reshape(-1, 1)
                assert isnan(metric(values + 1.0, values)) == bool(metric.lacks(values, ()))
    assert METRICS["roc_auc"]().lacks(np.array([0, 0]), ("no", "yes")) == "no row of class yes"


def test_log_loss_by_hand() -> None:
    assert score("log_loss", two_classes([0.5, 0.25]), [0, 1]) == pytest.approx((log(2) + log(4)) / 2)


def test_log_loss_of_a_certain_mistake_is_the_largest() -> None:
    e = 2.0**-52
    assert score("log_loss", certain([0], 2), [1]) == pytest.approx(-log(e))
    assert score("log_loss", certain([0], 2), [0]) == pytest.approx(e)


def test_log_loss_cuts_no_sooner_for_float32() -> None:
    assert score("log_loss", [[1.0, 1e-10]], [1], "float32") == pytest.approx(10 * log(10))


def test_mape_by_hand() -> None:
    # 10 of 100, 5 of 50, and 3 of 2 below zero
    assert score("mape", [[110], [45], [1]], [[100.0], [50.0], [-2.0]]) == pytest.approx(
        (0.1 + 0.1 + 1.5) / 3
    )


def test_mape_of_a_target_of_zero_is_huge_but_finite() -> None:
    assert score("mape", [[1], [0]], [[0.0], [0.0]]) == pytest.approx(2.0**52 / 2)


def test_mae_and_rmse_by_hand() -> None:
    p, t = [[1, 3], [2, 0]], [[1.0, 0.0], [2.0, 4.0]]
    assert score("mae", p, t) == (0 + 3 + 0 + 4) / 4
    assert score("rmse", p, t) == pytest.approx(((9 + 16) / 4) ** 0.5)


def test_r2_and_explained_variance_by_hand() -> None:
    # errors 0 and 1 around their mean 1/2, targets 0 and 2 around theirs, 1
    assert score("explained_variance", [[0], [1]], [[0.0], [2.0]]) == pytest.approx(1 - 0.25 / 1)
    assert score("r2", [[0], [1]], [[0.0], [2.0]]) == pytest.approx(1 - (0 + 1) / (1 + 1))


def test_explained_variance_forgives_an_offset_and_r2_does_not() -> None:
    t = np.array([[1.0], [2.0], [3.0]])
    assert score("explained_variance", t + 10, t) == pytest.approx(1.0)
    assert score("r2", t + 10, t) == pytest.approx(1 - 3 * 100 / 2)


@pytest.mark.parametrize("value", [0.0, 0.1, 3.0, 1e4])
@pytest.mark.parametrize("rows", [1, 3, 10])
def test_a_constant_target_explained_counts_as_one_and_else_as_zero(value: float, rows: int) -> None:
    t = np.full((rows, 1), value)
    varied = value + np.arange(rows, dtype=np.float64).reshape(-1, 1) + 1
    if rows > 1:
        assert score("r2", t, t) == 1.0
        assert score("r2", varied, t) == 0.0
    assert score("explained_variance", t, t) == 1.0
    assert score("explained_variance", np.full_like(t, 0.3), t) == 1.0  # an offset
    assert score("explained_variance", varied, t) == (1.0 if rows == 1 else 0.0)


def test_outputs_count_alike_whether_constant_or_not() -> None:
    p, t = [[0, 5], [1, 5]], [[0.0, 5.0], [2.0, 5.0]]
    assert score("explained_variance", p, t) == pytest.approx((0.75 + 1) / 2)
    assert score("r2", p, t) == pytest.approx((0.5 + 1) / 2)


def test_expected_calibration_error_by_hand() -> None:
    p, t = [[0.6, 0.4], [0.8, 0.2]], [0, 1]
    # one bin from 0.5 to 1: half are right, and 0.7 sure
    assert score("expected_calibration_error", p, t, bins=2) == pytest.approx(abs(1 / 2 - 0.7))
    # five bins: 0.6 has one of its own, and is right; 0.8 too, and is wrong
    assert score("expected_calibration_error", p, t, bins=5) == pytest.approx(
        abs(1 - 0.6) / 2 + abs(0 - 0.8) / 2
    )


@pytest.mark.parametrize(("edge", "bins"), [(0.6, 10), (0.7, 10), (0.55, 100), (0.57, 100)])
def test_a_bin_has_its_upper_edge(edge: float, bins: int) -> None:
    # one right at the edge, one wrong half a bin below: in one bin half are right
    p = [[edge, 0], [edge - 0.5 / bins, 0]]
    found = score("expected_calibration_error", p, [0, 1], bins=bins)
    assert found == pytest.approx(abs(1 / 2 - (edge - 0.25 / bins)))


def test_expected_calibration_error_of_the_certain() -> None:
    assert score("expected_calibration_error", certain([0, 1, 2], 3), [0, 1, 2]) == 0.0
    assert score("expected_calibration_error", certain([0, 1, 2], 3), [1, 2, 0]) == 1.0
    assert score("expected_calibration_error", [[0.25, 0.75]], [1]) == pytest.approx(0.25)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(METRICS))
def test_a_metric_is_finite_wherever_it_is_defined(name: str, dtype: str) -> None:
    metric = METRICS[name]()
    classes = [
        (certain([0], 3), [2]),
        (certain([1, 1, 1], 3), [1, 1, 1]),
        (certain([1, 1, 1], 3), [0, 2, 0]),
        (np.full((4, 3), 1 / 3), [0, 1, 2, 2]),
        (two_classes([0.0, 1.0, 0.5]), [1, 0, 0]),
        (np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]]), [1, 0]),  # scores of a loss without probabilities
    ]
    values = [
        (np.array([[1e4]]), [[-1e4]]),
        (np.array([[1e4], [-1e4]]), [[-1e4], [1e4]]),
        (np.array([[0.0, 1.0], [0.0, 2.0]]), [[0.0, 0.1], [0.0, 0.1]]),
        (np.full((3, 2), 1e4), np.full((3, 2), -1e4)),
    ]
    cases: list[Any] = []
    if "classification" in metric.tasks:
        cases += [(p.astype(dtype), np.array(t)) for p, t in classes]
    if "regression" in metric.tasks:
        cases += [(p.astype(dtype), np.array(t, dtype)) for p, t in values]
    for p, t in cases:
        before = p.copy()
        found = metric(p, t)
        assert isinstance(found, float)
        assert np.isfinite(found) != bool(metric.lacks(t, "abc"[: p.shape[1]]))
        is_score = (np.isfinite(found) and (p.sum(axis=1) == 1).all()) or not metric.needs_probabilities(3)
        assert not is_score or metric.lowest <= found <= metric.highest or np.isnan(found)
        np.testing.assert_array_equal(p, before)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("top_k_accuracy", {"k": 0}, "k must be a positive integer"),
        ("expected_calibration_error", {"bins": 0}, "bins must be a positive integer"),
    ],
)
def test_a_metric_refuses_options_out_of_range(name: str, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        METRICS[name](**options)
