"""The fast ways to read a CSV file give the tables, and the refusals, of the slow one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources import lines, table_reader
from nnfs_cli.sources.ahead import ahead
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.digits import whole_numbers
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.records import Records
from nnfs_cli.sources.table import Table
from nnfs_cli.sources.table_reader import read_table

WHOLE = st.integers(0, 10**9 - 1) | st.integers(0, 300)
ODD = [
    "",
    "007",
    "-1",
    "1.5",
    "x",
    " 7",
    '"7"',
    '"a,b"',
    '"a""b"',
    '"a\nb"',
    '""',
    'a"b',
    '"a"b',
    ' "a"',
    "9" * 17,
]
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A header, and rows of whole numbers with a few odd values and line ends among them."""
    width = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(WHOLE.map(str), min_size=width, max_size=width), min_size=1, max_size=12))
    ends = [draw(st.sampled_from(["\n", "\n", "\r\n"]))] * (len(rows) + 1)
    for _ in range(draw(st.integers(0, 3))):
        row = draw(st.sampled_from(rows))
        row[draw(st.integers(0, width - 1))] = draw(st.sampled_from(ODD))
    if draw(st.booleans()):
        ends[draw(st.integers(0, len(rows)))] = draw(ENDS)
    records = [["a", "b", "c"][:width], *rows]
    return "".join(",".join(row) + end for row, end in zip(records, ends, strict=True)).encode()


def said_or_read(path: Path, kinds: ColumnKinds) -> object:
    """What a table holds, or what is said against it."""
    try:
        table = read_table([path], Dialect(), kinds)
    except NnfsError as error:
        return str(error)
    return table.names, table.numeric, table.numbers.dtype, table.numbers.tobytes(), texts(table)


def texts(table: Table) -> list[tuple[str, list[int], tuple[str, ...]]]:
    return [(name, column.codes.tolist(), column.levels) for name, column in table.texts.items()]


@settings(max_examples=150)
@given(
    content=files(),
    block=st.sampled_from([1, 20, 1 << 18]),
    cells=st.sampled_from([1, 20, 10**6]),
    kinds=st.sampled_from(
        [ColumnKinds(), ColumnKinds(labels=frozenset("a")), ColumnKinds(texts=frozenset("b"))]
    ),
)
def test_a_table_and_a_refusal_are_those_of_the_slow_way(
    content: bytes, block: int, cells: int, kinds: ColumnKinds, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "either.csv"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        patch.setattr(table_reader, "CELLS", cells)
        patch.setattr(table_reader, "COLUMN", 1)
        fast = said_or_read(path, kinds)
        patch.setattr(Records, "_numbers", lambda *_: None)
        patch.setattr(Records, "_emptied", lambda *_: b"")
        assert said_or_read(path, kinds) == fast


@given(
    st.lists(st.lists(WHOLE, min_size=3, max_size=3), min_size=1),
    st.sampled_from(",;\t|"),
)
def test_digits_are_read_as_the_numbers_that_they_spell(rows: list[list[int]], separator: str) -> None:
    text = "".join(separator.join(map(str, row)) + "\n" for row in rows)
    numbers = whole_numbers(text.encode(), separator, 3)
    assert numbers is not None
    assert numbers.tolist() == rows


@pytest.mark.parametrize(
    "text",
    ["1,2\n3\n", "1\n2,3\n", "1,2,3\n4\n", "1,02\n", "1,\n", ",1\n", "1,-2\n", "1,2.0\n", "1,1234567890\n", "\n1,2\n", "1, 2\n", "1;2\n", ""],
)  # fmt: skip
def test_what_is_not_spelled_by_digits_alone_is_left_to_others(text: str) -> None:
    assert whole_numbers(text.encode(), ",", 2) is None


@pytest.mark.parametrize("value", ["plain", "a,b", "", "é"])
def test_records_with_quoted_values_stay_as_the_file_has_them(tmp_path: Path, value: str) -> None:
    path, body = tmp_path / "quoted.csv", f'"{value}",1\n2,"{value}"\n'.encode()
    path.write_bytes(b"x,y\n" + body)
    with path.open("rb") as stream:
        assert [*Records(stream, "quoted.csv", Dialect())] == [body]


def test_work_ahead_is_in_order_and_an_error_comes_after_what_was_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise NnfsError("the sixth")

    results = ahead(lambda item: item * item, items(), 2)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(NnfsError, match="the sixth"):
        next(results)


def test_a_piece_of_whole_numbers_has_the_least_type_that_holds_them() -> None:
    assert [whole_numbers(text, ",", 1) for text in (b"255\n", b"0\n")] == [255, 0]
    types = [whole_numbers(text, ",", 1).dtype for text in (b"255\n", b"256\n")]  # type: ignore[union-attr]
    assert types == [np.uint8, np.int32]


@pytest.mark.parametrize("gap", ["5", "5.0", "5e0"])
def test_whole_numbers_may_be_gaps(tmp_path: Path, gap: str) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("a,b\n5,1\n6,2\n")
    with pytest.MonkeyPatch.context() as patch:
        fast = read_table([path], Dialect(na_values=(gap,))).numbers
        patch.setattr(Records, "_numbers", lambda *_: None)
        np.testing.assert_array_equal(fast, read_table([path], Dialect(na_values=(gap,))).numbers)
    assert np.isnan(fast[0, 0])
