"""The live bar takes a small share of a training's time."""

import io
from itertools import pairwise

import pytest

from nnfs_cli.cli.progress import REFRESH_SECONDS, SHARE, Bar
from nnfs_cli.cli.screen import Screen
from nnfs_cli.training.reports import Heartbeat
from tests.toys import BLOBS, toy


@pytest.mark.parametrize(
    ("cost", "pause"), [(0.5 * REFRESH_SECONDS * SHARE, REFRESH_SECONDS), (0.02, 0.02 / SHARE)]
)
def test_the_bar_is_drawn_once_a_second_and_less_often_where_that_takes_long(
    monkeypatch: pytest.MonkeyPatch, cost: float, pause: float
) -> None:
    bar, drawn, now = Bar(toy(BLOBS), Screen(file=io.StringIO(), force_terminal=True)), list[float](), [100.0]

    def refresh() -> None:
        drawn.append(now[0])
        now[0] += cost

    monkeypatch.setattr(bar, "_refresh", refresh)
    monkeypatch.setattr("nnfs_cli.cli.progress.time.monotonic", lambda: now[0])
    while len(drawn) < 4:
        bar.show(Heartbeat(1, 1))
        now[0] += 0.01
    assert drawn[0] == 100.0
    for one, other in pairwise(drawn):
        assert other - one == pytest.approx(pause + cost, abs=0.03)
