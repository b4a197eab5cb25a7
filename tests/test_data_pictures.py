"""The picture of a dataset: bins, categories, planes, images of any layout, augmentation, unusual letters."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from nnfs_cli.config.load import parse_config
from nnfs_cli.core.arrays import Array
from nnfs_cli.gradcheck.step_sizes import STEPS
from nnfs_cli.plots.bars import bin_edges, draw_categories
from nnfs_cli.plots.dataset_images import AUGMENTED, draw_images
from nnfs_cli.plots.dataset_table import draw_table
from nnfs_cli.plots.fonts import spelled
from nnfs_cli.plots.images import as_picture
from nnfs_cli.plots.step_sizes import draw_error_by_step
from nnfs_cli.plots.style import figure_of, panels, save
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.description import describe_data, is_image
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.training.loading import load_data

MISSING_LETTER = "\U000f1234"
"""Of the private use area; no font has it."""


def data(x: Array, t: Array, *classes: str, **options: Any) -> Data:
    return Data({"train": Split(x, t, np.arange(len(x)))}, classes, **options)


def titled(axes: Any) -> dict[str, Any]:
    return {each.get_title(loc="left"): each for each in figure_of(axes).axes}


@pytest.mark.parametrize(("n", "fewest", "most"), [(10, 5, 8), (134, 8, 16), (20_000, 40, 40)])
def test_bins_follow_from_the_number_of_rows(n: int, fewest: int, most: int) -> None:
    x = np.random.default_rng(0).normal(size=n)
    edges = bin_edges(x, 40)
    assert fewest <= len(edges) - 1 <= most
    assert (edges[0], edges[-1]) == (x.min(), x.max())


@pytest.mark.parametrize("high", [1, 6, 25, 300, 1_000_000])
def test_whole_numbers_lie_inside_of_bins_of_one_whole_width(high: int) -> None:
    x = np.random.default_rng(0).integers(0, high + 1, 500).astype(float)
    edges = bin_edges(x, 40)
    width = np.unique(np.diff(edges))
    assert len(width) == 1
    assert width[0] == (1.0 if high < 40 else round(width[0]))
    assert edges[0] == x.min() - 0.5
    assert edges[-1] >= x.max() + 0.5
    assert len(edges) - 1 <= 41
    assert np.histogram(x, edges)[0].sum() == 500


def test_outliers_do_not_make_more_bins_than_asked_for() -> None:
    assert len(bin_edges(np.array([*np.linspace(0, 1, 999), 1e300]), 40)) == 41


def test_categories_are_counted_with_the_most_frequent_on_top() -> None:
    (axes,) = panels([""], (4.0, 3.0))
    draw_categories(axes, [f"c{i}" for i in range(11)], np.array([5, 9, *[1] * 9]))
    shown: Any = axes.patches
    assert [bar.get_width() for bar in shown] == [9, 5, 1, 1, 1, 1, 1, 1, 3]
    assert [label.get_text() for label in axes.get_yticklabels()][::8] == ["c1", "3 more"]


def test_a_column_of_categories_is_one_panel(tmp_path: Path) -> None:
    frame = pd.DataFrame({"flag": ["yes", "no", "no"] * 20, "n": np.arange(60) % 4, "y": np.arange(60.0)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    text = f"""
dataset: {{type: csv, path: {tmp_path / "t.csv"}, target: y}}
layers: [{{type: dense, units: 1}}]
loss: mse
optimizer: {{type: sgd, learning_rate: 0.1}}
training: {{epochs: 1, batch_size: 8}}
"""
    found = titled(draw_table(load_data(parse_config(text, "t.yaml", ())), "t"))
    assert {"flag", "n", "Target: y"} <= set(found)
    assert [bar.get_width() for bar in found["flag"].patches] == [40, 20]
    (bars,) = found["n"].patches
    assert bars.get_data().edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]


@pytest.mark.parametrize("kind", ["classes", "targets"])
def test_two_inputs_are_a_plane(kind: str) -> None:
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=(50, 2)), np.arange(50) % 3
    if kind == "classes":
        axes = titled(draw_table(data(x, k, "a", "b", "c"), "d"))["The training rows"]
        points = np.concatenate([np.asarray(c.get_offsets()) for c in axes.collections])
        assert [len(c.get_offsets()) for c in axes.collections] == [17, 17, 16]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c"]
        assert points == pytest.approx(np.concatenate([x[k == each] for each in range(3)]))
    else:
        axes = titled(draw_table(data(x, x[:, :1] ** 2), "d"))["The training rows"]
        (points,) = axes.collections
        assert np.asarray(points.get_offsets()) == pytest.approx(x)
        assert np.asarray(points.get_array()) == pytest.approx(x[:, 0] ** 2)


def test_one_input_is_drawn_against_the_target_or_the_class() -> None:
    x = np.linspace(0, 1, 30)[:, None]
    axes = titled(draw_table(data(x, x**2, target_names=("area",)), "d"))["The training rows"]
    assert np.asarray(axes.collections[0].get_offsets()) == pytest.approx(np.column_stack([x, x**2]))
    assert axes.get_ylabel() == "area"
    draw_table(data(x, (x[:, 0] > 0.5).astype(int), "low", "high"), "d")


@pytest.mark.parametrize("shape", [(9, 8, 3), (9, 8, 1), (9, 8, 4), (3, 9, 8), (4, 9, 8), (9, 8)])
def test_images_of_any_layout_are_drawn_as_images(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).integers(0, 256, (20, *shape)).astype(np.uint8)
    found = data(x, np.arange(20) % 2, "a", "b")
    assert is_image(found)
    assert describe_data(found).features[0].name == "pixels"
    axes = draw_images(found, "d")
    figure: Any = axes.get_figure(root=True)
    drawn = np.asarray(figure.axes[2].images[0].get_array())
    assert drawn.shape[:2] == (9, 32) if 4 in shape else (9, 8)
    if shape == (9, 8, 3):
        assert drawn == pytest.approx(x[0] / 255)


def test_channels_side_by_side_keep_their_places() -> None:
    image = np.arange(2 * 3 * 5).reshape(2, 3, 5)
    assert as_picture(image).tolist() == np.concatenate([image[0], image[1]], axis=1).tolist()


def test_augmented_images_stand_below_their_originals() -> None:
    x = np.random.default_rng(0).uniform(size=(30, 8, 9))
    t = np.arange(30) % 2
    plain = figure_of(draw_images(data(x, t, "a", "b"), "d"))
    shifted = data(x, t, "a", "b", augment=Augmentation(shift=2))
    figure = figure_of(draw_images(shifted, "d"))
    assert len(figure.axes) == len(plain.axes) + 1
    (axes,) = [each for each in figure.axes if "Augmentation" in each.get_title(loc="left")]
    mosaic: Any = np.asarray(axes.images[0].get_array())
    rows, columns = AUGMENTED
    assert mosaic.shape == (rows * (8 + 3), columns * (9 + 2))
    first = (x - x.min()) / (x.max() - x.min())
    original, below = mosaic[3:11, 2:11], mosaic[14:22, 2:11]
    assert any(original == pytest.approx(each, abs=1e-2) for each in first)
    moved = [np.roll(original, (i, j), (0, 1)) for i in range(-2, 3) for j in range(-2, 3)]
    assert any(below[2:-2, 2:-2] == pytest.approx(each[2:-2, 2:-2]) for each in moved)


def test_letters_that_no_font_has_are_spelled_out_everywhere(tmp_path: Path) -> None:
    name = f"{MISSING_LETTER}$x$"
    (axes,) = panels([name], (4.0, 3.0))
    axes.plot([0, 1], [0, 1], label=name)
    axes.legend()
    axes.set_xticks([0, 1], [name, f"{MISSING_LETTER}b"])
    axes.text(0, 0, name)
    save(axes, tmp_path, "p.png")
    texts = {text.get_text() for text in axes.findobj(Text) if isinstance(text, Text)}
    assert r"\U000f1234$x$" in texts
    assert [label.get_text() for label in axes.get_xticklabels()] == [r"\U000f1234$x$", r"\U000f1234b"]
    assert not any(MISSING_LETTER in text for text in texts)


def test_names_that_no_font_can_spell_stay_different() -> None:
    assert spelled(MISSING_LETTER) != spelled("\U000f1235")
    assert spelled("déjà vu\n η") == "déjà vu\n η"
    assert spelled("bell\x07") == r"bell\x07"


@pytest.mark.parametrize(
    ("quadratic", "said"), [(0, ""), (1, "In net: a0 the"), (3, "In 3 of the 4 tensors"), (4, "In all")]
)
def test_the_picture_of_steps_says_where_the_loss_is_at_most_quadratic(
    quadratic: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounding = 1e-16 / STEPS
    curves = {f"net: a{k}": rounding + (0 if k < quadratic else 0.1 * STEPS**2) for k in range(4)}
    drawn: list[Any] = []
    monkeypatch.setattr("nnfs_cli.plots.step_sizes.save_as", lambda axes, *_: drawn.append(axes))
    draw_error_by_step(curves, tmp_path / "p.png")
    texts = [text.get_text() for text in drawn[0].texts]
    assert [text.startswith(said) and "at most quadratic" in text for text in texts] == [True] * bool(said)
