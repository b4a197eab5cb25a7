"""Colors for many classes and for numbers, which people with any color vision tell apart."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import mpl
from nnfs_cli.plots.style import AMBER, BLUE, GREEN, ORANGE, PURPLE, SKY, is_dark, paper

CLASSES = (
    *(BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY),
    *("#870f0f", "#6978ff", "#5af096", "#4b3c5a", "#0f2db4", "#0000ff"),
)
"""After Okabe and Ito's six, those that are farthest from all before them in CIELAB, as it is seen with
normal color vision, with deuteranopia and with protanopia (Machado, Oliveira and Fernandes, 2009).
"""

MARKERS = "osD^vP*Xph<>"
HATCHES = ("", "//", "..", "xx", "\\\\", "--", "oo", "++", "||", "**", "OO", "/o")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (8, 2, 1, 2, 1, 2)))
"""Second cues, for those who see no color and for prints in gray."""


def palette(classes: int) -> Array:
    """A color (classes, 3) for each class. They repeat after the twelfth, where `marker` differs."""
    return np.array([mpl.colors.to_rgb(CLASSES[k % len(CLASSES)]) for k in range(classes)]).reshape(-1, 3)


def marker(k: int) -> str:
    """The marker of class k: another for each of twelve, and for the next twelve shifted by one."""
    return MARKERS[(k + k // len(CLASSES)) % len(MARKERS)]


def hatch(k: int) -> str:
    """The hatch of class k, as `marker`."""
    return HATCHES[(k + k // len(CLASSES)) % len(HATCHES)]


def dashes(k: int) -> Any:
    """The line style of curve k."""
    return DASHES[k % len(DASHES)]


def sequential() -> Any:
    """A color map from the paper, for none, to the strongest blue, for the most."""
    anchors = [paper(), "#0b4a77", SKY, "#e9f6ff"] if is_dark() else [paper(), SKY, BLUE, "#08263f"]
    return mpl.colors.LinearSegmentedColormap.from_list("sequential", anchors)


def diverging() -> Any:
    """A color map from blue, negative, over the paper, zero, to orange, positive."""
    ends = (SKY, "#ff9a4d") if is_dark() else ("#084672", "#8f3d00")
    return mpl.colors.LinearSegmentedColormap.from_list(
        "diverging", [ends[0], BLUE, paper(), ORANGE, ends[1]]
    )


def readable_on(color: Any) -> str:
    """Black or white, whichever is easier to read on a color (WCAG's relative luminance)."""
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "#ffffff"


def warm() -> Any:
    """A color map from the paper, for none, to a strong orange, for the most: of mistakes."""
    anchors = [paper(), "#7a3600", ORANGE, "#ffd7a8"] if is_dark() else [paper(), "#f6b26b", ORANGE]
    return mpl.colors.LinearSegmentedColormap.from_list("warm", anchors)
