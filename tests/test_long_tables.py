"""A long table is drawn without rich, and looks the same."""

import io
import re
from typing import Any

import pytest

from nnfs_cli.cli import screen


@pytest.mark.parametrize("options", [{}, {"force_terminal": True, "color_system": "standard"}])
@pytest.mark.parametrize("width", [30, 80])
def test_a_long_table_looks_as_a_short_one(
    width: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = screen.Table()
    table.add_column("run")
    table.add_column("épochs", justify="right", drop=1)
    table.add_column("scores")
    for i in range(20):
        table.add_row(f"run-{i}", str(i**4), "猫[red]" * (i % 3))
    drawn = []
    for long in (1, 1000):
        monkeypatch.setattr(screen, "LONG", long)
        console = screen.Screen(file=io.StringIO(), width=width, **options)
        console.print(table)
        drawn.append(console.file.getvalue())  # type: ignore[attr-defined]
    bold = [set(re.findall(r"\x1b\[\d*m", text)) for text in drawn]
    assert bold[0] == bold[1]
    assert bool(bold[0]) == bool(options)
    plain = [re.sub(r"\x1b\[\d*m", "", text) for text in drawn]
    assert plain[0] == plain[1]


def test_a_long_table_is_drawn_line_by_line_since_rich_splits_long_segments_slowly() -> None:
    table = screen.Table()
    table.add_column("run")
    for i in range(screen.LONG):
        table.add_row(f"run-{i}")
    segments = list(screen.Screen(file=io.StringIO(), width=80).render(table))
    assert max(segment.text.count("\n") for segment in segments) == 1
