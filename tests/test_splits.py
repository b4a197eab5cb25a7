"""Splits: which rows are for training, for validation and for test, and the folds of a cross-validation."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import parse_config
from nnfs_cli.config.reader import create, to_plain
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import ConfigError, NnfsError, OptionError
from nnfs_cli.datasets.base import DATASETS, Dataset
from nnfs_cli.datasets.published import PublishedImages
from nnfs_cli.preprocessing.by_group import folds_of_groups, hold_out_groups, nearest_sum
from nnfs_cli.preprocessing.folds import Fold
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.preprocessing.splitting import split_rows
from nnfs_cli.sources.published_files import PublishedFiles
from nnfs_cli.training.loading import load_data
from tests.conftest import Nnfs
from tests.toys import CUBIC, toy_config, write_idx

ROWS = 23
X = np.arange(ROWS * 9, dtype=np.uint8).reshape(ROWS, 3, 3)
LABELS = np.array([0] * 13 + [1] * 7 + [2] * 3)


def table() -> dict[str, Any]:
    rows = [f"{i},{'abc'[label]}" for i, label in enumerate(LABELS)]
    Path("table.csv").write_text("\n".join(["x,y", *rows]))
    return {"path": "table.csv", "target": "y"}


def npz() -> dict[str, Any]:
    np.savez("arrays.npz", X=X, y=LABELS)
    return {"path": "arrays.npz"}


def npy() -> dict[str, Any]:
    np.save("x.npy", X)
    np.save("y.npy", LABELS)
    return {"x": "x.npy", "y": "y.npy"}


def idx() -> dict[str, Any]:
    write_idx(Path("x.idx"), X)
    write_idx(Path("y.idx"), LABELS)
    return {"train_images": "x.idx", "train_labels": "y.idx"}


def image_folder() -> dict[str, Any]:
    for i, label in enumerate(LABELS):
        Path(f"pictures/{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(X[i]).save(f"pictures/{label}/{i}.png")
    return {"path": "pictures"}


FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "csv": table, "npz": npz, "npy": npy, "idx": idx, "image_folder": image_folder,
}  # fmt: skip
"""What makes the files of each dataset that reads some, and gives its options."""


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def few_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PublishedFiles, "arrays", lambda _self, _path: [X, LABELS, X[:5], LABELS[:5]])


def made(name: str, **options: Any) -> Dataset:
    """A dataset of some 20 rows."""
    if name in FILES:
        options |= FILES[name]()
    elif "samples" in DATASETS[name].__dataclass_fields__:
        options["samples"] = ROWS
    dataset = create(Dataset, name, options)
    assert isinstance(dataset, Dataset)
    return dataset


def loaded(name: str, seed: int = 0, **options: Any) -> Data:
    return made(name, **options).load(np.random.default_rng(seed))


def with_test_rows(name: str) -> dict[str, Any]:
    return {"test": 5} if "test" in DATASETS[name].__dataclass_fields__ else {}


@pytest.mark.parametrize("of", [2, 5])
@pytest.mark.parametrize("name", [name for name in DATASETS if not name.startswith("toy")])
def test_each_row_that_is_not_for_test_is_in_one_fold_of_every_dataset(name: str, of: int) -> None:
    folds = [loaded(name, validation={"fold": k, "of": of}, **with_test_rows(name)) for k in range(of)]
    test = {tuple(data.splits["test"].rows) if "test" in data.splits else () for data in folds}
    assert len(test) == 1, "all folds have the same rows for test"
    own_test = issubclass(DATASETS[name], PublishedImages)
    held_out: set[int] = set() if own_test else set(next(iter(test)))
    validation = [data.splits["validation"].rows for data in folds]
    assert sorted(np.concatenate(validation)) == sorted(set(range(ROWS)) - held_out)
    sizes = [len(rows) for rows in validation]
    assert max(sizes) - min(sizes) <= 1
    for data, rows in zip(folds, validation, strict=True):
        assert sorted([*rows, *data.splits["train"].rows, *held_out]) == list(range(ROWS))
    if folds[0].classes:
        t = folds[0].splits["train"].t
        counts = np.array([np.bincount(t[rows], minlength=len(folds[0].classes)) for rows in validation])
        assert (np.ptp(counts, axis=0) <= 1).all(), "each class is dealt out alike"


def rows_of(validation: object, test: float = 0, seed: int = 0, **more: Any) -> dict[str, list[int]]:
    parts = split_rows(40, np.random.default_rng(seed), validation=validation, test=test, **more)  # type: ignore[arg-type]
    return {name: rows.tolist() for name, rows in parts.items()}


def test_a_fold_follows_from_its_own_seed_alone() -> None:
    first = rows_of(Fold(1, 5), seed=0)
    assert rows_of(Fold(1, 5), seed=1) == first
    assert rows_of(Fold(1, 5, seed=1), seed=0) != first
    assert rows_of(Fold(2, 5), seed=0) != first


@settings(max_examples=200, deadline=None)
@given(
    labels=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    of=st.integers(2, 60),
    seed=st.integers(0, 3),
    stratify=st.booleans(),
)
def test_folds_partition_any_rows(labels: list[int], of: int, seed: int, stratify: bool) -> None:
    t, rows = np.array(labels), np.arange(len(labels)) * 3
    if of > len(rows):
        with pytest.raises(NnfsError, match=f"{of} folds need {of} rows that are not for test"):
            Fold(0, of, seed).split(rows, t)
        return
    parts = [Fold(k, of, seed).split(rows, t if stratify else None) for k in range(of)]
    held_out = [ours for _, ours in parts]
    assert sorted(np.concatenate(held_out)) == rows.tolist()
    assert all(sorted([*rest, *ours]) == rows.tolist() for rest, ours in parts)
    assert max(map(len, held_out)) - min(map(len, held_out)) <= 1
    if stratify:
        counts = np.array([np.bincount(t[ours // 3], minlength=4) for ours in held_out])
        assert (np.ptp(counts, axis=0) <= 1).all()


FOLD = CUBIC.replace("validation: 40", "validation: {fold: 1, of: 4}")


def test_a_fold_reads_the_same_from_the_resolved_config() -> None:
    config = toy_config(FOLD)
    assert config.dataset.options()["validation"] == Fold(1, 4, 0)
    assert to_plain(config)["dataset"]["validation"] == {"fold": 1, "of": 4, "seed": 0}
    assert to_plain(parse_config(config.to_yaml(), "again")) == to_plain(config)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ("{fold: 4, of: 4}", "dataset.validation.fold: must be below `of`, which is 4, found 4"),
        ("{fold: 0, of: 1}", "dataset.validation.of: must be an integer of at least 2, found 1"),
        ("{fold: -1, of: 3}", "dataset.validation.fold: must be an integer of at least 0, found -1"),
        ("{fold: 0, k: 3}", "dataset.validation.k: validation has no option 'k'"),
        ("{fold: 0}", "dataset.validation.of: validation needs this option, and it is missing"),
        ("{fold: a, of: 3}", "dataset.validation.fold: must be an integer, found 'a'"),
        ("1.5", "or a fold such as {fold: 0, of: 5}, found 1.5"),
        ("some", "dataset.validation: must be a number or a mapping of fold and of and seed, found 'some'"),
    ],
)
def test_a_wrong_fold_is_told(validation: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        toy_config(CUBIC.replace("validation: 40", f"validation: {validation}"))
    assert message in str(caught.value)


def test_a_wrong_fold_from_python_is_told() -> None:
    with pytest.raises(OptionError, match="fold must be below `of`, which is 3, found 3"):
        Fold(3, 3)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_share_that_is_no_row_is_told(split: str) -> None:
    shares: dict[str, Any] = {split: 0.004}
    with pytest.raises(NnfsError, match=rf"dataset\.{split}: 0\.004 of 100 rows is none; write a count"):
        split_rows(100, np.random.default_rng(0), **shares)


def test_more_folds_than_rows_are_told(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(CUBIC.replace("validation: 40", "samples: 9, validation: {fold: 0, of: 10}"))
    outcome = nnfs("train", "a.yaml")
    assert outcome.status == 2
    assert "dataset.validation: 10 folds need 10 rows that are not for test, found 9" in outcome.err
    assert not Path("runs").exists()


def note_of(of: int) -> list[str]:
    config = toy_config(CUBIC)
    table = made("csv", validation={"fold": 0, "of": of})
    return [note for note in load_data(replace(config, dataset=table)).notes if "folds" in note]


def test_more_folds_than_rows_of_a_class_are_a_note() -> None:
    assert note_of(5) == ["some of the 5 folds have no row of class c (3 rows)"]
    assert note_of(8) == ["some of the 8 folds have no row of classes b (7 rows), c (3 rows)"]
    assert note_of(3) == []


def split_of(config: ExperimentConfig) -> dict[str, list[int]]:
    return {name: split.rows.tolist() for name, split in load_data(config).splits.items()}


def test_split_seed_draws_the_splits_and_by_default_the_seed_does() -> None:
    text = CUBIC.replace("validation: 40", "validation: 40, test: 20")
    plain = [split_of(toy_config(text, [f"seed={seed}"])) for seed in (3, 4)]
    assert plain[0] != plain[1]
    fixed = [split_of(toy_config(text, [f"seed={seed}", "split_seed=3"])) for seed in (3, 4)]
    assert fixed[0] == fixed[1] == plain[0]


def test_split_seed_changes_nothing_but_the_splits(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(CUBIC)
    weights: list[Array] = []
    for i, split_seed in enumerate(("null", "3", "4")):
        outcome = nnfs("train", "a.yaml", "--id", f"r{i}", "-q", "--set", f"split_seed={split_seed}")
        assert outcome.status == 0, outcome.err
        weights.append(np.load(f"runs/r{i}/weights.npz")["0_dense/W"])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()


def test_a_run_of_a_fold_repeats_and_evaluates(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(FOLD)
    assert nnfs("train", "a.yaml", "--id", "one", "-q").status == 0
    assert nnfs("train", "runs/one/config.yaml", "--id", "two", "-q").status == 0
    assert (
        Path("runs/one/epochs.csv").read_text().splitlines()[-1].split(",")[3:]
        == (Path("runs/two/epochs.csv").read_text().splitlines()[-1].split(",")[3:])
    )
    outcome = nnfs("evaluate", "runs/one", "--split", "validation", "--json")
    assert outcome.status == 0, outcome.err
    assert '"rows": 50' in outcome.out


def splits_of(
    options: str, rows: list[str], header: str = "key,x,y"
) -> tuple[dict[str, list[int]], list[str]]:
    """The row numbers of each split of a table, and its notes."""
    Path("table.csv").write_text("\n".join([header, *rows]) + "\n")
    text = CUBIC.replace(
        "{type: cubic, validation: 40}", f"{{type: csv, path: table.csv, target: y, {options}}}"
    )
    data = load_data(parse_config(text, "table"))
    assert [column.name for column in data.columns] == ["x"], "the column that splits is no feature"
    return {name: split.rows.tolist() for name, split in data.splits.items()}, list(data.notes)


PATIENTS = [f"{i // 3 % 11:02d},{i}.5,{i * i % 7}.25" for i in range(66)]
"""66 rows of 11 groups, 6 rows each."""


@pytest.mark.parametrize("validation", ["12", "0.3", "{fold: 0, of: 5}", "{fold: 4, of: 5}"])
def test_all_rows_of_a_group_are_in_the_same_split(validation: str) -> None:
    splits, notes = splits_of(f"group: key, test: 0.2, validation: {validation}", PATIENTS)
    assert sorted(row for rows in splits.values() for row in rows) == list(range(66))
    groups = {name: {i // 3 % 11 for i in rows} for name, rows in splits.items()}
    assert sum(map(len, groups.values())) == 11
    assert len(splits["test"]) == 12, "the nearest to 13.2 that whole groups allow"
    said = f"rows of the same 'key' stay together: train has {len(splits['train'])} rows of"
    assert any(note.startswith(said) for note in notes), notes
    assert not any("not used: key" in note for note in notes)


def test_group_folds_hold_every_group_once_and_are_about_equally_large() -> None:
    folds = [
        splits_of(f"group: key, validation: {{fold: {k}, of: 4}}", PATIENTS)[0]["validation"]
        for k in range(4)
    ]
    assert sorted(row for rows in folds for row in rows) == list(range(66))
    assert {len(rows) for rows in folds} == {12, 18}


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=10),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 5),
)
def test_whole_groups_come_as_near_to_what_was_asked_as_any_choice_of_them(
    sizes: list[int], share: float, seed: int
) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    wanted = int(share * len(groups))
    kept, held_out = hold_out_groups(np.arange(len(groups)), wanted, np.random.default_rng(seed), groups)
    assert sorted([*kept, *held_out]) == list(range(len(groups)))
    assert not set(groups[kept]) & set(groups[held_out])
    sums = [sum(some) for n in range(1, len(sizes)) for some in itertools.combinations(sizes, n)]
    assert abs(len(held_out) - wanted) == min(abs(each - wanted) for each in sums)


def test_many_groups_come_near_to_what_was_asked_too() -> None:
    sizes = np.random.default_rng(0).integers(1, 40, 2_000)
    assert sizes[nearest_sum(sizes, 9_999)].sum() == 9_999


def test_folds_of_groups_have_about_the_same_share_of_each_class() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 60, 600)
    labels = (rng.random(60) < 0.3).astype(np.intp)[groups]
    folds = folds_of_groups(groups, 5, np.random.default_rng(0), labels)
    shares = np.array([labels[folds == k].mean() for k in range(5)])
    assert np.ptp(shares) < 0.05
    sizes = np.bincount(folds)
    assert np.ptp(sizes) < 30


DAYS = [
    f"2020-{1 + i // 28:02d}-{1 + i % 28:02d},{i}.5,{i * i % 7}.25" for i in range(0, 100, 2) for _ in "ab"
]
"""100 rows of 50 days, 2 rows each, in order of time."""


def shuffled(rows: list[str]) -> tuple[list[str], Array]:
    order = np.random.default_rng(3).permutation(len(rows))
    return [rows[i] for i in order], order


@pytest.mark.parametrize("written", ["{}", "{}T08:30", "{} 08:30:15.25", "{}T08:30:00+02:00"])
def test_train_lies_before_validation_and_that_before_test(written: str) -> None:
    rows, order = shuffled([f"{written.format(row[:10])}{row[10:]}" for row in DAYS])
    splits, notes = splits_of("time: key, validation: 20, test: 31", rows)
    places = {name: sorted(order[numbers].tolist()) for name, numbers in splits.items()}
    # Days stay whole, so that 31 rows are 30 or 32.
    assert places["train"] + places["validation"] + places["test"] == list(range(100))
    assert len(places["validation"]) == 20
    assert len(places["test"]) in (30, 32)
    assert any(note.startswith("split by the times in 'key': train has ") for note in notes)


@pytest.mark.parametrize(
    "number", [lambda i: f"{i}.25", lambda i: str(1_700_000_000_000_000_000 + i), lambda i: str(i - 50)]
)
def test_times_may_be_numbers_of_any_size(number: Callable[[int], str]) -> None:
    rows, order = shuffled([f"{number(i)},{i}.5,{i * i % 7}.25" for i in range(100)])
    splits, _ = splits_of("time: key, validation: 0.2, test: 0.1", rows)
    assert sorted(order[splits["test"]]) == list(range(90, 100))
    assert sorted(order[splits["validation"]]) == list(range(70, 90))


def test_folds_by_time_are_windows_that_expand() -> None:
    rows, order = shuffled(DAYS)
    seen: list[int] = []
    for k in range(4):
        splits, _ = splits_of(f"time: key, test: 10, validation: {{fold: {k}, of: 4}}", rows)
        train, validation = (sorted(order[splits[name]].tolist()) for name in ("train", "validation"))
        assert train == list(range(len(train))), "all rows before the window are for training"
        assert validation == list(range(len(train), len(train) + len(validation)))
        assert len(validation) == 18
        assert sorted(order[splits["test"]]) == list(range(90, 100))
        seen += validation
    assert seen == list(range(18, 90))


@settings(max_examples=150, deadline=None)
@given(
    times=st.lists(st.integers(0, 12), min_size=2, max_size=50), of=st.integers(2, 12), seed=st.integers(0, 3)
)
def test_windows_of_any_times_follow_each_other_and_never_part_equal_times(
    times: list[int], of: int, seed: int
) -> None:
    t, rows = np.array(times), np.arange(len(times))
    if len(set(times)) <= of:
        if of <= len(rows):
            with pytest.raises(NnfsError, match=f"{of} folds by time need rows of {of + 1} times"):
                Fold(0, of).split(rows, None, times=t)
        return
    seen: list[int] = []
    for k in range(of):
        train, validation = Fold(k, of, seed).split(rows, None, times=t)
        assert t[train].max() < t[validation].min()
        seen = seen or train.tolist()
        assert sorted(seen) == train.tolist(), "it trains on all rows before its window"
        seen += validation.tolist()
    assert sorted(seen) == rows.tolist()


@pytest.mark.parametrize(
    ("options", "rows", "message"),
    [
        ("group: kex", PATIENTS, "dataset.group: no column 'kex' in table.csv; did you mean 'key'?"),
        ("time: kex", PATIENTS, "dataset.time: no column 'kex' in table.csv; did you mean 'key'?"),
        ("group: y", PATIENTS, "dataset.group: must be no target, found 'y'"),
        ("group: key, time: x", PATIENTS, "dataset.time: must be no target, and empty where `group` is set: rows are split by"),
        ("group: key", [*PATIENTS, ",1.5,2.5"], "dataset.group: table.csv: missing values in key (1); a row must have its group"),
        ("time: key", [*DAYS, ",1.5,2.5"], "dataset.time: table.csv: missing values in key (1); a row must have its time"),
        ("time: key", [*DAYS, "10.3.2017,1.5,2.5"], "row 101, column 'key': must be a number, or a date or time in ISO form such as 2017-03-10"),
        ("time: key", [*DAYS, "7,1.5,2.5"], "row 101, column 'key': must be a number, or a date or time in ISO form such as 2017-03-10"),
        ("group: key, test: 2", ["a,1.5,2.5"] * 9, "dataset.group: the rows to split are all of one group"),
        ("time: key, test: 2", ["3,1.5,2.5"] * 9, "dataset.time: the rows to split all have the same time"),
        ("group: key, validation: {fold: 0, of: 12}", PATIENTS, "dataset.validation: 12 folds need 12 groups that are not for test, found 11"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_split_rows_is_told(options: str, rows: list[str], message: str) -> None:
    with pytest.raises(NnfsError) as caught:
        splits_of(options, rows)
    assert message in str(caught.value)


def test_rows_without_a_group_are_dropped_where_gaps_are() -> None:
    splits, notes = splits_of("group: key, missing: drop, test: 6", [*PATIENTS, ",1.5,2.5"])
    assert sum(map(len, splits.values())) == 66
    assert any(note == "1 of 67 rows dropped for missing values: key (1)" for note in notes)


def test_groups_are_told_apart_as_they_are_spelled() -> None:
    _, notes = splits_of("group: key, test: 2", ["007,1.5,2.5", "7,2.5,3.5"] * 4)
    assert "train has 4 rows of 1 group, test has 4 rows of 1 group" in "".join(notes)


def test_a_column_that_splits_is_a_feature_if_features_names_it(nnfs: Nnfs) -> None:
    Path("table.csv").write_text("\n".join(["key,x,y", *(f"{i},{i}.5,{i * i % 7}.25" for i in range(40))]))
    text = CUBIC.replace(
        "{type: cubic, validation: 40}",
        "{type: csv, path: table.csv, target: y, time: key, test: 8, validation: 8, features: [key, x]}",
    )
    Path("a.yaml").write_text(text)
    data = load_data(parse_config(text, "table"))
    assert [column.name for column in data.columns] == ["key", "x"]
    assert nnfs("train", "a.yaml", "--id", "one", "-q").status == 0
    Path("rows.csv").write_text("key,x\n1,2.5\n")
    assert nnfs("predict", "one", "rows.csv").status == 0


def test_prediction_needs_no_column_that_splits(nnfs: Nnfs) -> None:
    Path("table.csv").write_text("\n".join(["key,x,y", *PATIENTS]))
    Path("test.csv").write_text("x,y\n1.5,2.5\n3.5,1.5\n")
    for name, test in (("one", "12"), ("two", "test.csv")):
        Path("a.yaml").write_text(
            CUBIC.replace(
                "{type: cubic, validation: 40}",
                f"{{type: csv, path: table.csv, target: y, group: key, missing: drop, test: {test}, validation: 12}}",
            )
        )
        outcome = nnfs("train", "a.yaml", "--id", name, "-q")
        assert outcome.status == 0, outcome.err
        assert nnfs("predict", name, "test.csv").status == 0
        assert nnfs("evaluate", name).status == 0
