"""The list of runs shows every run, whatever is wrong with one of them."""

import json
import math
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from nnfs_cli.cli import runs_table
from nnfs_cli.runs import listing, reading
from nnfs_cli.runs.directory import RunDirectory
from tests.aged import aged
from tests.conftest import Nnfs

ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    10**400,
    1e308,
    math.nan,
    "",
    "x" * 999,
    [],
    [[]],
    {},
    {"": {}},
    {"test": None},
)
KEYS = ("status", "epochs", "epochs_planned", "best", "scores", "seconds", "started", "pictured_split")


@pytest.fixture
def runs(nnfs: Nnfs) -> Path:
    """A folder with a whole run, `whole`, and one of an earlier version, `bad`, to be damaged."""
    nnfs("train", "blobs.yaml", "--id", "bad", "-q", "--set", "training.epochs=1")
    nnfs("train", "blobs.yaml", "--id", "whole", "-q", "--set", "training.epochs=1")
    aged(Path("runs/bad"))
    return Path("runs")


SUMMARIES = {
    "a score that overflowed": '{"status": "completed", "scores": {"test": {"loss": null}}}',
    "deep": '{"status": ' + "[" * 100_000,
    "a list": "[1, 2]",
    "wrong types": '{"status": "completed", "epochs": "x", "best": 3, "scores": [1], "seconds": {}}',
    "splits of wrong types": '{"status": "completed", "scores": {"test": 3, "train": {"loss": "low"}}}',
    "huge numbers": '{"status": "completed", "seconds": 1e999, "epochs": 1' + "0" * 400 + "}",
    "an unknown status": '{"status": "[bold]odd\\u001b[2J"}',
    "a status that is none": '{"status": 7}',
    "no UTF-8": b'{"status": "\xff"}'.decode("latin-1"),
}


def test_a_strange_summary_takes_one_line_and_no_other(nnfs: Nnfs, runs: Path) -> None:
    for content in SUMMARIES.values():
        (runs / "bad/summary.json").write_text(content, encoding="latin-1")
        outcome = nnfs("runs")
        assert (outcome.status, outcome.err) == (0, "")
        assert "whole" in outcome.out
        assert "bad" in outcome.out
        assert "\x1b[2J" not in outcome.out
        rows = {row["id"]: row for row in json.loads(nnfs("runs", "--json").out)}
        assert rows["whole"]["status"] == "completed"
        assert set(rows) == {"bad", "whole"}


def test_a_huge_summary_is_not_read_whole_and_a_pipe_is_not_waited_for(
    nnfs: Nnfs, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 2**20)
    file = runs / "bad/summary.json"
    os.truncate(file, 2**34)
    assert {row["status"] for row in json.loads(nnfs("runs", "--json").out)} == {"unreadable", "completed"}
    file.unlink()
    os.mkfifo(file)
    assert {row["status"] for row in json.loads(nnfs("runs", "--json").out)} == {"unreadable", "completed"}
    assert "summary.json" in nnfs("evaluate", "bad").err


def test_a_summary_takes_no_more_memory_than_it_has_bytes(runs: Path) -> None:
    run = RunDirectory(runs / "whole")
    run.summary()  # imports, and caches
    tracemalloc.start()
    try:
        run.summary()
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_folder_without_permission_is_listed_as_unreadable(
    nnfs: Nnfs, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        if "bad" in Path(path).parts[:-1]:  # tests may run as root, who may read everything
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    rows = {row["id"]: row["status"] for row in json.loads(nnfs("runs", "--json").out)}
    assert rows == {"bad": "unreadable", "whole": "completed"}
    assert nnfs("evaluate", "latest").status == 0
    assert "Permission denied" in nnfs("evaluate", "bad").err
    assert (runs / "whole").is_dir()


@pytest.mark.parametrize("key", KEYS)
def test_any_summary_has_a_line(key: str) -> None:
    for value in (*ODD, *({"test": {"loss": odd}, "epoch": odd} for odd in ODD)):
        summary = {"status": "completed", key: value}
        row = listing.line_of(Path("any"), summary)
        json.dumps(row, allow_nan=False)
        runs_table.show_runs([row])
        assert listing.pictured_split(summary) in listing.SPLITS
