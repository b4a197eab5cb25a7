"""Exact resume: a run that was killed anywhere and goes on leaves the bytes of one that was never stopped."""

import itertools
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.load import config_from, parse_config
from nnfs_cli.config.reader import to_plain
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.jobs.record import Record
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import train_run
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.regularizers.base import REGULARIZERS
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.recorder import columns
from nnfs_cli.schedules.base import SCHEDULES
from nnfs_cli.training.experiment import Experiment
from tests.amount import amount
from tests.test_commands import rows
from tests.toys import BARS, CUBIC

EXAMPLES = [(name, *example) for name in LAYERS for example in LAYERS[name].examples]
FIRST = [next(each for each in EXAMPLES if each[0] == name) for name in LAYERS]
LAYER_CASES = [*FIRST, *(each for each in EXAMPLES if each not in FIRST)]
LOSS_CASES = [
    {"type": name, **options}
    for name in LOSSES
    for options in LOSSES[name].examples
    if name != "poisson"  # it learns counts, which no generated dataset has
]
NEEDED: dict[str, dict[str, Any]] = {
    "step": {"every": 1.3},
    "reduce_on_plateau": {"patience": 0, "threshold": 0.5},
}
REPORTS = 8
"""The fewest reports of a recipe."""


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: no power is cut here."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def in_turn(choices: Any, number: int) -> Any:
    return list(choices)[number % len(list(choices))]


def recipe(number: int) -> dict[str, Any]:
    """A config. The recipes from 0 on have each layer, optimizer, schedule, regularizer and loss in turn."""
    draw = np.random.default_rng(number)
    layer, options, shape = in_turn(LAYER_CASES, number)
    loss, schedule = in_turn(LOSS_CASES, number), in_turn(SCHEDULES, number)
    learns_classes = "classification" in LOSSES[loss["type"]].tasks
    is_binary = loss["type"] == "binary_cross_entropy"
    blobs = {"type": "blobs", "samples": 60, "validation": 0.3, "classes": 2 if is_binary else 3}
    return {
        "name": "recipe",
        "seed": number,
        "dataset": blobs if learns_classes else {"type": "cubic", "samples": 50, "validation": 0.3},
        "layers": [
            {"type": "dense", "units": int(np.prod(shape))},
            {"type": "reshape", "shape": shape},
            {"type": layer, **options},
            {"type": "flatten"},
            {"type": "dense", "units": 3 if learns_classes and not is_binary else 1},
        ],
        "loss": loss,
        "optimizer": {"type": in_turn(OPTIMIZERS, number), "learning_rate": 0.01},
        "schedule": {"type": schedule, **NEEDED.get(schedule, {})},
        "regularizer": in_turn([None, *REGULARIZERS], number),
        "training": {
            "epochs": 4,
            "batch_size": draw.choice([9, 12, 100]),
            "accumulate": draw.choice([1, 1, 2]),
            "ema": draw.choice([0.0, 0.5]),
            "patience": draw.choice([0, 2]),
            "clip_norm": draw.choice([0.0, 0.1]),
            "diagnostics": bool(draw.random() < 0.2),
            "engine": draw.choice(["auto", "plain"]),
        },
    }


def whole_run(
    folder: Path, config: Mapping[str, Any], at: Callable[[int, Record, RunDirectory], None]
) -> RunDirectory:
    """An unbroken run; `at` is called after each report with its number, from 0 on."""
    experiment = Experiment(config_from(config, "recipe"))
    run = RunDirectory.create(folder, experiment.config, "whole")
    counter = itertools.count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Record, "checkpoint_if_due", lambda record: at(next(counter), record, run))
        train_all(experiment, run)
    return run


def train_all(experiment: Experiment, run: RunDirectory) -> None:
    for _ in train_run(experiment, run):
        pass


def killed(whole: RunDirectory, name: str = "killed") -> RunDirectory:
    """What a kill leaves of a run at this moment."""
    copy = whole.path.parent / name
    shutil.copytree(whole.path, copy)
    return RunDirectory(copy)


def assert_ends_as(whole: RunDirectory, run: RunDirectory, *notes: str, epochs: int | None = None) -> None:
    """Resume a run; check that it leaves the bytes of the whole one, but for the seconds."""
    train_all(resume(run, epochs), run)
    arrays = ("weights", "snapshots", "diagnostics", "predictions", "inside")
    for name in ("steps.csv", *(f"{stem}.npz" for stem in arrays)):
        assert run.has(name) == whole.has(name), name
        assert not run.has(name) or (run.path / name).read_bytes() == (whole.path / name).read_bytes(), name
    assert rows(run.path / "epochs.csv", "seconds") == rows(whole.path / "epochs.csv", "seconds")
    one, other = run.summary(), whole.summary()
    for each in (one, other):
        del each["final"]["seconds"]
    for key in ("status", "epochs", "steps", "final", "best", "scores", "stopped_early"):
        assert one.get(key) == other.get(key), key
    new = [note for note in one["notes"] if note not in other["notes"]]
    assert len(new) == len(notes)
    assert all(note in said for note, said in zip(notes, new, strict=True))


FAST = 5
NUMBERS = [
    *range(FAST),
    *(pytest.param(number, marks=pytest.mark.slow) for number in range(FAST, amount(80, 600))),
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_run_killed_between_two_reports_goes_on_to_the_bytes_of_an_unbroken_one(
    number: int, tmp_path: Path
) -> None:
    saved, stopped = sorted(np.random.default_rng(number).integers(0, REPORTS, 2))

    def at(report: int, record: Record, run: RunDirectory) -> None:
        if report == saved:
            record.checkpoint()
        if report == stopped:
            record._rows.sync()  # as it happens each second
            killed(run)

    whole = whole_run(tmp_path, recipe(number), at)
    assert_ends_as(whole, RunDirectory(tmp_path / "killed"))
    for name, expected in columns(Experiment(whole.config())).items():
        assert (whole.path / name).read_text().splitlines()[0].split(",") == expected


def kills_at_file_operations(
    run: RunDirectory, training: Callable[[], None], chosen: Callable[[int], bool] = lambda _: True
) -> list[RunDirectory]:
    """What kills leave of a run that is being trained, one before each chosen operation that changes a file."""
    kills: list[RunDirectory] = []
    numbers, busy = itertools.count(), False

    def tapped(own: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **options: Any) -> Any:
            nonlocal busy
            if not busy:
                busy = True
                number = next(numbers)
                if chosen(number):
                    kills.append(killed(run, f"{run.path.name}-{number}"))
                busy = False
            return own(*arguments, **options)

        return operation

    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "write", "replace", "fsync", "ftruncate"):
            patch.setattr(os, name, tapped(getattr(os, name)))
        training()
    return kills


def test_a_run_killed_at_any_file_operation_goes_on_to_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    """In the middle of a checkpoint, while scores and predictions are written, while a resume begins."""
    few = ["training.epochs=2", "training.batch_size=80", "training.checkpoint_every=0"]
    experiment = Experiment(parse_config(CUBIC, "toy", few))
    whole = RunDirectory.create(tmp_path, experiment.config, "whole")
    kills = kills_at_file_operations(whole, lambda: train_all(experiment, whole))
    resumable = [run for run in kills if run.has("checkpoint.npz") or run.has("checkpoint.previous.npz")]
    assert len(resumable) > 50
    assert kills[-len(resumable) :] == resumable, "from the first checkpoint on there is always a whole one"
    draw = np.random.default_rng(0)
    for number in draw.permutation(len(resumable))[: amount(4, len(resumable))]:
        resume_and_kill(whole, resumable[number], int(draw.integers(20)))


def resume_and_kill(whole: RunDirectory, run: RunDirectory, operation: int) -> None:
    """Resume a killed run; check how it ends, and how it would have if it had been killed once more."""
    kills = kills_at_file_operations(run, lambda: assert_ends_as(whole, run), lambda n: n == operation)
    for each in kills:
        assert_ends_as(whole, each)


def test_a_completed_run_killed_while_it_is_extended_goes_on_to_the_bytes_of_a_longer_one(
    tmp_path: Path,
) -> None:
    def run_of(name: str, epochs: int) -> RunDirectory:
        few = [f"training.epochs={epochs}", "training.batch_size=80", "training.diagnostics=true"]
        experiment = Experiment(parse_config(CUBIC, "toy", few))
        run = RunDirectory.create(tmp_path, experiment.config, name)
        train_all(experiment, run)
        return run

    whole, short = run_of("whole", 3), run_of("short", 2)
    kills = kills_at_file_operations(short, lambda: assert_ends_as(whole, short, epochs=3))
    for number in np.random.default_rng(1).permutation(len(kills))[: amount(5, len(kills))]:
        assert_ends_as(whole, kills[number], epochs=3)


@pytest.mark.parametrize("workers", [1, 2])
def test_images_and_their_augmentation_go_on_with_any_number_of_workers(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.speed.plan.WORTH_A_PART", 1000)
    draw = np.random.default_rng(0)
    np.savez(tmp_path / "images.npz", X=draw.normal(size=(60, 10, 10)), y=draw.integers(0, 2, 60))
    augment = "{shift: 1, rotation: 10, elastic: {alpha: 0.5, sigma: 2}}"
    data = f"{{type: npz, path: {tmp_path / 'images.npz'}, validation: 0.2, augment: {augment}}}"
    config = parse_config(
        BARS.replace("toy_bars", data).replace("  - tanh", "  - dropout\n  - batch_norm"), "toy"
    )

    def at(report: int, record: Record, run: RunDirectory) -> None:
        if report == 4:
            record.checkpoint()
        if report == 6:
            killed(run)

    whole = whole_run(tmp_path, to_plain(config), at)
    assert whole.summary()["parts"] == 2
    run = RunDirectory(tmp_path / "killed")
    monkeypatch.setattr("nnfs_cli.speed.plan.WORTH_A_PART", 2**30)  # a rule that was changed since
    edited = (run.path / "config.yaml").read_text().replace("threads: auto", f"threads: {workers}")
    (run.path / "config.yaml").write_text(edited)
    assert_ends_as(whole, run)


def test_a_run_of_an_earlier_version_goes_on_with_the_threads_of_blas_that_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlainEngine, "blas_threads", 2)

    def at(report: int, record: Record, run: RunDirectory) -> None:
        if report == 2:
            record.checkpoint()
            killed(run)

    whole = whole_run(tmp_path, to_plain(parse_config(CUBIC, "toy")), at)
    assert whole.summary()["blas_threads"] == 2
    monkeypatch.setattr(PlainEngine, "blas_threads", 1)
    assert_ends_as(whole, RunDirectory(tmp_path / "killed"))


@pytest.fixture(scope="module")
def saved_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, RunDirectory]:
    """A whole run, and what a kill left of it after two checkpoints and a row."""

    def at(report: int, record: Record, run: RunDirectory) -> None:
        if report in (5, 13):
            record.checkpoint()
        if report == 14:
            record._rows.sync()
            killed(run)

    whole = whole_run(tmp_path_factory.mktemp("saved"), to_plain(parse_config(CUBIC, "toy")), at)
    return whole, RunDirectory(whole.path.parent / "killed")


@pytest.fixture
def again(
    saved_twice: tuple[RunDirectory, RunDirectory], tmp_path: Path
) -> tuple[RunDirectory, RunDirectory]:
    """The same, to be changed."""
    for run in saved_twice:
        shutil.copytree(run.path, tmp_path / run.path.name)
    return RunDirectory(tmp_path / "whole"), RunDirectory(tmp_path / "killed")


def flip(file: Path, draw: np.random.Generator) -> None:
    """Change a bit of a file."""
    content = bytearray(file.read_bytes())
    content[draw.integers(len(content))] ^= 1 << draw.integers(8)
    file.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-700]),
        lambda file: file.write_bytes(file.read_bytes()[:300] + bytes(900) + file.read_bytes()[1200:]),
        lambda file: np.savez(file, made_with=np.array("{}")),
    ],
    ids=["empty", "cut", "zeros inside", "without a state"],
)
def test_for_a_damaged_checkpoint_the_former_one_is_used_and_that_is_said(
    damage: Callable[[Path], object], again: tuple[RunDirectory, RunDirectory]
) -> None:
    whole, run = again
    damage(run.path / "checkpoint.npz")
    assert_ends_as(whole, run, "resumed from checkpoint.previous.npz, the one before it")


def test_a_changed_bit_of_a_checkpoint_changes_no_result(again: tuple[RunDirectory, RunDirectory]) -> None:
    whole, run = again
    draw = np.random.default_rng(0)
    for number in range(amount(4, 500)):
        damaged = killed(run, f"damaged-{number}")
        flip(damaged.path / "checkpoint.npz", draw)
        train_all(resume(damaged), damaged)
        for name in ("weights.npz", "steps.csv"):
            assert (damaged.path / name).read_bytes() == (whole.path / name).read_bytes()
        shutil.rmtree(damaged.path)


def test_without_a_whole_checkpoint_there_is_nothing_to_resume(
    again: tuple[RunDirectory, RunDirectory],
) -> None:
    _, run = again
    for name in ("checkpoint.npz", "checkpoint.previous.npz"):
        (run.path / name).write_bytes(b"PK")
    with pytest.raises(NnfsError, match="there is no former checkpoint that is whole"):
        resume(run)
    for name in ("checkpoint.npz", "checkpoint.previous.npz"):
        (run.path / name).unlink()
    with pytest.raises(NnfsError, match="no checkpoint was written"):
        resume(run)


def cut(file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))


@pytest.mark.parametrize("name", ["epochs.csv", "steps.csv", "snapshots.npz"])
@pytest.mark.parametrize(
    ("lose", "said"),
    [
        (Path.unlink, "rows are missing|no such file"),
        (cut, "rows are missing|damaged"),
        (lambda file: file.write_bytes(file.read_bytes().replace(b"1", b"7")), "damaged"),
        (lambda file: file.write_bytes(bytes(5000)), "damaged"),
    ],
    ids=["deleted", "cut", "edited", "zeros"],
)
def test_lost_rows_are_told_and_a_resume_anyway_leaves_a_run_that_can_be_read(
    lose: Callable[[Path], object], said: str, name: str, again: tuple[RunDirectory, RunDirectory]
) -> None:
    whole, run = again
    lose(run.path / name)
    before = {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()}
    with pytest.raises(NnfsError, match=f"{name}.*({said})"):
        resume(run)
    assert {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()} == before
    train_all(resume(run, anyway=True), run)
    assert any("although" in note and name in note for note in run.summary()["notes"])
    assert (run.path / "weights.npz").read_bytes() == (whole.path / "weights.npz").read_bytes()
    for each in ("epochs.csv", "steps.csv"):
        first = run.table(each)["epoch" if each == "epochs.csv" else "step"]
        assert (np.diff(first) > 0).all()
        assert first[-1] == whole.table(each)["epoch" if each == "epochs.csv" else "step"][-1]
    assert len(run.arrays("snapshots.npz")["step"])


@pytest.mark.parametrize("name", ["epochs.csv", "steps.csv"])
def test_what_stands_after_the_checkpoints_rows_is_cut_off(
    name: str, again: tuple[RunDirectory, RunDirectory]
) -> None:
    whole, run = again
    with (run.path / name).open("ab") as file:
        file.write(b"1,2\x00,\xff\n" + bytes(1000))
    assert_ends_as(whole, run)


@pytest.mark.parametrize("saved", [4, 5, 6, 9])
def test_a_checkpoint_of_an_earlier_version_drops_rows_by_their_numbers(saved: int, tmp_path: Path) -> None:
    def at(report: int, record: Record, run: RunDirectory) -> None:
        if report == saved:
            record.checkpoint()
        if report == 13:
            record._rows.sync()
            killed(run)

    whole = whole_run(tmp_path, to_plain(parse_config(CUBIC, "toy")), at)
    run = RunDirectory(tmp_path / "killed")
    state = run.arrays("checkpoint.npz")
    del state["recorded"]
    run.write_arrays("checkpoint.npz", state)
    assert_ends_as(whole, run, "a checkpoint of an earlier version")


def test_checkpoints_take_less_than_a_hundredth_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, written = 0.0, list[float]()

    def write(*_: object) -> None:
        nonlocal now
        now += 10.0
        written.append(now)

    monkeypatch.setattr("nnfs_cli.jobs.record.write_checkpoint", write)
    monkeypatch.setattr("nnfs_cli.jobs.record.time.monotonic", lambda: now)
    experiment = Experiment(parse_config(CUBIC, "toy"))
    for every, least in ((30.0, 1000.0), (5000.0, 5000.0), (0.0, 0.0)):
        training = replace(experiment.config.training, checkpoint_every=every)
        experiment.config = replace(experiment.config, training=training)
        record = Record(experiment, RunDirectory.create(tmp_path, experiment.config))
        while len(written) < 5:
            now += 7.0
            record.checkpoint_if_due()
        waits = np.diff(written) - 10.0
        assert (waits >= least).all()
        assert (waits <= least + 7.0).all()
        written.clear()
