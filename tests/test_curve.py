"""The loss curve in the terminal, and what the shell completes."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_cli.cli.curve import HEIGHT, LEAST_WIDTH, MOST_POINTS, LossCurve, Series
from nnfs_cli.training.reports import EpochReport, StepReport, format_column


def curve_of(train: list[float], validation: list[float]) -> LossCurve:
    curve = LossCurve(steps_per_epoch=10)
    for i, loss in enumerate(train):
        scores = {"loss": validation[i]} if validation else {}
        curve.add(EpochReport(i + 1, 10 * (i + 1), 1.0, 0.1, {"loss": loss}, scores, False))
    return curve


losses = st.lists(st.floats(allow_nan=False) | st.just(math.nan), min_size=2, max_size=9)


@given(train=losses, width=st.integers(1, 250), color=st.booleans(), validated=st.booleans())
def test_the_curve_never_is_wider_than_its_place(
    train: list[float], width: int, color: bool, validated: bool
) -> None:
    text = curve_of(train, train[::-1] if validated else []).text(width, color=color)
    lines = text.plain.split("\n")
    assert max(map(len, lines)) <= max(width, 0)
    assert len(lines) == HEIGHT + 3 or not text
    if width < LEAST_WIDTH:
        assert not text


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("epochs", [[9.0], [11.0, 1.0]])
def test_the_longest_heading_fits_the_least_width(epochs: list[float], color: bool) -> None:
    curve = LossCurve(steps_per_epoch=10)
    for step in range(1, 11):
        curve.add(StepReport(step, 1, 100 / step**2, {}))
    for i, loss in enumerate(epochs):
        curve.add(EpochReport(i + 1, 10 * (i + 1), 1.0, 0.1, {"loss": loss}, {"loss": loss}, False))
    lines = curve.text(LEAST_WIDTH, color=color).plain.split("\n")
    assert lines[0].startswith("loss (log)")
    assert lines[0].endswith("validation")
    assert max(map(len, lines)) <= LEAST_WIDTH


def test_the_curve_falls_from_the_left_to_the_right_and_names_both_ends() -> None:
    lines = curve_of([4.0, 3.0, 2.0, 1.0], []).text(60, color=False).plain.split("\n")
    assert lines[0].startswith("loss   ── training")
    assert lines[1].startswith("4.00 ┤")
    assert lines[HEIGHT].startswith("1.00 ┤")
    blank = "\N{BRAILLE PATTERN BLANK}"
    first = [len(line) - len(line[6:].lstrip(blank)) for line in lines[1 : HEIGHT + 1]]
    assert first == sorted(first)
    assert lines[-1].split() == ["0", "4", "epochs"]


def test_without_color_validation_is_told_apart_by_its_marks() -> None:
    text = curve_of([4.0, 3.0, 2.0], [5.0, 4.0, 3.0]).text(60, color=False)
    assert "o validation" in text.plain
    assert text.plain.count("o") > "o validation".count("o") + 2
    assert not text.spans


@pytest.mark.parametrize("last", [3.0, 5.0, 6.0])
def test_the_last_validation_loss_is_marked_at_the_right_edge(last: float) -> None:
    text = curve_of([4.0, 3.5], [5.0, last]).text(60, color=False)
    assert [line[-1] for line in text.plain.split("\n")[1 : HEIGHT + 1]].count("o") == 1


def test_losses_that_are_close_have_numbers_that_differ() -> None:
    lines = curve_of([1.0004, 1.0003, 1.0001], []).text(60, color=False).plain.split("\n")
    labels = [line.split()[0] for line in lines if "┤" in line]
    assert labels == ["1.0004", "1.0002", "1.0001"]
    steady = curve_of([1.0 + 1e-9, 1.0], []).text(60, color=False).plain
    assert "1.10 ┤" in steady


def test_before_the_second_epoch_steps_are_drawn() -> None:
    curve = LossCurve(steps_per_epoch=10)
    for step in range(1, 8):
        curve.add(StepReport(step, 1, 1 / step, {}))
    assert "logged steps" in curve.text(60, color=True).plain


@given(st.lists(st.floats(0, 1), min_size=1, max_size=3000))
def test_a_series_keeps_few_points_in_order_and_the_last_one(values: list[float]) -> None:
    series = Series()
    for i, value in enumerate(values):
        series.append(i, value)
    points = list(series)
    assert len(points) <= MOST_POINTS + 1
    assert points == sorted(points, key=lambda point: point[0])
    assert points[-1] == (len(values) - 1, values[-1])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1, max_size=6))
def test_scores_below_each_other_mean_what_they_meant(scores: list[float | None]) -> None:
    for score, text in zip(scores, format_column(scores), strict=True):
        assert (
            text == "undefined"
            if score is None
            else math.isclose(float(text), score, rel_tol=0.01) or not score
        )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("nnfs tr", {"train"}),
        ("nnfs train cub", {"cubic", "cubic-adam", "cubic.yaml"}),
        ("nnfs plot r", {"r1", "runs/"}),
        ("nnfs plot lat", {"latest"}),
        ("nnfs components layer_", {"layer_norm"}),
        ("nnfs components layer res", {"reshape", "residual"}),
        ("nnfs evaluate r1 --split v", {"validation"}),
        ("nnfs gradcheck --only relu", {"relu"}),
        ("nnfs plot r1 --only gradient", {"gradients", "gradient_histograms"}),
        ("nnfs train --from r", {"r1", "runs/"}),
        ("nnfs runs ", {"list", "mark", "rm"}),
        ("nnfs runs rm r", {"r1", "runs/"}),
        ("nnfs verify r", {"r1", "runs/"}),
    ],
)
@pytest.mark.usefixtures("nnfs")
def test_the_shell_completes(words: str, expected: set[str]) -> None:
    Path("runs/r1").mkdir(parents=True)
    Path("runs/r1/config.yaml").touch()
    environment = {
        **os.environ,
        "_NNFS_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv = ['nnfs']; from nnfs_cli.cli.app import app; app()",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert set(done.stdout.split()) == expected, done.stderr
