"""Which options make two configs repeats of one: they differ in what is drawn at random, or in nothing."""

import re
from collections.abc import Mapping
from typing import Any

from nnfs_cli.config.flat import flat_options

DRAWN = re.compile(r"(.*\.)?(split_)?seed|dataset\.validation\.fold")
"""Options that only choose among equal chances: seeds, and which fold is validated."""
FREE = re.compile(
    r"name|plugins.*|study.*|training\.(log_every|checkpoint_every|engine|parts|threads|diagnostics)"
)
"""Options that say how a run is called, recorded and computed, not what it learns."""


def own_options(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a resolved config by dotted key that repeats of it share."""
    return {
        key: value
        for key, value in flat_options(plain)
        if not DRAWN.fullmatch(key) and not FREE.fullmatch(key)
    }


def draw_of(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The seeds and the fold that draw a run's numbers, its data and its splits, by dotted key.

    Seeds of its own layers are left out: who pairs two configs by their draws need not have the same layers.
    """
    return {
        key: value
        for key, value in flat_options(plain)
        if DRAWN.fullmatch(key) and (key in ("seed", "split_seed") or key.startswith("dataset."))
    }
