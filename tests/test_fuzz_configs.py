"""Twenty thousand configs with mistakes: each is trained or refused, and none fails, hangs or fills the memory."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.amount import amount
from tests.toys import ROOT

CHUNK = 500
"""Configs that a process tries."""
MOST_MEGABYTES = 1100
"""What a process takes at most, of which 100 are Python and NumPy."""
OUTCOMES = {"refused", "not built", "not trained", "trained"}


@pytest.mark.slow
def test_a_config_with_mistakes_is_trained_or_refused_and_never_fails_or_hangs(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="Windows has no limits of memory", exc_type=ImportError)
    whole = amount(1500, 20_000)
    found = Counter[str]()
    for first in range(0, whole, CHUNK):
        for number, outcome in tried(tmp_path, first, first + CHUNK).items():
            assert outcome in OUTCOMES, f"config {number}: {outcome}"
            found[outcome] += 1
    print(dict(found))  # noqa: T201  the figures of a campaign, shown by `pytest -s`
    assert found.total() == whole
    assert found["refused"]
    assert found["not built"]
    assert found["trained"] > whole / 10, "most of them must not fail at the first line"


def tried(folder: Path, first: int, last: int) -> dict[int, str]:
    """What came of the configs of these numbers, tried by a process of their own."""
    command = [sys.executable, "-m", "tests.fuzz_configs", str(first), str(last)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MALLOC_ARENA_MAX": "2",
    }  # else threads take gigabytes
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    outcomes = {line["number"]: line.get("outcome", f"ended all: {ended.stderr[-3000:]}") for line in lines}
    assert ended.returncode == 0, next(reversed(outcomes.items()), ended.stderr)
    assert max(line.get("megabytes", 0) for line in lines) <= MOST_MEGABYTES
    return outcomes
