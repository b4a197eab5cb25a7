"""The Python interface: what the README shows, and arrays and DataFrames in and out."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnfs_cli import Experiment, NnfsError, load_run
from tests.test_predict import CLASSES, VALUES, make_table
from tests.toys import CUBIC, ROOT


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    make_table("t.csv")
    Path("c.yaml").write_text(CLASSES)
    Path("v.yaml").write_text(VALUES)
    Path("cubic.yaml").write_text(CUBIC)


def test_the_readmes_example_runs_as_it_stands() -> None:
    (example,) = re.findall(
        r"```python\n(from nnfs_cli import .*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    Path("configs").symlink_to(ROOT / "configs")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102  it is ours


def test_a_frame_goes_in_and_a_frame_comes_out_with_its_index() -> None:
    run = Experiment("c.yaml").train(run_id="c")
    frame = pd.read_csv("t.csv").set_index("key")
    answers = run.predict(frame)
    assert list(answers.columns) == ["label"]
    assert answers.index.equals(frame.index)
    assert (answers["label"] == frame["label"]).mean() > 0.9
    sure = run.predict_proba(frame)
    assert list(sure.columns) == ["cold", "hot"]
    np.testing.assert_allclose(sure.sum(axis=1), 1.0, rtol=1e-6)
    assert (sure.idxmax(axis=1) == answers["label"]).all()


def test_arrays_go_in_and_arrays_come_out() -> None:
    run = Experiment("cubic.yaml").train(run_id="c")
    values = load_run("c").predict(np.array([[0.5], [1.0]]))
    assert values.shape == (2,)
    assert load_run("runs/c").predict(np.empty((0, 1))).shape == (0,)
    np.testing.assert_array_equal(run.predict(np.array([[0.5], [1.0]])), values)


def test_several_targets_give_a_column_each() -> None:
    run = Experiment("v.yaml", ["training.epochs=1"]).train()
    assert list(run.predict(pd.read_csv("t.csv")).columns) == ["value", "b"]


def test_training_from_python_is_training_from_the_command_line() -> None:
    run = Experiment("c.yaml", ["training.epochs=3"]).train()
    assert run.summary["status"] == "completed"
    assert list(run.history["epoch"]) == [1, 2, 3]
    assert set(run.scores) == {"train", "test"}
    assert run.evaluate("test")["scores"] == run.scores["test"]
    assert "completed" in repr(run)


def test_a_config_may_be_a_mapping() -> None:
    config = {
        "dataset": {"type": "cubic", "samples": 20},
        "layers": [{"type": "dense", "units": 4}, "tanh", {"type": "dense", "units": 1}],
        "loss": "mse",
        "optimizer": {"type": "sgd", "learning_rate": 0.01},
        "training": {"epochs": 1},
    }
    first, second = (Experiment(config, ["seed=3"]).train() for _ in range(2))
    assert first.path != second.path
    assert first.scores == second.scores
    assert config["dataset"] == {"type": "cubic", "samples": 20}


def test_mistakes_are_the_same_as_on_the_command_line() -> None:
    with pytest.raises(
        NnfsError, match=r"layers\[0\].unit: dense has no option 'unit'; did you mean 'units'"
    ):
        Experiment("c.yaml", ["layers.0={type: dense, unit: 3}"])
    with pytest.raises(NnfsError, match="no run 'nowhere'"):
        load_run("nowhere")
    run = Experiment("c.yaml", ["training.epochs=1"]).train()
    with pytest.raises(NnfsError, match="no column 'size'"):
        run.predict(pd.DataFrame({"a": [1.0], "b": [2]}))
    with pytest.raises(NnfsError, match="give it a table"):
        run.predict(np.zeros((1, 5)))
    with pytest.raises(NnfsError, match="row 1, column 'b': must be a number, found 'two'"):
        run.predict(pd.DataFrame({"a": [1.0], "b": ["two"], "size": ["small"]}))
