"""Damaged data files are read, or refused in a sentence; and where they have checksums, never misread."""

import gzip
import hashlib
import io
import multiprocessing
import os
import resource
import struct
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.datasets.csv import CSV
from nnfs_cli.datasets.idx import IDX
from nnfs_cli.datasets.image_folder import ImageFolder
from nnfs_cli.datasets.npy import NPY
from nnfs_cli.datasets.npz import NPZ
from nnfs_cli.engine.batch import convert
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.inputs import read_rows
from tests.amount import amount

SECONDS = 10.0
PATIENCE = 60.0
"""Seconds by the clock: a busy machine may need more of them than SECONDS of CPU."""
MEMORY = 1 << 30
SLOWEST_START = 60.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by RLIMIT_AS")


@dataclass(frozen=True)
class Kind:
    """A kind of data file. `whole` makes it from a number; `checked`: it has checksums of all numbers."""

    file: str
    whole: Callable[[int], bytes]
    dataset: Callable[[], Dataset]
    checked: bool


def numbers(n: int) -> Any:
    return np.random.default_rng(n % 4).integers(0, 256, (40, 5, 5), dtype=np.uint8)


def labels() -> Any:
    return np.arange(40, dtype=np.uint8) % 3


def csv_file(n: int) -> bytes:
    rng = np.random.default_rng(n % 4)
    end = "\r\n" if n % 4 == 1 else "\n"
    lines = ["a,b,place,y"]
    for i in range(60):
        place = '"far, away"' if n % 4 == 2 and i % 3 == 0 else ("Rome", "Graz")[i % 2]
        lines.append(f"{rng.normal():.3f},{rng.integers(100)},{place},{i % 3}")
    return (end.join(lines) + end).encode()


def idx_file(array: Any) -> bytes:
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + bytes(array.tobytes())


def npz_file(n: int) -> bytes:
    file = io.BytesIO()
    save: Callable[..., None] = np.savez if n % 2 else np.savez_compressed
    x = np.tile(numbers(n).reshape(40, 25) / 7.0, 3)  # larger than what is read of a member to see its shape
    save(file, X=x, y=labels())
    return file.getvalue()


def npy_file(n: int) -> bytes:
    file = io.BytesIO()
    np.save(file, numbers(n).reshape(40, 25) / 7.0)
    return file.getvalue()


def parquet_file(n: int) -> bytes:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng, file = np.random.default_rng(n % 4), io.BytesIO()
    columns = {
        "a": rng.normal(size=60),
        "b": [None if i % 9 == 0 and n % 2 else i for i in range(60)],
        "place": ["Rome", "Graz"] * 30,
        "y": np.arange(60) % 3,
    }
    packing = ("snappy", "gzip", "zstd", "none")[n % 4]
    table = (
        pa.table(columns) if n % 4 < 2 else pa.Table.from_pandas(pd.DataFrame(columns, index=range(5, 65)))
    )
    pq.write_table(table, file, compression=packing, write_page_checksum=True, row_group_size=40)
    return file.getvalue()


def png_file(n: int) -> bytes:
    file = io.BytesIO()
    picture = np.kron(numbers(n)[0], np.ones((3, 3), np.uint8))
    modes = {0: "L", 1: "RGB", 2: "P", 3: "RGBA"}
    Image.fromarray(picture).convert(modes[n % 4]).save(file, "PNG")
    return file.getvalue()


KINDS = {
    "csv": Kind("t.csv", csv_file, lambda: CSV(path="t.csv", target="y"), checked=False),
    "csv.gz": Kind(
        "t.csv.gz",
        lambda n: gzip.compress(csv_file(n)),
        lambda: CSV(path="t.csv.gz", target="y"),
        checked=True,
    ),
    "idx": Kind(
        "x.idx",
        lambda n: idx_file(numbers(n)),
        lambda: IDX(train_images="x.idx", train_labels="labels.idx"),
        checked=False,
    ),
    "idx.gz": Kind(
        "x.idx.gz",
        lambda n: gzip.compress(idx_file(numbers(n))),
        lambda: IDX(train_images="x.idx.gz", train_labels="labels.idx"),
        checked=True,
    ),
    "npz": Kind("t.npz", npz_file, lambda: NPZ(path="t.npz"), checked=True),
    "npy": Kind("x.npy", npy_file, lambda: NPY(x="x.npy", y="labels.npy"), checked=False),
    # Its checksums are those of pages alone: not of its schema, nor of how rows are grouped.
    "parquet": Kind(
        "t.parquet",
        parquet_file,
        lambda: CSV(path="t.parquet", target="y", missing="drop"),
        checked=False,
    ),
    "png": Kind("pictures/a/2.png", png_file, lambda: ImageFolder(path="pictures"), checked=True),
}


def mutated(random: Random, whole: bytes, other: bytes) -> bytes:
    """A file with one to three kinds of damage."""
    content = bytearray(whole)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        size = max(len(content), 1)
        at, to = sorted(random.randrange(size) for _ in range(2))
        match random.randrange(8):
            case 0 | 1 | 2 if content:
                for _ in range(random.randint(1, 8)):
                    content[random.randrange(size)] = random.randrange(256)
            case 3:
                del content[at:]
            case 4:
                content[at:] = other[random.randrange(len(other)) :]
            case 5:
                content += random.choice(
                    [bytes(9), random.randbytes(random.randint(1, 99)), bytes(content[at:])]
                )
            case 6:
                middle = (at + to) // 2
                content[at:to] = content[middle:to] + content[at:middle]
            case _:
                content[at:to] = b"" if random.random() < 0.5 else content[at:to] * 2
    return bytes(content)


def digest(parts: Iterator[Any]) -> str:
    found = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(part)
        found.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    return found.hexdigest()


def trained_on(kind: Kind) -> str:
    """What training would read."""
    data = kind.dataset().load(np.random.default_rng(0))
    data = convert(data, "float32")
    return digest(each for split in data.splits.values() for each in (split.x, split.t))


def answered_for(kind: Kind, preparation: Preparation) -> str:
    """What predict would read."""
    return digest(each.x for each in read_rows([kind.file], preparation, Dialect()) if len(each.x))


def readings(kind: Kind, preparation: Preparation) -> list[str]:
    """What both readers find, or the error that they tell."""
    found = []
    reads: list[Callable[[], str]] = [lambda: trained_on(kind), lambda: answered_for(kind, preparation)]
    for read in reads:
        try:
            found.append(read())
        except NnfsError as error:
            found.append(f"refused: {error}")
    return found


def try_all(name: str, cases: Sequence[int], folder: str, to: Connection) -> None:
    """In a process of its own: try the cases, and send for each what is wrong."""
    os.chdir(folder)
    os.environ["NNFS_CACHE"] = f"{folder}/cache"
    Path("labels.idx").write_bytes(idx_file(labels()))
    np.save("labels.npy", labels())
    for each in ("a", "b"):
        Path("pictures", each).mkdir(parents=True)
        for i in range(2):
            Path("pictures", each, f"{i}.png").write_bytes(png_file(4 * i))
    kind = KINDS[name]
    warnings.simplefilter("error")

    @cache
    def of_whole(n: int) -> tuple[Preparation, list[str]]:
        Path(kind.file).write_bytes(kind.whole(n))
        preparation = kind.dataset().load(np.random.default_rng(0)).preparation
        return preparation, readings(kind, preparation)

    for n in range(4):
        of_whole(n)
    limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for case in cases:
        random = Random(f"{name} {case}")  # noqa: S311  the same files each time
        preparation, expected = of_whole(case % 4)
        Path(kind.file).write_bytes(mutated(random, kind.whole(case), kind.whole(case + 1)))
        to.send(None)
        began = time.process_time()
        try:
            found = readings(kind, preparation)
        except BaseException as error:  # whatever it is, a user would see its traceback
            to.send(f"{type(error).__name__}: {error}")
            continue
        if time.process_time() - began > SECONDS:
            to.send(f"took more than {SECONDS:g} s")
            continue
        wrong = [
            f"read something else than {whole}: {each}"
            for each, whole in zip(found, expected, strict=True)
            if kind.checked and each != whole and not each.startswith("refused: ")
        ]
        to.send("; ".join(wrong))
    to.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_read_or_refused_and_where_it_has_checksums_never_misread(
    tmp_path: Path, name: str
) -> None:
    cases = list(range(amount(60, 2000)))
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe(duplex=False)
    process = spawning.Process(target=try_all, args=(name, cases, str(tmp_path), there), daemon=True)
    process.start()
    there.close()
    wrong = {}
    try:
        for case in cases:
            assert here.poll(SLOWEST_START if case == 0 else PATIENCE), f"case {case} did not start"
            here.recv()
            found = here.recv() if here.poll(PATIENCE) else f"hangs: {PATIENCE:g} s"
            if found:
                wrong[case] = found
            if found and found.startswith("hangs"):
                break
    except EOFError:
        wrong[case] = "the process died"
    finally:
        process.kill()
        process.join()
    assert not wrong, f"{len(wrong)} of {len(cases)}: {dict(list(wrong.items())[:8])}"
