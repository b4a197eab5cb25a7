"""A run is killed at random moments, resumed, and ends as if it had never stopped."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.amount import amount
from tests.kills import Campaign
from tests.lives import differences


@pytest.mark.slow
def test_runs_killed_at_random_moments_end_as_the_unbroken_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = Campaign(tmp_path, seed=amount(17, 18))
    said = campaign.run(amount(6, 200), side_by_side=amount(2, 4))
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert not campaign.faults, "\n".join(campaign.faults)


SLIPS: dict[str, Callable[[list[str]], list[str]]] = {
    "an unchanged file": lambda lines: lines,
    "a doubled row": lambda lines: [*lines[:3], *lines[2:]],
    "a doubled last row": lambda lines: [*lines, lines[-1]],
    "a lost row": lambda lines: [*lines[:2], *lines[3:]],
    "a lost last row": lambda lines: lines[:-1],
    "a second header": lambda lines: [*lines[:3], lines[0], *lines[3:]],
    "a last digit": lambda lines: [*lines[:-1], lines[-1].replace("0.25", "0.26")],
    "other seconds": lambda lines: [*lines[:-1], lines[-1].replace("7.5", "9.5")],
}
SAME = ("an unchanged file", "other seconds")


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("name", ["epochs.csv", "steps.csv"])
def test_the_kill_test_sees_each_row_that_is_doubled_or_lost(slip: str, name: str, tmp_path: Path) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    whole.mkdir()
    (whole / "summary.json").write_text(json.dumps({"scores": {}}))
    np.savez(whole / "weights.npz", W=np.ones(3))
    lines = ["epoch,step,seconds,loss\n", *(f"{i},{10 * i},7.5,0.25\n" for i in range(1, 6))]
    for table in ("epochs.csv", "steps.csv"):
        (whole / table).write_text("".join(lines))
    shutil.copytree(whole, run)
    (run / name).write_text("".join(SLIPS[slip](lines)))
    assert differences(run, whole) == ([] if slip in SAME else [name])
