"""Resuming: what was changed is refused, more epochs go on exactly, and another run's weights are a start."""

import json
import re
import signal
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import Experiment as PublicExperiment
from nnfs_cli import load_run
from nnfs_cli.config.flat import flat_options
from nnfs_cli.config.load import config_from
from nnfs_cli.config.reader import to_plain
from nnfs_cli.core.blas_threads import blas_name
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.changes import FREE, changes
from nnfs_cli.jobs.checkpoint import made_with
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.evaluate import evaluate_run
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.schedules.base import SCHEDULES
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport
from tests.conftest import Nnfs
from tests.test_bad_input import fails
from tests.test_commands import same_numbers
from tests.toys import BLOBS, CUBIC, toy_config

OTHER: dict[type, Any] = {bool: lambda x: not x, int: lambda x: x + 1, float: lambda x: x / 2 + 0.25}
"""Another value of each plain type."""


def run_of(
    tmp_path: Path, text: str, *overrides: str, name: str = "run", stop_after: int = 0
) -> RunDirectory:
    """A run of a toy, stopped after an epoch if `stop_after` says so."""
    experiment = Experiment(toy_config(text, overrides))
    run = RunDirectory.create(tmp_path, experiment.config, name)
    training = train_run(experiment, run)
    assert isinstance(training, Generator)
    for report in training:
        if isinstance(report, EpochReport) and report.epoch == stop_after:
            training.close()
    return run


def edit(run: RunDirectory, old: str, new: str) -> None:
    file = run.path / "config.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def finish(run: RunDirectory, epochs: int | None = None, *overrides: str, anyway: bool = False) -> list[str]:
    """Resume a run to its end; return its notes."""
    for _ in train_run(resume(run, epochs, overrides, anyway=anyway), run):
        pass
    notes: list[str] = run.summary()["notes"]
    return notes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 3", "seed: 4", "seed: 3 -> 4"),
        ("batch_size: 32", "batch_size: 7", "training.batch_size: 32 -> 7"),
        ("- tanh", "- relu", "layers[1]: 'tanh' -> 'relu'"),
        ("units: 8", "units: 9", "layers[0].units: 8 -> 9"),
        ("momentum: 0.9", "momentum: 0.5", "optimizer.momentum: 0.9 -> 0.5"),
        ("validation: 40", "validation: 30", "dataset.validation: 40 -> 30"),
        ("test: 0", "test: 0.2", "dataset.test: 0 -> 0.2"),
        ("metrics: [rmse, r2]", "metrics: [rmse]", "metrics[1]: 'r2' -> nothing"),
        ("- tanh", "- tanh\n- sigmoid", "layers[2]: nothing -> 'sigmoid'"),
        ("- tanh", "- {type: dense, units: 3}", "layers[1]: 'tanh' -> nothing"),
    ],
)
def test_a_run_whose_config_was_changed_is_not_resumed_and_each_change_is_named(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    run = run_of(tmp_path, CUBIC, stop_after=2)
    edit(run, old, new)
    before = {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()}
    with pytest.raises(NnfsError, match=re.escape(said)) as caught:
        resume(run)
    assert "--from" in str(caught.value)
    assert {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()} == before
    edit(run, new, old)
    finish(run)


@pytest.mark.parametrize("old_epochs", [5, 6])
def test_every_option_but_the_free_ones_counts_as_a_change(tmp_path: Path, old_epochs: int) -> None:
    extras = ("regularizer=l2", "schedule=cosine", f"training.epochs={old_epochs}", "training.patience=2")
    experiment = Experiment(toy_config(CUBIC, extras))
    run = RunDirectory.create(tmp_path, experiment.config, "run")
    record, plain = json.loads(json.dumps(made_with(experiment, run))), to_plain(experiment.config)
    assert changes(record, experiment.config, run) == []
    checked = 0
    for key, value in flat_options(plain):
        if type(value) not in OTHER or key == "training.clip_norm":
            continue
        try:
            changed = config_from(plain, "changed", [f"{key}={json.dumps(OTHER[type(value)](value))}"])
        except NnfsError:
            continue  # the two contradict each other
        found = changes(record, changed, run)
        assert [line.split(":")[0] for line in found] == ([] if FREE.fullmatch(key) else [key])
        checked += 1
    assert checked > 15


@pytest.mark.parametrize(("option", "changed"), [("path", []), ("x", ["dataset.x: 'X' -> 'Z'"])])
def test_the_file_of_arrays_may_move_but_their_names_may_not_change(
    tmp_path: Path, option: str, changed: list[str]
) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, X=np.eye(4), y=np.arange(4.0) / 3)
    experiment = Experiment(toy_config(CUBIC, (f"dataset={{type: npz, path: {file}}}",)))
    run = RunDirectory.create(tmp_path, experiment.config, "run")
    record = json.loads(json.dumps(made_with(experiment, run)))
    other: Any = replace(experiment.config.dataset, **{option: "Z"})
    assert changes(record, replace(experiment.config, dataset=other), run) == changed


def test_what_does_not_change_the_numbers_may_be_edited(tmp_path: Path) -> None:
    whole = run_of(tmp_path, CUBIC, name="whole")
    run = run_of(tmp_path, CUBIC, stop_after=2)
    file = run.path / "config.yaml"
    text = file.read_text().replace("log_every: 1", "log_every: 3").replace("name: cubic", "name: other")
    file.write_text(f"# a comment\n{text}")
    assert finish(run) == whole.summary()["notes"]
    np.testing.assert_equal(run.arrays("weights.npz"), whole.arrays("weights.npz"))


PLUGIN = """
from dataclasses import dataclass
from nnfs_cli import METRICS, Metric

@METRICS.register("mine")
@dataclass(frozen=True)
class Mine(Metric):
    \"\"\"m = 1\"\"\"
    tasks = ("regression",)

    def __call__(self, p, t):
        return 1.0
"""


def test_a_run_whose_plugin_was_changed_is_not_resumed_but_a_comment_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(PLUGIN)
    run = run_of(tmp_path, f"{CUBIC}plugins: [{plugin}]\n", "metrics=[mine]", stop_after=2)
    (copy,) = run.path.glob("plugin_*.py")
    text = copy.read_text()
    for changed, refused in ((text + "# a comment\n", False), (text.replace("1.0", "2.0"), True)):
        from nnfs_cli.metrics.base import METRICS

        monkeypatch.setattr("nnfs_cli.config.plugins._loaded", {})
        monkeypatch.setattr(METRICS, "_classes", {n: METRICS[n] for n in METRICS if n != "mine"})
        copy.write_text(changed)
        if refused:
            with pytest.raises(NnfsError, match="another content"):
                resume(run)
        else:
            resume(run)


def test_a_run_on_other_data_is_not_resumed_and_evaluate_warns_of_changes(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,y\n" + "".join(f"{i},{i % 7}.5\n" for i in range(60)))
    text = CUBIC.replace("{type: cubic,", f"{{type: csv, path: {table}, target: y,")
    run = run_of(tmp_path, text, stop_after=2)
    moved = table.rename(tmp_path / "moved.csv")
    edit(run, str(table), str(moved))
    resume(run)  # a file may move
    edit(run, "validation: 40", "validation: 30")
    assert "dataset.validation: 40 -> 30" in evaluate_run(run, "train")[1][0]
    edit(run, "validation: 30", "validation: 40")
    moved.write_text(moved.read_text().replace("1.5", "2.5"))
    with pytest.raises(NnfsError, match="data: their fingerprint has changed"):
        resume(run)


def test_a_run_of_a_version_without_the_record_resumes_as_before(tmp_path: Path) -> None:
    whole, run = run_of(tmp_path, CUBIC, name="whole"), run_of(tmp_path, CUBIC, stop_after=2)
    state = run.arrays("checkpoint.npz")
    del state["made_with"]
    run.write_arrays("checkpoint.npz", state)
    finish(run)
    np.testing.assert_equal(run.arrays("weights.npz"), whole.arrays("weights.npz"))


def test_a_run_whose_data_are_prepared_otherwise_is_not_resumed(tmp_path: Path) -> None:
    run = run_of(tmp_path, CUBIC, stop_after=2)
    record = json.loads((run.path / "preparation.json").read_text())
    record["targets"]["scale"] = 0.5
    run.write_json("preparation.json", record)
    with pytest.raises(NnfsError, match=r"normalization are not those in preparation\.json"):
        resume(run)


def computed_by(run: RunDirectory, **facts: Any) -> None:
    """Change what its checkpoint tells of who computed it."""
    state = run.arrays("checkpoint.npz")
    record = json.loads(str(state["made_with"]))
    record["computed_by"] |= facts
    run.write_arrays("checkpoint.npz", {**state, "made_with": np.array(json.dumps(record))})


@pytest.mark.parametrize(
    ("facts", "overrides", "said"),
    [
        ({"numpy": "1.0"}, (), f"numpy 1.0 -> {np.__version__}"),
        ({"blas": "openblas 0.3 Zen"}, (), "blas openblas 0.3 Zen -> "),
        ({"simd": ["X86_V9"]}, (), "simd X86_V9 -> "),
        ({}, ("training.engine=plain",), "engine fast -> plain"),
        ({"parts": 2}, ("training.parts=1",), "parts 2 -> 1"),
    ],
)
def test_what_rounds_otherwise_is_refused_unless_anyway(
    tmp_path: Path, facts: dict[str, Any], overrides: tuple[str, ...], said: str
) -> None:
    run = run_of(tmp_path, CUBIC, stop_after=2)
    computed_by(run, **facts)
    with pytest.raises(NnfsError, match="add --anyway") as caught:
        resume(run, None, overrides)
    assert said in str(caught.value)
    (note,) = (note for note in finish(run, None, *overrides, anyway=True) if "although" in note)
    assert said in note


def test_a_refusal_says_which_variable_brings_the_kernel_back(tmp_path: Path) -> None:
    run = run_of(tmp_path, CUBIC, stop_after=2)
    library = blas_name().rpartition(" ")[0]
    computed_by(run, blas=f"{library} Nehalem")
    with pytest.raises(
        NnfsError, match="OPENBLAS_CORETYPE=Nehalem, set before Python starts, takes this back"
    ):
        resume(run)
    computed_by(run, blas=f"{library} Abacus")
    with pytest.raises(NnfsError, match="this processor is not known to run Abacus"):
        resume(run)


def test_another_processor_with_the_same_kernels_is_only_noted(tmp_path: Path) -> None:
    run = run_of(tmp_path, CUBIC, stop_after=2)
    computed_by(run, processor="Abacus", python="3.0")
    (note,) = (note for note in finish(run) if "last digits" in note)
    assert "processor Abacus -> " in note


@pytest.mark.parametrize(
    ("schedule", "by_hand"), [*((name, False) for name in SCHEDULES), ("constant", True), ("cosine", True)]
)
def test_a_finished_run_takes_more_epochs_as_if_it_had_them_from_the_start_or_says_otherwise(
    tmp_path: Path, schedule: str, by_hand: bool
) -> None:
    needed = {"step": {"every": 1}}.get(schedule, {})
    options = json.dumps({"type": schedule, **needed})
    run = run_of(tmp_path, BLOBS, f"schedule={options}", "training.epochs=2")
    whole = run_of(tmp_path, BLOBS, f"schedule={options}", "training.epochs=4", name="whole")
    if by_hand:
        edit(run, "epochs: 2", "epochs: 4")
    notes = finish(run, None if by_hand else 4)
    assert run.config().training.epochs == run.summary()["epochs"] == run.summary()["epochs_planned"] == 4
    same = (
        run.table("epochs.csv")["learning_rate"].tolist()
        == whole.table("epochs.csv")["learning_rate"].tolist()
    )
    assert any("number of epochs" in note for note in notes) == (not same)
    if same:
        assert same_numbers(run.path, whole.path)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("layers.1=relu", "layers[1]: 'tanh' -> 'relu'\n  the network's layers are not the same"),
        ("layers.0.units=9", "the network's parameters are not the same"),
        ("optimizer={type: adam, learning_rate: 0.1}", "must have shape (25,), the file has no such array"),
        ("metrics=[rmse]", "epochs.csv: has the columns epoch,step,"),
        ("regularizer=l2", "epochs.csv: has the columns epoch,step,"),
        ("dataset.validation=30", "progress/order must have shape (170,), the file has shape (160,)"),
    ],
)
def test_what_a_checkpoint_cannot_go_on_with_is_refused_whatever_is_asked(
    nnfs: Nnfs, override: str, said: str
) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "-q")
    before = Path("runs/one/config.yaml").read_bytes()
    err = fails(nnfs, "resume", "one", "--epochs", "9", "--set", override, "--anyway")
    assert said in err
    assert "no --anyway helps" in err
    assert Path("runs/one/config.yaml").read_bytes() == before


def test_options_are_changed_when_a_run_is_resumed_and_its_config_records_them(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "-q")
    config = Path("runs/one/config.yaml")
    first, rest = config.read_text().split("\n", 1)
    config.write_text(f"{first}\n# mine\n{rest}")
    free = ("training.epochs=8", "training.patience=5", "training.log_every=2", "training.checkpoint_every=9")
    sets = [each for option in free for each in ("--set", option)]
    assert nnfs("resume", "one", "-q", *sets).status == 0
    assert config.read_text().startswith(f"{first}\n# mine\n")
    training = RunDirectory(config.parent).config().training
    assert (training.epochs, training.patience, training.log_every, training.checkpoint_every) == (8, 5, 2, 9)
    assert nnfs("train", "cubic.yaml", "--id", "whole", "-q", *sets).status == 0
    assert (config.parent / "weights.npz").read_bytes() == Path("runs/whole/weights.npz").read_bytes()
    assert nnfs("evaluate", "one").err == ""
    rate = ("--set", "optimizer.learning_rate=0.01", "--epochs", "9")
    assert "optimizer.learning_rate: 0.02 -> 0.01" in fails(nnfs, "resume", "one", *rate)
    assert nnfs("resume", "one", "-q", *rate, "--anyway").status == 0
    (note,) = RunDirectory(config.parent).summary()["notes"]
    assert "although this differs: optimizer.learning_rate: 0.02 -> 0.01" in note
    assert nnfs("resume", "one", "-q", "--epochs", "10").status == 0, "it has that rate now"
    for name in ("plugins=[cubic.yaml]", "initial_weights=runs/whole"):
        said = fails(nnfs, "resume", "one", "--epochs", "11", "--set", name)
        assert "a run that is resumed keeps its own" in said or "plugins" in said


def test_a_run_is_resumed_with_overrides_from_python(tmp_path: Path) -> None:
    run = PublicExperiment(toy_config(CUBIC)).train(tmp_path, "run", progress=False)
    assert len(run.resume(overrides={"training.epochs": 7}).history) == 7
    seed = {"seed": 9, "training.epochs": 9}
    with pytest.raises(NnfsError, match="seed: 3 -> 9"):
        load_run(run.path).resume(overrides=seed)
    assert load_run(run.path).resume(False, ["training.epochs=8"]).summary["epochs"] == 8


def test_a_run_without_a_summary_was_stopped_before_it_began(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, toy_config(CUBIC), "run")
    (run.path / "summary.json").unlink(missing_ok=True)
    with pytest.raises(NnfsError, match=r"its training never began.*`nnfs train .*config\.yaml`"):
        resume(run)


def test_commands_say_what_is_left_to_train(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "-q", "--set", "training.epochs=3")
    assert "`nnfs resume runs/one --epochs N`, with N above 3" in fails(nnfs, "resume", "one")
    for epochs in ("2", "3"):
        assert "must be more than the 3 epochs" in fails(nnfs, "resume", "one", "--epochs", epochs)
    assert nnfs("resume", "one", "--epochs", "4", "-q").status == 0
    patience = [
        "--set",
        "training.patience=2",
        "--set",
        "optimizer.learning_rate=1e-9",
        "--set",
        "training.min_delta=1",
    ]
    said = nnfs("train", "cubic.yaml", "--id", "two", *patience, "--set", "training.epochs=50").out
    assert "stopped at epoch 3: val_loss no better since epoch 1 (training.patience: 2)" in said
    assert json.loads(Path("runs/two/summary.json").read_text())["stopped_early"] is True
    assert "training.patience" in fails(nnfs, "resume", "two")
    assert "training.patience" in fails(nnfs, "resume", "two", "--epochs", "60")
    assert Path("runs/two/config.yaml").read_text().count("epochs: 50") == 1


def test_a_run_starts_from_anothers_weights_and_repeats_without_it(nnfs: Nnfs) -> None:
    nnfs("train", "blobs.yaml", "--id", "first", "-q")
    said = nnfs("train", "blobs.yaml", "--id", "second", "--from", "first", "--set", "training.epochs=1").out
    assert "training starts from the weights in" in said
    second, first = RunDirectory(Path("runs/second")), RunDirectory(Path("runs/first"))
    weights = first.path / "weights.npz"
    assert second.summary()["initial_weights"]["path"] == str(weights.resolve())
    start = Experiment(second.config()).network.params.arrays()
    np.testing.assert_equal(start, first.arrays("weights.npz"))
    weights.unlink()
    assert nnfs("train", "runs/second/config.yaml", "--id", "third", "-q").status == 0
    assert same_numbers(second.path, Path("runs/third"))
    assert nnfs("resume", "second", "--epochs", "2", "-q").status == 0
    assert second.summary()["initial_weights"]["path"] == str(weights.resolve())
    assert sum("training starts from" in note for note in second.summary()["notes"]) == 1


def test_weights_that_do_not_fit_or_are_not_there_are_told_by_layer(nnfs: Nnfs) -> None:
    nnfs("train", "blobs.yaml", "--id", "first", "-q")
    said = fails(nnfs, "train", "blobs.yaml", "--from", "first", "--set", "layers.0.units=5")
    assert "warm_start" in said
    assert "`redraw: true` draws these layers anew" in said
    assert "0_dense/W: the network has shape (2, 5), the file has shape (2, 8)" in said
    assert "no run 'frist'" in fails(nnfs, "train", "blobs.yaml", "--from", "frist")
    assert "no such file" in fails(nnfs, "train", "blobs.yaml", "--set", "initial_weights=nowhere")
    weights = RunDirectory(Path("runs/first")).arrays("weights.npz")
    weights["0_dense/W"][0, 0] = np.nan
    RunDirectory(Path()).write_arrays("broken.npz", weights)
    assert "not finite" in fails(nnfs, "train", "blobs.yaml", "--from", "broken.npz")
    Path("runs/first/weights.npz").unlink()
    assert "no weights.npz yet" in fails(nnfs, "train", "blobs.yaml", "--from", "first")


def test_statistics_come_with_the_weights(tmp_path: Path) -> None:
    text = BLOBS.replace("relu", "batch_norm, relu")
    run = run_of(tmp_path, text)
    start = Experiment(toy_config(text, [f"initial_weights={run.path}"]))
    np.testing.assert_equal(start.network.params.arrays(), run.arrays("weights.npz"))


def test_training_twice_from_python_gives_the_same_run_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(toy_config(CUBIC), training=replace(toy_config(CUBIC).training, ema=0.5))
    experiment = PublicExperiment(config)
    first = experiment.train(tmp_path, "first")
    with monkeypatch.context() as during:
        during.setattr(
            "nnfs_cli.runs.recorder.Recorder.record", lambda *_: signal.raise_signal(signal.SIGINT)
        )
        with pytest.raises(NnfsError, match="interrupted in epoch 1"):
            experiment.train(tmp_path, "stopped")
    second = experiment.train(tmp_path, "second")
    assert len(second.history) == len(first.history) == 5
    assert same_numbers(first.path, second.path)


def test_notes_are_kept_once_when_a_run_is_resumed(tmp_path: Path) -> None:
    text = CUBIC.replace("dataset: {", "dataset: {noise: 500.0, ").replace("momentum: 0.9", "momentum: 0.0")
    run = run_of(tmp_path, text, "layers.0.init=zeros", "layers.2.init=zeros", stop_after=1)
    before = run.summary()["notes"]
    assert any("all gradients of 0_dense are zero" in note for note in before)
    experiment = resume(run)
    choose_engine(experiment)
    for _ in train_run(experiment, run):
        pass
    assert run.summary()["notes"] == before


@pytest.mark.parametrize("quiet", [[], ["-q"]])
@pytest.mark.parametrize("times", [1, 2])
def test_the_first_ctrl_c_says_what_a_second_one_does(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, times: int, quiet: list[str]
) -> None:
    def stopped(*_: object) -> None:
        for _time in range(times):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as during:
        during.setattr("nnfs_cli.runs.recorder.Recorder.record", stopped)
        outcome = nnfs("train", "cubic.yaml", "--id", "one", *quiet)
    assert outcome.status == 130
    first, *_, last = outcome.err.splitlines()
    assert first == "nnfs: finishing the step and saving; Ctrl-C again stops at once, at the last checkpoint"
    assert ("stopped at once" if times == 2 else "everything is saved") in last
    assert "`nnfs resume runs/one` continues" in last
    assert nnfs("resume", "one", "-q").status == 0


@pytest.mark.parametrize("epochs", [2, 5])
@pytest.mark.parametrize("damage", ["gone", "{", "[]", '{"status": "completed"}'])
def test_a_run_is_resumed_from_its_checkpoint_without_a_whole_summary(
    tmp_path: Path, damage: str, epochs: int
) -> None:
    whole, run = run_of(tmp_path, BLOBS, name="whole"), run_of(tmp_path, BLOBS, stop_after=epochs)
    (run.path / "summary.json").unlink()
    if damage != "gone":
        (run.path / "summary.json").write_text(damage)
    notes = finish(run)
    assert sum("summary.json" in note and "resumed without it" in note for note in notes) == (
        damage != "gone"
    )
    assert same_numbers(run.path, whole.path)
    assert run.summary()["scores"] == whole.summary()["scores"]


@pytest.mark.parametrize("damage", ["{", "[]", '{"classes": []}', '{"input_shape": [2]}'])
def test_a_damaged_preparation_is_written_anew_where_the_data_are_the_same(
    tmp_path: Path, damage: str
) -> None:
    whole, run = run_of(tmp_path, BLOBS, name="whole"), run_of(tmp_path, BLOBS, stop_after=2)
    right = (run.path / "preparation.json").read_bytes()
    (run.path / "preparation.json").write_text(damage)
    (note,) = [note for note in finish(run) if "preparation.json" in note]
    assert "it is written anew, from the data" in note
    assert same_numbers(run.path, whole.path)
    assert (run.path / "preparation.json").read_bytes() == right


@pytest.mark.parametrize("damage", ["{", "[]", '{"status": "completed"}'])
def test_weights_that_a_damaged_summary_does_not_vouch_for_give_no_answer(
    tmp_path: Path, nnfs: Nnfs, damage: str
) -> None:
    other, run = (run_of(tmp_path, CUBIC, f"seed={seed}", name=f"run-{seed}") for seed in (3, 4))
    (run.path / "weights.npz").write_bytes((other.path / "weights.npz").read_bytes())
    (run.path / "summary.json").write_text(damage)
    Path("x.csv").write_text("x\n0.5\n")
    for command in (["predict", str(run.path), "x.csv"], ["evaluate", str(run.path)]):
        done = nnfs(*command)
        assert (done.status, done.out) == (2, "")
        assert "summary.json" in done.err
