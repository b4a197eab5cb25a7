"""`nnfs compare`: pairing by row, seed and fold, its tests and intervals, and the sentence."""

import csv
import io
import json
import math
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import numpy as np
import pytest
import scipy.stats
from PIL import Image

from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.compare_rows import Outputs, over_rows
from nnfs_cli.jobs.differences import Difference, over_folds, over_seeds, unpaired
from nnfs_cli.jobs.recorded import Score
from nnfs_cli.jobs.verdict import sentence
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.losses.mse import MSE
from nnfs_cli.metrics.accuracy import Accuracy
from nnfs_cli.metrics.base import Metric
from nnfs_cli.metrics.expected_calibration_error import ExpectedCalibrationError
from nnfs_cli.metrics.f1 import F1
from nnfs_cli.metrics.r2 import R2
from nnfs_cli.preprocessing.records import Task
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.paired import holm, more_rows, paired_proportions, swap_test, swap_test_by_rows
from nnfs_cli.statistics.sign_flip import sign_flip
from tests.conftest import Nnfs, Outcome
from tests.forgery import forge, unseal

RNG = np.random.default_rng(7)
LIMIT = 0.05 + 2.0 * math.sqrt(0.05 * 0.95 / 1000)
"""The share of false alarms in 1,000 comparisons of equals, with two standard errors."""

Train = Callable[..., str]


@pytest.fixture
def train(nnfs: Nnfs) -> Train:
    """Train a toy config, and return the run's id."""

    def run(name: str, *overrides: str, config: str = "blobs.yaml", runs: str = "runs") -> str:
        sets = [word for override in overrides for word in ("--set", override)]
        assert nnfs("train", config, "--id", name, "--runs", runs, "--quiet", *sets).status == 0
        return name

    return run


@pytest.fixture
def compare(nnfs: Nnfs) -> Callable[..., Any]:
    """What a comparison says, as JSON, without pictures."""

    def run(*arguments: str) -> Any:
        outcome = nnfs("compare", *arguments, "--json", "--no-pictures")
        assert outcome.status == 0, outcome.err
        return json.loads(outcome.out)

    return run


def refused(outcome: Outcome) -> str:
    assert outcome.status == 2
    assert outcome.out == ""
    return " ".join(outcome.err.split())


def of_classes(z: Array, t: Array, **metrics: Metric) -> Outputs:
    """A classifier's outputs z (N, K) for rows of classes t (N,)."""
    loss = CrossEntropy()
    return made(loss, z, loss.predict(z), t, metrics or {"accuracy": Accuracy(), "f1": F1()})


def made(loss: Any, z: Array, p: Array, t: Array, metrics: dict[str, Metric]) -> Outputs:
    values = {"loss": loss.value(z.copy(), t), **{name: metric(p, t) for name, metric in metrics.items()}}
    scores = {name: Score(value if math.isfinite(value) else None) for name, value in values.items()}
    return Outputs("run", "print", np.arange(len(t)), z, p, t, t, loss, metrics, scores)


def by_name(differences: list[Difference]) -> dict[str, Difference]:
    return {each.name: each for each in differences}


# The numbers


def test_holms_method_gives_the_p_values_of_r() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # p.adjust(p, "holm")
    assert holm([0.04]) == [0.04]
    first, second, none = holm([0.9, 0.8, math.nan])
    assert (first, second) == (1.0, 1.0)
    assert math.isnan(none)


def test_the_swap_test_of_a_mean_is_the_sign_flip_test() -> None:
    for n in (10, 200, 3000):
        a, b = RNG.normal(size=(n, 1)), RNG.normal(0.1, size=(n, 1))
        p = swap_test(a, b, lambda means: means[..., 0])
        assert p == pytest.approx(sign_flip((b - a)[:, 0]), abs=0.025)
    by_calls = swap_test_by_rows(lambda x, rows: float(x.mean()), a[:200], b[:200])
    assert by_calls == pytest.approx(sign_flip((b - a)[:200, 0]), abs=0.05)


def test_the_interval_of_a_difference_of_proportions_is_walds_for_many_rows_and_certain_of_nothing_for_one() -> (
    None
):
    interval = paired_proportions(3000, 4000, 100_000)
    spread = 1.96 * math.sqrt((0.07 - 0.01**2) / 100_000)
    assert (interval.low, interval.high) == pytest.approx((0.01 - spread, 0.01 + spread), abs=1e-5)
    turned = paired_proportions(4000, 3000, 100_000)
    assert (turned.low, turned.high) == pytest.approx((-interval.high, -interval.low))
    one = paired_proportions(0, 0, 1)
    assert one.low < -0.7
    assert one.high > 0.7
    assert not paired_proportions(0, 0, 0).exists


def test_the_interval_of_a_difference_of_proportions_covers_it() -> None:
    share = np.array([0.1, 0.2, 0.7])  # only a is right, only b is, both or none are
    counts = RNG.multinomial(60, share, 2000)
    intervals = [paired_proportions(int(a), int(b), 60) for a, b, _ in counts]
    assert 0.93 < np.mean([interval.low <= 0.1 <= interval.high for interval in intervals]) < 0.975


def test_more_rows_shrink_the_interval_until_it_tells() -> None:
    # 100 rows: error 0.05; a difference of 0.05 needs (1.96 + 0.84)^2 times as many.
    interval = Interval(0.05 - 0.098, 0.05 + 0.098, "")
    assert more_rows(0.05, interval, 100) == pytest.approx(785 - 100, abs=2)
    assert more_rows(0.0, interval, 100) is None
    assert more_rows(0.05, Interval.none("a single row"), 1) is None


def test_folds_share_rows_so_that_repeats_alone_may_never_tell() -> None:
    a = [0.8, 0.8, 0.8, 0.8, 0.8]
    hopeless = over_folds("accuracy", True, a, [0.9, 0.7, 0.85, 0.75, 0.81], 0.2)
    assert hopeless.verdict == "cannot tell"
    assert hopeless.more is None
    assert "more repeats of the folds would not" in sentence(hopeless, "A", "B")
    clear = over_folds("accuracy", True, a, [0.9, 0.91, 0.89, 0.9, 0.91], 0.2)
    assert clear.verdict == "better"
    near = over_folds("accuracy", True, a, [0.84, 0.82, 0.81, 0.835, 0.798], 0.1)
    assert near.verdict == "cannot tell"
    assert near.more is not None


def test_unpaired_scores_without_any_spread_tell_nothing() -> None:
    flat = unpaired("accuracy", True, [0.5, 0.5], [0.6, 0.6, 0.6])
    assert flat.verdict == "cannot tell"
    assert not flat.interval.exists
    found = unpaired("accuracy", True, [0.50, 0.51, 0.52], [0.60, 0.61, 0.63])
    assert found.verdict == "better"
    assert found.interval.low < found.value < found.interval.high  # type: ignore[operator]


@pytest.mark.parametrize(
    ("maximize", "shift", "said"),
    [(True, 0.1, "better"), (True, -0.1, "worse"), (False, -0.1, "better"), (False, 0.1, "worse")],
)
def test_the_sentence_says_which_is_better_by_how_much_and_how_sure_that_is(
    maximize: bool, shift: float, said: str
) -> None:
    a = [0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87]
    noise = [0.001, -0.002, 0.003, 0.0, -0.001, 0.002, -0.003, 0.0]
    found = over_seeds("score", maximize, a, [x + shift + e for x, e in zip(a, noise, strict=True)])
    text = sentence(found, "A", "B")
    assert text.startswith(f"B is {said} than A by 0.1000 score [0.0983, 0.1017]")
    assert text.endswith("(sign-flip over 8 seeds, p = 0.0078)")


def test_a_sentence_that_cannot_tell_says_what_would() -> None:
    a = [0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87]
    noise = [0.03, -0.02, 0.03, 0.01, -0.02, 0.02, -0.03, 0.015]
    found = over_seeds("accuracy", True, a, [x + e for x, e in zip(a, noise, strict=True)])
    text = sentence(found, "A", "B")
    assert text.startswith("cannot tell: the difference is 0.004 accuracy [-0.0")
    assert text.endswith(f"; about {found.more} more seeds would")


@pytest.mark.parametrize(("tests", "fewest"), [(1, 6), (2, 7), (10, 9)])
def test_so_few_seeds_that_no_difference_could_be_found_are_told(tests: int, fewest: int) -> None:
    assert 2 / 2**fewest < 0.05 / tests <= 2 / 2 ** (fewest - 1)
    found = over_seeds("accuracy", True, [0.1, 0.11, 0.12], [0.9, 0.92, 0.91])
    found = replace(found, tests=tests, adjusted=0.25)
    assert found.verdict == "cannot tell"
    assert found.fewest == fewest
    assert (
        f"p is at least {min(1.0, 0.25 * tests):.2g} by a sign-flip test; {fewest - 3} more seeds could"
        in sentence(found, "A", "B")
    )


def test_rows_of_a_better_network_are_found_better_by_every_score() -> None:
    t = RNG.integers(0, 3, 400)
    noise = RNG.normal(size=(400, 3))
    a, b = (of_classes(k * np.eye(3)[t] + noise, t) for k in (0.5, 1.5))
    found = by_name(over_rows(a, b)[0])
    assert {name: each.verdict for name, each in found.items()} == dict.fromkeys(
        ("loss", "accuracy", "f1"), "better"
    )
    back = by_name(over_rows(b, a)[0])
    for name, each in found.items():
        assert back[name].value == pytest.approx(-each.value)  # type: ignore[operator]
        assert back[name].p == pytest.approx(each.p, abs=0.01)
        assert back[name].verdict == "worse"
        assert each.interval.low < each.value < each.interval.high  # type: ignore[operator]


def test_the_same_outputs_are_no_better_and_a_metric_that_is_no_mean_of_rows_is_tested_too() -> None:
    @dataclass(frozen=True)
    class Spread(Metric):
        """The largest mistake, which no mean over rows gives."""

        tasks: ClassVar[tuple[Task, ...]] = ("regression",)
        type_name: ClassVar[str] = "spread"

        def __call__(self, p: Array, t: Array) -> float:
            return float(np.abs(p - t).max())

    t = RNG.normal(size=(60, 1))
    z, worse = t + 0.1 * RNG.normal(size=t.shape), t + 3.0 * RNG.normal(size=t.shape)
    a, b = (made(MSE(), x, x, t, {"r2": R2(), "spread": Spread()}) for x in (z, worse))
    assert {each.verdict for each in over_rows(a, b)[0]} == {"worse"}
    for each in over_rows(a, a)[0]:
        assert (each.verdict, each.value, each.p) == ("cannot tell", 0.0, 1.0)


def test_a_difference_has_no_interval_where_its_scores_have_none() -> None:
    metric = ExpectedCalibrationError()
    rng = np.random.default_rng(0)
    t = rng.integers(0, 3, metric.fewest_rows - 1)
    a, b = (of_classes(rng.normal(size=(len(t), 3)), t, error=metric) for _ in range(2))
    found = by_name(over_rows(a, b)[0])["error"]
    assert found.verdict == "undefined"
    assert found.interval.why_none == f"{len(t)} rows; expected_calibration_error needs {len(t) + 1}"


@pytest.mark.slow
def test_equals_are_rarely_found_different_by_their_rows() -> None:
    rng, alarms = np.random.default_rng(1), dict[str, list[bool]]()
    t = rng.integers(0, 3, 150)
    for _ in range(1000):
        shared = 1.5 * np.eye(3)[t] + rng.normal(size=(150, 3))
        a, b = (of_classes(shared + rng.normal(size=(150, 3)), t) for _ in range(2))
        for each in over_rows(a, b)[0]:
            alarms.setdefault(each.name, []).append(each.verdict != "cannot tell")
    assert {name: float(np.mean(found)) for name, found in alarms.items() if np.mean(found) > LIMIT} == {}


@pytest.mark.slow
def test_the_intervals_of_differences_over_rows_cover_them() -> None:
    rng, found = np.random.default_rng(4), dict[str, list[Difference]]()
    for _ in range(600):
        t = rng.integers(0, 3, 200)
        shared = 1.5 * np.eye(3)[t] + rng.normal(size=(200, 3))
        a, b = (of_classes(shared + noise * rng.normal(size=(200, 3)), t) for noise in (0.5, 1.2))
        for each in over_rows(a, b)[0]:
            found.setdefault(each.name, []).append(each)
    for name, differences in found.items():
        true = float(np.mean([each.value for each in differences]))
        covered = np.mean([each.interval.low <= true <= each.interval.high for each in differences])
        assert 0.93 <= covered <= 0.97, f"{name}: {covered:.1%}"


@pytest.mark.slow
@pytest.mark.parametrize("compare", [over_seeds, unpaired])
@pytest.mark.parametrize("n", [6, 10, 20])
def test_equals_are_rarely_found_different_by_their_seeds(compare: Any, n: int) -> None:
    rng = np.random.default_rng(2)
    found = [compare("accuracy", True, *rng.normal(0.9, 0.01, (2, n)).tolist()) for _ in range(1000)]
    assert np.mean([each.verdict != "cannot tell" for each in found]) <= LIMIT


@pytest.mark.slow
def test_equals_are_rarely_found_different_by_folds_though_these_share_rows() -> None:
    """Either model is the mean of four folds of its own measurement of 100 rows."""
    rng, found = np.random.default_rng(3), []
    for _ in range(1000):
        rows = rng.normal(size=(100, 2))
        folds = np.array_split(rng.permutation(100), 5)
        scores = [
            [float(np.mean((x[fold] - np.delete(x, fold).mean()) ** 2)) for fold in folds] for x in rows.T
        ]
        found.append(over_folds("mse", False, scores[0], scores[1], 0.2))
    assert np.mean([each.verdict != "cannot tell" for each in found]) <= LIMIT


# The command


def test_one_run_each_is_compared_row_by_row_and_speaks_of_two_networks(nnfs: Nnfs, train: Train) -> None:
    train("good", "training.epochs=30")
    train("bad", "training.epochs=1", "optimizer.learning_rate=0.001")
    status, out, err = nnfs("compare", "good", "bad")
    assert (status, err) == (0, "")
    last = out.splitlines()[-1]
    assert last.startswith("bad is worse than good by ")
    assert "accuracy [" in last
    assert (
        "(McNemar's test, p < 0.001); this speaks of these two trained networks, not of their configs" in last
    )
    assert "--seeds" in last
    assert "optimizer.learning_rate" in out
    assert "choose by `--split validation`" in out
    folder = Path("runs/compared/bad+good")
    assert {file.name for file in folder.iterdir()} == {
        "loss.png",
        "metrics.png",
        "learning_rate.png",
        "forest.png",
    }
    with Image.open(folder / "forest.png") as image:
        assert image.size[0] > image.size[1]


def test_a_run_against_itself_in_other_words_cannot_be_told_apart(train: Train, compare: Any) -> None:
    train("one")
    train("two")
    found = compare("one", "two")["comparisons"][0]
    assert found["verdict"] == "cannot tell"
    assert found["scores"]["accuracy"]["difference"] == 0.0
    assert found["sentence"].startswith("cannot tell: the difference is 0.00 accuracy [-0.0")
    assert "more" not in found["sentence"]
    assert any("any difference is chance" in note for note in found["notes"])


def test_runs_that_differ_in_seeds_alone_are_one_and_pair_by_seed(train: Train, compare: Any) -> None:
    for seed in (1, 2, 3):
        train(f"a{seed}", f"seed={seed}")
        train(f"b{seed + 1}", f"seed={seed + 1}", "layers.0.units=4")
    found = compare("a1", "a2", "a3", "b2", "b3", "b4", "--metric", "loss")
    assert [each["name"] for each in found["contenders"]] == ["a1 (3 runs)", "b2 (3 runs)"]
    versus = found["comparisons"][0]
    assert (versus["paired_by"], versus["pairs"]) == ("seed", 2)
    assert sorted(note.split(": ")[-1] for note in versus["notes"] if "left out" in note) == ["a1", "b4"]
    assert any("all runs have the same test rows" in note for note in versus["notes"])
    assert "2 seeds cannot: whatever the difference, p is at least 0.5" in versus["sentence"]
    assert found["config"] == [{"key": "layers[0].units", "values": [8, 4]}]
    scores = [
        json.loads(Path(f"runs/{run}/summary.json").read_text())["scores"]["test"]["loss"]
        for run in ("a2", "a3", "b2", "b3")
    ]
    assert versus["scores"]["loss"]["difference"] == pytest.approx(
        (scores[2] + scores[3] - scores[0] - scores[1]) / 2
    )


def test_runs_with_other_seeds_are_compared_unpaired_and_one_run_is_not(
    train: Train, compare: Any, nnfs: Nnfs
) -> None:
    for seed in (1, 2):
        train(f"a{seed}", f"seed={seed}")
        train(f"b{seed}", f"seed={seed + 2}", "layers.0.units=4")
    versus = compare("a1", "a2", "b1", "b2")["comparisons"][0]
    assert versus["paired_by"] == "none"
    assert "Welch's t over 2 and 2 seeds" in versus["sentence"]
    assert "no two of their runs have the same `seed`" in versus["notes"][0]
    assert "b1 has one run alone" in refused(nnfs("compare", "a1", "a2", "b1"))


def test_seeds_that_split_the_rows_anew_are_compared_as_random_splits(train: Train, compare: Any) -> None:
    for seed in (1, 2, 3):
        train(f"a{seed}", f"seed={seed}", config="cubic.yaml")
        train(f"b{seed}", f"seed={seed}", "layers.0.units=4", config="cubic.yaml")
    found = compare("a1", "a2", "a3", "b1", "b2", "b3", "--split", "validation")["comparisons"][0]
    assert found["paired_by"] == "seed"
    loss = found["scores"]["loss"]
    assert loss["test"] == "Nadeau and Bengio's corrected t over 3 splits"
    share = 40 / RunDirectory(Path("runs/a1")).summary()["rows"]["train"]
    values = [
        RunDirectory(Path(f"runs/{b}")).summary()["scores"]["validation"]["loss"]
        for b in ("a1", "b1", "a2", "b2", "a3", "b3")
    ]
    d = np.subtract(values[1::2], values[::2])
    t = abs(d.mean()) / np.sqrt((1 / 3 + share) * d.var(ddof=1))
    assert loss["p"] == pytest.approx(2 * scipy.stats.t.sf(t, 2))


def test_runs_whose_rows_are_shared_on_one_side_alone_are_not_compared(
    train: Train, compare: Any, nnfs: Nnfs
) -> None:
    for name, seed, *overrides in (
        ("a1", 1, "split_seed=7"),
        ("a2", 2, "split_seed=7"),
        ("b1", 3, "split_seed=8", "layers.0.units=3"),
        ("b2", 4, "split_seed=8", "layers.0.units=3"),
        ("c1", 5, "split_seed=7", "layers.0.units=4"),
        ("c2", 6, "split_seed=7", "layers.0.units=4"),
        ("d1", 7, "layers.0.units=5"),
        ("d2", 8, "layers.0.units=5"),
        ("e1", 1, "split_seed=7", "dataset.validation=20"),
        ("e2", 2, "split_seed=7", "dataset.validation=20"),
    ):
        train(name, f"seed={seed}", *overrides, config="cubic.yaml")
    for other, cure in (
        (("b1", "b2"), "give both the same `split_seed`"),
        (("d1", "d2"), "give both the same `split_seed`"),
        (("e1", "e2"), "split both alike, or give neither a `split_seed`"),
    ):
        assert cure in refused(nnfs("compare", "a1", "a2", *other))
    assert compare("a1", "a2", "c1", "c2")["comparisons"][0]["paired_by"] == "none"


def test_a_run_pairs_with_that_of_its_own_seed_among_several(train: Train, compare: Any) -> None:
    for seed in (1, 2):
        train(f"a{seed}", f"seed={seed}")
    train("b2", "seed=2", "layers.0.units=4")
    versus = compare("a1", "a2", "b2")["comparisons"][0]
    assert (versus["a"], versus["b"], versus["paired_by"]) == ("a2", "b2", "row")


def test_other_data_and_other_rows_are_refused_with_the_reason(train: Train, nnfs: Nnfs) -> None:
    for name, overrides in {"a": [], "other": ["dataset.seed=1"], "moved": ["seed=4"]}.items():
        train(name, *overrides, config="cubic.yaml")
    assert "are of other data: a has the fingerprint" in refused(nnfs("compare", "a", "other"))
    assert "have other validation rows" in refused(nnfs("compare", "a", "moved"))
    assert "a has no scores on test rows; it has some on validation, train" in refused(
        nnfs("compare", "a", "moved", "--split", "test")
    )
    assert "needs two or more different runs or studies" in refused(nnfs("compare", "a", "a"))
    assert "no run or study 'b'" in refused(nnfs("compare", "a", "b"))


def test_runs_that_are_split_otherwise_do_not_pair_by_seed(train: Train, compare: Any) -> None:
    for seed in (1, 2):
        train(f"a{seed}", f"seed={seed}", config="cubic.yaml")
        train(f"b{seed}", f"seed={seed}", "dataset.validation=20", config="cubic.yaml")
    versus = compare("a1", "a2", "b1", "b2")["comparisons"][0]
    assert versus["paired_by"] == "none"
    assert "split otherwise (dataset.validation 40 and 20)" in versus["notes"][0]


def test_one_row_and_undefined_scores_tell_nothing_and_are_said(train: Train, compare: Any) -> None:
    train("a", "dataset.test=1", config="cubic.yaml")
    train("b", "dataset.test=1", "layers.0.units=3", config="cubic.yaml")
    found = compare("a", "b", "--split", "test")["comparisons"][0]
    assert found["scores"]["loss"]["verdict"] == "cannot tell"
    assert found["scores"]["loss"]["p"] == 1.0
    assert found["scores"]["r2"]["verdict"] == "undefined"
    assert (
        "cannot tell: r2 is undefined"
        in compare("a", "b", "--split", "test", "--metric", "r2")["comparisons"][0]["sentence"]
    )


def test_rows_that_belong_together_are_no_independent_ones_and_that_is_said(
    train: Train, compare: Any
) -> None:
    rows = [f"{i // 4},{i % 4},{(i * 7) % 5}" for i in range(80)]
    Path("grouped.csv").write_text("\n".join(["patient,x,y", *rows]) + "\n")
    text = Path("cubic.yaml").read_text()
    table = "{type: csv, path: grouped.csv, target: y, task: regression, group: patient, validation: 0.25}"
    Path("grouped.yaml").write_text(text.replace("{type: cubic, validation: 40}", table))
    train("a", config="grouped.yaml")
    train("b", "layers.0.units=2", config="grouped.yaml")
    notes = compare("a", "b")["comparisons"][0]["notes"]
    assert any("dataset.group: rows that belong together count as independent" in note for note in notes)


def test_a_loss_that_is_another_function_is_not_compared(train: Train, compare: Any, nnfs: Nnfs) -> None:
    train("a", config="cubic.yaml")
    train("b", "loss=mae", config="cubic.yaml")
    found = compare("a", "b")
    assert set(found["comparisons"][0]["scores"]) == {"rmse", "r2"}
    assert found["metric"] == "rmse"
    assert any(note.startswith("loss: not compared") for note in found["comparisons"][0]["notes"])
    assert "did you mean 'rmse'" in refused(nnfs("compare", "a", "b", "--metric", "rms"))
    train("c", "loss=mae", "metrics=[]", config="cubic.yaml")
    assert "there is no score that all of them have" in refused(nnfs("compare", "a", "c"))


def test_several_are_compared_with_the_first_by_holms_method(train: Train, nnfs: Nnfs, compare: Any) -> None:
    train("a", "training.epochs=20")
    train("b", "training.epochs=1", "optimizer.learning_rate=0.001")
    train("c", "layers.0.units=4")
    found = compare("a", "b", "c")
    first, second = found["comparisons"]
    assert (first["a"], second["a"]) == ("a", "a")
    ps = [each["scores"]["loss"]["p"] for each in (first, second)]
    assert [each["scores"]["loss"]["p_adjusted"] for each in (first, second)] == pytest.approx(holm(ps))
    assert "by Holm's method for 2 comparisons" in first["sentence"]
    assert any("Holm's method" in note for note in found["notes"])
    assert {each["key"] for each in found["config"]} == {
        "training.epochs",
        "optimizer.learning_rate",
        "layers[0].units",
    }
    assert next(each["values"] for each in found["config"] if each["key"] == "layers[0].units") == [8, 8, 4]
    lines = nnfs("compare", "a", "b", "c", "--no-pictures").out.splitlines()
    assert lines[-2].startswith("b: b is worse than a")
    assert lines[-1].startswith("c: ")


def test_a_comparison_is_printed_as_csv_and_as_markdown(train: Train, nnfs: Nnfs) -> None:
    train("a")
    train("b", "layers.0.units=4")
    rows = list(csv.DictReader(io.StringIO(nnfs("compare", "a", "b", "--csv", "--no-pictures").out)))
    assert [row["score"] for row in rows] == ["loss", "accuracy", "brier"]
    assert all(float(row["low"]) <= float(row["difference"]) <= float(row["high"]) for row in rows)
    text = nnfs("compare", "a", "b", "--markdown", "--no-pictures").out
    assert "| `layers[0].units` | 8 | 4 |" in text
    assert text.count("\n| --- |") == 2
    assert "give one of them" in refused(nnfs("compare", "a", "b", "--csv", "--json"))


# Studies


def study(
    train: Train, name: str, *overrides: str, seeds: Sequence[int] = (1, 2), config: str = "blobs.yaml"
) -> str:
    for seed in seeds:
        train(f"s{seed}", f"seed={seed}", *overrides, runs=f"runs/{name}", config=config)
    Path(f"runs/{name}/study.yaml").write_text("name: toy\n")
    return name


def test_studies_are_compared_by_the_seeds_of_their_runs_and_lost_runs_are_told(
    train: Train, nnfs: Nnfs, compare: Any
) -> None:
    study(train, "wide", seeds=(1, 2, 3, 4))
    study(train, "narrow", "layers.0.units=4", seeds=(1, 2, 3, 4))
    Path("runs/narrow/s3/summary.json").write_text("damaged")
    run = RunDirectory(Path("runs/wide/s4"))
    run.write_json("summary.json", {"id": "s4", "status": "diverged"})
    found = compare("wide", "narrow")
    versus = found["comparisons"][0]
    assert (versus["paired_by"], versus["pairs"]) == ("seed", 2)
    assert any("1 run left out, without scores: wide/s4 (diverged)" in note for note in found["notes"])
    assert any("left out, since it cannot be read" in note and "s3" in note for note in found["notes"])
    nnfs("compare", "wide", "narrow")
    assert Path("runs/compared/narrow+wide/forest.png").is_file()


def test_of_a_study_that_chooses_its_winner_is_compared(train: Train, compare: Any, nnfs: Nnfs) -> None:
    vary = "study: {seeds: 2, vary: {optimizer.learning_rate: [0.0001, 0.02]}, sampler: grid}"
    text = Path("cubic.yaml").read_text().replace("validation: 40", "validation: 40, test: 40")
    Path("held.yaml").write_text(f"{text}split_seed: 3\n")
    Path("search.yaml").write_text(f"{text}split_seed: 3\n{vary}\n")
    assert nnfs("study", "search.yaml", "--id", "search", "--jobs", "1", "--quiet").status == 0
    study(train, "plain", "layers.0.units=4", seeds=(3, 4), config="held.yaml")
    found = compare("plain", "search")
    assert [Path(run).name for run in found["contenders"][1]["runs"]] == ["t001-s3", "t001-s4"]
    assert any("the winner of its 2 trials is compared, t001-s3, t001-s4" in note for note in found["notes"])
    assert found["comparisons"][0]["paired_by"] == "seed"
    Path("runs/search/summary.json").unlink()
    assert "the study has chosen no trial yet" in refused(nnfs("compare", "plain", "search"))


def test_folds_are_compared_on_the_same_rows_and_with_nothing_else(
    train: Train, compare: Any, nnfs: Nnfs
) -> None:
    for fold in (0, 1, 2):
        for seed in (1, 2):
            same = [f"seed={seed}", "split_seed=5", f"dataset.validation={{fold: {fold}, of: 3}}"]
            train(f"a{fold}{seed}", *same, config="cubic.yaml")
            train(f"b{fold}{seed}", *same, "layers.0.units=2", config="cubic.yaml")
    a, b = ([f"{name}{fold}{seed}" for fold in (0, 1, 2) for seed in (1, 2)] for name in "ab")
    versus = compare(*a, *b)["comparisons"][0]
    assert (versus["paired_by"], versus["pairs"]) == ("fold", 6)
    found = versus["scores"]["rmse"]
    assert found["pairs"] == 3
    assert "corrected t over 3 folds" in found["test"]
    for split in ("validation", "train"):
        found = compare(*a, *b, "--split", split)["comparisons"][0]["scores"]["rmse"]
        values = [
            [
                json.loads(Path(f"runs/{run}/summary.json").read_text())["scores"][split]["rmse"]
                for run in side
            ]
            for side in (a, b)
        ]
        folds = np.reshape(values, (2, 3, 2)).mean(axis=2)
        assert found["difference"] == pytest.approx(float((folds[1] - folds[0]).mean()))
        expected = over_folds("rmse", False, folds[0].tolist(), folds[1].tolist(), 1 / 3)
        assert found["p"] == pytest.approx(expected.p)
    train("plain", config="cubic.yaml")
    assert "is of folds and plain is not" in refused(nnfs("compare", *a, "plain"))


@pytest.mark.parametrize("file", ["summary.json", "preparation.json"])
def test_runs_that_somebody_forged_are_compared_or_refused_in_one_message(
    train: Train, nnfs: Nnfs, file: str
) -> None:
    for seed in (1, 2):
        train(f"a{seed}", f"seed={seed}", config="cubic.yaml")
        train(f"b{seed}", f"seed={seed}", "layers.0.units=2", config="cubic.yaml")
    unseal(Path("runs/a1"))
    whole = Path(f"runs/a1/{file}").read_bytes()
    for seed in range(6):
        Path(f"runs/a1/{file}").write_bytes(whole)
        forge(Random(seed), Path(f"runs/a1/{file}"))  # noqa: S311
        for words in (("diff", "a1", "b1"), ("compare", "a1", "a2", "b1", "b2", "--no-pictures")):
            with warnings.catch_warnings(action="ignore"):  # as for users
                status, _, err = nnfs(*words)
            assert status == 0 or (status == 2 and err.startswith("nnfs: "))


def test_a_study_without_runs_and_runs_without_scores_are_refused(train: Train, nnfs: Nnfs) -> None:
    train("a")
    Path("runs/empty").mkdir()
    Path("runs/empty/study.yaml").write_text("name: toy\n")
    assert "a study without runs" in refused(nnfs("compare", "a", "empty"))
    assert "empty is a study: `nnfs compare a empty` compares studies" in refused(nnfs("diff", "a", "empty"))
    shutil.copytree("runs/a", "runs/begun")
    Path("runs/begun/summary.json").unlink()
    assert "there are no scores to compare yet: begun (no summary.json)" in refused(
        nnfs("compare", "a", "begun")
    )


def test_plugins_that_may_not_run_are_not_run(
    train: Train, nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("own.py").write_text(
        "from dataclasses import dataclass\nfrom nnfs_cli import LAYERS\nfrom nnfs_cli.layers.relu import ReLU\n"
        '@LAYERS.register("own_relu")\n@dataclass\nclass OwnReLU(ReLU):\n    """y = max(x, 0)"""\n'
    )
    train("a")
    train("own", "plugins=[own.py]", "layers.1=own_relu")
    monkeypatch.setenv("NNFS_STATE", "elsewhere")
    assert "add --trust-plugins" in refused(nnfs("compare", "a", "own"))
    assert nnfs("compare", "a", "own", "--trust-plugins", "--no-pictures").status == 0
