"""Runs as somebody may make them on purpose: without seals, and with files that no training leaves."""

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

ODD_NUMBERS = ("", "nan", "inf", "-1e999", "x", "1e308", "9" * 400, "0x1", "-1")
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 3, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "x", "../x", "1e999"),
    *("\x1b[31m", "\ud800", "[/]", [], {}, [[]], [None], {"a": None}, {"": {}}, [1, 2, 3], [[1, 2], [3]]),
)
TYPES = ("U5", "S3", "?", "i1", "u8", "c16", "f2", "M8[s]")
NAMES = ("x", "../x", "a/b", "0_dense/W", "curve_x", "\x1b[31m")


def unseal(run: Path) -> None:
    """Remove what tells that a file of a run is not as it was written."""
    config = run / "config.yaml"
    config.write_text(config.read_text().split("\n", 1)[1])
    for file in run.glob("*.json"):
        record = json.loads(file.read_text())
        kept = {key: value for key, value in record.items() if key not in ("checksum", "files")}
        file.write_text(json.dumps(kept))
    for file in run.glob("*.npz"):
        np.savez(file, **dict(np.load(file)))


def forge(rng: Random, file: Path) -> None:
    """Change one thing in a file, which stays one of its kind."""
    if file.suffix == ".npz":
        arrays = dict(np.load(file))
        name = rng.choice(sorted(arrays))
        array = arrays.pop(name)
        change = rng.random()
        if change < 0.8:
            arrays[name] = another(rng, array)
        elif change < 0.9:
            arrays[rng.choice(NAMES)] = array
        np.savez(file, **arrays)
    elif file.suffix == ".json":
        record = json.loads(file.read_text())
        _put(rng, record)
        file.write_text(json.dumps(record))
    else:
        lines = [line.split(",") for line in file.read_text().splitlines()]
        line = rng.choice(lines)
        line[rng.randrange(len(line))] = rng.choice(ODD_NUMBERS)
        file.write_text("\n".join(map(",".join, lines)) + "\n")


def another(rng: Random, array: Any) -> Any:
    """An array of another shape, of another type, or with other values."""
    flat = array.reshape(-1)
    if array.dtype.kind not in "biuf":
        return rng.choice((np.array(0), flat[:0], array[None]))
    odd = rng.choice((np.nan, np.inf, 1e308, 0)) if array.dtype.kind == "f" else rng.choice((0, -1, 100))
    with np.errstate(all="ignore"):
        filled = np.full_like(array, odd)
        typed = array.astype(rng.choice(TYPES))
    shapes = (flat[:0], flat[:1], flat[:3], array[None], flat, np.concatenate([flat] * 3))
    return rng.choice((*shapes, filled, filled, typed, typed))


def _put(rng: Random, record: Any) -> None:
    """Put an odd value somewhere into a record, or leave something out."""
    keys = list(record) if isinstance(record, dict) else list(range(len(record)))
    key = rng.choice(keys)
    if isinstance(record[key], dict | list) and record[key] and rng.random() < 0.8:
        _put(rng, record[key])
    elif rng.random() < 0.2:
        del record[key]
    else:
        record[key] = rng.choice(ODD_VALUES)
