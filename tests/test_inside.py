"""What a network does inside: saliency, importance and dependence against recomputations, and their pictures."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from nnfs_cli import plots
from nnfs_cli.config.load import parse_config
from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.inside import MOST_COLUMNS, add_inside, inside_arrays
from nnfs_cli.jobs.train import train_run
from nnfs_cli.plots.inside import trained_network
from nnfs_cli.plots.style import figure_of
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.importance import REPEATS, column_slices
from nnfs_cli.training.saliency import saliency
from tests.toys import BARS, BLOBS, toy

TABLE = """
name: table
dataset: {type: csv, path: t.csv, target: y, validation: 0.3, missing: mean, standardize: true}
layers: [{type: dense, units: 6}, tanh, batch_norm, {type: dropout, rate: 0.2}, {type: dense, units: 1}]
loss: mse
metrics: [r2]
optimizer: {type: adam, learning_rate: 0.02}
training: {epochs: 15, batch_size: 16}
"""
NOISY = """[{type: dense, units: 5}, gaussian_noise, gelu, {type: residual, layers: [batch_norm, tanh, {type: dense,
units: 5}, {type: dropout, rate: 0.4}]}, {type: dense, units: 3}]"""


def write_table(path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=90), "in $ and $": rng.normal(size=90)})
    frame["size"] = rng.choice(["small", "large", "none"], 90)
    frame["y"] = 3 * frame.a + 2 * (frame["size"] == "large") + 0.1 * rng.normal(size=90)
    frame.loc[::8, "in $ and $"] = np.nan
    frame.to_csv(path, index=False)


def trained(folder: Path, text: str) -> RunDirectory:
    config = parse_config(text, str(folder / "toy.yaml"), ())
    run = RunDirectory.create(folder / "runs", config)
    for _ in train_run(Experiment(config), run):
        pass
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunDirectory]:
    """A run of a table with a category, of two inputs, and of images."""
    folder = tmp_path_factory.mktemp("inside")
    write_table(folder / "t.csv")
    table = TABLE.replace("path: t.csv", f"path: {folder / 't.csv'}")
    return {"table": trained(folder, table), "blobs": trained(folder, BLOBS), "bars": trained(folder, BARS)}


@pytest.mark.parametrize(
    "text", [BLOBS, BARS, BLOBS.replace(BLOBS.split("layers: ")[1].split("\nloss")[0], NOISY)]
)
def test_saliency_is_the_numeric_slope_of_the_output_in_evaluation(text: str) -> None:
    experiment = toy(text)
    params = experiment.network.params
    params.statistics[...] += 0.3
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (4, *experiment.data.input_shape))
    found = saliency(experiment.config.layers, params.arrays(), x)
    assert found.gradients is not None
    answers = found.activations[-1].argmax(axis=1)
    h = 1e-5
    for index in rng.choice(math.prod(x.shape[1:]), 2, replace=False):
        place = np.unravel_index(index, x.shape[1:])
        up, down = x.copy(), x.copy()
        up[(slice(None), *place)] += h
        down[(slice(None), *place)] -= h
        z = [saliency(experiment.config.layers, params.arrays(), each).activations[-1] for each in (up, down)]
        slope = ((z[0] - z[1]) / (2 * h))[np.arange(4), answers]
        assert found.gradients[(slice(None), *place)] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_the_activations_are_those_that_the_network_gives_in_evaluation(
    runs: dict[str, RunDirectory],
) -> None:
    arrays, experiment = runs["bars"].arrays("inside.npz"), Experiment(runs["bars"].config())
    experiment.network.params.load(runs["bars"].arrays("weights.npz"), "")
    z = outputs(experiment, experiment.split("validation"))
    rows = experiment.split("validation").rows
    places = [int(np.flatnonzero(rows == row)[0]) for row in arrays["rows"]]
    assert arrays["prediction"].tolist() == z[places].argmax(axis=1).tolist()
    assert arrays["maps/1_conv2d"].shape == (3, 8, 8)
    pooled = arrays["maps/1_conv2d"].reshape(3, 4, 2, 4, 2).max(axis=(2, 4))
    assert arrays["maps/2_max_pool2d"] == pytest.approx(pooled)
    assert "maps/0_reshape" not in arrays


def test_permutation_importance_is_that_of_a_recomputation(runs: dict[str, RunDirectory]) -> None:
    run = runs["table"]
    arrays, experiment = run.arrays("inside.npz"), Experiment(run.config())
    experiment.network.params.load(run.arrays("weights.npz"), "")
    split, rng = experiment.split("validation"), np.random.default_rng(experiment.config.seed)
    x, t = split.x[split.rows], split.targets[split.rows]

    def r2(rows: Array) -> float:
        z = outputs(experiment, Split(rows, np.zeros(len(rows), np.intp), np.arange(len(rows))))
        p = experiment.predictions(z)
        return float(1 - np.square(p - t).sum() / np.square(t - t.mean()).sum())

    assert column_slices(experiment.preparation) == [slice(0, 1), slice(1, 2), slice(2, 5)]
    expected = np.empty((3, REPEATS))
    for f, column in enumerate([[0], [1], [2, 3, 4]]):
        for k in range(REPEATS):
            shuffled = x.copy()
            shuffled[:, column] = x[rng.permutation(len(x))][:, column]
            expected[f, k] = r2(x) - r2(shuffled)
    assert str(arrays["score"]) == "r2"
    assert arrays["score_rows"] == len(x)
    assert arrays["importance"] == pytest.approx(expected, abs=1e-6)
    assert arrays["importance"][0].mean() > arrays["importance"][1].mean()


def test_partial_dependence_is_the_mean_prediction_with_the_column_set(runs: dict[str, RunDirectory]) -> None:
    run = runs["table"]
    arrays, model = run.arrays("inside.npz"), trained_network(run)
    assert model is not None
    preparation = run.preparation()
    experiment = Experiment(run.config())
    split = experiment.split("validation")
    raw = experiment.in_raw_units(split.x[split.rows])
    values = arrays["dependence_x/0"]
    assert arrays["dependence_x/2"].tolist() == [0, 1, 2]

    def mean(rows: Array) -> float:
        x = (rows - preparation.inputs.shift) * preparation.inputs.scale
        z = saliency(run.config().layers, run.arrays("weights.npz"), x).activations[-1]
        return float(preparation.targets.undo(z).mean())

    for g in (0, 7, -1):
        changed = raw.copy()
        changed[:, 0] = values[g]
        assert arrays["dependence/0"][0, g, 0] == pytest.approx(mean(changed), abs=1e-4)
    for k in range(3):
        changed = raw.copy()
        changed[:, 2:] = np.eye(3)[k]
        assert arrays["dependence/2"][0, k, 0] == pytest.approx(mean(changed), abs=1e-4)
    means, low, high = arrays["dependence/0"]
    assert ((low < means) & (means < high)).all()


@pytest.mark.parametrize("name", ["table", "blobs", "bars"])
def test_the_same_seed_gives_the_same_inside(runs: dict[str, RunDirectory], name: str) -> None:
    run = runs[name]
    experiment = Experiment(run.config())
    experiment.network.params.load(run.arrays("weights.npz"), "")
    again, first = (
        inside_arrays(experiment, "validation" if name != "blobs" else "test"),
        run.arrays("inside.npz"),
    )
    assert list(again) == list(first)
    for key, array in again.items():
        np.testing.assert_array_equal(array, first[key])


def test_an_earlier_runs_inside_is_computed_from_its_data_or_a_note_says_why_not(
    runs: dict[str, RunDirectory], tmp_path: Path
) -> None:
    run = runs["bars"]
    before = (run.path / "inside.npz").read_bytes()
    (run.path / "inside.npz").unlink()
    assert add_inside(run) == ""
    assert (run.path / "inside.npz").read_bytes() == before
    write_table(tmp_path / "t.csv")
    gone = trained(tmp_path, TABLE.replace("path: t.csv", f"path: {tmp_path / 't.csv'}"))
    (gone.path / "inside.npz").unlink()
    (tmp_path / "t.csv").write_text("a,size,in $ and $,y\n" + "1,small,2,3\n4,large,4,5\n0,none,0,0\n" * 20)
    assert "the data is not what the run was trained on" in add_inside(gone)
    (tmp_path / "t.csv").unlink()
    assert "no pictures of saliency, feature maps and importance: " in add_inside(gone)
    assert not gone.has("inside.npz")
    assert {"network", "weights"} <= set(plots.figures(gone))


def test_of_many_columns_those_with_the_largest_gradients_are_shuffled(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 60))
    np.savez(tmp_path / "x.npz", X=x, y=x[:, 50])
    text = TABLE.replace(
        TABLE.split("dataset: ")[1].split("\n")[0], f"{{type: npz, path: {tmp_path / 'x.npz'}}}"
    )
    experiment = Experiment(parse_config(text, "t.yaml", ()))
    experiment.network.params.named["0_dense/W"].value[50] += 3.0
    arrays = inside_arrays(experiment, "train")
    assert len(arrays["columns"]) == MOST_COLUMNS
    assert 50 in arrays["columns"]


def texts(axes: Any) -> str:
    return "\n".join(text.get_text() for text in figure_of(axes).findobj(Text))


def drawn(run: RunDirectory, module: str) -> dict[str, Any]:
    from importlib import import_module

    draw: Callable[[RunDirectory], dict[str, Any]] = import_module(f"nnfs_cli.plots.{module}").draw
    return draw(run)


def test_importance_is_drawn_with_names_rows_and_repeats(runs: dict[str, RunDirectory]) -> None:
    axes = drawn(runs["table"], "importance")["importance"]
    arrays = runs["table"].arrays("inside.npz")
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx(sorted(arrays["importance"].mean(axis=1), reverse=True))
    said = texts(axes)
    assert "27 validation rows, 10 repeats" in said
    assert "fall of r2 when the column is shuffled" in said
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "a"
    assert sorted(labels) == ["a", "in $ and $", "size"]


def test_dependence_is_drawn_as_a_curve_of_numbers_and_points_of_categories(
    runs: dict[str, RunDirectory],
) -> None:
    axes: Any = drawn(runs["table"], "importance")["dependence"]
    arrays = runs["table"].arrays("inside.npz")
    assert axes.get_title(loc="left") == "a"
    (line,) = axes.lines
    assert line.get_ydata() == pytest.approx(arrays["dependence/0"][0, :, 0])
    assert line.get_xdata() == pytest.approx(arrays["dependence_x/0"])
    by_title = {each.get_title(loc="left"): each for each in axes.figure.axes}
    assert [label.get_text() for label in by_title["size"].get_xticklabels()] == ["large", "none", "small"]


def test_weights_are_drawn_on_one_symmetric_scale(runs: dict[str, RunDirectory]) -> None:
    table = drawn(runs["table"], "weights")["weights"]
    W = runs["table"].arrays("weights.npz")["0_dense/W"]
    assert np.asarray(table.images[0].get_array()) == pytest.approx(W)
    assert table.images[0].get_clim() == pytest.approx((-np.abs(W).max(), np.abs(W).max()))
    assert [t.get_text() for t in table.get_yticklabels()][:2] == ["a", "in $ and $"]
    assert "size=large" in texts(table)
    filters = drawn(runs["bars"], "weights")
    W = runs["bars"].arrays("weights.npz")["1_conv2d/W"]
    shown = np.asarray(np.ma.filled(filters["weights"].images[0].get_array(), np.nan))
    assert np.sort(shown[np.isfinite(shown)]) == pytest.approx(np.sort(W.ravel()))
    assert filters["filters"].images[0].get_clim()[1] == pytest.approx(np.abs(W).max())


def test_saliency_and_feature_maps_show_the_rows_that_they_are_of(runs: dict[str, RunDirectory]) -> None:
    arrays = runs["bars"].arrays("inside.npz")
    axes = drawn(runs["bars"], "saliency")["saliency"]
    shown = np.ma.filled(axes.images[0].get_array(), np.nan)
    sizes = np.abs(arrays["saliency"])
    assert np.nanmax(shown) == pytest.approx(1.0)
    expected = np.sort((sizes / sizes.max(axis=(1, 2), keepdims=True)).ravel())
    assert np.sort(shown[np.isfinite(shown)]) == pytest.approx(expected)
    assert "upright" in texts(axes)
    maps: Any = drawn(runs["bars"], "feature_maps")["feature_maps"]
    names = [each.get_ylabel().split("\n")[0] for each in maps.figure.axes]
    assert names == ["input", "1_conv2d", "2_max_pool2d", "3_tanh", "4_conv2d", "5_relu", "6_max_pool2d"]
    table = drawn(runs["table"], "saliency")["saliency"]
    assert np.asarray(table.images[0].get_array()) == pytest.approx(
        runs["table"].arrays("inside.npz")["saliency"]
    )
