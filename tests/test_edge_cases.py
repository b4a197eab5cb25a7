"""Unusual cases: killed runs, odd names, damaged files, unusual YAML."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.interrupts import STOPS, StopRequest
from nnfs_cli.core.params import FlatParams
from nnfs_cli.optimizers.adam import Adam
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Report, StepReport
from tests.aged import aged
from tests.conftest import Nnfs
from tests.test_bad_input import fails, save
from tests.test_commands import rows, same_numbers
from tests.toys import CUBIC

pytestmark = pytest.mark.usefixtures("draws")  # odd runs must have their pictures, too


LAYERS = "layers: [{type: dense, units: 8}, tanh, {type: dense, units: 1}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(CUBIC + "? [1, 2]\n: 3\n", "mine.yaml", id="a list as a key"),
        pytest.param(
            CUBIC.replace("units: 8", "units: 99999999999999999999"), "layers", id="more units than an array holds"
        ),
        pytest.param(CUBIC.replace("tanh", "TANH"), "did you mean 'tanh'?", id="nearest name whatever the case"),
        pytest.param(CUBIC.replace("units: 8", "units: 8, init: 3"), "must be an initializer", id="an, not a"),
        pytest.param(CUBIC.replace("units: 8", "unit: 8"), "1 mistake\n", id="a misspelled option is one mistake"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_config_is_told(nnfs: Nnfs, text: str, message: str) -> None:
    Path("mine.yaml").write_text(text)
    assert message in fails(nnfs, "train", "mine.yaml")


def test_yaml_merge_keys_work(nnfs: Nnfs) -> None:
    merged = "layers: [&d {type: dense, units: 8}, tanh, {<<: *d, units: 1}]"
    Path("mine.yaml").write_text(CUBIC.replace(LAYERS, merged))
    assert nnfs("train", "mine.yaml", "--dry-run").status == 0


@pytest.mark.parametrize("override", ["layers.\u00b2=3", "seed=[1"])
def test_a_bad_override_is_told(nnfs: Nnfs, override: str) -> None:
    err = fails(nnfs, "train", "cubic.yaml", "--set", override)
    assert f"--set {override}" in err
    assert "while parsing" not in err  # the parser's position, not the mistake's


@pytest.mark.parametrize(
    "unfit", ["-x", ".hidden", "a b", "a\nb", "x[b]y", ":smile:", "a\\b", " ", "a\0b", "x" * 300]
)
def test_an_id_takes_what_a_name_takes(nnfs: Nnfs, unfit: str) -> None:
    assert "--id" in fails(nnfs, "train", "cubic.yaml", "--id", unfit)


def test_the_path_that_quiet_prints_is_the_path(nnfs: Nnfs) -> None:
    path = nnfs("train", "cubic.yaml", "--quiet", "--runs", "a:100:b").out.removesuffix("\n")
    assert Path(path).is_dir()


def test_a_folder_of_the_same_name_does_not_hide_a_run(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "docs", "--quiet")
    Path("docs").mkdir()
    assert nnfs("evaluate", "docs").status == 0


def test_a_name_is_not_near_for_its_suffix_alone(nnfs: Nnfs) -> None:
    assert "blobs.yaml" not in fails(nnfs, "train", "nope.yaml")


def test_runs_of_a_file_is_a_mistake(nnfs: Nnfs) -> None:
    assert "cubic.yaml" in fails(nnfs, "runs", "--runs", "cubic.yaml")


def test_divergence_to_large_but_finite_weights_is_one_message(nnfs: Nnfs) -> None:
    outcome = nnfs("train", "cubic.yaml", "--id", "one", "--set", "optimizer.learning_rate=1000")
    assert outcome.status == 3


@pytest.mark.usefixtures("nnfs")
def test_json_files_are_json_even_where_scores_are_not_finite() -> None:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "nnfs_cli",
        "train",
        "cubic.yaml",
        "--id",
        "one",
        "--quiet",
    ]
    subprocess.run([*command, "--set", "optimizer.learning_rate=1000"], check=False, capture_output=True)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(Path("runs/one/summary.json").read_text(), parse_constant=refuse)


def test_evaluate_reads_all_it_needs_before_it_writes(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    Path("runs/one/summary.json").write_text("{")
    assert "summary.json" in fails(nnfs, "evaluate", "one", "--split", "train")


HEADER = "epoch,step,seconds,learning_rate,train_loss,train_rmse,train_r2,val_loss,val_rmse,val_r2\n"


@pytest.mark.parametrize("content", ["", HEADER], ids=["empty", "header only"])
def test_a_run_killed_before_its_first_epoch_was_flushed_can_be_drawn(nnfs: Nnfs, content: str) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    (aged(Path("runs/one")) / "epochs.csv").write_text(content)  # a run under way has no checksums of rows
    assert nnfs("plot", "one", "--only", "loss").status == 0
    assert nnfs("plot", "one", "--only", "metrics").status in (0, 2)  # there may be nothing to draw yet


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("epochs.csv", "a,b\n1,2\n"),
        ("steps.csv", "a,b\n1,2\n"),
        ("epochs.csv", "\udcff\udcfe"),
    ],
)
def test_a_damaged_file_is_named_by_plot(nnfs: Nnfs, name: str, content: str) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    (Path("runs/one") / name).write_bytes(content.encode(errors="surrogateescape"))
    assert name in fails(nnfs, "plot", "one")


@pytest.mark.parametrize(
    "content",
    [
        '{"scores": {"foo": {}}}',
        *(
            pytest.param(text, marks=pytest.mark.slow)
            for text in ('{"best": 3}', '{"scores": 3}', '{"seconds": "long"}')
        ),
    ],
)
def test_one_damaged_summary_does_not_hide_the_other_runs(nnfs: Nnfs, content: str) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    nnfs("train", "cubic.yaml", "--id", "two", "--quiet")
    Path("runs/one/summary.json").write_text(content)
    outcome = nnfs("runs")
    assert outcome.status == 0
    assert "two" in outcome.out


def test_predictions_that_lack_an_array_are_named(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    save(Path("runs/one/predictions.npz"), {"target": np.zeros((3, 1))})
    assert "predictions.npz" in fails(nnfs, "plot", "one", "--only", "predictions")


@pytest.mark.parametrize("kind", ["npy", "strings", "complex"])
def test_weights_that_are_no_numbers_are_named(nnfs: Nnfs, kind: str) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    file = Path("runs/one/weights.npz")
    if kind == "npy":
        with file.open("wb") as opened:
            np.save(opened, np.zeros(3))
    else:
        dtype = str if kind == "strings" else complex
        with np.load(file) as arrays:
            changed = {name: arrays[name].astype(dtype) for name in arrays.files}
        save(file, changed)
    assert "weights.npz" in fails(nnfs, "evaluate", "one")


def test_plots_that_cannot_be_written_are_told(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    shutil.rmtree("runs/one/plots")
    Path("runs/one/plots").write_text("")
    assert "plots" in fails(nnfs, "plot", "one")


def taps(patch: pytest.MonkeyPatch, at: Callable[[Report], None]) -> None:
    def tapped(experiment: Experiment) -> Iterator[Report]:
        for report in train(experiment):
            at(report)
            yield report

    patch.setattr("nnfs_cli.jobs.train.train", tapped)


def test_a_checkpoint_is_never_ahead_of_the_csv_files(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the files as a kill at step 12 would leave them, with a checkpoint after each report."""

    def at_step_twelve(report: Report) -> None:
        if isinstance(report, StepReport) and report.step == 12:
            shutil.copytree("runs/whole", "runs/killed")

    taps(monkeypatch, at_step_twelve)
    nnfs("train", "cubic.yaml", "--id", "whole", "--quiet", "--set", "training.checkpoint_every=0")
    taps(monkeypatch, lambda report: None)
    with np.load("runs/killed/checkpoint.npz") as checkpoint:
        assert int(checkpoint["progress/step"]) == len(rows(Path("runs/killed/steps.csv"))) == 11
    assert nnfs("resume", "killed").status == 0
    assert same_numbers(Path("runs/killed"), Path("runs/whole"))


def test_a_run_resumed_to_before_its_first_epoch_can_be_interrupted_again(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_step_two(report: Report) -> None:
        if isinstance(report, StepReport) and report.step == 2:
            signal.raise_signal(signal.SIGINT)

    taps(monkeypatch, at_step_two)
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    Path("runs/one/epochs.csv").write_text(
        HEADER + "1,5,0.1,0.02,1,1,1,1,1,1\n"
    )  # written later, then killed

    def at_step_three(report: Report) -> None:
        if isinstance(report, StepReport) and report.step == 3:
            signal.raise_signal(signal.SIGINT)

    taps(monkeypatch, at_step_three)
    assert nnfs("resume", "one").status == 130


def test_a_run_whose_epochs_csv_is_still_empty_resumes(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_step_two(report: Report) -> None:
        if isinstance(report, StepReport) and report.step == 2:
            signal.raise_signal(signal.SIGINT)

    taps(monkeypatch, at_step_two)
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    Path("runs/one/epochs.csv").write_bytes(b"")
    taps(monkeypatch, lambda report: None)
    assert nnfs("resume", "one").status == 0
    nnfs("train", "cubic.yaml", "--id", "whole", "--quiet")
    assert same_numbers(Path("runs/one"), Path("runs/whole"))


def test_a_run_on_data_that_has_changed_does_not_resume_silently(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_epoch_two(report: Report) -> None:
        if isinstance(report, EpochReport) and report.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    taps(monkeypatch, at_epoch_two)
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    config = Path("runs/one/config.yaml")
    config.write_text(config.read_text().replace("noise: 0.3", "noise: 0.9"))
    taps(monkeypatch, lambda report: None)
    assert "fingerprint" in nnfs("resume", "one").err


def test_a_stop_in_the_middle_of_a_step_leaves_the_last_whole_checkpoint(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    adam = ["--set", "optimizer={type: adam, learning_rate: 0.01}", "--set", "training.checkpoint_every=0"]
    nnfs("train", "cubic.yaml", "--id", "whole", "--quiet", *adam)
    step, taken = Adam.step, 0

    def stopped(self: Adam, params: FlatParams, learning_rate: float) -> None:
        nonlocal taken
        taken += 1
        if taken == 14:
            self.m *= 0.5  # within a step: the averages have changed, the weights have not
            raise KeyboardInterrupt
        step(self, params, learning_rate)

    with monkeypatch.context() as during:
        during.setattr(Adam, "step", stopped)
        assert nnfs("train", "cubic.yaml", "--id", "stopped", "--quiet", *adam).status == 130
    assert json.loads(Path("runs/stopped/summary.json").read_text())["status"] == "interrupted"
    assert nnfs("resume", "stopped", "--quiet").status == 0
    assert same_numbers(Path("runs/stopped"), Path("runs/whole"))


@pytest.mark.parametrize(
    "where",
    [
        "weights.npz",
        *(pytest.param(f"{name}.npz", marks=pytest.mark.slow) for name in ("checkpoint", "predictions")),
    ],
)
@pytest.mark.parametrize(
    ("accident", "status"),
    [(KeyboardInterrupt(), "interrupted"), (OSError(28, "No space left on device"), "failed")],
    ids=["ctrl-c", "full-disk"],
)
def test_a_trained_network_that_could_not_be_saved_is_not_completed_and_can_be_by_resume(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, accident: BaseException, status: str, where: str
) -> None:
    write, run, trained = RunDirectory.write_arrays, Path("runs/stopped"), False

    def at_the_end(experiment: Experiment) -> Iterator[Report]:
        nonlocal trained
        yield from train(experiment)
        trained = True

    def fail(self: RunDirectory, name: str, arrays: Mapping[str, Array], former: str | None = None) -> None:
        if trained and name == where:
            raise accident
        write(self, name, arrays, former)

    nnfs("train", "cubic.yaml", "--id", "whole", "--quiet")
    with monkeypatch.context() as during:
        during.setattr("nnfs_cli.jobs.train.train", at_the_end)
        during.setattr(RunDirectory, "write_arrays", fail)
        assert nnfs("train", "cubic.yaml", "--id", "stopped", "--quiet").status
    assert json.loads((run / "summary.json").read_text())["status"] == status
    assert nnfs("resume", "stopped", "--quiet").status == 0
    assert same_numbers(run, Path("runs/whole"))
    resumed, whole = (json.loads((path / "summary.json").read_text()) for path in (run, Path("runs/whole")))
    for summary in (resumed, whole):
        del summary["final"]["seconds"]
    assert all(resumed[key] == whole[key] for key in ("status", "final", "best", "scores"))


def test_a_second_signal_while_the_first_is_heard_is_no_error() -> None:
    before = [signal.getsignal(number) for number in STOPS]
    with StopRequest(lambda: signal.raise_signal(signal.SIGINT)) as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.requested
        assert not stop.is_urgent
    assert [signal.getsignal(number) for number in STOPS] == before


def test_of_several_that_may_be_stopped_the_last_hears_of_it_and_none_that_has_left() -> None:
    before = [signal.getsignal(number) for number in STOPS]
    try:
        first, second = StopRequest(), StopRequest()
        first.__enter__()
        second.__enter__()
        first.__exit__()
        signal.raise_signal(signal.SIGINT)
        assert (first.requested, second.requested) == (False, True)
        second.__exit__()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert not first.requested
        assert signal.getsignal(signal.SIGINT) == before[0]
    finally:
        for number, handler in zip(STOPS, before, strict=True):
            signal.signal(number, handler)
