"""Pictures of what a network predicts for a split, and of how its fit grew, by what their axes hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnfs_cli import plots
from nnfs_cli.cli.app import main
from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.snapshots import is_pictured
from nnfs_cli.plots import growth, predictions, residuals, surface
from nnfs_cli.plots.style import drawing
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.evaluation import confusion_matrix, predicted_classes
from tests.conftest import Nnfs

CONFIG = """
dataset: {dataset}
layers: [{{type: dense, units: 8}}, tanh, {{type: dense, units: {units}}}]
loss: {loss}
optimizer: {{type: adam, learning_rate: 0.03}}
training: {{epochs: {epochs}, batch_size: 16}}
"""
RUNS = {
    "clouds": ("{type: blobs, classes: 3, test: 60, validation: 40}", "cross_entropy", 3, 5),
    "many": ("{type: blobs, classes: 13, features: 4, test: 90}", "cross_entropy", 13, 1),
    "two": ("{type: moons, noise: 0.4, test: 80}", "binary_cross_entropy", 1, 2),
    "scores": ("{type: blobs, classes: 3, features: 5, test: 60}", "hinge", 3, 1),
    "curve": ("{type: cubic, samples: 80}", "mse", 1, 4),
    "plane": ("{type: csv, path: plane.csv, target: [height, slope]}", "mse", 2, 2),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunDirectory]:
    """A tiny run of each kind."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    rows = np.column_stack([x, x.sum(axis=1), rng.normal(size=60)])
    np.savetxt(folder / "plane.csv", rows, delimiter=",", header="depth,width,height,slope", comments="")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NNFS_CACHE", str(folder / "cache"))
        for name, (dataset, loss, units, epochs) in RUNS.items():
            text = CONFIG.format(dataset=dataset, loss=loss, units=units, epochs=epochs)
            Path(f"{name}.yaml").write_text(text)
            patch.setattr("sys.argv", ["nnfs", "train", f"{name}.yaml", "--id", name, "--quiet"])
            with pytest.raises(SystemExit) as ended:
                main()
            assert not ended.value.code
            found[name] = RunDirectory(folder / "runs" / name)
    return found


@pytest.fixture(autouse=True)
def light() -> Iterator[None]:
    """Draw as the commands do."""
    with drawing("light"):
        yield


def counts_of(run: RunDirectory) -> Array:
    arrays = run.arrays("predictions.npz")
    return confusion_matrix(arrays["prediction"], arrays["target"], len(run.summary()["classes"]))


def test_outputs_that_are_no_numbers_are_no_class() -> None:
    p = np.array([[0.2, 0.8], [np.nan, 0.4], [0.9, 0.1]])
    assert predicted_classes(p).tolist() == [1, -1, 0]
    assert confusion_matrix(predicted_classes(p), np.array([1, 1, 1]), 2).tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize("name", ["clouds", "two", "many", "scores"])
def test_examples_are_the_worst_first_and_some_of_each_cell(runs: dict[str, RunDirectory], name: str) -> None:
    run = runs[name]
    arrays, counts = run.arrays("predictions.npz"), counts_of(run)
    rows, p = arrays["example_row"], arrays["example_p"]
    np.testing.assert_array_equal(arrays["target"][rows], arrays["example_target"])
    np.testing.assert_array_equal(p, arrays["p"][rows])
    shown = confusion_matrix(arrays["example_prediction"], arrays["example_target"], len(counts))
    least = np.where(np.eye(len(counts), dtype=bool), np.minimum(counts, 3), np.minimum(counts, 5))
    assert (shown >= least).all()
    wrong = arrays["example_prediction"] != arrays["example_target"]
    assert not (np.diff(wrong.astype(int)) > 0).any(), "mistakes come before right rows"
    first, second = -np.sort(-p[~wrong], axis=1).T[:2]
    assert (np.diff(first - second) <= 1e-6).all(), "of the right ones the surest is first"


def test_the_fit_of_one_input_has_its_residuals_below(runs: dict[str, RunDirectory]) -> None:
    arrays = runs["curve"].arrays("predictions.npz")
    axes: Any = predictions.draw(runs["curve"])["predictions"]
    below = axes.figure.axes[1]
    expected = np.column_stack([arrays["x"], arrays["target"] - arrays["prediction"]])
    np.testing.assert_allclose(below.collections[-1].get_offsets(), expected)
    assert (below.get_xlabel(), axes.get_ylabel()) == ("x", "y")


def test_targets_have_their_names_and_the_worst_comes_first(runs: dict[str, RunDirectory]) -> None:
    axes: Any = predictions.draw(runs["plane"])["predictions"]
    assert [each.get_xlabel() for each in axes.figure.axes] == ["slope: true", "height: true"]


def test_the_normal_quantiles_of_normal_residuals_are_a_straight_line(runs: dict[str, RunDirectory]) -> None:
    numbers = np.sort(np.random.default_rng(0).normal(size=2000))
    places = residuals.normal_quantiles(2000)
    assert np.corrcoef(places, numbers)[0, 1] > 0.999
    assert places == pytest.approx(-places[::-1])
    axes: Any = residuals.draw(runs["curve"])["residuals"]
    quantiles = axes.get_figure().axes[2]
    arrays = runs["curve"].arrays("predictions.npz")
    expected = np.sort((arrays["target"] - arrays["prediction"])[:, 0])
    np.testing.assert_allclose(quantiles.lines[1].get_ydata(), expected)


def test_a_regression_of_two_inputs_has_a_surface_with_names(runs: dict[str, RunDirectory]) -> None:
    axes: Any = surface.draw(runs["plane"])["surface"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("depth", "width")
    assert axes.images[0].get_clim() == axes.collections[-1].get_clim()


@pytest.mark.parametrize("name", list(RUNS))
def test_snapshots_are_taken_on_a_log_scale_and_at_the_end(runs: dict[str, RunDirectory], name: str) -> None:
    run, epochs = runs[name], RUNS[name][3]
    arrays = run.arrays("snapshots.npz")
    assert arrays["epoch"].tolist() == [e for e in range(epochs + 1) if is_pictured(e) or e == epochs]
    table = run.table("epochs.csv")
    if "val_loss" in table:
        assert arrays["loss"][-1] == pytest.approx(table["val_loss"][-1])
    axes: Any = growth.draw(run)["growth"]
    shown = [each for each in axes.get_figure().axes if each.get_visible()]
    assert len(shown) == len(arrays["epoch"])
    assert shown[-1].get_title("left").startswith(f"epoch {epochs}: loss ")


def test_the_growing_fit_is_an_animation_that_ends_in_a_pause(runs: dict[str, RunDirectory]) -> None:
    files = plots.draw_all(runs["curve"], ["growth"])
    assert [file.name for file in files] == ["growth.png", "growth.gif"]
    assert files[1].stat().st_size < 2_000_000
    with Image.open(files[1]) as image:
        moving: Any = image
        assert moving.n_frames == len(runs["curve"].arrays("snapshots.npz")["epoch"])
        assert moving.info["loop"] == 0
        first = moving.info["duration"]
        moving.seek(moving.n_frames - 1)
        assert moving.info["duration"] > 4 * first


def test_of_many_snapshots_powers_of_two_are_drawn() -> None:
    epochs = np.array([e for e in range(600) if is_pictured(e)] + [600])
    assert epochs[growth.chosen(epochs)].tolist() == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]
    assert len(growth.chosen(np.array([e for e in range(10**4) if is_pictured(e)]))) == growth.MOST_PANELS


def test_a_resumed_run_has_the_snapshots_of_an_unbroken_one(nnfs: Nnfs) -> None:
    assert nnfs("train", "blobs.yaml", "--set", "training.epochs=7", "--id", "whole", "-q").status == 0
    assert nnfs("train", "blobs.yaml", "--set", "training.epochs=5", "--id", "parts", "-q").status == 0
    assert nnfs("resume", "parts", "--epochs", "7").status == 0
    whole, parts = (RunDirectory(Path("runs") / name).arrays("snapshots.npz") for name in ("whole", "parts"))
    assert whole["epoch"].tolist() == [0, 1, 2, 3, 4, 6, 7]
    for name, array in whole.items():
        np.testing.assert_array_equal(parts[name], array)


def test_a_run_without_snapshots_has_no_growth(runs: dict[str, RunDirectory], tmp_path: Path) -> None:
    for name in ("summary.json", "preparation.json"):
        (tmp_path / name).write_bytes((runs["clouds"].path / name).read_bytes())
    assert growth.draw(RunDirectory(tmp_path)) == {}
    assert growth.animate(RunDirectory(tmp_path)) == {}
