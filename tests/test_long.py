"""Long trainings: what is read of their rows takes little memory, however many there are."""

import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.plots import logged
from nnfs_cli.plots.logged import logged_losses
from nnfs_cli.runs import leftovers
from nnfs_cli.runs.rows import RecordedRows


def written(folder: Path, rows: int) -> RecordedRows:
    """A steps.csv of so many rows."""
    losses = np.random.default_rng(rows).random(rows).tolist()
    lines = (f"{i + 1},{i // 100 + 1},{loss!r},0.5\n" for i, loss in enumerate(losses))
    file = folder / f"{rows}.csv"
    file.write_text("step,epoch,loss,accuracy\n" + "".join(lines))
    return RecordedRows(file)


@pytest.mark.parametrize("read", [logged_losses, lambda rows: rows.spread(100)], ids=["picture", "report"])
def test_the_memory_that_curves_take_does_not_grow_with_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[RecordedRows], object]
) -> None:
    monkeypatch.setattr(logged, "MOST", 500)
    monkeypatch.setattr(logged, "AT_ONCE", 1000)
    peaks = []
    for rows in (10_000, 40_000):
        recorded = written(tmp_path, rows)
        tracemalloc.start()
        read(recorded)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 400_000


@pytest.mark.parametrize("rows", [1, 499, 500, 501, 1000, 4999, 12_345])
def test_stretches_of_losses_keep_all_that_stands_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(logged, "MOST", 500)
    monkeypatch.setattr(logged, "AT_ONCE", 700)
    recorded = written(tmp_path, rows)
    every, found = recorded.columns(), logged_losses(recorded)
    assert found is not None
    assert len(found.step) == -(-rows // found.size) <= 500
    np.testing.assert_array_equal(found.step, every["step"][:: found.size])
    parts = np.split(every["loss"], range(found.size, rows, found.size))
    np.testing.assert_array_equal(found.low, [part.min() for part in parts])
    np.testing.assert_array_equal(found.high, [part.max() for part in parts])
    np.testing.assert_allclose(found.mean, [part.mean() for part in parts])
    x, y = found.curve
    assert len(x) == len(y) == len(parts) * (1 if found.size == 1 else 2)
    assert (y.min(), y.max()) == (every["loss"].min(), every["loss"].max())


@pytest.mark.parametrize("rows", [1, 2, 99, 100, 101, 5000])
def test_rows_that_are_spread_hold_the_first_and_the_last(tmp_path: Path, rows: int) -> None:
    recorded = written(tmp_path, rows)
    every, some = recorded.columns(), recorded.spread(100)
    assert len(some["step"]) == min(rows, 100)
    assert some["step"][[0, -1]].tolist() == [1, rows]
    places = some["step"].astype(int) - 1
    assert np.ptp(np.diff(places, prepend=places[0] - 1)[1:]) <= 1 if rows > 2 else True
    np.testing.assert_array_equal(some["loss"], every["loss"][places])


def test_rows_that_are_not_whole_are_left_out_and_damage_is_told(tmp_path: Path) -> None:
    file = tmp_path / "steps.csv"
    for torn in ("", "3", "3,1", "3,1,0.2"):
        file.write_text(f"step,epoch,loss\n1,1,0.5\n2,1\n\n2,1,nan\n{torn}")
        rows = RecordedRows(file)
        assert rows.count == 2
        assert rows.columns()["step"].tolist() == [1, 2]
    for header in ("", "step,epoch,loss"):
        file.write_text(header)
        assert RecordedRows(file).columns() == {}
        assert logged_losses(RecordedRows(file)) is None
    file.write_text("step,epoch\n1,1\n")
    with pytest.raises(NnfsError, match=r"steps\.csv: damaged: its first row names no column 'loss'"):
        logged_losses(RecordedRows(file))


def test_only_old_temporary_files_are_removed_and_none_through_a_link(tmp_path: Path) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    for folder in (run, elsewhere):
        folder.mkdir()
    names = (".0123456789abcdef.part", ".mine.part", "weights.npz")
    for folder in (run, elsewhere):
        for name in names:
            (folder / name).touch()
            os.utime(folder / name, (time.time() - 100,) * 2)
    (run / ".fedcba9876543210.part").touch()
    (run / "plots").symlink_to(elsewhere)
    leftovers.remove_leftovers(run)
    assert {file.name for file in run.iterdir()} == {*names[1:], ".fedcba9876543210.part", "plots"}
    assert {file.name for file in elsewhere.iterdir()} == set(names)
