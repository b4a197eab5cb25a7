"""What `nnfs compare` is given: names of runs and studies, who is taken together, and where pictures go."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_cli.cli.compared import MOST_BYTES, compared_folder
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.contenders import find_contenders
from nnfs_cli.jobs.differences import over_folds, over_seeds
from nnfs_cli.jobs.verdict import FOR_CONFIGS, sentence
from nnfs_cli.plots import comparison
from nnfs_cli.plots.history import History
from nnfs_cli.runs.directory import RunDirectory
from tests.conftest import Nnfs
from tests.test_compare import (  # noqa: F401  fixtures
    Train,
    compare,
    refused,
    study,
    train,
)

IDS = st.lists(st.text("ab+/é-", min_size=1, max_size=90), min_size=2, max_size=4, unique=True)


@given(IDS, IDS)
def test_pictures_of_others_are_never_in_the_same_folder(one: list[str], other: list[str]) -> None:
    a, b = (compared_folder(Path("runs"), ids) for ids in (one, other))
    assert (a == b) == (sorted(one) == sorted(other))
    assert a.parent == Path("runs/compared")
    assert len(a.name.encode()) <= MOST_BYTES


def test_runs_of_studies_are_told_apart_in_sentences_and_in_curves(
    train: Train,  # noqa: F811
    compare: Any,  # noqa: F811
) -> None:
    for name, units in ("one", 3), ("two", 4), ("three", 5):
        study(train, name, f"layers.0.units={units}")
    versus = compare("one/s1", "two/s1")["comparisons"][0]
    assert (versus["a"], versus["b"]) == ("one/s1", "two/s1")
    with pytest.raises(NnfsError, match=r"one \(2 runs\) has one/s2 too"):
        find_contenders(Path("runs"), ["one", "one/s2"])
    found = find_contenders(Path("runs"), ["one", "two", "runs/one", "three/s1", "three/s2"])
    assert [each.name for each in found] == ["one (2 runs)", "two (2 runs)", "three/s1 (2 runs)"]
    named = [(each.name, [member.run for member in each.members]) for each in found]
    axes = comparison.draw([run for _, runs in named for run in runs], named)["loss"]
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [each.name for each in found]


def test_labels_of_curves_name_only_what_a_config_has(train: Train) -> None:  # noqa: F811
    train("a", config="cubic.yaml")
    train("b", "layers.1=gelu", config="cubic.yaml")
    groups = comparison.group([History(RunDirectory(Path(f"runs/{name}"))) for name in "ab"])
    assert [group.label for group in groups] == ["layers[1] 'tanh'", "type 'gelu', approximate 'none'"]


def test_what_is_neither_run_nor_study_is_told_with_the_nearest_of_both(
    train: Train,  # noqa: F811
    nnfs: Nnfs,
) -> None:
    study(train, "narrow", seeds=(1,))
    train("wide")
    assert "did you mean 'narrow'?" in refused(nnfs("compare", "wide", "narow"))
    assert "no split 'val'; there are test, train, validation" in refused(
        nnfs("compare", "wide", "narrow", "--split", "val")
    )


def test_an_answer_needs_no_pictures(train: Train, nnfs: Nnfs) -> None:  # noqa: F811
    train("a")
    train("b", "layers.0.units=4")
    Path("runs/compared").write_text("")
    outcome = nnfs("compare", "a", "b")
    assert outcome.status == 0
    assert "accuracy" in outcome.out.splitlines()[-1]
    assert "those of scores: Wilson over" in " ".join(outcome.out.split())
    assert "`--no-pictures`" in outcome.err


def test_pictures_are_in_the_folder_of_the_runs_and_none_is_of_another_score(
    train: Train,  # noqa: F811
    nnfs: Nnfs,
) -> None:
    for name, units in ("a", 3), ("b", 4):
        train(name, f"layers.0.units={units}", "dataset.test=1", config="cubic.yaml", runs="there/runs")
    runs, folder = ("there/runs/a", "there/runs/b"), Path("there/runs/compared/a+b")
    assert nnfs("compare", *runs, "--split", "test").status == 0
    assert (folder / "forest.png").is_file()
    assert not Path("runs").exists()
    assert nnfs("compare", *runs, "--split", "test", "--metric", "r2").status == 0
    assert not (folder / "forest.png").exists()


def test_of_single_runs_it_is_said_once_that_they_are_no_configs(
    train: Train,  # noqa: F811
    nnfs: Nnfs,
) -> None:
    for name, units in ("a", 3), ("b", 4), ("c", 5):
        train(name, f"layers.0.units={units}")
    outcome = nnfs("compare", "a", "b", "c", "--no-pictures")
    assert " ".join(outcome.out.split()).count(FOR_CONFIGS) == 1
    _, *rows = csv.reader(io.StringIO(nnfs("compare", "a", "b", "--csv", "--no-pictures").out))
    assert {row[3] for row in rows} == {"row"}
    assert all(int(row[4]) > 1 for row in rows)


@pytest.mark.parametrize(
    ("of_a", "of_b", "why"),
    [
        (["seed=1"], ["seed=2"], "give both the same `seed` or `split_seed`"),
        (
            ["dataset.validation={fold: 0, of: 3}"],
            ["dataset.validation={fold: 1, of: 3}"],
            "their folds are 0, 1; compare the same fold of both",
        ),
        (
            ["dataset.validation=40"],
            ["dataset.validation=20"],
            "they are split otherwise (dataset.validation 40 and 20)",
        ),
    ],
)
def test_what_gave_other_rows_is_said(
    train: Train,  # noqa: F811
    nnfs: Nnfs,
    of_a: list[str],
    of_b: list[str],
    why: str,
) -> None:
    train("a", *of_a, config="cubic.yaml")
    train("b", *of_b, "layers.0.units=3", config="cubic.yaml")
    assert why in refused(nnfs("compare", "a", "b", "--split", "validation"))


def test_other_data_are_told_before_what_follows_from_them(train: Train, nnfs: Nnfs) -> None:  # noqa: F811
    study(train, "blobs")
    train("cubic", "dataset.validation={fold: 0, of: 3}", config="cubic.yaml")
    assert "are of other data" in refused(nnfs("compare", "blobs", "cubic"))


def test_rounding_is_no_difference(train: Train, compare: Any) -> None:  # noqa: F811
    a = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    b = [x * (1 + 4e-16) for x in a]
    for found in over_seeds("loss", False, a, b), over_folds("loss", False, a, b, 1 / 6):
        assert found.value == 0.0
        assert sentence(found, "a", "b").startswith("cannot tell")
        assert "would" not in sentence(found, "a", "b")
    train("double", "dtype=float64", config="cubic.yaml")
    train("single", "dtype=float32", config="cubic.yaml")
    assert "loss" in compare("double", "single")["comparisons"][0]["scores"]
