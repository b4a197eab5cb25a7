"""A run is killed at random moments, resumed, and ends as if it had never stopped."""

import sys
from pathlib import Path

import pytest

from tests.amount import amount
from tests.kills import Campaign


@pytest.mark.slow
def test_runs_killed_at_random_moments_end_as_the_unbroken_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = Campaign(tmp_path, seed=amount(17, 18))
    said = campaign.run(amount(6, 200), side_by_side=amount(2, 4))
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert not campaign.faults, "\n".join(campaign.faults)
