"""A run is trained again and compared to the byte: where it is the same, and what is told where it is not."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnfs_cli.core.errors import DivergenceError, InterruptionError, NnfsError
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.sameness import compare_arrays
from nnfs_cli.jobs.train import train_run
from nnfs_cli.jobs.verify import Verification, repetition
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from tests.conftest import Nnfs
from tests.forgery import forge, unseal
from tests.test_divergence import ROLLBACK, WILD, go, run_of, slow
from tests.test_hostile_run import content
from tests.toys import BARS, BLOBS, CUBIC, toy_config


def trained(folder: Path, text: str, *overrides: str, reports: int = 0, name: str = "run") -> RunDirectory:
    """A run, stopped after so many reports, if any."""
    return run_of(folder, name, text, *overrides, stop_after=reports)


def verified(run: RunDirectory) -> Verification:
    with repetition(run) as again:
        for _ in again.reports():
            pass
        return again.verification()


def same(run: RunDirectory) -> bool:
    before = content(run.path)
    found = verified(RunDirectory(run.path))
    assert content(run.path) == before
    assert found.same, found.first
    assert not found.environment
    json.dumps(found.record(), allow_nan=False)
    return found.same


@pytest.mark.parametrize("text", [CUBIC, slow(BLOBS), slow(BARS)])
def test_a_run_that_was_not_touched_is_the_same(tmp_path: Path, text: str) -> None:
    run = trained(tmp_path, text)
    assert same(run)
    assert [each.file for each in verified(run).compared] == [
        *("steps.csv", "epochs.csv", "preparation.json"),
        *("weights.npz", "predictions.npz"),
    ]


@pytest.mark.parametrize(
    "overrides",
    [
        ["training.engine=plain"],
        ["training.patience=1", "training.min_delta=10"],
        slow(["training.ema=0.9", "training.accumulate=2", "training.log_every=3"]),
        slow(["training.parts=3", "training.threads=2"]),
        slow(["training.diagnostics=true", "schedule=cosine"]),
    ],
)
def test_so_is_one_with_any_options(tmp_path: Path, overrides: list[str]) -> None:
    assert same(trained(tmp_path, CUBIC, *overrides))


@pytest.mark.parametrize("reports", [1, slow(4), 5, slow(6), 11])
def test_a_run_that_was_stopped_is_trained_up_to_its_step(tmp_path: Path, reports: int) -> None:
    run = trained(tmp_path, CUBIC, "training.log_every=1", reports=reports)
    assert run.summary()["status"] == "interrupted"
    assert same(run)


def test_steps_that_are_not_logged_count_as_well(tmp_path: Path) -> None:
    experiment = Experiment(toy_config(CUBIC, ["training.log_every=100"]))
    run = RunDirectory.create(tmp_path, experiment.config, "run")
    experiment.pause = 8
    go(train_run(experiment, run), 2)
    assert run.summary()["steps"] == 8
    assert same(run)


@pytest.mark.parametrize("budget", ["{steps: 9}", "{seconds: 0.001}"])
def test_a_run_whose_budget_ended_it_is_trained_as_far(tmp_path: Path, budget: str) -> None:
    run = trained(tmp_path, CUBIC, "training.log_every=1", f"training.budget={budget}")
    assert run.summary()["status"] == "completed"
    assert same(run)


def test_a_run_that_its_study_left_behind_is_trained_as_far(tmp_path: Path) -> None:
    experiment = Experiment(toy_config(CUBIC))
    run = RunDirectory.create(tmp_path, experiment.config, "run")
    for _ in train_run(experiment, run, until=2):
        pass
    assert run.summary()["status"] == "paused"
    assert same(run)


def test_a_run_that_was_resumed_is_trained_in_one_go(tmp_path: Path) -> None:
    run = trained(tmp_path, CUBIC, reports=8)
    go(train_run(resume(run), run))
    go(train_run(resume(run, 7), run))
    assert run.summary()["resumed"]
    assert same(run)


@pytest.mark.parametrize("reports", [0, 30])
def test_a_run_that_went_back_goes_back_again(tmp_path: Path, reports: int) -> None:
    run = trained(tmp_path, *WILD["cubic"], ROLLBACK, reports=reports)
    assert reports or run.summary()["rollbacks"]
    assert same(run)


def test_a_run_that_diverged_diverges_again(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError):
        trained(tmp_path, CUBIC, "optimizer.learning_rate=1e30")
    assert same(RunDirectory(tmp_path / "run"))


def test_a_run_that_started_from_other_weights_starts_from_its_copy_of_them(tmp_path: Path) -> None:
    first = trained(tmp_path, CUBIC, name="first")
    run = trained(tmp_path, CUBIC, f"initial_weights={first.path}", "seed=9")
    shutil.rmtree(first.path)
    assert same(run)


def test_of_a_run_whose_process_died_the_last_checkpoint_counts(tmp_path: Path) -> None:
    experiment = Experiment(toy_config(CUBIC, ["training.checkpoint_every=0"]))
    run = RunDirectory.create(tmp_path, experiment.config, "run")
    training = train_run(experiment, run)
    for number, _ in enumerate(training):
        if number == 9:
            shutil.copytree(run.path, tmp_path / "died")
            break
    training.close()
    (tmp_path / "died" / ".writer.json").unlink()
    died = RunDirectory(tmp_path / "died")
    assert died.summary()["status"] == "died"
    assert same(died)
    assert [each.file for each in verified(died).compared][-1] == "checkpoint.npz"
    with (died.path / "steps.csv").open("a") as file:
        file.write("999,99,1.0,1.0,1.0\n")  # written after the checkpoint
    assert same(died)


def test_a_run_is_not_verified_while_it_is_trained_or_before_it_is(tmp_path: Path) -> None:
    experiment = Experiment(toy_config(CUBIC))
    run = RunDirectory.create(tmp_path, experiment.config, "run")
    training = train_run(experiment, run)
    next(training)
    with pytest.raises(NnfsError, match="is being trained"):
        verified(RunDirectory(run.path))
    training.close()
    begun = RunDirectory.create(tmp_path, experiment.config, "begun")
    begun._lock.release()
    with pytest.raises(NnfsError, match="no checkpoint was written"):
        verified(RunDirectory(begun.path))


def changed_cell(file: Path, line: int, column: str) -> None:
    """Change a number in a CSV file by a hundredth."""
    rows = list(csv.reader(file.read_text().splitlines()))
    place = rows[0].index(column)
    rows[line][place] = repr(float(rows[line][place]) + 0.01)
    file.write_text("\n".join(map(",".join, rows)) + "\n")


def changed_array(file: Path, name: str) -> None:
    found = dict(np.load(file))
    found[name].flat[1] += 0.25
    np.savez(file, **found)


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a step": (lambda run: changed_cell(run / "steps.csv", 7, "rmse"), "steps.csv, step 7, rmse"),
    "an epoch": (lambda run: changed_cell(run / "epochs.csv", 2, "val_r2"), "epochs.csv, epoch 2, val_r2"),
    "a weight": (
        lambda run: changed_array(run / "weights.npz", "0_dense/W"),
        "weights.npz, 0_dense/W, 1 of 8 values, the first",
    ),
    "a prediction": (
        lambda run: changed_array(run / "predictions.npz", "prediction"),
        "predictions.npz, prediction, 1 of 40 values, the first",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_first_difference_is_told_with_its_place_and_size(tmp_path: Path, what: str) -> None:
    change, said = CHANGES[what]
    run = trained(tmp_path, CUBIC)
    unseal(run.path)
    change(run.path)
    found = verified(RunDirectory(run.path))
    assert found.first is not None
    assert str(found.first).startswith(f"{said}: ")
    assert found.first.size == pytest.approx(0.25 if "npz" in said else 0.01)
    assert [each.difference is None for each in found.compared].count(False) == 1


@pytest.mark.parametrize("rows", ["step,epoch", "step,epoch,loss,rmse,r2\n1,1,"])
def test_rows_that_cannot_be_read_are_damage(tmp_path: Path, rows: str) -> None:
    run = trained(tmp_path, CUBIC)
    unseal(run.path)
    (run.path / "steps.csv").write_text(rows + "x" * 10_000 + "\n")
    assert len(str(verified(RunDirectory(run.path)).first)) < 300
    limit = csv.field_size_limit(1000)
    try:
        with pytest.raises(NnfsError, match=r"steps.csv: damaged: field larger"):
            verified(RunDirectory(run.path))
    finally:
        csv.field_size_limit(limit)


def test_time_is_not_compared(tmp_path: Path) -> None:
    run = trained(tmp_path, CUBIC)
    unseal(run.path)
    changed_cell(run.path / "epochs.csv", 2, "seconds")
    assert verified(RunDirectory(run.path)).same


def test_of_two_files_the_difference_that_comes_first_in_training_is_told(tmp_path: Path) -> None:
    run = trained(tmp_path, CUBIC, "training.log_every=5")
    unseal(run.path)
    changed_cell(run.path / "epochs.csv", 1, "train_loss")
    changed_cell(run.path / "steps.csv", 4, "loss")
    first = verified(RunDirectory(run.path)).first
    assert first is not None
    assert (first.file, first.epoch) == ("epochs.csv", 1)


def test_rows_that_are_missing_are_a_difference(tmp_path: Path) -> None:
    run = trained(tmp_path, CUBIC)
    unseal(run.path)
    file = run.path / "epochs.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    found = verified(RunDirectory(run.path)).first
    assert str(found) == "epochs.csv, epoch 5: no such row -> a row"


def test_a_file_that_is_missing_is_a_difference_and_is_named(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "run", "-q", "--set", "training.epochs=1")
    names = ["steps.csv", "epochs.csv", "preparation.json", "weights.npz", "predictions.npz"]
    for count, name in enumerate(names, 1):
        Path("runs/run", name).unlink()
        outcome = nnfs("verify", "run", "-q")
        assert outcome.status == 1
        assert f"{name}: no such file -> a file" in outcome.out or count > 1
        assert f"runs/run has no {', '.join(names[:count])} any more" in outcome.out
        assert "nothing that the run records" not in outcome.out


def test_an_edited_preparation_is_told_before_the_training(tmp_path: Path) -> None:
    run = trained(tmp_path, CUBIC)
    file = run.path / "preparation.json"
    file.write_text(file.read_text().replace('"shift": ', '"shift": 1'))
    with pytest.raises(NnfsError, match=r"preparation.json: damaged or edited"):
        verified(RunDirectory(run.path))
    unseal(run.path)
    assert str(verified(RunDirectory(run.path)).first).startswith("preparation.json, inputs.shift")


def test_what_is_not_as_it_was_is_told(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t.csv").write_text("x,y\n" + "\n".join(f"{i / 9},{i % 5 + i / 7}" for i in range(60)) + "\n")
    Path("t.yaml").write_text(
        CUBIC.replace("{type: cubic, validation: 40}", "{type: csv, path: t.csv, target: y}")
    )
    assert nnfs("train", "t.yaml", "--id", "run", "-q").status == 0
    outcome = nnfs("verify", "run", "-q")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.endswith("verified: the same to the byte\n")
    file = Path("runs/run/config.yaml")
    file.write_text(file.read_text().replace("seed: 3", "seed: 4"))
    Path("t.csv").write_text(Path("t.csv").read_text().replace(",4.", ",3."))
    monkeypatch.setattr("nnfs_cli.jobs.checkpoint.processor", lambda: "another")
    outcome = nnfs("verify", "run", "-q")
    assert outcome.status == 1
    for said in ("fingerprint has changed", "seed: 3 -> 4", "-> another"):
        assert said in outcome.err
    assert "not the same: steps.csv, step 1, loss: " in outcome.out
    report = json.loads(nnfs("verify", "run", "--json").out)
    assert not report["same"]
    assert report["first_difference"]["where"] == "step 1, loss"
    assert len(report["environment"]) == 3


def test_where_nothing_explains_a_difference_that_is_said(nnfs: Nnfs) -> None:
    nnfs("train", "blobs.yaml", "--id", "run", "-q")
    unseal(Path("runs/run"))
    changed_cell(Path("runs/run/steps.csv"), 3, "loss")
    outcome = nnfs("verify", "run", "-q")
    assert outcome.status == 1
    assert "nothing that the run records" in outcome.out


def test_a_run_whose_schedule_was_stretched_says_why_it_differs(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "run", "-q", "--set", "schedule=cosine")
    nnfs("resume", "run", "--epochs", "8", "-q")
    outcome = nnfs("verify", "run", "-q")
    assert outcome.status == 1
    assert "the run says: the schedule cosine depends on the number of epochs" in outcome.out


def test_a_verification_that_is_stopped_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(tmp_path, CUBIC)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def stopped(*_: object, **__: object) -> None:
        raise InterruptionError("everything is saved in another folder")

    monkeypatch.setattr("nnfs_cli.jobs.verify.train_run", stopped)
    with pytest.raises(InterruptionError, match=r"interrupted; .*run is not verified"):
        verified(run)
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize("seed", [*range(4), *map(slow, range(4, 30))])
def test_a_forged_run_is_refused_or_found_to_differ(tmp_path: Path, trained_once: Path, seed: int) -> None:
    rng = Random(seed)  # noqa: S311  no secret
    run = tmp_path / "forged"
    shutil.copytree(trained_once, run)
    unseal(run)
    files = (
        "preparation.json",
        "summary.json",
        "steps.csv",
        "epochs.csv",
        "weights.npz",
        "predictions.npz",
        "checkpoint.npz",
    )
    forge(rng, run / files[seed % len(files)])
    try:
        json.dumps(verified(RunDirectory(run)).record(), allow_nan=False)
    except NnfsError as error:
        assert str(error)  # noqa: PT017


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("once"), CUBIC, "training.epochs=2").path


@given(
    arrays(np.float64, st.tuples(st.integers(0, 3), st.integers(0, 3))),
    st.data(),
)
def test_two_arrays_are_the_same_exactly_if_their_bytes_are(x: np.ndarray, data: st.DataObject) -> None:
    y = x.copy()
    if x.size and data.draw(st.booleans()):
        y.flat[data.draw(st.integers(0, x.size - 1))] = data.draw(st.floats())
    found = compare_arrays("a.npz", {"x": x}, {"x": y}).difference
    assert (found is None) == (x.tobytes() == y.tobytes())
    if found is not None:
        json.dumps(vars(found), allow_nan=False)
