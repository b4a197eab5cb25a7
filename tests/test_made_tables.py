"""Whatever a CSV file holds is read as it is, or refused with the line that is wrong."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources import lines, table_reader
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.table import MISSING, Table
from nnfs_cli.sources.table_reader import file_chunks, read_table
from tests.made_tables import Made, make_table


def check(made: Made, folder: Path, sizes: tuple[int, int]) -> None:
    """Read a made file, in pieces of a size in bytes and in cells, and compare."""
    path = folder / "made.csv"
    path.write_bytes(made.content)
    kinds = ColumnKinds(numbers=frozenset(made.numeric), id_column="c0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", sizes[0])
        patch.setattr(table_reader, "CELLS", sizes[1])
        if made.wrong is not None:
            with pytest.raises(NnfsError, match=rf"made\.csv, line {made.wrong}: "):
                read_table([path], made.dialect)
            return
        table = read_table([path], made.dialect)
        chunks = list(file_chunks(path, made.dialect, kinds))
    assert table.names == tuple(made.spellings)
    assert set(table.numeric) == made.numeric
    for name in table.names:
        np.testing.assert_array_equal(values(table, name), made.values(name))
    assert [text for chunk in chunks for text in chunk.ids] == made.spellings["c0"]
    np.testing.assert_array_equal(
        np.concatenate([values(chunk, "c0") for chunk in chunks]), made.values("c0")
    )


def values(table: Table, name: str) -> list[str | float]:
    if name in table.numeric:
        return list(table.number(name))
    column = table.texts[name]
    return ["" if code == MISSING else column.levels[code] for code in column.codes]


@settings(max_examples=50)
@given(random=st.randoms(use_true_random=False), sizes=st.tuples(st.integers(1, 99), st.integers(1, 40)))
def test_a_made_table_is_read_as_it_is_or_refused_with_its_line(
    random: Random, sizes: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(make_table(random), tmp_path_factory.getbasetemp(), sizes)


@pytest.mark.slow
def test_20_000_made_tables_are_read_as_they_are_or_refused_with_their_line(tmp_path: Path) -> None:
    for seed in range(20_000):
        random = Random(seed)  # noqa: S311  nothing secret
        made = make_table(random)
        try:
            check(made, tmp_path, (1 << 18, 2_000_000) if seed % 2 else (random.randint(1, 99), 7))
        except BaseException as error:
            error.add_note(f"seed {seed}: {made}")
            raise
