"""The texts in pictures: inside them, beside each other, with plain numbers, whatever the names and units."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnfs_cli import plots
from nnfs_cli.config.load import parse_config
from nnfs_cli.jobs.train import train_run
from nnfs_cli.layers.dense import Dense
from nnfs_cli.plots import comparison
from nnfs_cli.plots.library import FigureCanvasAgg, Text
from nnfs_cli.plots.network import draw_network
from nnfs_cli.plots.style import figure_of, panels
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from tests.test_drawn_network import network
from tests.test_plot_command import Trained, trained  # noqa: F401  a fixture
from tests.toys import BLOBS, CUBIC

LONG, CJK = "w" * 150, "\u6e29\u5ea6 <b> $x$ and $y$"


@contextmanager
def drawn_texts() -> Iterator[list[tuple[str, Any]]]:
    """The texts that Matplotlib draws in the `with` block, with the boxes that they fill."""
    found: list[tuple[str, Any]] = []
    original = Text.draw

    def draw(self: Any, renderer: Any, *args: Any, **options: Any) -> None:
        turned = self.get_rotation() % 90
        if self.get_visible() and self.get_text().strip() and not turned:
            found.append((self.get_text(), self.get_window_extent(renderer)))
        original(self, renderer, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", draw)
        yield found


def check_texts(figure: Any, what: str) -> None:
    """Every text lies inside the figure, and none on another."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    with drawn_texts() as found:
        canvas.draw()
    boxes = list({(text, *box.extents): (text, box) for text, box in found}.values())
    for text, box in boxes:
        assert min(box.x0, box.y0) >= -1, (what, text)
        assert box.x1 <= figure.bbox.width + 1, (what, text)
        assert box.y1 <= figure.bbox.height + 1, (what, text)
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width <= 2 or height <= 3, (what, one, other)


@pytest.mark.parametrize(("low", "high"), [(-8e5, 8e5), (4.9e7, 5.1e7), (-3e-6, 8e-6), (0, 1), (-1e30, 1e30)])
def test_numbers_along_an_axis_have_no_factor_and_room_beside_each_other(low: float, high: float) -> None:
    (axes,) = panels(["t"], (3.2, 3.0))
    axes.plot([low, high], [low, high])
    figure = figure_of(axes)
    check_texts(figure, "axis")
    assert not axes.xaxis.get_offset_text().get_text()
    assert not axes.yaxis.get_offset_text().get_text()
    assert any(low <= tick <= high for tick in axes.get_xticks())


def test_weights_are_numbered_only_where_no_number_hides_another() -> None:
    for units in range(1, 13):
        check_texts(
            figure_of(draw_network(network([Dense(units), Dense(1)], (1,)), "t", ["x"], ["y"])), str(units)
        )


def test_runs_with_and_without_validation_are_compared_without_an_empty_panel(trained: Trained) -> None:  # noqa: F811
    axes = comparison.draw([trained(CUBIC.replace(", validation: 40", "")), trained(BLOBS)])["metrics"]
    assert all(panel.lines for panel in axes.get_figure(root=True).axes)  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize(("inputs", "classes"), [(1, 0), (2, 12)])
def test_every_text_lies_inside_its_picture_and_on_no_other(
    classes: int, inputs: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3))[:, :inputs], columns=[CJK, LONG, "c"][:inputs])
    names = np.array([LONG, CJK, "a", "$", *"defghijk"])
    frame["t"] = names[np.arange(120) % classes] if classes else 1e6 * frame[CJK] + 5e7
    frame.to_csv(tmp_path / "t.csv", index=False)
    loss = "cross_entropy" if classes else "mse"
    text = f"""
name: texts
dataset: {{type: csv, path: {tmp_path}/t.csv, target: t, standardize: true, test: 0.4}}
layers: [{{type: dense, units: 8}}, relu, {{type: dense, units: {classes or 1}}}]
loss: {loss}
optimizer: adam
training: {{epochs: 3, diagnostics: true}}
"""
    config = parse_config(text, str(tmp_path / "toy.yaml"), ())
    run = RunDirectory.create(tmp_path / "runs", config)
    for _ in train_run(Experiment(config), run):
        pass
    for name, figure in plots.figures(run).items():
        check_texts(figure, name)
