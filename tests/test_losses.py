"""Losses, computed by hand on small numbers, at extremes and ties; and on unsuitable data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import pytest

from nnfs_cli import DATASETS, LOSSES, Array, Data, Dataset, Loss, NnfsError, Split
from nnfs_cli.config.reader import create
from nnfs_cli.core.errors import OptionError
from nnfs_cli.jobs.plot_data import plot_data
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.loop import train
from tests.toys import toy

A, B, C = "red", "green", "blue"


def results(name: str, z: Any, t: Any, **options: Any) -> tuple[float, Array]:
    """The value and the gradient of a loss; z in float64, t as given."""
    loss, z = create(Loss, name, options), np.array(z, np.float64)
    dz = np.full_like(z, np.nan)
    loss.gradient(z, np.array(t), dz)
    return loss.value(z, np.array(t)), dz


def check(name: str, z: Any, t: Any, value: float, dz: Any, **options: Any) -> None:
    found, gradient = results(name, z, t, **options)
    assert found == pytest.approx(value, rel=1e-12, abs=1e-15)
    np.testing.assert_allclose(gradient, dz, rtol=1e-12, atol=1e-15)


def data(t: Any, *classes: str, **others: Any) -> Data:
    """Data with training targets t, and the targets of other splits by name."""
    splits = {}
    for name, targets in {"train": t, **others}.items():
        targets = np.array(targets)
        splits[name] = Split(np.zeros((len(targets), 1)), targets, np.arange(len(targets)))
    return Data(splits, classes)


def test_mae_by_hand() -> None:
    # z - t = 1, -2, 0, -1
    check(
        "mae",
        [[1, -2], [3, 0]],
        [[0.0, 0.0], [3.0, 1.0]],
        (1 + 2 + 0 + 1) / 4,
        np.array([[1, -1], [0, -1]]) / 4,
    )


def test_mae_at_extremes() -> None:
    check("mae", [[1e4], [-1e4]], [[-1e4], [1e4]], 2e4, [[0.5], [-0.5]])


def test_huber_by_hand() -> None:
    z, t = [[0.5, 2], [-3, 7]], [[0.0, 0.0], [0.0, 7.0]]
    # squares up to 1: 0.5^2 / 2, then 2 - 1/2, 3 - 1/2, and 0
    check("huber", z, t, (0.125 + 1.5 + 2.5 + 0) / 4, np.array([[0.5, 1], [-1, 0]]) / 4)
    # squares up to 2: 0.5^2 / 2, and at the seam 2^2 / 2 = 2 (2 - 1), then 2 (3 - 1), and 0
    check("huber", z, t, (0.125 + 2 + 4 + 0) / 4, np.array([[0.5, 2], [-2, 0]]) / 4, delta=2.0)


def test_huber_at_extremes() -> None:
    check("huber", [[1e4], [-1e4]], [[-1e4], [1e4]], 2e4 - 0.5, [[0.5], [-0.5]])


def test_log_cosh_by_hand() -> None:
    # cosh(log 2) = (2 + 1/2) / 2 = 5/4, tanh(log 2) = (2 - 1/2) / (2 + 1/2) = 3/5; of log 3: 5/3, 4/5
    check(
        "log_cosh",
        [[log(2)], [-log(3)], [0]],
        [[0.0], [0.0], [0.0]],
        (log(5 / 4) + log(5 / 3) + 0) / 3,
        np.array([[0.6], [-0.8], [0]]) / 3,
    )


def test_log_cosh_at_extremes() -> None:
    check("log_cosh", [[1e4], [-1e4]], [[-1e4], [1e4]], 2e4 - log(2), [[0.5], [-0.5]])


@pytest.mark.parametrize("d", [1e-3, 1e-6, 1e-9])
def test_log_cosh_of_a_small_difference_is_half_its_square_to_the_last_digits(d: float) -> None:
    value, dz = results("log_cosh", [[d]], [[0.0]])
    assert value == pytest.approx(d**2 / 2 - d**4 / 12, rel=1e-12)
    assert dz[0, 0] == pytest.approx(d - d**3 / 3, rel=1e-12)


def test_log_cosh_has_no_seam_where_its_two_forms_meet() -> None:
    below, above = results("log_cosh", [[1 - 1e-15]], [[0.0]])[0], results("log_cosh", [[1]], [[0.0]])[0]
    assert below == pytest.approx(above, rel=1e-14)
    assert above == pytest.approx(log(math.cosh(1)), rel=1e-14)


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "log_cosh", "quantile"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_perfect_fit_costs_exactly_nothing(name: str, dtype: str) -> None:
    z = np.random.default_rng(0).normal(size=(5, 2)).astype(dtype)
    assert LOSSES[name]().value(z, z.copy()) == 0.0


def test_quantile_by_hand() -> None:
    # t - z = 1, -2, 0: 0.9 for being too low by 1, 0.1 twice for too high by 2
    check(
        "quantile",
        [[0], [2], [5]],
        [[1.0], [0.0], [5.0]],
        (0.9 * 1 + 0.1 * 2 + 0) / 3,
        np.array([[-0.9], [0.1], [(-0.9 + 0.1) / 2]]) / 3,
        q=0.9,
    )


def test_quantile_at_extremes() -> None:
    check("quantile", [[1e4], [-1e4]], [[-1e4], [1e4]], (0.75 + 0.25) * 2e4 / 2, [[0.375], [-0.125]], q=0.25)


def test_the_median_loss_is_half_of_mae_at_ties_too() -> None:
    z, t = [[1, 2, 3]], [[1.0, 5.0, 0.0]]
    value, dz = results("mae", z, t)
    check("quantile", z, t, value / 2, dz / 2)


def test_the_quantile_is_what_costs_least() -> None:
    t = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    candidates = np.linspace(0, 6, 121)
    costs = [create(Loss, "quantile", {"q": 0.75}).value(np.full_like(t, z), t) for z in candidates]
    assert candidates[np.argmin(costs)] == pytest.approx(4.0)  # of five, the one with three below


def test_poisson_by_hand() -> None:
    # exp(0) - 1 x 0, exp(log 2) - 3 log 2, exp(-1) - 0 x -1
    z, t = [[0], [log(2)], [-1]], [[1.0], [3.0], [0.0]]
    check(
        "poisson",
        z,
        t,
        (1 + 2 - 3 * log(2) + math.exp(-1)) / 3,
        np.array([[0], [-1], [math.exp(-1)]]) / 3,
    )
    np.testing.assert_allclose(LOSSES["poisson"]().predict(np.array(z)), [[1.0], [2.0], [math.exp(-1)]])


def test_poisson_of_a_rate_far_too_small_grows_linearly() -> None:
    check("poisson", [[-1e4], [-1e4]], [[0.0], [3.0]], 3e4 / 2, [[0], [-1.5]])


def test_poisson_wants_no_negative_target() -> None:
    poisson = LOSSES["poisson"]()
    assert poisson.width(data([[0.0, 2.5]])) == 2
    with pytest.raises(NnfsError, match=r"poisson is for counts.* the train split has a target of -1\.5"):
        poisson.width(data([[2.0], [-1.5]]))
    with pytest.raises(NnfsError, match="the validation split has a target of -3"):
        poisson.width(data([[2.0]], validation=[[-3.0]]))


def test_only_rows_of_a_split_are_asked_whether_they_suit() -> None:
    t = np.array([[1.0], [-1.0]])
    assert LOSSES["poisson"]().width(Data({"train": Split(t, t, np.array([0]))})) == 1


def test_hinge_by_hand() -> None:
    z = [[2, 1.5, 0]]
    # right class 0: max(0, 1 - 2 + 1.5) = 0.5 and max(0, 1 - 2 + 0) = 0
    check("hinge", z, [0], 0.5 / 3, np.array([[-1, 1, 0]]) / 3)
    # right class 2: 1 - 0 + 2 = 3 and 1 - 0 + 1.5 = 2.5
    check("hinge", z, [2], 5.5 / 3, np.array([[1, 1, -2]]) / 3)
    # with a margin of 0.25 class 0 is right by enough
    check("hinge", z, [0], 0, [[0, 0, 0]], margin=0.25)


def test_hinge_exactly_at_its_margin_costs_nothing() -> None:
    check("hinge", [[1, 0], [3, 2]], [0, 0], 0, np.zeros((2, 2)))


def test_hinge_at_extremes() -> None:
    z = [[1e4, -1e4], [1e4, -1e4]]
    check("hinge", z, [1, 0], (1 + 2e4) / 4, [[0.25, -0.25], [0, 0]])


def test_binary_cross_entropy_of_two_classes_by_hand() -> None:
    # z = log 3 means p = 3 / (1 + 3) = 0.75
    z, t = [[log(3)], [-log(3)], [0]], [1, 1, 0]
    check(
        "binary_cross_entropy",
        z,
        t,
        -(log(0.75) + log(0.25) + log(1 - 0.5)) / 3,
        np.array([[0.75 - 1], [0.25 - 1], [0.5 - 0]]) / 3,
    )
    check(
        "binary_cross_entropy",
        z,
        t,
        -(3 * log(0.75) + 3 * log(0.25) + log(1 - 0.5)) / 3,
        np.array([[3 * (0.75 - 1)], [3 * (0.25 - 1)], [0.5 - 0]]) / 3,
        positive_weight=3.0,
    )
    p = LOSSES["binary_cross_entropy"]().predict(np.array(z))
    np.testing.assert_allclose(p, [[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]])


def test_binary_cross_entropy_of_several_labels_by_hand() -> None:
    z, t = [[log(3), 0], [-log(3), log(3)]], [[1.0, 0.0], [0.25, 0.0]]
    # the third target is a probability, and met: its cost is its entropy, its gradient 0
    entropy = -(0.25 * log(0.25) + 0.75 * log(0.75))
    check(
        "binary_cross_entropy",
        z,
        t,
        (-log(0.75) - log(0.5) + entropy - log(0.25)) / 4,
        np.array([[-0.25, 0.5], [0, 0.75]]) / 4,
    )
    # ones count twice: so does the third target's quarter, 2 x 0.25 (p - 1) + 0.75 p = 0.25 x -0.75
    check(
        "binary_cross_entropy",
        z,
        t,
        (-2 * log(0.75) - log(0.5) - 2 * 0.25 * log(0.25) - 0.75 * log(0.75) - log(0.25)) / 4,
        np.array([[-0.5, 0.5], [-0.1875, 0.75]]) / 4,
        positive_weight=2.0,
    )
    p = LOSSES["binary_cross_entropy"]().predict(np.array(z))
    np.testing.assert_allclose(p, [[0.75, 0.5], [0.25, 0.75]])


def test_binary_cross_entropy_at_extremes() -> None:
    z = [[1e4], [-1e4], [1e4], [-1e4]]
    check("binary_cross_entropy", z, [1, 0, 0, 1], 2e4 / 4, np.array([[0], [0], [1], [-1]]) / 4)


def test_binary_probabilities_are_exact_at_both_ends_in_float32() -> None:
    p = LOSSES["binary_cross_entropy"]().predict(np.array([[-20.0], [20.0]], np.float32))
    small = 1 / (1 + math.exp(20))
    np.testing.assert_allclose(p, [[1 - small, small], [small, 1 - small]], rtol=1e-6)
    assert p.dtype == np.float32


def test_binary_cross_entropy_is_cross_entropy_of_the_logits_zero_and_z() -> None:
    z, t = np.random.default_rng(3).normal(size=(7, 1)), np.array([0, 1, 1, 0, 1, 0, 0])
    pair = np.concatenate([np.zeros_like(z), z], axis=1)
    value, dz = results("cross_entropy", pair, t)
    check("binary_cross_entropy", z, t, value, dz[:, 1:])
    binary, multi = LOSSES["binary_cross_entropy"](), LOSSES["cross_entropy"]()
    np.testing.assert_allclose(binary.predict(z), multi.predict(pair), rtol=1e-12)


def test_binary_cross_entropy_wants_one_output_for_two_classes_and_one_for_each_label() -> None:
    binary = LOSSES["binary_cross_entropy"]()
    assert binary.width(data([0, 1, 1], A, B)) == 1
    assert binary.width(data([[0.0, 1.0, 1.0]])) == 3


@pytest.mark.parametrize(
    ("unfit", "message"),
    [
        (data([0, 1, 2], A, B, C), "two classes apart, but these data have 3; for more, use cross_entropy"),
        (data([0, 0], A), "two classes apart, but these data have 1"),
        (data([[0.0], [1.0]]), "a single yes-or-no target as two classes, but .* as one real value"),
        (data([[0.0, 2.0]]), "between 0 and 1, but those of the train split go from 0 to 2"),
        (data([[0.0, 1.0]], test=[[-1.0, 1.0]]), "those of the test split go from -1 to 1"),
    ],
)
def test_binary_cross_entropy_says_what_data_it_cannot_take(unfit: Data, message: str) -> None:
    with pytest.raises(NnfsError, match=message):
        LOSSES["binary_cross_entropy"]().width(unfit)


LOGITS = [log(1), log(2), log(5)]
"""The logits of probabilities 1/8, 2/8, 5/8."""


def test_cross_entropy_by_hand() -> None:
    check("cross_entropy", [LOGITS], [2], -log(0.625), [[0.125, 0.25, 0.625 - 1]])
    check(
        "cross_entropy",
        [LOGITS, LOGITS],
        [2, 0],
        -(log(0.625) + log(0.125)) / 2,
        np.array([[0.125, 0.25, -0.375], [-0.875, 0.25, 0.625]]) / 2,
    )


def test_label_smoothing_by_hand() -> None:
    # a share of 0.3 of the target goes to three classes alike: 0.1, 0.1, 0.7 + 0.1
    check(
        "cross_entropy",
        [LOGITS],
        [2],
        -(0.1 * log(0.125) + 0.1 * log(0.25) + 0.8 * log(0.625)),
        [[0.125 - 0.1, 0.25 - 0.1, 0.625 - 0.8]],
        label_smoothing=0.3,
    )


def test_class_weights_by_hand() -> None:
    # the rows' classes weigh 1 and 4: a weighted mean over 5
    check(
        "cross_entropy",
        [LOGITS, LOGITS],
        [0, 2],
        -(1 * log(0.125) + 4 * log(0.625)) / 5,
        np.array([[-0.875, 0.25, 0.625], [4 * 0.125, 4 * 0.25, 4 * -0.375]]) / 5,
        class_weights=[1.0, 2.0, 4.0],
    )


def test_class_weights_with_label_smoothing_by_hand() -> None:
    # targets 0.8, 0.1, 0.1 and 0.1, 0.1, 0.8, each times its class's weight; still over 1 + 4
    first, second = np.array([0.8, 0.2, 0.4]), np.array([0.1, 0.2, 3.2])
    p = np.array([0.125, 0.25, 0.625])
    check(
        "cross_entropy",
        [LOGITS, LOGITS],
        [0, 2],
        -float(first @ np.log(p) + second @ np.log(p)) / 5,
        np.array([1.4 * p - first, 3.5 * p - second]) / 5,
        label_smoothing=0.3,
        class_weights=[1.0, 2.0, 4.0],
    )


def test_of_a_single_row_the_class_weight_cancels() -> None:
    value, dz = results("cross_entropy", [LOGITS], [1])
    check("cross_entropy", [LOGITS], [1], value, dz, class_weights=[1.0, 9.0, 4.0])


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}])
def test_equal_class_weights_change_nothing(options: Mapping[str, Any]) -> None:
    rng = np.random.default_rng(4)
    z, t = rng.normal(size=(6, 3)), rng.integers(0, 3, 6)
    check(
        "cross_entropy", z, t, *results("cross_entropy", z, t, **options), **options, class_weights=[2.0] * 3
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_with_class_weights_the_loss_is_the_weighted_mean_of_its_rows(smoothing: float) -> None:
    rng, w = np.random.default_rng(5), np.array([0.5, 2.0, 1.5])
    loss = create(Loss, "cross_entropy", {"class_weights": w.tolist(), "label_smoothing": smoothing})
    z, t = rng.normal(size=(7, 3)), rng.integers(0, 3, 7)
    rows = [loss.value(z[i : i + 1], t[i : i + 1]) for i in range(7)]
    assert loss.value(z, t) == pytest.approx(np.average(rows, weights=w[t]), rel=1e-12)


def test_cross_entropy_at_extremes() -> None:
    z, t = [[1e4, -1e4], [1e4, -1e4]], [1, 0]
    check("cross_entropy", z, t, 2e4 / 2, [[0.5, -0.5], [0, 0]])
    check("cross_entropy", z, t, 3 * 2e4 / 4, [[0.75, -0.75], [0, 0]], class_weights=[1.0, 3.0])
    # p = (1, 0) in both rows; smoothed by 0.2, the targets are (0.1, 0.9) and (0.9, 0.1)
    dz = np.array([[1 - 0.1, 0 - 0.9], [1 - 0.9, 0 - 0.1]]) / 2
    check("cross_entropy", z, t, (0.9 + 0.1) * 2e4 / 2, dz, label_smoothing=0.2)


def test_cross_entropy_wants_a_weight_for_each_class() -> None:
    loss = create(Loss, "cross_entropy", {"class_weights": [1.0, 2.0]})
    assert loss.width(data([0, 1], A, B)) == 2
    with pytest.raises(
        NnfsError, match=r"loss\.class_weights: must be one for each of the 3 classes, found 2"
    ):
        loss.width(data([0, 1, 2], A, B, C))
    # real targets are refused by `check_fit`
    assert loss.width(data([[0.5]])) == 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("huber", {"delta": 0.0}, "delta must be a positive number"),
        ("hinge", {"margin": -1.0}, "margin must be a positive number"),
        ("quantile", {"q": 1.0}, "q must be above 0 and below 1"),
        ("binary_cross_entropy", {"positive_weight": 0.0}, "positive_weight must be a positive number"),
        (
            "cross_entropy",
            {"label_smoothing": 1.0, "class_weights": (1.0, -1.0)},
            "label_smoothing must be .*; class_weights must be positive numbers",
        ),
    ],
)
def test_a_loss_refuses_options_out_of_range(name: str, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        LOSSES[name](**options)


@DATASETS.register("toy_clouds")
@dataclass(frozen=True)
class TwoClouds(Dataset):
    """Two overlapping clouds in a plane, a third of the rows in the second."""

    def load(self, rng: np.random.Generator) -> Data:
        t = np.arange(150) % 3 // 2
        x = rng.normal(size=(150, 2)) + 2.0 * t[:, np.newaxis]
        return Data({"train": Split(x, t, np.arange(90)), "test": Split(x, t, np.arange(90, 150))}, (A, B))


def test_two_classes_with_one_output_are_trained_and_scored_as_classes() -> None:
    experiment = toy(
        """
        name: two
        dtype: float64
        dataset: toy_clouds
        layers: [{type: dense, units: 1}]
        loss: binary_cross_entropy
        metrics: [accuracy, recall, f1, log_loss, roc_auc]
        optimizer: {type: sgd, learning_rate: 0.5}
        training: {epochs: 5, batch_size: 16}
        """
    )
    list(train(experiment))
    evaluation = evaluate(experiment, "test")
    confusion, scores = np.array(evaluation.confusion), evaluation.scores
    assert evaluation.outputs.shape == (60, 1)
    assert confusion.sum(axis=1).tolist() == [40, 20]
    assert scores["accuracy"] == pytest.approx(confusion.trace() / 60)
    assert scores["recall"] == pytest.approx(np.mean([score.recall for score in evaluation.classes]))
    assert scores["f1"] == pytest.approx(np.mean([score.f1 for score in evaluation.classes]))
    assert scores["log_loss"] == pytest.approx(scores["loss"], rel=1e-12)
    assert scores["accuracy"] > 0.8
    assert scores["roc_auc"] > 0.9
    said = plot_data(experiment, evaluation)
    np.testing.assert_array_equal(said["prediction"], evaluation.outputs[:, 0] > 0)
