"""Files made to take memory, time or what is not theirs: refused, before anything is allocated or opened."""

import gzip
import io
import os
import socket
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets.csv import CSV
from nnfs_cli.datasets.npz import NPZ
from nnfs_cli.sources import lines, opening, records, table_reader
from nnfs_cli.sources.arrays import open_npy, open_npz, read_npz
from nnfs_cli.sources.cache import cache_folder, clear_cache
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.idx import open_idx, read_idx
from nnfs_cli.sources.lines import is_encoding
from nnfs_cli.sources.table_reader import read_table
from tests.conftest import Nnfs


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def npy(shape: Any, data: bytes = b"", descr: str = "<f8") -> bytes:
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + data


@pytest.mark.parametrize(
    "content",
    [
        npy((10**18, 10**18)),
        npy((-1, -8), bytes(64)),
        npy((8,), bytes(63)),
        npy((8,), bytes(65)),
        npy((10**12,), b"", "<U0"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
    ],
)
def test_an_array_must_have_the_bytes_that_its_header_declares(content: bytes) -> None:
    Path("a.npy").write_bytes(content)
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(f"{compression}.npz", "w", compression) as archive:
            archive.writestr("X.npy", content)
    reads: list[Callable[[], Any]] = [
        lambda: open_npy(Path("a.npy")),
        *(lambda name=name: open_npz(Path(name), "X") for name in ("0.npz", "8.npz")),
        *(lambda name=name: read_npz(Path(name)) for name in ("0.npz", "8.npz")),
    ]
    tracemalloc.start()
    for read in reads:
        with pytest.raises(NnfsError, match=r"^(a\.npy|[08]\.npz): (damaged|not a NumPy file)"):
            read()
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def damaged_member(change: Callable[[bytearray], None], compressed: bool = False) -> None:
    (np.savez_compressed if compressed else np.savez)("d.npz", X=np.arange(20_000.0).reshape(400, 50))
    content = bytearray(Path("d.npz").read_bytes())
    change(content)
    Path("d.npz").write_bytes(content)


def flip(content: bytearray) -> None:
    content[100_000] ^= 0x40


def encrypt(content: bytearray) -> None:
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1


def method(content: bytearray) -> None:
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + place] = 99


@pytest.mark.parametrize(
    ("change", "said"), [(flip, "(?i)crc|checksum"), (encrypt, "is encrypted"), (method, "by another method")]
)
def test_an_archive_with_a_wrong_checksum_a_password_or_another_method_is_refused(
    change: Callable[[bytearray], None], said: str
) -> None:
    damaged_member(change)
    for read in (lambda: open_npz(Path("d.npz"), "X"), lambda: read_npz(Path("d.npz"))):
        with pytest.raises(NnfsError, match=said):
            read()


def test_two_arrays_of_one_name_are_refused() -> None:
    with zipfile.ZipFile("d.npz", "w") as archive:
        archive.writestr("X.npy", npy((1,), bytes(8)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("X.npy", npy((2,), bytes(16)))
    with pytest.raises(NnfsError, match=r"it has 'X\.npy' more than once"):
        open_npz(Path("d.npz"), "X")


def test_bombs_are_refused_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LARGE", 1 << 20)
    np.savez_compressed("d.npz", X=np.zeros((1 << 19, 1)), y=np.zeros(9))
    with pytest.raises(NnfsError, match=r"'X\.npy' unpacks [\d,]+ bytes to 4,194,\d+, .* by np\.savez"):
        NPZ(path="d.npz").load(np.random.default_rng(0))
    Path("x.gz").write_bytes(gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 1 << 22) + bytes(1 << 22)))
    for read in (read_idx, open_idx):
        with pytest.raises(NnfsError, match=r"which is 4194304 bytes, but at most 1048576 follow"):
            read(Path("x.gz"))
    Path("t.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * (1 << 20)))
    with pytest.raises(NnfsError, match=r"t\.csv\.gz: unpacks to more than 1,048,576 bytes"):
        read_table([Path("t.csv.gz")], Dialect())


def test_a_gzipped_idx_file_is_unpacked_no_further_than_its_header_says() -> None:
    Path("x.gz").write_bytes(gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 5) + bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(NnfsError, match="which is 5 bytes, but more follow"):
        read_idx(Path("x.gz"))
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a," * 3000, r"line 1: longer than \d+ MB: no table"),
        ("a,b\n" + "1" * 5000 + ",2\n", r"line 2: longer than \d+ MB: no table"),
        ("a,b\n1,2\n" + '"' + "3,4\n" * 9000, r"line 3: a quote is opened, and not closed within \d+ MB"),
        (",".join("abcdefghijklmnopqrst") + "\n", "20 columns, more than 10; save them as an array"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_line_quote_or_header_of_a_table_goes_on_for_ever(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str, encoding: str
) -> None:
    for module in (lines, records):
        monkeypatch.setattr(module, "LONGEST", 4000)
    monkeypatch.setattr(lines, "BLOCK", 500)
    monkeypatch.setattr(records, "MOST_COLUMNS", 10)
    Path("t.csv").write_text(text, encoding=encoding)
    with pytest.raises(NnfsError, match=rf"t\.csv, {said}|t\.csv, line 1: {said}"):
        read_table([Path("t.csv")], Dialect(encoding=encoding))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_is_the_same_however_its_text_is_cut(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    Path("t.csv").write_bytes(("a,b" + end + end.join(f"{i},{i * 3}" for i in range(300))).encode())
    whole = read_table([Path("t.csv")], Dialect())
    for block, stretch in ((1, 1), (7, 20), (64, 1)):
        monkeypatch.setattr(lines, "BLOCK", block)
        monkeypatch.setattr(table_reader, "STRETCH", stretch)
        np.testing.assert_array_equal(read_table([Path("t.csv")], Dialect()).numbers, whole.numbers)


def test_encodings_are_those_of_files() -> None:
    assert all(map(is_encoding, ["utf-8", "latin-1", "cp1252", "utf-16", "shift_jis", "UTF_8_SIG", "cp037"]))
    wrong = ["rot13", "hex", "zlib", "bz2", "uu", "base64", "idna", "punycode", "undefined", "unicode_escape"]
    assert not any(map(is_encoding, [*wrong, "raw_unicode_escape", "none", "a\0b", "../x"]))


@pytest.mark.skipif(sys.platform == "win32", reason="has no such things")
def test_what_is_no_file_is_never_opened() -> None:
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind("socket")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    found = {"pipe": "a pipe", "socket": "a socket", "folder": "a folder", "/dev/zero": "a device"}
    for name, kind in found.items():
        for read in (open_npy, open_idx, read_npz, lambda path: read_table([path], Dialect())):
            with pytest.raises(NnfsError, match=f"^{name}: must be a file, found {kind}"):
                read(Path(name))
    for name in ("pipe", "/dev/zero"):
        with pytest.raises(NnfsError, match=r"dataset\.path: .* must be a file, found a (pipe|device)"):
            CSV(path=name, target="y").load(np.random.default_rng(0))
    with pytest.raises(NnfsError, match="loop"):
        open_npy(Path("loop"))


# The cache


def cached(text: str = "a,y\n1,2.5\n3,4.25\n5,6.5\n") -> Any:
    Path("t.csv").write_text(text)
    return CSV(path="t.csv", target="y", task="regression").load(np.random.default_rng(0))


def test_an_entry_of_the_cache_with_a_flipped_bit_is_made_again() -> None:
    whole = cached()
    for file in sorted(cache_folder().rglob("*.*")):
        content = bytearray(file.read_bytes())
        for place in range(0, len(content), 29):
            content[place] ^= 4
            file.write_bytes(content)
            found = cached()
            np.testing.assert_array_equal(found.splits["train"].x, whole.splits["train"].x)
            np.testing.assert_array_equal(found.splits["train"].t, whole.splits["train"].t)
            content = bytearray(file.read_bytes())


def test_links_in_the_cache_are_not_followed() -> None:
    Path("elsewhere").mkdir()
    cache_folder().mkdir(parents=True, exist_ok=True)
    (cache_folder() / "tables").symlink_to(Path("elsewhere").absolute())
    assert any("cannot be kept for the next time" in note for note in cached().notes)
    assert list(Path("elsewhere").iterdir()) == []
    assert clear_cache().left == ("tables",)


def test_a_cache_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("occupied").touch()
    monkeypatch.setenv("NNFS_CACHE", "occupied")
    assert any("NNFS_CACHE may name another folder" in note for note in cached().notes)


def test_clearing_the_cache_deletes_only_what_nnfs_made(nnfs: Nnfs) -> None:
    cached()
    own = cache_folder()
    for name in ("thesis.tex", "tables/thesis.tex", "photos/a.png", "mnist/train-images-idx3-ubyte.gz"):
        (own / name).parent.mkdir(exist_ok=True)
        (own / name).write_text("precious")
    (own / "fashion_mnist").mkdir()
    for name in (
        ".lock",
        "t10k-labels-idx1-ubyte.gz",
        ".t10k-labels-idx1-ubyte.gz.0123abcd.part",
        "notes.txt",
    ):
        (own / "fashion_mnist" / name).write_text("x")
    outcome = nnfs("data", "clear-cache")
    assert outcome.status == 0
    assert "MB deleted from" in outcome.out
    left = {file.relative_to(own).as_posix() for file in own.rglob("*") if file.is_file()}
    assert left == {
        "thesis.tex",
        "tables/thesis.tex",
        "photos/a.png",
        "mnist/train-images-idx3-ubyte.gz",
        "fashion_mnist/.lock",
        "fashion_mnist/notes.txt",
    }
    assert "fashion_mnist/notes.txt, mnist, photos, tables/thesis.tex, thesis.tex" in " ".join(
        (outcome.out + outcome.err).split()
    )


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (lambda: pa.array(["x" * 20_000_000, "y" * 20_000_000]), "column 'a': values longer than 16 MB"),
        (lambda: pa.array([[0.0] * 3_000_000] * 2), "values longer than 16 MB"),
        (lambda: pa.array([None], _nested(200)), "too deeply nested"),
    ],
)
def test_a_parquet_file_that_unpacks_to_much_more_is_refused(column: Callable[[], Any], told: str) -> None:
    values = column()
    pq.write_table(pa.table({"a": values, "y": [0] * len(values)}), "t.parquet", compression="zstd")
    assert Path("t.parquet").stat().st_size < 100_000
    with pytest.raises(NnfsError, match=told):
        read_table([Path("t.parquet")], Dialect())


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_string()])
def test_a_long_text_in_each_row_of_a_parquet_file_is_kept_once(kind: Any) -> None:
    long = pa.array(["x" * 100_000], pa.string()).cast(kind)
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000, np.int32)), long)
    nested = pa.ListArray.from_arrays(pa.array([0] * 20_000 + [20_000], pa.int32()), texts)
    pq.write_table(pa.table({"a": texts, "b": nested}), "t.parquet", compression="zstd", store_schema=False)
    assert Path("t.parquet").stat().st_size < 10_000
    before = pa.default_memory_pool().max_memory()
    table = read_table([Path("t.parquet")], Dialect())
    assert len(table) == 20_000
    assert len(table.texts["a"].levels) == 1
    assert table.nested == ("b",)
    assert pa.default_memory_pool().max_memory() - before < 100_000_000


def _nested(levels: int) -> Any:
    kind = pa.int8()
    for _ in range(levels):
        kind = pa.list_(kind)
    return kind
