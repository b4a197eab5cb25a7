"""`nnfs plot`: pictures of training by their data, styles and formats, several runs over each other."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import plots
from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.train import train_run
from nnfs_cli.plots import comparison, history, learning_rate, loss, metrics
from nnfs_cli.plots.animation import Animation, save_animation
from nnfs_cli.plots.colors import CLASSES, MARKERS, marker, palette, readable_on
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.limits import fit_scale, mark_strays, outline, stretch_means
from nnfs_cli.plots.style import STYLES, drawing, ink, panels, save
from nnfs_cli.plots.ticks import count_axis, log_axis, shown_count, shown_number
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.schedules.base import Clock
from nnfs_cli.training.experiment import Experiment
from tests.aged import aged
from tests.conftest import Nnfs
from tests.toys import BLOBS, CUBIC, toy_config

Trained = Callable[..., RunDirectory]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Tiny runs, each trained once, with diagnostics and without pictures."""
    root, done = tmp_path_factory.mktemp("runs"), dict[tuple[str, ...], RunDirectory]()

    def run(text: str = CUBIC, *overrides: str) -> RunDirectory:
        key = (text, *overrides)
        if key not in done:
            experiment = Experiment(toy_config(text, ["training.diagnostics=true", *overrides]))
            directory = RunDirectory.create(root, experiment.config, f"run-{len(done)}")
            for _ in train_run(experiment, directory):
                pass
            done[key] = directory
        return done[key]

    return run


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> RunDirectory:
    """A run that a test may change."""
    return RunDirectory(Path(shutil.copytree(trained().path, tmp_path / "copied")))


def lines(axes: Axes) -> dict[str, tuple[Array, Array]]:
    return {str(line.get_label()): (line.get_xdata(), line.get_ydata()) for line in axes.lines}  # type: ignore[misc]


def titles(axes: Axes) -> str:
    return axes.get_title("left")


def change(run: RunDirectory, **facts: Any) -> None:
    run.write_json("summary.json", {**run.summary(), **facts})


def test_an_epochs_mean_is_drawn_in_its_middle_and_validation_at_its_end(trained: Trained) -> None:
    run = trained()
    epochs = run.table("epochs.csv")
    axes = loss.draw(run)["loss"]
    x, y = lines(axes)["train, mean of epoch"]
    per_epoch = epochs["step"][0]
    np.testing.assert_array_equal(x, epochs["step"] - (per_epoch - 1) / 2)
    np.testing.assert_array_equal(y, epochs["train_loss"])
    np.testing.assert_array_equal(
        lines(axes)["validation, end of epoch"], [epochs["step"], epochs["val_loss"]]
    )
    assert axes.get_ylabel() == "loss (mse)"
    x, _ = lines(metrics.draw(run)["metrics"])["train, over the epoch"]
    np.testing.assert_array_equal(x, epochs["epoch"] - 0.5)


def test_every_picture_is_listed_and_drawn_in_each_style_and_format(trained: Trained, tmp_path: Path) -> None:
    run = trained(BLOBS)
    with drawing("dark"):
        drawn = {source: dict(plots._drawn(run, source)) for source in plots.SOURCES}
    assert all(set(pictures) <= set(source.names) for source, pictures in drawn.items())
    names = {name for pictures in drawn.values() for name in pictures}
    assert {"loss", "metrics", "learning_rate", "seconds", "gradients", "units", "confusion"} <= names
    assert len(plots.NAMES) == len(set(plots.NAMES))
    for suffix in ("svg", "pdf"):
        once, again = (plots.draw_all(run, ["loss"], suffix=suffix, folder=tmp_path / n) for n in ("a", "b"))
        assert once[0].name == f"loss.{suffix}"
        assert once[0].read_bytes() == again[0].read_bytes()


@pytest.mark.parametrize("style", list(STYLES))
def test_a_figure_keeps_its_style_until_it_is_saved(style: str, tmp_path: Path) -> None:
    with drawing(style):
        (axes,) = panels(["title"], (2.0, 2.0))
        assert ink() == STYLES[style]["ink"]
    save(axes, tmp_path, "p.png")
    from PIL import Image

    corner = Image.open(tmp_path / "p.png").convert("RGB").getpixel((0, 0))
    assert mpl.colors.to_rgb(STYLES[style]["paper"]) == pytest.approx(np.array(corner) / 255)
    assert axes.xaxis.label.get_color() == STYLES[style]["ink"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"status": "diverged", "epochs": 2, "steps": 12}, "diverged in epoch 3, after step 12"),
        ({"status": "interrupted", "epochs": 4, "steps": 20}, "interrupted in epoch 5 of 5"),
        ({"stopped_early": True}, "stopped early after epoch 5 of 5"),
        ({"status": "running"}, "not finished: its process is gone"),
    ],
)
def test_a_picture_says_how_its_run_ended(copied: RunDirectory, facts: dict[str, Any], said: str) -> None:
    assert said not in titles(loss.draw(copied)["loss"])
    change(copied, **facts)
    for axes in (loss.draw(copied)["loss"], metrics.draw(copied)["metrics"]):
        assert said in titles(axes)


def test_where_a_run_was_resumed_and_its_best_epoch_are_marked(copied: RunDirectory) -> None:
    change(copied, resumed=[10])
    found = lines(loss.draw(copied)["loss"])
    best = copied.summary()["best"]["epoch"]
    assert found["resumed"][0] == [10, 10]
    (mark,) = (x for label, (x, _) in found.items() if label.startswith(f"epoch {best}: best val_loss"))
    assert mark[0] == copied.table("epochs.csv")["step"][best - 1]


def test_a_run_of_an_earlier_version_and_one_that_diverged_at_once_are_drawn(
    copied: RunDirectory,
) -> None:
    (copied.path / "diagnostics.npz").unlink()
    for name in ("epochs.csv", "predictions.npz"):
        (copied.path / name).unlink()
    summary = copied.summary()
    for key in ("scores", "pictured_split", "best", "stopped_early"):
        summary.pop(key, None)
    copied.write_json("summary.json", {**summary, "status": "diverged", "epochs": 0, "steps": 3})
    drawn = set(plots.figures(copied))
    assert {"loss", "learning_rate"} <= drawn
    assert not drawn & {"metrics", "gradients", "predictions"}


def test_strays_do_not_stretch_the_scale_and_are_marked() -> None:
    x = np.arange(1.0, 2001.0)
    y = 1.0 + 0.1 * np.sin(x)
    y[[100, 1500]] = 1e6
    (axes,) = panels([""], (4.0, 3.0))
    limits = fit_scale(axes, [y], log=True)
    assert limits[1] < 2
    mark_strays(axes, x, y, limits, "step", "red")
    np.testing.assert_array_equal(lines(axes)["above the scale: 2 steps"][0], x[[100, 1500]])


def test_what_is_no_stray_is_shown_whole() -> None:
    for y in (
        np.exp(-np.arange(500) / 50),
        np.array([5.0, 1.0, 0.9]),
        np.linspace(1, 5, 5000),
        np.array([2.0]),
    ):
        (axes,) = panels([""], (4.0, 3.0))
        low, high = fit_scale(axes, [y], log=True)
        assert low < y.min() <= y.max() < high


def test_a_few_zeros_do_not_keep_a_falling_loss_from_a_logarithmic_axis() -> None:
    y = np.exp(-np.arange(2000) / 100)
    y[1500::3] = 0.0
    (axes,) = panels([""], (4.0, 3.0))
    limits = fit_scale(axes, [y], log=True)
    assert axes.get_yscale() == "log"
    mark_strays(axes, np.arange(2000), y, limits, "step", "red")
    assert any(label.startswith("below the scale: ") for label in lines(axes))


def test_undefined_scores_leave_an_axis_alone_and_are_said(copied: RunDirectory) -> None:
    text = (aged(copied.path) / "epochs.csv").read_text().splitlines()
    places = [i for i, name in enumerate(text[0].split(",")) if name.endswith("_r2")]
    rows = [row.split(",") for row in text[1:]]
    for row in rows:
        for i in places:
            row[i] = "nan"
    (copied.path / "epochs.csv").write_text("\n".join([text[0], *map(",".join, rows)]) + "\n")
    figure: Any = metrics.draw(copied)["metrics"].figure
    assert any(text.get_text() == "undefined in every epoch" for axes in figure.axes for text in axes.texts)


@pytest.mark.parametrize("steps", [1, 5, 2000, 2001, 1_000_003])
def test_an_outline_is_short_and_keeps_what_stands_out(steps: int) -> None:
    y = np.random.default_rng(0).normal(size=steps)
    y[steps // 2] = 99.0
    x, drawn = outline(np.arange(steps), y)
    assert len(x) == len(drawn) <= 2001
    assert (drawn.min(), drawn.max()) == (y.min(), y.max())


def test_means_of_stretches_are_those_of_their_steps() -> None:
    x, y = stretch_means(np.arange(10.0), np.arange(10.0) ** 2, 4)
    assert x.tolist() == [1.5, 5.5]
    assert y.tolist() == [3.5, 31.5]


def test_logarithmic_axes_have_one_two_and_five() -> None:
    (axes,) = panels([""], (4.0, 3.0))
    axes.set_ylim(0.01, 9.0)
    log_axis(axes)
    shown = [shown_number(tick) for tick in axes.get_yticks() if 0.01 <= tick <= 9]
    assert shown == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5"]


@pytest.mark.parametrize("most", [1, 2, 7, 2000, 123_456, 3e7])
def test_counts_are_whole_and_without_an_offset(most: float) -> None:
    (axes,) = panels([""], (8.0, 3.0))
    axes.set_xlim(0, most)
    count_axis(axes)
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    assert all(tick == int(tick) for tick in axes.get_xticks())
    assert axes.xaxis.get_offset_text().get_text() == ""


def test_numbers_are_written_as_people_would() -> None:
    assert [shown_count(n) for n in (0, 20_000, 3e6, 17.25)] == ["0", "20,000", "3 M", ""]
    assert [shown_number(n) for n in (0.002, 1500, 2e-5, 0)] == ["0.002", "1,500", "2e-5", "0"]
    assert [shown_number(n) for n in (7_872_460, 7_872_461)] == ["7.87246e6", "7.872461e6"]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle", "{type: exponential, warmup: 2}"])
def test_the_learning_rate_is_drawn_as_the_steps_had_it(trained: Trained, schedule: str) -> None:
    run = trained(CUBIC, f"schedule={schedule}")
    x, y = lines(learning_rate.draw(run)["learning_rate"])["steps taken"]
    epochs = run.table("epochs.csv")
    np.testing.assert_array_equal(y[np.isin(x, epochs["step"])], epochs["learning_rate"])
    config = run.config()
    clock = Clock(0, int(epochs["step"][0]), 5)
    assert y[0] == config.schedule.learning_rate(config.optimizer.learning_rate, clock)


def test_twelve_classes_can_be_told_apart_with_any_color_vision() -> None:
    # Machado, Oliveira and Fernandes, 2009: matrices for linear RGB; CIELAB of D65.
    deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    protan = [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    rgb = palette(12)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for matrix in (np.eye(3), np.array(deutan), np.array(protan)):
        xyz = np.clip(linear @ matrix.T, 0, 1) @ to_xyz.T / (0.9505, 1.0, 1.089)
        f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1)
        distances = np.linalg.norm(lab[:, None] - lab, axis=-1) + 99 * np.eye(12)
        assert distances.min() > 12
    assert len({(CLASSES[k % 12], marker(k)) for k in range(40)}) == 40
    assert {marker(k) for k in range(12)} == set(MARKERS)
    assert [readable_on(color) for color in ("white", "black", "#08263f")] == [
        "#000000",
        "#ffffff",
        "#ffffff",
    ]


def test_an_animation_is_a_gif_with_all_its_frames(tmp_path: Path) -> None:
    from PIL import Image

    with drawing("dark"):
        (axes,) = panels([""], (2.0, 2.0))
        (line,) = axes.plot([0, 1], [0, 1])
        save_animation(Animation(axes, 4, lambda k: line.set_ydata([0, k]), 100, 900), tmp_path, "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        frames: Any = image
        assert frames.n_frames == 4
        frames.seek(3)
        assert frames.info["duration"] == 900


def test_only_the_named_pictures_are_drawn_and_others_explained(nnfs: Nnfs, trained: Trained) -> None:
    run = str(trained(BLOBS).path)
    status, out, _ = nnfs("plot", run, "--only", "loss", "--output", "here")
    assert (status, out) == (0, "here/loss.png\n")
    assert [file.name for file in Path("here").iterdir()] == ["loss.png"]
    assert "did you mean 'loss'?" in nnfs("plot", run, "--only", "los").err
    assert "it needs a regression" in nnfs("plot", run, "--only", "predictions").err
    (trained(BLOBS).path / "file").write_text("")
    assert "found the file" in nnfs("plot", run, "--output", f"{run}/file").err
    assert not (trained(BLOBS).path / "plots").exists()


def test_a_run_without_diagnostics_says_which_option_records_them(nnfs: Nnfs, copied: RunDirectory) -> None:
    (copied.path / "diagnostics.npz").unlink()
    status, _, err = nnfs("plot", str(copied.path), "--only", "gradients")
    assert status == 2
    assert "training.diagnostics: true" in err


def test_several_runs_are_drawn_beside_them_and_never_over_their_pictures(
    nnfs: Nnfs, trained: Trained
) -> None:
    runs = [trained(), trained(CUBIC, "seed=4"), trained(CUBIC, "optimizer.learning_rate=0.002")]
    status, out, _ = nnfs("plot", *(str(run.path) for run in runs))
    assert status == 0
    assert [Path(line).name for line in out.splitlines()] == ["loss.png", "metrics.png", "learning_rate.png"]
    assert {Path(line).parts[:2] for line in out.splitlines()} == {("runs", "compared")}
    assert not any((run.path / "plots").exists() for run in runs)
    err = nnfs("plot", *(str(run.path) for run in runs), "--only", "gradients").err
    assert "they have loss, metrics, learning_rate" in err.replace(" and ", ", ")


def test_runs_that_differ_in_seeds_alone_are_a_mean_and_a_band(trained: Trained) -> None:
    slow = trained(CUBIC, "optimizer.learning_rate=0.002")
    runs = [trained(), slow, trained(CUBIC, "seed=4"), trained(CUBIC, "seed=5", "training.log_every=3")]
    groups = comparison.group([history.History(run) for run in runs])
    assert [group.label for group in groups] == ["learning_rate 0.02 (3 runs)", "learning_rate 0.002"]
    axes = comparison.draw(runs)["loss"]
    losses = [run.table("epochs.csv")["train_loss"] for run in (runs[0], *runs[2:])]
    _, mean = lines(axes)["learning_rate 0.02 (3 runs)"]
    assert mean == pytest.approx(np.mean(losses, axis=0))
    (band,) = axes.collections
    corners: Any = band.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(np.min(losses))
    np.testing.assert_array_equal(
        lines(axes)["learning_rate 0.002"][1], slow.table("epochs.csv")["train_loss"]
    )


@pytest.mark.usefixtures("draws")
def test_training_names_its_pictures(nnfs: Nnfs) -> None:
    out = nnfs("train", "cubic.yaml", "--id", "a", "--set", "training.epochs=1").out
    assert "pictures: loss, metrics" in out
    assert "nnfs plot runs/a" in out
    assert {"loss.png", "metrics.png"} <= {file.name for file in Path("runs/a/plots").iterdir()}
    assert json.loads(Path("runs/a/summary.json").read_text())["status"] == "completed"
