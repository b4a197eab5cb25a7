"""The content of pictures: names as they are, images in their colors, numbers of any size."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

from nnfs_cli import plots
from nnfs_cli.config.load import load_config
from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.bars import draw_histogram
from nnfs_cli.plots.dataset_images import draw_images
from nnfs_cli.plots.dataset_table import draw_table
from nnfs_cli.plots.fonts import families_with
from nnfs_cli.plots.images import color_range
from nnfs_cli.plots.names import shorten_names, wrap_title
from nnfs_cli.plots.style import panels, save
from nnfs_cli.preprocessing.correlations import Correlations, correlation_ratio, standardized
from nnfs_cli.preprocessing.fitting import fit_affine
from nnfs_cli.preprocessing.limits import LARGEST
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.loading import load_data
from tests.conftest import Nnfs

CONFIG = """
dataset: {dataset}
layers: [flatten, {{type: dense, units: {units}}}]
loss: {loss}
optimizer: {{type: sgd, learning_rate: 0.01}}
training: {{epochs: 2, batch_size: 16}}
"""
NAMES = ["$a^2$", "_b", r"c \$ d$"]


def write(name: str, dataset: str, loss: str, units: int) -> None:
    Path(f"{name}.yaml").write_text(CONFIG.format(dataset=dataset, loss=loss, units=units))


def write_table(frame: pd.DataFrame, target: str, loss: str, units: int, options: str = "") -> None:
    frame.to_csv("t.csv", index=False)
    write("t", f"{{type: csv, path: t.csv, target: {json.dumps(target)}{options}}}", loss, units)


def table_figure(folder: Path, name: str = "t") -> Figure:
    """The saved picture of a table."""
    axes = draw_table(load_data(load_config(Path(f"{name}.yaml"), ())), name)
    save(axes, folder, "p.png")
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def texts(figure: Figure) -> list[str]:
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [text.get_text() for text in found if text.get_text()]


def images(x: Array) -> Data:
    return Data({"train": Split(x, np.arange(len(x)) % 2, np.arange(len(x)))}, ("a", "b"))


@pytest.mark.parametrize("options", ["", ", standardize: true", ", minmax: true"])
def test_the_largest_and_the_smallest_numbers_are_described_and_drawn(nnfs: Nnfs, options: str) -> None:
    draw = np.random.default_rng(0).uniform(-1, 1, 50)
    columns = {"large": LARGEST * draw, "small": 1e-160 * draw, "smallest": 1e-310 * draw}
    frame = pd.DataFrame({**columns, "constant": LARGEST, "near": 1e17, "y": -LARGEST * draw})
    write_table(frame, "y", "mse", 1, options)
    status, out, err = nnfs("data", "describe", "t.yaml", "--json", "--picture", "p.png")
    assert status == 0
    assert err == "nnfs: picture: p.png\n"
    found = json.loads(out)
    assert found["features"][0]["std"] == pytest.approx(LARGEST * draw.std())
    assert found["targets"][0]["normalized_std"] == pytest.approx(1.0)
    said = texts(table_figure(Path.cwd()))
    assert "left out, since constant: 4 features" in "\n".join(said)


@pytest.mark.parametrize("unit", [1e-149, 1.0, LARGEST])
def test_columns_of_any_size_are_normalized_and_go_together_alike(unit: float) -> None:
    x = np.random.default_rng(1).uniform(-1, 1, (40, 3))
    assert standardized(unit * x) == pytest.approx(standardized(x), abs=1e-6)
    affine = fit_affine(unit * x, np.arange(40), "standardize")
    y = (unit * x - affine.shift) * affine.scale
    assert y.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert y.std(axis=0) == pytest.approx(np.ones(3))


@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-300, 1e-200])
@pytest.mark.parametrize("how", ["standardize", "minmax", "scale"])
def test_numbers_whose_squares_are_zero_count_as_constant(unit: float, how: Any) -> None:
    x = unit * np.random.default_rng(1).integers(-3, 4, (40, 3))
    assert not standardized(x).any()
    affine = fit_affine(x, np.arange(40), how)
    np.testing.assert_array_equal(affine.scale, np.ones(3))
    assert np.abs(x - affine.shift).max() <= 6 * unit


@pytest.mark.parametrize(
    "numbers",
    [[0.0], [1e17], [LARGEST, -LARGEST], [5e-324, 0.0], [1e-310, 0.0], [1e-200], [1.0, 1 + 1e-15], [-7.0]],
)
def test_a_histogram_counts_every_number(numbers: list[float], tmp_path: Path) -> None:
    (axes,) = panels([""], (4.0, 3.0))
    draw_histogram(axes, np.array(numbers * 5), bins=30, color="red")
    (patch,) = axes.patches
    data: Any = patch
    assert data.get_data().values.sum() == 5 * len(numbers)
    save(axes, tmp_path, "p.png")


@pytest.mark.usefixtures("nnfs")
def test_dollars_in_names_are_no_formulas_in_the_picture_of_a_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"in $ and in $": rng.normal(size=60), r"\$x$": rng.normal(size=60)})
    write_table(frame.assign(label=np.array(NAMES)[np.arange(60) % 3]), "label", "cross_entropy", 3)
    figure = table_figure(tmp_path)
    assert {*NAMES, "in $ and in $", r"\$x$"} <= set(texts(figure))
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and "$" in text.get_text()]
    assert not any(text.get_parse_math() for text in found)


def test_exponents_along_a_logarithmic_axis_are_formulas(tmp_path: Path) -> None:
    (axes,) = panels(["costs in $ and $"], (5.0, 4.0))
    axes.plot([1, 2], [1, 10**6])
    axes.set_yscale("log")
    save(axes, tmp_path, "p.png")
    numbers = [text for text in axes.get_yticklabels() if "$" in text.get_text()]
    assert numbers
    assert all(text.get_parse_math() for text in numbers)
    (title,) = [text for text in axes.findobj(Text) if text.get_text() == "costs in $ and $"]
    assert not title.get_parse_math()


def test_a_runs_pictures_show_the_classes_names_as_they_are(nnfs: Nnfs) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=90), "b": rng.normal(size=90)})
    write_table(frame.assign(label=np.array(NAMES)[np.arange(90) % 3]), "label", "cross_entropy", 3)
    assert nnfs("train", "t.yaml").status == 0
    (path,) = Path("runs").iterdir()
    figures = plots.figures(RunDirectory(path))
    for name in ("confusion", "regions"):
        found = [text for text in figures[name].findobj(Text) if text.get_text() in NAMES]
        assert {text.get_text() for text in found} == set(NAMES)
        assert not any(text.get_parse_math() for text in found if "$" in text.get_text())


SHIFTED = ("to one", "around zero", "large")


@pytest.mark.parametrize("kind", ["bytes", *(pytest.param(kind, marks=pytest.mark.slow) for kind in SHIFTED)])
@pytest.mark.parametrize("how", ["none", "standardize", "scale"])
def test_color_images_look_alike_before_and_after_normalization(
    kind: str, how: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    raw = np.random.default_rng(0).integers(0, 256, (30, 3, 8, 9)).astype(np.uint8)
    raw[0, :, 0, :2] = 0, 255
    kinds: dict[str, Array] = {
        "bytes": raw,
        "to one": raw / 255,
        "around zero": raw / 127.5 - 1,
        "large": raw * 1e147,
    }
    x = kinds[kind]
    data = images(x)
    affine = fit_affine(x, np.arange(30), how, shared=True)
    data = Data(data.splits, data.classes, inputs=affine)
    with caplog.at_level(logging.WARNING):
        axes = draw_images(data, "colors")
        save(axes, tmp_path, "p.png")
    assert not caplog.records
    figure: Any = axes.get_figure(root=True)
    assert len(figure.axes) == 6, "there is a color bar"
    before, after = (np.asarray(figure.axes[i].images[0].get_array()) for i in (2, 3))
    assert before == pytest.approx(raw[0].transpose(1, 2, 0) / 255, abs=1e-6)
    assert after == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-200, 1e147])
def test_gray_images_of_any_size_are_drawn(unit: float, tmp_path: Path) -> None:
    x = unit * np.random.default_rng(0).integers(0, 256, (30, 8, 9))
    save(draw_images(images(x), "gray"), tmp_path, "p.png")


def test_dark_color_images_are_not_brightened() -> None:
    assert color_range(np.array([0, 9], np.uint8)) == (0.0, 255.0)
    assert color_range(np.array([0.0, 0.4])) == (0.0, 1.0)
    assert color_range(np.array([-0.2, 0.4])) == (-1.0, 1.0)
    assert color_range(np.array([3.0, 99.0])) == (0.0, 255.0)
    assert color_range(np.array([0.0, 16.0])) == (0.0, 16.0)
    assert color_range(np.array([-2.5, 3.0])) == (-2.5, 3.0)


@pytest.mark.usefixtures("nnfs")
def test_of_many_columns_those_that_go_with_the_target_are_drawn_and_constants_last(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 60))
    x[:, :50] = 7.0
    frame = pd.DataFrame(x, columns=[f"column {i}" for i in range(60)])
    write_table(frame.assign(y=x[:, 55] + 0.1 * x[:, 57]), "y", "mse", 1)
    figure = table_figure(tmp_path)
    shown = [text for text in texts(figure) if text.startswith("column")]
    assert set(shown[:16]) == {f"column {i}" for i in (*range(6), *range(50, 60))}
    title = figure.get_suptitle()
    assert (
        "the 16 features that correlate most with the target, 44 more are left out, 44 of them constant"
        in title
    )
    assert "left out, since constant: 50 features" in "\n".join(texts(figure))


def test_the_strongest_columns_are_chosen_whatever_the_task() -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(200, 40)), np.arange(200) % 4
    x[:, 31] += np.array([0.0, 5.0, -5.0, 0.0])[labels]
    rows = np.arange(200)
    classes = Data({"train": Split(x, labels, rows)}, tuple("abcd"))
    values = Data({"train": Split(x, x[:, [31]] - 3 * x[:, [12]], rows)})
    assert 31 in Correlations.of(classes).strongest(1)
    assert Correlations.of(values).strongest(2).tolist() == [12, 31]


@pytest.mark.usefixtures("nnfs")
def test_the_correlation_ratio_is_the_share_of_the_spread_between_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    labels = rng.choice([0, 1, 3], 90)  # of class 2 there is no row
    x = rng.normal(size=(90, 4)) + np.outer(labels, [0.0, 1.0, -3.0, 0.1])
    groups = [x[labels == k] for k in (0, 1, 3)]
    between = sum(len(group) * (group.mean(axis=0) - x.mean(axis=0)) ** 2 for group in groups)
    expected = np.sqrt(between / np.square(x - x.mean(axis=0)).sum(axis=0))
    assert correlation_ratio(standardized(x), labels) == pytest.approx(expected)
    two = labels > 0
    r = np.corrcoef(np.column_stack([x, two]), rowvar=False)[:-1, -1]
    assert correlation_ratio(standardized(x), two.astype(int)) == pytest.approx(np.abs(r))
    write_table(
        pd.DataFrame(x, columns=list("abcd")).assign(kind=np.array(list("pqrs"))[labels]),
        "kind",
        "cross_entropy",
        3,
    )
    said = texts(table_figure(tmp_path))
    assert "kind (η)" in said
    assert "η: correlation ratio with the classes" in "\n".join(said)


def test_of_two_classes_the_correlation_says_with_which() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    data = Data(
        {"train": Split(x, (x[:, 0] > 0).astype(np.intp), np.arange(50))},
        ("cold", "hot"),
        target_names=("label",),
    )
    names, matrix = Correlations.of(data).matrix(np.arange(2))
    assert names == ["x1", "x2", "label=hot"]
    assert matrix[0, 2] > 0.7
    assert matrix == pytest.approx(matrix.T)


@given(st.sets(st.text(alphabet="ab…#1", max_size=30), min_size=1, max_size=30), st.sampled_from([7, 16, 18]))
def test_shortened_names_fit_and_stay_different(names: set[str], most: int) -> None:
    given_names = sorted(names)
    short = shorten_names(given_names, most)
    assert all(len(text) <= most for text in short)
    if not any("…" in name for name in names):
        assert len(set(short)) == len(names)
        assert all(text == name for text, name in zip(short, given_names, strict=True) if len(name) <= most)


def test_what_tells_long_names_apart_is_left_of_them() -> None:
    flowers = ["petal length of the flower", "petal width of the flower", "x"]
    assert shorten_names(flowers, 16) == ["petal l…e flower", "petal w…e flower", "x"]
    middle = [f"measurement of the pressure at position {i} in the northern tank" for i in (1, 20, 21)]
    for name, text in zip(middle, shorten_names(middle, 18), strict=True):
        assert name.split()[6] in text
    numbered = [f"a class with the number {i} $" for i in range(40)]
    for name, text in zip(numbered, shorten_names(numbered, 7), strict=True):
        assert f" {name.split()[-2]}" in text
    assert shorten_names(["a" * 20 + "b" + "a" * 20, "a" * 24 + "b" + "a" * 16], 9)[0] == "aaaa…aba…"
    assert shorten_names(["the same at the end", "the same at the"], 16) == [
        "the sam… the end",
        "the same at the",
    ]


def test_a_title_takes_as_many_lines_as_it_needs() -> None:
    title = "a-config-with-a-long-name-20260101-120000: predicted against true, validation rows, output 2"
    lines = wrap_title(title, 4.6).splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 46


@pytest.mark.parametrize(("loss", "stays"), [("poisson", True), ("mse", False)])
def test_targets_are_described_as_the_loss_gets_them(nnfs: Nnfs, loss: str, stays: bool) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "visits": rng.poisson(40, 60)})
    write_table(frame, "visits", loss, 1, ", task: regression")
    (found,) = json.loads(nnfs("data", "describe", "t.yaml", "--json").out)["targets"]
    assert found["mean"] == pytest.approx(frame.visits.mean())
    assert found["normalized_mean"] == pytest.approx(frame.visits.mean() if stays else 0.0)


@pytest.mark.parametrize(
    ("backend", "afterwards"),
    [
        ("nonsense", "None"),
        ("module://no.such.module", "module://no.such.module"),
        ("svg", "svg"),
        ("", "None"),
    ],
)
def test_the_environments_backend_does_not_matter_and_stays_the_users_own(
    backend: str, afterwards: str, tmp_path: Path
) -> None:
    code = (
        "import os, pathlib\n"
        "from nnfs_cli.plots.style import panels, save\n"
        f"save(panels(['title'], (3.0, 2.0))[0], pathlib.Path({str(tmp_path)!r}), 'picture.png')\n"
        "import matplotlib\n"
        "print(f'{os.environ[\"MPLBACKEND\"]},{matplotlib.get_backend(auto_select=False)}')"
    )
    environment = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert (tmp_path / "picture.png").stat().st_size > 1000
    assert done.stderr == ""
    assert done.stdout.strip() == f"{backend},{afterwards}"


def test_no_module_but_one_imports_matplotlib() -> None:
    sources = Path(plots.__file__).parent.parent.rglob("*.py")
    using = [
        file.name for file in sources if re.search(r"^\s*(import|from) matplotlib", file.read_text(), re.M)
    ]
    assert using == ["library.py"]


def test_letters_that_a_font_lacks_come_from_another_one() -> None:
    stix, own = (get_font(findfont(name)).get_charmap() for name in ("STIXGeneral", "DejaVu Sans"))
    letter = chr(min(set(stix) - set(own)))
    assert families_with(frozenset("aé" + letter), ("STIXGeneral",)) == ()
    others = families_with(frozenset("aé" + letter), ("DejaVu Sans",))
    assert any(ord(letter) in get_font(findfont(name)).get_charmap() for name in others)


@pytest.mark.parametrize("name", ["普通", "\U0001f600", "नमस्ते", "\x07", "\u202e", "e\u0301", "\U000f1234"])
def test_names_in_any_script_are_drawn_in_silence(name: str, tmp_path: Path) -> None:
    (axes,) = panels([name], (3.0, 2.0))
    axes.set_xticks([0, 1], [name, "a"])
    save(axes, tmp_path, "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000
