"""Chaos on one folder of runs: whatever is killed, all runs can be made whole."""

import sys
from pathlib import Path

import pytest

from tests.amount import amount
from tests.soak import Soak


@pytest.mark.slow
def test_commands_that_are_killed_at_random_leave_runs_that_can_be_made_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soak = Soak(tmp_path, seed=3)
    said = soak.run(amount(15, 1800), side_by_side=amount(2, 4))
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert not soak.faults, "\n".join(soak.faults)
