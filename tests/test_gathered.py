"""Rows gathered in memory and in a file are the same, whatever their types, and a disk that is full loses none."""

import errno
import gc
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs_cli.core import memory
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets.csv import CSV
from nnfs_cli.sources import gathered, table, table_cache, table_reader
from nnfs_cli.sources.gathered import Gathered

TYPES = st.sampled_from([np.uint8, np.int32, np.float64])
PIECES = st.lists(st.tuples(st.integers(1, 5), TYPES), min_size=1, max_size=6)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A few bytes are already many. No file stays open, and none has a name."""
    monkeypatch.setattr(gathered, "MANY", 60)
    monkeypatch.setattr(gathered, "NUMBERS", 7)
    monkeypatch.setenv("NNFS_CACHE", str(tmp_path))
    yield
    gc.collect()
    assert not list(tmp_path.iterdir())


def rows_of(pieces: list[tuple[int, type]]) -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 200, (count, 3)).astype(dtype) for count, dtype in pieces]


def gather(pieces: list[Array]) -> Array:
    rows = Gathered("the rows", "take fewer")
    for piece in pieces:
        rows.add(piece)
    return rows.whole()


def check(found: Array, pieces: list[Array]) -> None:
    expected = np.concatenate(pieces)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


@given(PIECES)
def test_all_pieces_are_there_in_their_order_and_in_the_least_type(pieces: list[tuple[int, type]]) -> None:
    rows = rows_of(pieces)
    found = gather(rows)
    check(found, rows)
    assert isinstance(found, np.memmap) or sum(piece.nbytes for piece in rows) <= 60 or len(rows) == 1


TEMPORARY_FILE = tempfile.TemporaryFile


class FullFile(io.FileIO):
    """A file on a disk that has room for some bytes, and then takes a part of what it is given."""

    def __init__(self, room: int, **options: Any) -> None:
        with TEMPORARY_FILE(**options) as file:
            super().__init__(os.dup(file.fileno()), "r+b")
        self.room = room

    def write(self, content: Any) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = super().write(content[: self.room])
        self.room -= taken
        return taken


@given(PIECES, st.integers(0, 400))
def test_a_disk_that_becomes_full_loses_no_row(pieces: list[tuple[int, type]], room: int) -> None:
    rows = rows_of(pieces)
    with mock.patch.object(tempfile, "TemporaryFile", partial(FullFile, room)):
        check(gather(rows), rows)


def test_rows_beside_a_disk_without_room_or_a_folder_stay_in_memory_if_it_has_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = rows_of([(5, np.float64)] * 4)
    usage = SimpleNamespace(free=2 * 200)  # a file may take half of it
    with mock.patch.object(shutil, "disk_usage", return_value=usage):
        check(gather(rows), rows)
        monkeypatch.setattr(memory, "NOT_WORTH_ASKING", 0)
        monkeypatch.setattr(memory, "memory_left", lambda: 100)
        with pytest.raises(
            NnfsError, match=r"the rows would take .* bytes of memory, and 100 bytes are left"
        ):
            gather(rows)
        with pytest.raises(NnfsError, match="take fewer"):
            Gathered("the rows", "take fewer").expect(201)
        Gathered("the rows", "take fewer").expect(200)
    check(gather(rows), rows)  # the disk takes what memory does not


def test_a_cache_folder_that_cannot_be_made_keeps_rows_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("other") / "file"
    file.write_text("")
    monkeypatch.setenv("NNFS_CACHE", str(file / "cache"))
    rows = rows_of([(5, np.float64)] * 4)
    check(gather(rows), rows)


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_a_table_that_goes_through_files_gives_the_same_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, missing: Any
) -> None:
    path = tmp_path_factory.mktemp("other") / "t.csv"
    values = ("1", "2.5", "", "300")
    lines = (f"{values[i % 4]},{('red', 'green', 'blue')[i % 3]},{i},{'ab'[i % 5 == 0]}" for i in range(200))
    path.write_text("\n".join(("x,color,n,kind", *lines)) + "\n")
    dataset = CSV(str(path), "kind", missing=missing, standardize=True, validation=20)
    loaded = []
    for many in (1, 2**28):
        monkeypatch.setenv("NNFS_CACHE", str(path.with_name(f"cache-{many}")))
        for module, name in ((gathered, "MANY"), (table, "NUMBERS"), (table_cache, "NUMBERS")):
            monkeypatch.setattr(module, name, many)
        monkeypatch.setattr(table_reader, "CELLS", 4 * many)
        loaded += [dataset.load(np.random.default_rng(0)) for _ in range(2)]  # the second is from the cache
    for data in loaded[:2]:
        assert isinstance(data.splits["train"].x, np.memmap)
    *some, last = loaded
    for data in some:
        assert np.array_equal(data.splits["train"].x, last.splits["train"].x)
        assert np.array_equal(data.splits["train"].t, last.splits["train"].t)
        assert np.array_equal(data.inputs.shift, last.inputs.shift)
        assert np.array_equal(data.inputs.scale, last.inputs.scale)
        assert data.columns == last.columns
        assert data.notes == last.notes
        assert data.filled.keys() == last.filled.keys()
        assert all(np.array_equal(data.filled[name], last.filled[name]) for name in last.filled)
        assert data.fingerprint == last.fingerprint
