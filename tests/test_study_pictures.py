"""Pictures and the report of a study, from tables that are written here: no run is trained."""

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.load import parse_config
from nnfs_cli.core.errors import DamageError
from nnfs_cli.jobs.report_study import write_study_report
from nnfs_cli.jobs.study_pictures import draw_at_end
from nnfs_cli.plots import (
    forest,
    study,
    study_forest,
    study_history,
    study_importance,
    study_learning,
    study_parallel,
    study_seeds,
    study_slices,
)
from nnfs_cli.plots.forest import Estimate
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.study_values import LackingError, value_scale
from nnfs_cli.plots.style import ORANGE, drawing, figure_of
from nnfs_cli.statistics.means import t_interval
from nnfs_cli.studies.directory import StudyDirectory
from nnfs_cli.studies.record import StudyRecord
from tests.conftest import Nnfs
from tests.test_picture_texts import check_texts

BASE = """
name: {name}
dataset: {{type: cubic, samples: 60}}
layers: [{{type: dense, units: 4}}, tanh, {{type: dense, units: 1}}]
loss: mse
metrics: [r2]
optimizer: sgd
training: {{epochs: 9}}
study: {study}
"""
RATE = {"optimizer.learning_rate": {"log": [0.001, 0.1]}}
SIX: dict[str, Any] = {
    **RATE,
    "layers.0.units": {"int": [1, 64]},
    "optimizer.momentum": {"uniform": [0, 0.99]},
    "layers.1.type": ["tanh", "relu", "leaky_relu"],
    "regularizer": [None, {"type": "l2", "strength": 0.001}, {"type": "l2", "strength": 0.01}],
    "layers.0.a_key_that_is_really_much_longer_than_any_that_people_write": [[1, 2], [1, 2, 3], "$x$ <b>"],
}
Row = dict[str, Any]


def made(
    folder: Path,
    vary: Mapping[str, Any] | None,
    trials: Sequence[Row],
    runs: Sequence[Row] = (),
    *,
    maximize: bool = False,
    name: str = "made",
    **study: Any,
) -> StudyRecord:
    """A study with these rows in its tables; the name of its folder is `made`."""
    section = {**study, **({"vary": vary, "trials": 1000} if vary else {})}
    config = parse_config(BASE.format(name=name, study=json.dumps(section)), "made.yaml")
    directory = StudyDirectory.create(folder, config, "made")
    ends = ["val_loss", "val_loss_low", "val_loss_high"]
    directory.write_table("trials.csv", ["trial", *(vary or ()), "status", "runs", "epochs", *ends], trials)
    columns = ["run", "trial", "seed", "status", "epochs", "val_loss", "train.loss", "validation.loss"]
    directory.write_table("runs.csv", columns, runs)
    directory.write_summary({"status": "completed", "monitor": "val_loss", "maximize": maximize})
    return StudyRecord(directory)


def row(number: int, value: float | None, status: str = "completed", epochs: int = 9, **options: Any) -> Row:
    found = {"trial": number, "status": status, "epochs": epochs, **options}
    return found if value is None else {**found, "val_loss": value}


def rates(*values: float | None) -> list[Row]:
    """Trials with these values, at rising learning rates."""
    places = np.geomspace(0.001, 0.1, len(values)).tolist()
    return [
        row(i, value, "failed" if value is None else "completed") | {"optimizer.learning_rate": place}
        for i, (value, place) in enumerate(zip(values, places, strict=True))
    ]


def sixty() -> list[Row]:
    """Trials of six options: some without a value, one far worse than all others."""
    rng = np.random.default_rng(0)
    found = []
    for i in range(60):
        rate = float(10 ** rng.uniform(-3, -1))
        options = {
            "optimizer.learning_rate": rate,
            "layers.0.units": int(rng.integers(1, 65)),
            "optimizer.momentum": float(rng.uniform(0, 0.99)),
            **{key: SIX[key][rng.integers(3)] for key in list(SIX)[3:]},
        }
        value = None if i % 7 == 3 else 1e9 if i == 5 else float(abs(math.log10(rate) + 2) + 0.1)
        found.append(row(i, value, "diverged" if value is None else "completed") | options)
    return found


def points(axes: Axes, label: str) -> tuple[Any, Any]:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line.get_xdata(), line.get_ydata()


def test_the_best_so_far_falls_and_trials_without_a_value_are_marked(tmp_path: Path) -> None:
    record = made(tmp_path, RATE, rates(5.0, 3.0, None, 4.0, 2.0, 2.5))
    axes = study_history.draw(record)
    x, y = points(axes, "best so far")
    assert (list(x), list(y)) == ([0, 1, 3, 4, 5, 5], [5, 3, 3, 2, 2, 2])
    assert list(points(axes, "without a value: 1")[0]) == [2]
    assert [float(np.squeeze(at)) for at in points(axes, "the winner")] == [4.0, 2.0]


def test_where_higher_is_better_the_best_so_far_rises(tmp_path: Path) -> None:
    axes = study_history.draw(made(tmp_path, RATE, rates(0.5, 0.7, 0.6), maximize=True))
    assert list(points(axes, "best so far")[1]) == [0.5, 0.7, 0.7, 0.7]
    assert "higher is better" in axes.get_ylabel()


def test_with_halving_trials_are_drawn_by_the_rung_where_they_were_left(tmp_path: Path) -> None:
    trials = [*rates(2.0, 1.0, 3.0)[:2], row(2, 0.5, "paused", 3, **{"optimizer.learning_rate": 0.1})]
    record = made(tmp_path, RATE, trials, halving={"first": 3})
    axes = study_history.draw(record)
    assert list(points(axes, "left after epoch 3")[0]) == [2]
    assert list(points(axes, "trained to the end")[0]) == [0, 1]
    assert record.winner is record.trials[1]


def test_a_trial_that_is_far_worse_does_not_hide_how_the_others_differ(tmp_path: Path) -> None:
    record = made(tmp_path, RATE, rates(-0.1, 0.2, 0.3, 0.25, 0.15, 1e12))
    log, (low, high) = value_scale(record)
    assert not log
    assert low < -0.1
    assert 0.3 < high < 2
    axes = study_history.draw(record)
    assert list(points(axes, "above the scale: 1 trial")[0]) == [5]


def test_the_winners_line_goes_through_its_options_on_top_of_all(tmp_path: Path) -> None:
    vary = {**RATE, "layers.1.type": ["tanh", "relu", "elu"]}
    options = [(0.1, "tanh"), (0.01, "elu"), (0.001, "relu")]
    trials = [
        row(i, value) | {"optimizer.learning_rate": rate, "layers.1.type": kind}
        for i, (value, (rate, kind)) in enumerate(zip((3.0, 1.0, 2.0), options, strict=True))
    ]
    axes: Any = study_parallel.draw(made(tmp_path, vary, trials))
    top = max(axes.lines, key=lambda line: line.get_zorder())
    assert top.get_color() == ORANGE
    np.testing.assert_allclose(top.get_ydata()[:2], [0.5, 2.4 / 2.8])
    assert len(axes.lines) == len(trials) + 1  # the winner has an edge


def test_the_option_that_decides_is_the_most_important(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    found = study_importance.importances(made(tmp_path, SIX, sixty()), 0.1)
    assert next(iter(found)) == "optimizer.learning_rate"
    assert math.isclose(sum(found.values()), 1.0)


def test_importance_says_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LackingError, match="15 trials with a value, found 3"):
        study_importance.draw(made(tmp_path / "few", RATE, rates(1.0, 2.0, 3.0)))
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(LackingError, match=r"nnfs-cli\[study\]"):
        study_importance.draw(made(tmp_path / "many", SIX, sixty()))


def test_a_forest_pairs_runs_of_the_same_seed(tmp_path: Path) -> None:
    values = {0: {1: 1.0, 2: 5.0, 3: 3.0}, 1: {1: 2.5, 2: 6.0, 3: 4.0}}
    runs = [
        {"run": f"t{t}-s{seed}", "trial": t, "seed": seed, "status": "completed", "val_loss": value}
        for t, seeds in values.items()
        for seed, value in reversed(seeds.items())
    ]
    axes: Any = study_forest.draw(made(tmp_path, RATE, rates(3.0, 25 / 6), runs, seeds=3))
    right = axes.figure.axes[1]
    interval = t_interval([1.5, 1.0, 1.0])
    line, point, _zero = right.lines
    np.testing.assert_allclose(line.get_xdata(), [interval.low, interval.high])
    np.testing.assert_allclose(point.get_xdata(), [3.5 / 3])
    with pytest.raises(LackingError, match="several runs"):
        study_forest.draw(made(tmp_path / "single", RATE, rates(1.0, 2.0), runs[::3]))


def test_a_difference_stands_beside_the_score_of_the_same_name() -> None:
    axes: Any = forest.draw([Estimate(name, 1.0) for name in "abc"], [Estimate("c", 2.0)], "val_loss", "a")
    assert [list(line.get_ydata()) for line in axes.figure.axes[1].lines[:1]] == [[2]]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b", "c"]


def with_epochs(record: StudyRecord, epochs: int = 6) -> None:
    """Give each run of runs.csv a folder with epochs.csv."""
    for each in record.runs:
        folder = record.study.path / each["run"]
        folder.mkdir()
        (folder / "config.yaml").write_text("name: a\n")
        noise = float(each["seed"]) * 0.1
        lines = [f"{e},{e},{3 / e + noise * e}\n" for e in range(1, epochs + 1)]
        (folder / "epochs.csv").write_text("epoch,step,val_loss\n" + "".join(lines))


def repeated(folder: Path, seeds: int, *values: float, vary: Any = RATE) -> StudyRecord:
    """Trials of several runs with epochs."""
    trials = rates(*values) if vary else [row(0, values[0])]
    runs = [
        {"run": f"t{t}-s{s}", "trial": t, "seed": s, "status": "completed", "val_loss": value + s}
        for t, value in enumerate(values)
        for s in range(seeds)
    ]
    record = made(folder, vary, trials, runs, seeds=seeds)
    with_epochs(record)
    return record


def test_the_band_of_seeds_is_the_interval_of_their_mean(tmp_path: Path) -> None:
    axes = study_seeds.draw(repeated(tmp_path, 3, 1.0, vary=None))
    epochs, mean = points(axes, "mean")
    np.testing.assert_allclose(mean, 3 / epochs + 0.1 * epochs)
    band: Any = axes.collections[0]
    ends = band.get_paths()[0].vertices
    interval = t_interval([3 / 2, 3 / 2 + 0.2, 3 / 2 + 0.4])
    at_two = sorted({round(float(y), 9) for x, y in ends if x == 2.0})
    np.testing.assert_allclose(at_two, [interval.low, interval.high])


def test_a_learning_curve_has_the_mean_of_each_size(tmp_path: Path) -> None:
    vary = {"dataset.samples": [10, 100]}
    trials = [row(i, 1.0 - i / 2) | {"dataset.samples": size} for i, size in enumerate((100, 10))]
    runs = [
        {"run": f"t{t}-s{s}", "trial": t, "seed": s, "train.loss": t + s, "validation.loss": 2 * t + s + 1}
        for t in (0, 1)
        for s in (0, 1)
    ]
    axes: Any = study_learning.draw(made(tmp_path, vary, trials, runs, seeds=2))
    means = [
        line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() in ("--", "-")
    ]
    np.testing.assert_array_equal(means[0].get_xdata(), [10, 100])
    np.testing.assert_array_equal([line.get_ydata() for line in means], [[1.5, 0.5], [3.5, 1.5]])
    assert axes.get_xscale() == "log"


def test_without_rows_that_vary_there_is_no_learning_curve(tmp_path: Path) -> None:
    with pytest.raises(LackingError, match=re.escape("dataset.samples")):
        study_learning.draw(made(tmp_path, RATE, rates(1.0, 2.0)))


def test_a_slice_has_the_median_of_each_choice(tmp_path: Path) -> None:
    trials = [row(i, float(v)) | {"layers.1.type": "ab"[i % 2]} for i, v in enumerate((1, 2, 3, 6, 8, 4))]
    axes = study_slices.draw(made(tmp_path, {"layers.1.type": ["a", "b"]}, trials))
    assert list(points(axes, "median of the choice")[1]) == [3, 3]


@pytest.mark.parametrize("case", ["three", pytest.param("sixty", marks=pytest.mark.slow), "several runs"])
def test_every_text_of_a_studys_pictures_lies_inside_and_on_no_other(case: str, tmp_path: Path) -> None:
    if case == "several runs":
        record = repeated(tmp_path, 2, 1.0, 1e-7, 2e6)
    else:
        vary, trials = (SIX, sixty()) if case == "sixty" else (RATE, rates(1.0, None, 2.0))
        record = made(tmp_path, vary, trials, name="n" * 60)
    drawn = []
    with drawing("dark"):
        for name, draw in study._draws().items():
            try:
                check_texts(figure_of(draw(record)), name)
                drawn.append(name)
            except LackingError:
                pass
    assert {"history", "parallel_coordinates", "slices"} <= set(drawn)


def test_every_picture_has_a_name_and_a_caption() -> None:
    from nnfs_cli.report.study import CAPTIONS

    assert tuple(study._draws()) == study.NAMES
    assert set(CAPTIONS) == set(study.NAMES)
    assert set(study.ESSENTIAL) <= set(study.NAMES)


def test_plot_draws_a_study_and_says_what_is_left_out(nnfs: Nnfs) -> None:
    made(Path("runs"), RATE, rates(1.0, 2.0, 3.0))
    outcome = nnfs("plot", "made", "--format", "svg")
    assert outcome.status == 0
    names = [Path(line).name for line in outcome.out.split()]
    assert names == ["history.svg", "parallel_coordinates.svg", "slices.svg"]
    assert "importance: it needs 15 trials with a value, found 3" in outcome.err
    assert Path("runs/made/plots/history.svg").is_file()
    outcome = nnfs("plot", "made", "--only", "slices", "--output", "there")
    assert outcome.out.split() == [str(Path("there/slices.png"))]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["made", "--only", "forst"], "did you mean 'forest'?"),
        (["made", "--only", "forest"], "it needs two trials with several runs each"),
        (["made", "made"], "a study is drawn alone"),
    ],
)
def test_plot_refuses_what_a_study_cannot_show(arguments: list[str], said: str, nnfs: Nnfs) -> None:
    made(Path("runs"), RATE, rates(1.0, 2.0, 3.0))
    outcome = nnfs("plot", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err


def test_a_damaged_table_is_one_message(nnfs: Nnfs) -> None:
    record = made(Path("runs"), RATE, rates(1.0, 2.0))
    (record.study.path / "trials.csv").write_text("a,b\n1,2\n")
    outcome = nnfs("plot", "made")
    assert outcome.status == 2
    assert "trials.csv: damaged" in outcome.err


def test_values_of_another_program_are_taken_for_missing(tmp_path: Path) -> None:
    record = made(tmp_path, RATE, rates(1.0, 2.0, 3.0))
    table = record.study.path / "trials.csv"
    table.write_text(table.read_text().replace("2.0,", "wrong,", 1))
    assert [trial.has_value for trial in StudyRecord(record.study).trials] == [True, False, True]
    study_history.draw(StudyRecord(record.study))


@pytest.mark.usefixtures("draws")
def test_a_study_draws_the_essential_pictures_at_its_end(tmp_path: Path) -> None:
    record = repeated(tmp_path, 2, 1.0, 2.0)
    assert draw_at_end(record.study) == ""
    files = {file.stem for file in (record.study.path / "plots").iterdir()}
    assert files == set(study.ESSENTIAL)
    (record.study.path / "study.yaml").write_text("study: 3\n")
    assert "study.yaml" in draw_at_end(record.study)
    with pytest.raises(DamageError):
        _ = StudyRecord(record.study).config


def winner_record(test: bool = True) -> dict[str, Any]:
    mean = {"mean": 0.25, "low": 0.125, "high": 0.5, "method": "t over 2 seeds", "runs": 2}
    scores = {"validation": {"loss": mean}, **({"test": {"loss": mean}} if test else {})}
    return {"winner": {"trial": 0, "runs": ["a", "b"], "scores": scores, "test_rows_took_no_part": test}}


def test_a_report_has_the_winner_its_test_score_and_what_that_is_worth(nnfs: Nnfs) -> None:
    record = repeated(Path("runs"), 2, 1.0, 2.0)
    record.study.write_summary({**record.summary, **winner_record()})
    (record.study.path / "t0-s1" / "report.html").write_text("its own")
    outcome = nnfs("report", "made")
    assert outcome.out.strip() == str(Path("runs/made/report.html"))
    page = Path(outcome.out.strip()).read_text()
    assert "The winner: trial 0" in page
    assert "test loss [0.12, 0.50]" in page
    assert "The test rows took no part in choosing it" in page
    assert re.findall(r'href="(?!#|data:)([^"]*)', page) == ["t0-s1/report.html"]
    assert not re.findall(r'src="(?!data:image/png)', page)
    assert "default-src 'none'" in page
    assert page.count('<figure class="picture">') == 5
    assert nnfs("report", "made", "--output", "there.html").status == 0
    assert 'href="runs/made/t0-s1/report.html"' in Path("there.html").read_text()


def test_a_report_without_test_rows_does_not_say_that_they_took_no_part(tmp_path: Path) -> None:
    record = made(tmp_path, RATE, rates(1.0, 2.0))
    record.study.write_summary({**record.summary, **winner_record(test=False)})
    page = write_study_report(record.study)[0].read_text()
    assert "took no part" not in page


def test_names_in_a_report_of_someone_elses_study_are_letters_not_tags(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    runs = [{"run": f"../{bad}", "trial": 0, "seed": bad, "status": bad, "val_loss": 1.0}]
    trials = [dict(each) | {"status": bad} for each in rates(1.0, 2.0)]
    record = made(tmp_path, {**RATE, "layers.1.type": [bad, "tanh"]}, trials, runs)
    page = write_study_report(record.study)[0].read_text()
    assert "alert(1)" in page
    assert bad not in page


def test_trials_that_differ_by_decades_are_on_a_logarithmic_scale_without_a_stray(tmp_path: Path) -> None:
    log, (low, high) = value_scale(made(tmp_path, RATE, rates(0.01, 0.1, 0.5, 1.0, 0.3, 1e30)))
    assert log
    assert low < 0.01
    assert 1.0 < high < 1e6


def test_a_report_of_seeds_alone_has_their_mean_without_a_monitored_value(tmp_path: Path) -> None:
    record = made(tmp_path, None, [row(0, None)], seeds=2)
    record.study.write_summary({**record.summary, **winner_record(test=False)})
    page = write_study_report(record.study)[0].read_text()
    assert "validation loss [0.12, 0.50]" in page
    assert "<h2>Scores</h2>" in page
    assert "The winner" not in page


def test_a_report_shows_no_scores_of_a_trial_that_is_no_longer_the_best(tmp_path: Path) -> None:
    record = made(tmp_path, RATE, rates(2.0, 1.0))
    record.study.write_summary({**record.summary, **winner_record()})
    page = write_study_report(record.study)[0].read_text()
    assert "The winner: trial 1" in page
    assert "test loss" not in page


@pytest.mark.parametrize(("monitor", "higher"), [("val_r2", True), ("val_rmse", False), ("val_own", False)])
def test_a_study_that_was_killed_at_once_is_still_ranked_the_right_way(
    monitor: str, higher: bool, tmp_path: Path
) -> None:
    record = made(tmp_path, RATE, [])
    record.study.write_summary({"status": "running"})
    text = (record.study.path / "study.yaml").read_text().replace("monitor: ''", f"monitor: {monitor}")
    (record.study.path / "study.yaml").write_text(text)
    again = StudyRecord(record.study)
    assert (again.monitor, again.maximize) == (monitor, higher)
