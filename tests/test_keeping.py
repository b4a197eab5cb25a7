"""The list of runs: sorted, chosen, shown as asked for, marked; with an index that is only a cache."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_cli.cli import runs_table, screen
from nnfs_cli.cli.runs import mark
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.seal import first_line, new_tag, sealed
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs import index
from nnfs_cli.runs.conditions import Condition, ordered
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.facts import value_of, with_facts
from nnfs_cli.runs.index import Index
from nnfs_cli.runs.listed import Query, all_lines, is_maximized
from nnfs_cli.runs.listing import overview
from nnfs_cli.runs.marks import MOST_OF_A_NOTE, Marks, read_marks
from nnfs_cli.sources.cache import cache_folder, clear_cache
from nnfs_cli.training.experiment import Experiment
from tests.aged import aged
from tests.conftest import Nnfs
from tests.forgery import forge, unseal
from tests.test_divergence import slow
from tests.test_hostile_run import content
from tests.toys import BLOBS, CUBIC, ROOT, toy_config


def make(root: Path, name: str, text: str, *overrides: str) -> None:
    experiment = Experiment(toy_config(text, ["training.epochs=1", *overrides]))
    run = RunDirectory.create(root, experiment.config, name)
    for _ in train_run(experiment, run):
        pass


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs: three of blobs with other optimizers and rates, and a cubic one."""
    root = tmp_path_factory.mktemp("made")
    make(root, "slow", BLOBS, "optimizer.learning_rate=0.001")
    make(root, "fast", BLOBS, "optimizer.learning_rate=0.5")
    make(root, "adam", BLOBS, "optimizer={type: adam, learning_rate: 0.02}", "layers.1=tanh")
    make(root, "cubic", CUBIC)
    for age, name in enumerate(("cubic", "adam", "fast", "slow")):
        os.utime(root / name / "config.yaml", (1e9 - age, 1e9 - age))
    return root


@pytest.fixture
def runs(nnfs: Nnfs, made: Path) -> Path:  # noqa: ARG001  it goes to the test's own folder
    """A copy of them."""
    shutil.copytree(made, "runs")
    return Path("runs")


def listed(nnfs: Nnfs, *arguments: str) -> list[str]:
    outcome = nnfs("runs", *arguments, "--json")
    assert outcome.status == 0, outcome.err
    return [row["id"] for row in json.loads(outcome.out)]


def accuracy(run: Path) -> float:
    score = RunDirectory(run).summary()["scores"]["validation"]["accuracy"]
    assert isinstance(score, float)
    return score


@pytest.mark.usefixtures("runs")
def test_without_options_the_newest_is_last(nnfs: Nnfs) -> None:
    assert listed(nnfs) == listed(nnfs, "list") == ["slow", "fast", "adam", "cubic"]
    assert listed(nnfs, "--reverse", "--limit", "2") == ["cubic", "adam"]
    assert "the first 2 of 4" in nnfs("runs", "-n", "2").out


def test_scores_sort_best_first_by_their_own_direction(nnfs: Nnfs, runs: Path) -> None:
    best_first = sorted(("slow", "fast", "adam"), key=lambda name: -accuracy(runs / name))
    assert listed(nnfs, "--sort", "val_accuracy") == [*best_first, "cubic"]
    assert listed(nnfs, "--sort", "-val_accuracy") == [*best_first[::-1], "cubic"]
    assert listed(nnfs, "--sort=-val_accuracy", "--reverse") == [*best_first, "cubic"]
    losses = {
        name: with_facts(runs / name)["facts"]["val_loss"] for name in ("slow", "fast", "adam", "cubic")
    }
    assert listed(nnfs, "--sort", "val_loss") == sorted(losses, key=losses.__getitem__)
    assert "val_accuracy ┃" in nnfs("runs", "--sort", "val_accuracy").out


def test_runs_of_earlier_versions_know_the_directions_as_well(runs: Path) -> None:
    for run in runs.iterdir():
        file = run / "summary.json"
        summary = json.loads(aged(run).joinpath("summary.json").read_text())
        del summary["maximize"]
        file.write_text(json.dumps(summary))
    lines, _ = all_lines(runs, [])
    assert is_maximized("val_accuracy", lines)
    assert is_maximized("final.val_r2", lines)
    assert not is_maximized("test_loss", lines)
    assert not is_maximized("seconds", lines)


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        (["optimizer.type=adam"], ["adam"]),
        (["optimizer=adam"], ["adam"]),
        (["optimizer.type!=adam", "val_accuracy>0"], ["slow", "fast"]),
        (["optimizer.learning_rate<=2e-2"], ["slow", "adam", "cubic"]),
        (["layers[1].type=tanh"], ["adam", "cubic"]),
        (["layers.1=relu"], ["slow", "fast"]),
        (["loss.type==mse"], ["cubic"]),
        (["name=b*"], ["slow", "fast", "adam"]),
        (["val_accuracy=null"], ["cubic"]),
        (["epochs>=1", "epochs<1.5", "status=completed"], ["slow", "fast", "adam", "cubic"]),
        (["started>2020-01-01", "started<2021"], []),
        (["started>2020", "versions.python>3.9", "versions.python<3.100"], ["slow", "fast", "adam", "cubic"]),
        (
            ["training.budget=null", "regularizer=null", "note=null", "tags=null"],
            ["slow", "fast", "adam", "cubic"],
        ),
        (["note!=null"], []),
        (["tags!=null"], []),
        (["training.budget!=null"], []),
        (["seed = 3", "training.diagnostics=false"], ["slow", "fast", "adam", "cubic"]),
    ],
)
def test_conditions_choose_by_config_scores_and_summary(
    nnfs: Nnfs, conditions: list[str], names: list[str]
) -> None:
    assert listed(nnfs, *(word for each in conditions for word in ("--where", each))) == names


@pytest.mark.usefixtures("runs")
def test_a_wrong_name_is_answered_with_the_nearest_and_a_wrong_condition_with_examples(nnfs: Nnfs) -> None:
    for arguments, said in (
        (("--sort", "val_acuracy"), "--sort: no run here has 'val_acuracy'; did you mean 'val_accuracy'?"),
        (("--where", "optimiser.type=adam"), "did you mean 'optimizer.type'?"),
        (("--columns", "learning_rate"), "--columns: no run here has 'learning_rate'"),
        (("--where", "adam"), "--where 'adam': must look like optimizer.type=adam or val_accuracy>0.9"),
        (("--where", "seconds<0,5"), "--where 'seconds<0,5': seconds is a number, found '0,5'"),
        (("--where", "accuracy>50%"), "accuracy is a number, found '50%'"),
        (("--where", "training.diagnostics>1"), "is true or false, which have no order"),
        *((("--where", odd), f"--where '{odd}': must look like") for odd in ("loss<", "loss=>3", "loss<>3")),
        (("--csv", "--json"), "--csv: cannot go with --json"),
        (("no-such-study",), "no study 'no-such-study'"),
        (("adam",), "is a run, not a study"),
    ):
        outcome = nnfs("runs", *arguments)
        assert outcome.status == 2
        assert said in outcome.err
        assert outcome.out == ""


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    "asked",
    [
        *(("--sort", name) for name in ("tags", "note", "seconds", "best_epoch", "epochs")),
        ("--where", "note=*"),
        ("--where", "seconds>0"),
        ("--tag", "paper"),
    ],
)
def test_what_runs_are_sorted_or_chosen_by_is_shown_in_a_narrow_terminal(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str]
) -> None:
    nnfs("runs", "mark", "fast", "adam", "--tag", "paper", "--note", "x" * 200)
    monkeypatch.setattr(screen.out, "width", 60)
    first, _, left_out = nnfs("runs", *asked).out.partition("60 columns have no room for")
    name = "tags" if asked[0] == "--tag" else asked[1].partition("=")[0].partition(">")[0]
    assert left_out
    assert name.replace("_", " ") not in left_out
    assert "xxxx" in first or name != "note"
    assert "x" * 58 not in nnfs("runs", "--columns", "note,seconds").out


@pytest.mark.usefixtures("runs")
def test_columns_are_chosen_for_people_and_programs(nnfs: Nnfs) -> None:
    columns = "layers[0].units, optimizer.type,val_accuracy,tags"
    outcome = nnfs("runs", "--columns", columns)
    for said in ("run", "layers.0.units", "optimizer.type", "adam", "8"):
        assert said in outcome.out
    rows = json.loads(nnfs("runs", "--columns", columns, "--json").out)
    assert list(rows[2]) == ["id", "layers.0.units", "optimizer.type", "val_accuracy", "tags"]
    assert (rows[2]["id"], rows[2]["layers.0.units"], rows[2]["tags"]) == ("adam", 8, [])
    assert rows[3]["val_accuracy"] is None
    chosen = list(csv.DictReader(io.StringIO(nnfs("runs", "--columns", columns, "--csv").out)))
    assert float(chosen[2]["val_accuracy"]) == rows[2]["val_accuracy"]
    assert chosen[3]["val_accuracy"] == ""
    whole = list(csv.DictReader(io.StringIO(nnfs("runs", "--csv").out)))
    assert {"id", "status", "tags", "note", "val_accuracy", "train_loss", "val_r2"} <= set(whole[0])
    assert [row["id"] for row in whole] == ["slow", "fast", "adam", "cubic"]


def test_where_no_run_is_like_that_it_is_said(nnfs: Nnfs, runs: Path) -> None:
    assert "none of 4 runs" in nnfs("runs", "--tag", "gone").out
    nnfs("runs", "mark", "fast", "--tag", "paper")
    assert "is like that; did you mean the tag 'paper'?" in nnfs("runs", "--tag", "papre").out
    shutil.rmtree(runs)
    assert "no runs in" in nnfs("runs", "--sort", "val_accuracy").out


def test_marks_are_shown_and_chosen_by_and_change_no_other_file(nnfs: Nnfs, runs: Path) -> None:
    before = content(runs)
    assert nnfs("runs", "mark", "fast", "adam", "--tag", "baseline", "--note", "first [red] try").status == 0
    outcome = nnfs("runs", "mark", "runs/adam", "--tag", "größe", "--untag", "baseline", "--note", "")
    assert outcome.out == "adam: tags größe\n"
    assert listed(nnfs, "--tag", "baseline") == ["fast"]
    assert listed(nnfs, "--where", "tags=größe") == ["adam"]
    assert listed(nnfs, "--where", "tags!=größe", "--where", "note=null") == ["slow", "cubic"]
    assert listed(nnfs, "--where", "tags!=null") == ["fast", "adam"]
    assert listed(nnfs, "--where", "note!=null") == ["fast"]
    assert listed(nnfs, "--where", "tags!=größe") == ["slow", "fast", "cubic"]
    assert "first [red] try" in nnfs("runs").out
    after = {name: text for name, text in content(runs).items() if "marks." not in name}
    assert after == before
    assert nnfs("evaluate", "fast").status == 0
    assert nnfs("resume", "fast", "--epochs", "2", "-q").status == 0
    assert listed(nnfs, "--tag", "baseline") == ["fast"]


def test_marks_that_are_set_at_once_are_all_kept(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_slowly(folder: Path) -> Marks:
        found = read_marks(folder)
        time.sleep(0.02)
        return found

    monkeypatch.setattr("nnfs_cli.runs.marks.read_marks", read_slowly)
    tags = [f"t{number}" for number in range(5)]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda tag: mark(["fast", "slow"], [tag], [], None, runs), tags))
    assert read_marks(runs / "fast").tags == read_marks(runs / "slow").tags == tuple(tags)


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fast"], "nothing to mark with"),
        (["fast", "--tag", "two words"], "--tag: must be a name"),
        (["fast", "--tag", "../x"], "--tag: must be a name"),
        (["fast", "--tag", "x" * 61], "at most 60 letters"),
        (["fast", "--note", "x" * (MOST_OF_A_NOTE + 1)], "--note: may have 2,000 letters"),
        (["fats", "--tag", "a"], "did you mean 'fast'?"),
        (["fast", "nothing", "--tag", "a"], "no run or study 'nothing'"),
    ],
)
def test_a_mark_that_cannot_be_is_refused_and_none_is_set(
    nnfs: Nnfs, arguments: list[str], said: str
) -> None:
    outcome = nnfs("runs", "mark", *arguments)
    assert outcome.status == 2
    assert said in outcome.err
    assert not Path("runs/fast/marks.json").exists()


def test_damaged_marks_keep_nothing_from_being_listed(nnfs: Nnfs, runs: Path) -> None:
    nnfs("runs", "mark", "fast", "--tag", "a")
    file = runs / "fast" / "marks.json"
    file.write_text(file.read_text().replace('"a"', '"b"'))
    assert listed(nnfs) == ["slow", "fast", "adam", "cubic"]
    outcome = nnfs("runs", "mark", "fast", "--tag", "c")
    assert outcome.status == 2
    assert "delete it: it holds the run's tags and note alone" in outcome.err
    assert "train the run again" not in outcome.err
    unseal(runs / "fast")
    for odd in ('{"tags": 3, "note": []}', '{"tags": [1, "x y", "ok", {}], "note": null}', "[" * 10**5):
        file.write_text(odd)
        nnfs("runs")
        assert set(overview(runs / "fast")["tags"]) <= {"ok"}


@given(
    st.sets(st.text("abcäß.-_1", min_size=1, max_size=4)),
    st.sets(st.text("abc", max_size=2)),
    st.text(max_size=9),
)
def test_marks_add_up_whatever_they_are(tags: set[str], untags: set[str], note: str) -> None:
    plain = {tag for tag in tags if tag[0] not in "._-"}
    marks = Marks().changed(plain, (), None).changed((), untags, note)
    assert marks.tags == tuple(sorted(plain - untags))
    assert marks.note == note.strip()
    if plain != tags:
        with pytest.raises(NnfsError, match="--tag"):
            Marks().changed(tags, (), None)


NAMES = st.text("abcxyz_.0", min_size=1, max_size=8).filter(lambda name: name.strip(".") == name)
VALUES = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text("ab1.*? ", max_size=5),
)


@given(NAMES, st.sampled_from(["=", "==", "!=", "<", "<=", ">", ">="]), VALUES)
def test_a_condition_is_read_as_it_is_written(name: str, sign: str, value: Any) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value).strip() or "x"
    condition = Condition.parse(f" {name} {sign} {text} ")
    assert (condition.name, condition.sign, condition.text) == (name, "=" if sign == "==" else sign, text)
    if sign in ("=", "!=") and not isinstance(value, str):
        assert condition.holds({name: value}) == (sign != "!=")
    assert Condition.parse(f"{name}!={text}").holds({name: value}) != Condition.parse(f"{name}={text}").holds(
        {name: value}
    )


@given(st.integers(-3, 3) | st.floats(-2, 2), st.integers(-3, 3) | st.floats(-2, 2))
def test_the_signs_of_order_are_those_of_numbers(a: float, b: float) -> None:
    for sign, holds in (("<", a < b), ("<=", a <= b), (">", a > b), (">=", a >= b), ("=", a == b)):
        assert Condition.parse(f"x{sign}{b}").holds({"x": a}) == holds


@given(st.lists(st.integers(0, 20), min_size=1, max_size=3), st.lists(st.integers(0, 20), min_size=1))
def test_versions_are_ordered_by_their_numbers(a: list[int], b: list[int]) -> None:
    first, second = (f"v{'.'.join(map(str, numbers))}" for numbers in (a, b))
    assert Condition.parse(f"x<{second}").holds({"x": first}) == (a < b)
    order = ordered([{"x": first}, {"x": second}], "x", descending=False)
    assert order == ([0, 1] if a <= b else [1, 0])


@given(st.text())
def test_any_text_is_a_condition_or_a_mistake(text: str) -> None:
    try:
        condition = Condition.parse(text)
    except NnfsError as error:
        assert "--where" in str(error)  # noqa: PT017
    else:
        for value in (None, 1, "a", True, ["a"], []):
            condition.holds({condition.name: value})


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3), st.booleans())), st.booleans())
def test_an_order_has_each_run_once_and_those_without_a_value_last(
    values: list[Any], descending: bool
) -> None:
    order = ordered([{"x": value} for value in values], "x", descending=descending)
    assert sorted(order) == list(range(len(values)))
    missing = [values[place] in (None, "") for place in order]
    assert missing == sorted(missing)
    numbers = [values[place] for place in order if type(values[place]) is int]
    assert numbers == sorted(numbers, reverse=descending)


def test_a_components_bare_name_is_its_type() -> None:
    assert value_of({"layers.1": "tanh"}, "layers.1.type") == "tanh"
    assert value_of({"optimizer.type": "sgd"}, "optimizer") == "sgd"
    assert value_of({"epochs": 3}, "epochs.type") is None


@pytest.mark.parametrize("seed", [*range(6), *map(slow, range(6, 60))])
def test_any_forged_run_has_facts_and_a_line(made: Path, tmp_path: Path, seed: int) -> None:
    run = tmp_path / "forged"
    shutil.copytree(made / "fast", run)
    unseal(run)
    for _ in range(4):
        forge(Random(seed), run / "summary.json")  # noqa: S311  no secret
    (run / "config.yaml").write_text("layers: [[[{a: " * seed)
    line = with_facts(run)
    json.dumps(line)
    runs_table.show_runs([line])
    runs_table.print_csv([line])
    runs_table.show_columns([line], list(line["facts"]))
    Query.parse(["status=completed"], ["a"], "-status").chosen([line])


# Studies


def make_study(runs: Path, name: str, **summary: Any) -> Path:
    """A study that has two of the runs."""
    study = runs / name
    study.mkdir()
    for run in ("slow", "fast"):
        shutil.copytree(runs / run, study / run)
    config = (runs / "fast" / "config.yaml").read_text()
    (study / "study.yaml").write_text(f"{first_line(new_tag())}study: {{seeds: 2}}\n{config}")
    record = {"id": name, "status": "completed", "trials": 2, "runs": 2, "maximize": True, **summary}
    (study / "summary.json").write_text(json.dumps(sealed(record, "")))
    return study


def test_a_study_is_one_line_and_its_runs_are_listed_by_its_name(nnfs: Nnfs, runs: Path) -> None:
    winner = {"trial": 1, "monitored": {"mean": 0.875}}
    make_study(runs, "seeds", winner=winner, monitor="val_accuracy")
    outcome = nnfs("runs")
    (line,) = (line for line in outcome.out.splitlines() if "seeds/" in line)
    for said in ("completed", "2 trials, 2 runs", "best: trial 1  val_accuracy 0.875"):
        assert said in line
    (row,) = (row for row in json.loads(nnfs("runs", "--json").out) if row.get("study"))
    assert (row["id"], row["trials"], row["runs"]) == ("seeds", 2, 2)
    assert listed(nnfs, "seeds") == listed(nnfs, "runs/seeds") == ["slow", "fast"]
    assert listed(nnfs, "list", "seeds", "--where", "optimizer.learning_rate>0.1") == ["fast"]
    assert "seeds" in listed(nnfs, "--where", "optimizer.type=sgd", "--sort", "val_accuracy")
    assert all(row["loss"] != "mse" for row in json.loads(nnfs("runs", "--columns", "loss", "--json").out))
    assert nnfs("runs", "mark", "seeds", "--tag", "paper").status == 0
    assert listed(nnfs, "--tag", "paper") == ["seeds"]
    assert nnfs("evaluate", "seeds/fast").status == 0
    outcome = nnfs("evaluate", "seeds")
    assert outcome.status == 2
    assert "runs/seeds is a study, not a run; name one of its runs: seeds/RUN" in outcome.err
    assert "did you mean 'seeds/fast'?" in nnfs("evaluate", "seeds/fats").err


@pytest.mark.parametrize(
    "summary", [{"winner": 3}, {"winner": {"trial": [], "monitored": {}}}, {"status": 7}]
)
def test_a_strange_study_is_one_line_too(nnfs: Nnfs, runs: Path, summary: dict[str, Any]) -> None:
    make_study(runs, "odd", **summary)
    assert len(listed(nnfs)) == 5
    assert nnfs("runs", "--sort", "val_accuracy").status == 0


# The index


@pytest.fixture
def many(nnfs: Nnfs, made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """So many runs that an index is kept, as if they were not made just now."""
    root = Path("runs")
    for number in range(index.FEWEST_RUNS):
        shutil.copytree(
            made / "fast", root / f"run-{number:02}", ignore=shutil.ignore_patterns("*.npz", "plots")
        )
    monkeypatch.setattr(index, "YOUNG", -(10**10))
    assert nnfs("runs").status == 0
    return root


def index_files() -> list[Path]:
    return sorted((cache_folder() / "runs").glob("*.json"))


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose summaries are read from now on."""
    read: list[str] = []

    def counted(folder: Path) -> dict[str, Any]:
        read.append(folder.name)
        return overview(folder)

    monkeypatch.setattr("nnfs_cli.runs.listed.overview", counted)
    return read


@pytest.mark.usefixtures("many")
def test_what_was_read_is_not_read_again(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(index_files()) == 1
    before, read = nnfs("runs").out, reads(monkeypatch)
    assert nnfs("runs").out == before
    assert read == []


def test_a_run_that_changes_is_read_anew(nnfs: Nnfs, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = reads(monkeypatch)
    run = RunDirectory(many / "run-03")
    run.write_json("summary.json", {**run.summary(), "epochs": 77})
    assert "77/1" in nnfs("runs").out
    assert nnfs("runs", "mark", "run-04", "--tag", "new").status == 0
    assert listed(nnfs, "--tag", "new") == ["run-04"]
    shutil.rmtree(many / "run-05")
    shutil.copytree(many / "run-03", many / "run-99")
    names = listed(nnfs)
    assert "run-05" not in names
    assert "run-99" in names
    assert set(read) == {"run-03", "run-04", "run-99"}


def test_a_file_that_is_as_large_and_as_old_as_before_is_read_anew(nnfs: Nnfs, many: Path) -> None:
    file = many / "run-03" / "summary.json"
    before, run = file.stat(), RunDirectory(many / "run-03")
    changed = sealed({**run.summary(), "status": "diverged."}, run.tag)
    file.write_text(json.dumps(changed, indent=2) + "\n")
    assert file.stat().st_size == before.st_size
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "diverged." in nnfs("runs").out


@pytest.mark.usefixtures("many")
def test_a_run_that_changed_just_now_is_not_kept(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "YOUNG", 2 * 10**9)
    for file in index_files():
        file.unlink()
    nnfs("runs")
    read = reads(monkeypatch)
    nnfs("runs")
    assert len(read) == index.FEWEST_RUNS


def test_a_run_that_is_being_trained_is_not_taken_from_the_index(nnfs: Nnfs, many: Path) -> None:
    run = RunDirectory(many / "run-03")
    summary = {**run.summary(), "status": "running"}
    with run.writing():
        run.write_json("summary.json", summary)
        for _ in range(2):
            assert "running" in nnfs("runs").out
    for _ in range(2):
        assert "died: the process is gone; `nnfs resume RUN` continues run-03" in nnfs("runs").out
        assert listed(nnfs, "--where", "status=died") == ["run-03"]


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-100]),
        lambda file: file.write_bytes(file.read_bytes().replace(b"completed", b"diverged!", 1)),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"\xff" * 1000),
        lambda file: file.write_text("[]"),
        lambda file: file.write_bytes(file.read_bytes().replace(b"nnfs ", b"nnfs 0", 1)),
        lambda file: (file.unlink(), file.mkdir()),
    ],
)
def test_a_damaged_index_changes_nothing_and_is_not_spoken_of(nnfs: Nnfs, damage: Any) -> None:
    before = nnfs("runs")
    damage(*index_files())
    for _ in range(2):
        assert nnfs("runs") == before


@pytest.mark.usefixtures("many")
def test_where_no_index_can_be_written_only_verbose_says_so(nnfs: Nnfs) -> None:
    before = nnfs("runs")
    shutil.rmtree(cache_folder())
    cache_folder().write_text("a file")
    assert nnfs("runs") == before
    outcome = nnfs("runs", "--verbose")
    assert outcome.status == 0
    assert "the list is not kept, which makes the next one slower: cannot write" in outcome.err


@pytest.mark.usefixtures("many")
def test_what_a_disk_could_not_read_for_a_moment_is_read_again(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in index_files():
        file.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(
            "nnfs_cli.runs.listed.overview", lambda folder: {**overview(folder), "status": "unreadable"}
        )
        assert "unreadable" in nnfs("runs").out
    assert "unreadable" not in nnfs("runs").out


def test_processes_that_list_at_once_give_the_same(nnfs: Nnfs, many: Path) -> None:
    def one(number: int) -> list[dict[str, Any]]:
        kept = Index(many, "lines", overview)
        if number % 3 == 0:
            kept._save({})
        return kept.contents(sorted(many.iterdir()))

    expected = [overview(folder) for folder in sorted(many.iterdir())]
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(one, range(60)))
    assert nnfs("runs").status == 0


@pytest.mark.usefixtures("many")
def test_the_index_is_the_users_own_and_is_cleared_with_the_cache(nnfs: Nnfs) -> None:
    nnfs("runs", "--sort", "seed")
    assert len(index_files()) == 3
    if os.name == "posix":
        assert all(file.stat().st_mode & 0o077 == 0 for file in index_files())
    assert clear_cache().left == ()
    assert not (cache_folder() / "runs").exists()


@pytest.mark.usefixtures("runs")
def test_few_runs_have_no_index(nnfs: Nnfs) -> None:
    nnfs("runs", "--sort", "seed")
    assert not (cache_folder() / "runs").exists()


def test_the_list_needs_no_numpy(runs: Path) -> None:
    code = (
        "import sys; from nnfs_cli.cli.app import app; "
        "app(['runs', '--sort', 'val_accuracy', '--where', 'optimizer.type=sgd'], standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'pandas', 'matplotlib', 'psutil')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=runs.parent, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_marks_are_read_from_a_run_of_any_version(runs: Path) -> None:
    assert read_marks(aged(runs / "fast")) == Marks()
