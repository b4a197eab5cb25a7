"""The Python interface: what its page shows, and arrays and DataFrames in and out."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnfs_cli import Experiment, NnfsError, explain, gradcheck, load_run
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.reports import EpochReport
from tests.test_predict import CLASSES, VALUES, make_table
from tests.toys import CUBIC, ROOT


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    make_table("t.csv")
    Path("c.yaml").write_text(CLASSES)
    Path("v.yaml").write_text(VALUES)
    Path("cubic.yaml").write_text(CUBIC)


def test_the_pages_examples_run_one_after_the_other() -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    assert len(examples) == 7
    Path("configs").symlink_to(ROOT / "configs")
    exec(compile("\n".join(examples), "python.md", "exec"), {})  # noqa: S102  it is ours


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


def rows_of_two_classes() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(60, 2))
    return x, np.where(x[:, 0] > x[:, 1], "up", "down")


SMALL = {
    "layers": [{"type": "dense", "units": 4}, "tanh", {"type": "dense", "units": 2}],
    "loss": "cross_entropy",
    "metrics": ["accuracy"],
    "optimizer": {"type": "adam", "learning_rate": 0.05},
    "training": {"epochs": 3, "batch_size": 8},
}


def test_arrays_in_memory_train_and_the_run_alone_predicts() -> None:
    x, y = rows_of_two_classes()
    experiment = Experiment({**SMALL, "dataset": {"standardize": True, "test": 0.2}}, x=x, y=y)
    run = experiment.train(run_id="m")
    assert run.summary["rows"] == {"train": 48, "test": 12}
    assert set(load_run("m").predict(x.tolist())) == {"up", "down"}
    with pytest.raises(NnfsError, match=r"given from Python.*load_run\(run, x=\.\.\., y=\.\.\.\)"):
        load_run("m").evaluate()
    again = load_run("m", x=x, y=y)
    assert again.evaluate()["scores"] == run.evaluate()["scores"] == run.scores["test"]
    with pytest.warns(UserWarning, match="fingerprint has changed"):
        load_run("m", x=x + 1, y=y).evaluate()


def test_an_interrupted_run_resumes_with_the_rows_given_again() -> None:
    x, y = rows_of_two_classes()
    whole = Experiment(SMALL, x=x, y=y).train(run_id="whole")
    experiment = Experiment(SMALL, x=x, y=y)
    reports = train_run(experiment, RunDirectory.create(Path("runs"), experiment.config, "part"))
    while not isinstance(next(reports), EpochReport):
        pass
    reports.close()
    with pytest.raises(NnfsError, match="rows were given from Python"):
        load_run("part").resume()
    resumed = load_run("part", x=x, y=y).resume(progress=False)
    assert resumed.summary["status"] == "completed"
    assert resumed.scores == whole.scores


def test_arrays_in_memory_are_the_same_data_as_in_a_file() -> None:
    x, y = rows_of_two_classes()
    np.savez("a.npz", X=x, y=y)
    options = {"validation": 0.2, "minmax": True}
    in_memory = Experiment({**SMALL, "dataset": options}, x=x, y=y).train()
    of_file = Experiment({**SMALL, "dataset": {"type": "npz", "path": "a.npz", **options}}).train()
    assert in_memory.scores == of_file.scores


def test_a_frame_in_memory_is_the_same_data_as_in_a_file() -> None:
    frame = pd.read_csv("t.csv")
    of_file = Experiment("c.yaml", ["training.epochs=2"]).train()
    in_memory = Experiment("c.yaml", {"training": {"epochs": 2}}, x=frame).train()
    assert in_memory.scores == of_file.scores
    assert in_memory.config.training.batch_size == of_file.config.training.batch_size
    features = frame.drop(columns="label")
    apart = Experiment("c.yaml", {"training.epochs": 2}, x=features, y=frame["label"]).train()
    assert apart.scores == of_file.scores
    assert list(apart.predict(features).columns) == ["label"]


def test_separate_test_rows_may_be_given() -> None:
    x, y = rows_of_two_classes()
    experiment = Experiment(SMALL, x=x[:40], y=y[:40], x_test=x[40:], y_test=y[40:])
    assert [len(split) for split in experiment.data.splits.values()] == [40, 20]
    frame = pd.DataFrame(x, columns=["a", "b"])
    run = Experiment(SMALL, x=frame[:40], y=y[:40], x_test=frame[40:], y_test=list(y[40:])).train()
    assert run.summary["rows"] == {"train": 40, "test": 20}
    assert run.evaluate("test")["scores"] == run.scores["test"]


def test_a_table_without_rows_is_told() -> None:
    frame = pd.read_csv("t.csv")
    with pytest.raises(NnfsError, match="x: has no rows"):
        Experiment("c.yaml", x=frame[:0])
    with pytest.raises(NnfsError, match="x_test: has no rows"):
        Experiment("c.yaml", x=frame, x_test=frame[:0])


def test_given_rows_replace_any_dataset_and_keep_what_options_they_have() -> None:
    x, y = rows_of_two_classes()
    for dataset in ("cubic", {"type": "moons", "samples": 3, "validation": 0.5}, {"validation": 0.5}):
        experiment = Experiment({**SMALL, "dataset": dataset}, x=x, y=y)
        assert sum(map(len, experiment.data.splits.values())) == 60
        assert ("validation" in experiment.data.splits) == (dataset != "cubic")
    with pytest.raises(NnfsError, match="npz has no option 'standardise'; did you mean 'standardize'"):
        Experiment({**SMALL, "dataset": {"standardise": True}}, x=x, y=y)


def test_classes_come_back_in_the_type_that_they_had() -> None:
    x, names = rows_of_two_classes()
    up = names == "up"
    for y in (up, up + 5, names, names.astype(object), pd.Categorical(names), list(names)):
        labels = Experiment(SMALL, x=x, y=y).preparation.labels
        np.testing.assert_array_equal(labels, np.unique(np.asarray(y)))
    run = Experiment(SMALL, x=pd.DataFrame(x), y=pd.Series(up, name="up")).train()
    assert run.predict(pd.DataFrame(x))["up"].dtype == bool


def test_several_real_targets_come_as_columns() -> None:
    x, _ = rows_of_two_classes()
    config = {**SMALL, "loss": "mse", "metrics": []}
    experiment = Experiment(config, x=x, y=np.stack([x[:, 0] + x[:, 1], x[:, 0] * x[:, 1]], axis=1))
    assert experiment.data.target_names == ("y1", "y2")
    frame = pd.DataFrame(x, columns=["a", "b"])
    run = Experiment(config, x=frame, y=pd.DataFrame({"sum": x.sum(axis=1), "first": x[:, 0]})).train()
    assert list(run.predict(frame).columns) == ["sum", "first"]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros(5), np.zeros(5), r"x: must be rows \(N, ...\), found shape \(5,\); `x.reshape\(1, -1\)`"),
        (np.zeros((5, 2)), None, "y: missing"),
        (None, np.zeros(5), "x: missing"),
        (np.zeros((5, 2)), np.zeros(4), r"same number of rows, found shapes \(5, 2\) and \(4,\)"),
        (np.zeros((5, 2)), "price", "x is an array and has none"),
        (np.zeros((5, 2)), [1.0, None, 2.0, 1.0, 0.0], "y: must hold numbers or texts, found a missing"),
        (pd.DataFrame({"a": [1.0]}), "price", "y: x has no column 'price'; its columns are a"),
        (
            pd.DataFrame({"a": [1.0, 2.0]}),
            pd.Series([1, 2], index=[1, 0]),
            r"y: its index .*y.loc\[x.index\]",
        ),
        (pd.DataFrame({"a": [1.0, 2.0]}), pd.Series([1, 2], name="a"), "x has a column 'a', too"),
        (
            pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]),
            [1.0],
            "column names must differ, found more than once: a",
        ),
        (pd.Series([1.0, 2.0]), [1, 2], r"x: must be a table of rows, found a Series.*frame.loc\[\[i\]\]"),
        ([["a", "b"]], [1], "x: must hold numbers"),
        ([[1.0], [1.0, 2.0]], [1, 2], "x: cannot be read as an array"),
        ({"a": [1, 2]}, [1, 2], r"x: must be rows \(N, ...\), found dict"),
        ([{"a": 1}, {"a": 2}], [1, 2], r"x: must hold numbers, found object; .*`pd.DataFrame\(x\)`"),
        (np.zeros(2, [("a", float)]), [1, 2], r"x: must hold numbers, found records; .*`pd.DataFrame\(x\)`"),
        (np.ma.masked_less([[1.0], [2.0]], 2), [1, 2], "x: has masked numbers"),
        (np.zeros((2, 1)), np.ma.masked_less([1, 2], 2), "y: has masked numbers"),
        (
            np.zeros((2, 1)),
            np.array(["2020", "2021"], "M8[Y]"),
            "y: must hold numbers or texts, found datetime",
        ),
        (pd.DataFrame({"a": []}), [], "x: has no rows"),
    ],
)
def test_rows_that_do_not_go_together_are_one_message(x: object, y: object, message: str) -> None:
    with pytest.raises(NnfsError, match=message):
        Experiment(SMALL, x=x, y=y)


def test_test_rows_are_matched_by_name_and_not_by_place() -> None:
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    y = pd.DataFrame({"p": x.a - x.b, "q": 2 * x.a})
    config = {**SMALL, "loss": "mse", "metrics": []}
    scores = [
        Experiment(config, x=x, y=y, x_test=x_test, y_test=y_test).train().scores["test"]
        for x_test, y_test in ((x, y), (x[["b", "a"]], y[["q", "p"]]), (x, y.to_numpy()))
    ]
    assert scores[0] == scores[1] == scores[2]
    for x_test, y_test, message in (
        (x[["a"]], y, "no column 'b'"),
        (x, y[["p"]], "y_test: must have the targets p, q, found p"),
        (x, y.rename(columns={"q": "r"}), "y_test: must have the targets p, q, found p, r"),
        (x[:0], y[:0], "x_test: has no rows"),
    ):
        with pytest.raises(NnfsError, match=message):
            Experiment(config, x=x, y=y, x_test=x_test, y_test=y_test)


@pytest.mark.parametrize("as_frame", [True, False])
def test_one_hot_rows_of_a_frame_are_its_columns_classes(as_frame: bool) -> None:
    names = np.array(["cat", "dog", "emu"] * 10)
    x = np.random.default_rng(0).normal(size=(30, 2))
    rows = pd.DataFrame(x, columns=["a", "b"]) if as_frame else x
    small = {**SMALL, "layers": [{"type": "dense", "units": 3}]}
    expected = Experiment(small, x=rows, y=names).data
    for one_hot in (
        pd.get_dummies(names),
        pd.get_dummies(names, dtype=int),
        pd.get_dummies(names, dtype=float),
    ):
        data = Experiment(small, x=rows, y=one_hot, x_test=rows, y_test=one_hot[["emu", "dog", "cat"]]).data
        assert data.classes == expected.classes
        assert np.array_equal(data.splits["train"].t, expected.splits["train"].t)
        assert np.array_equal(data.splits["test"].t, expected.splits["train"].t)
    assert Experiment(small, x=x, y=pd.get_dummies(names).to_numpy()).data.classes == ("0", "1", "2")


def test_a_categorical_of_numbers_holds_categories() -> None:
    codes = np.arange(40) % 4
    rows = pd.DataFrame({"a": np.linspace(0, 1, 40), "code": pd.Categorical(codes)})
    run = Experiment(SMALL, x=rows, y=codes % 2, x_test=rows.astype({"code": int}), y_test=codes % 2).train()
    categories = [column.categories for column in run.model.preparation.columns]
    assert categories == [(), ("0", "1", "2", "3")]
    with pytest.raises(NnfsError, match=r"dataset.target: must be"):
        Experiment({**SMALL, "dataset": {"type": "csv", "target": 3}}, x=rows)
    expected = run.predict(rows)
    for dtype in (int, str):
        pd.testing.assert_frame_equal(run.predict(rows.astype({"code": dtype})), expected)


def test_the_place_of_a_mistake_in_test_rows_is_named() -> None:
    x, y = np.zeros((20, 2)), np.arange(20) % 2
    with pytest.raises(NnfsError, match=r"^x_test and y_test: row 1, column 'y': class '5'"):
        Experiment(SMALL, x=x, y=y, x_test=x, y_test=y + 5)


def test_an_override_replaces_a_component_or_changes_its_options() -> None:
    start = {**SMALL, "dataset": "moons"}

    def optimizer(**options: object) -> object:
        return Experiment(start, {"optimizer": options}).config.optimizer

    assert repr(optimizer(learning_rate=np.float32(0.5))).startswith("Adam(learning_rate=0.5")
    assert repr(optimizer(type="sgd", learning_rate=0.1)).startswith("SGD(learning_rate=0.1")
    text = Experiment(start, {"name": "1e5", "layers": ({"type": "dense", "units": np.int64(2)},)}).config
    assert (text.name, len(text.layers)) == ("1e5", 1)
    with pytest.raises(NnfsError, match=r"layers\.7\.units: layers is a list of 3: no item '7'"):
        Experiment(start, {"layers": {7: {"units": 3}}})
    with pytest.raises(NnfsError, match=r"overrides: must be a mapping such as .* found DataFrame"):
        Experiment(start, pd.DataFrame({"a": [1]}))  # type: ignore[arg-type]


def test_no_rows_give_no_predictions_and_a_series_one_message() -> None:
    run = Experiment("c.yaml", ["training.epochs=1"]).train()
    frame = pd.read_csv("t.csv")
    assert run.predict(frame.head(0)).shape == (0, 1)
    assert list(run.predict_proba(frame.head(0)).columns) == ["cold", "hot"]
    assert len(run.predict([])) == 0
    with pytest.raises(NnfsError, match=r"found a Series; one row of a DataFrame is `frame.loc\[\[i\]\]`"):
        run.predict(frame.iloc[0])
    backward = frame[frame.columns[::-1]].assign(more=1).sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(run.predict(backward).sort_index(), run.predict(frame))


@pytest.mark.usefixtures("draws")
def test_plots_are_figures_that_a_notebook_shows(capfd: pytest.CaptureFixture[str]) -> None:
    run = Experiment("c.yaml", ["training.epochs=1"]).train()
    files = sorted((run.path / "plots").glob("*.png"))
    for file in files:
        file.unlink()
    figures = run.plot()
    assert set(figures) >= {file.stem for file in files}
    assert figures._repr_html_().count("data:image/png") == len(figures)  # type: ignore[attr-defined]
    assert not list((run.path / "plots").iterdir())
    assert run.plot("loss").axes[0].get_xlabel() == "step"
    assert run.plot("confusion")._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    with pytest.raises(NnfsError, match="no plot 'los'; did you mean 'loss'"):
        run.plot("los")
    assert capfd.readouterr() == ("", "")


def test_progress_is_lines_on_standard_error_where_none_can_be_rewritten(
    capfd: pytest.CaptureFixture[str],
) -> None:
    Experiment("c.yaml", ["training.epochs=2"]).train(progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert [line[:10] for line in err.splitlines() if line.startswith("epoch")] == [
        "epoch 1/2 ",
        "epoch 2/2 ",
    ]
    assert "\r" not in err
    assert "\033" not in err


def test_progress_in_a_terminal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    Experiment("c.yaml", ["training.epochs=3"]).train()
    last = terminal.getvalue().splitlines()[-1].rpartition("\r")[2]
    assert last.startswith("epoch 3/3  loss ")
    assert terminal.getvalue().endswith("\n")
    assert "\033" not in terminal.getvalue()


def test_a_notebook_does_not_get_a_state_of_the_line_for_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = io.StringIO()
    monkeypatch.setattr(notebook, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", notebook)
    monkeypatch.setattr("nnfs_cli.api.progress.PAUSE", 1e9)
    Experiment("c.yaml", ["training.epochs=30"]).train()
    states = [state[:11] for state in notebook.getvalue().split("\r") if state.startswith("epoch")]
    assert states == ["epoch  1/30", "epoch 30/30"]


def test_the_gradient_check_is_a_function_and_a_package() -> None:
    import nnfs_cli.gradcheck.compare

    experiment = Experiment("c.yaml")
    before = experiment.network.params.value.copy()
    good = nnfs_cli.gradcheck(experiment, burn_in=0)
    assert good
    assert good.passed
    assert repr(good).startswith(
        f"<GradientCheck: all {len(good.checks)} checks pass; largest relative error"
    )
    np.testing.assert_array_equal(experiment.network.params.value, before)
    from nnfs_cli import gradcheck

    assert gradcheck.compare.TOLERANCE == 1e-6  # type: ignore[attr-defined]  # to type checkers it is a function
    strict = gradcheck("c.yaml", tolerance=0.0, burn_in=0)
    assert not strict
    findings = [finding for report in strict.reports for finding in report.findings]
    assert len(repr(strict).splitlines()) == 1 + len(findings) > 1


def test_representations_say_what_there_is() -> None:
    experiment = Experiment("c.yaml", ["training.epochs=1"])
    said = repr(experiment)
    assert "dense" in said
    assert "parameters" in said
    assert "2 classes" in said
    assert "0 of 1 epochs" in said
    run = experiment.train()
    assert "1 of 1 epochs" in repr(experiment)
    assert re.search(r"completed; train: loss .*; test: loss", repr(run))
    for thing in (run.model, experiment.data, experiment.network, *experiment.data.splits.values()):
        assert len(repr(thing)) < 200
        assert " at 0x" not in repr(thing)


def test_a_notebook_shows_a_mistake_as_its_message() -> None:
    with pytest.raises(NnfsError) as found:
        load_run("nowhere")
    assert found.value._render_traceback_() == [f"NnfsError: {found.value}"]


def test_what_python_gives_shows_itself_in_a_notebook(tmp_path: Path) -> None:
    config = {
        "dataset": {"type": "blobs", "samples": 40, "validation": 10},
        "layers": [{"type": "dense", "units": 3}],
        "loss": "cross_entropy",
        "metrics": ["accuracy"],
        "optimizer": "sgd",
        "training": {"epochs": 2},
    }
    experiment = Experiment(config)
    assert "0_dense</th>" in experiment._repr_html_()
    run = experiment.train(tmp_path, run_id="shown")
    html = run._repr_html_()
    assert "accuracy</th>" in html
    assert "validation</th>" in html
    assert "data:image/png;base64," in html
    assert "pass</td>" in gradcheck(experiment)._repr_html_()


def test_an_explanation_gives_its_arrays_by_the_names_that_it_shows() -> None:
    step = explain("xor", batch=True)
    np.testing.assert_allclose(step["z1"], step["x"] @ step["W1"] + step["b1"])
    np.testing.assert_allclose(step["new W1"], step["W1"] - 0.5 * step["dL/dW1"])
    with pytest.raises(KeyError, match="W3"):
        step["W3"]
