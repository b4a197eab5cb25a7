"""The gradient check's picture: relative error against the step h."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.gradcheck.differences import STEP
from nnfs_cli.gradcheck.step_sizes import STEPS, Curves
from nnfs_cli.plots.colors import CLASSES, dashes
from nnfs_cli.plots.fonts import spelled
from nnfs_cli.plots.style import BLUE, GRAY, ORANGE, panels, save_as

FEW = 10
"""Up to this many curves each get a color and a name; more are drawn in gray, with their median."""


NO_TRUNCATION = 1e-9
"""A smaller relative error at the largest step, h = 0.1, is rounding alone: a third derivative would show."""


def draw_error_by_step(curves: Curves, path: Path) -> None:
    """A V for each tensor: truncation on the right falls with h^2, rounding on the left grows with 1/h.

    Of a loss that is at most quadratic in a tensor there is no right side, and the picture says so.
    """
    (axes,) = panels(["Why h = 1e-5: the error of central differences by step"], (9.0, 6.4))
    if why := _without_truncation(curves):
        axes.set_title(f"{axes.get_title(loc='left')}\n", loc="left")
        axes.text(0.0, 1.02, why, transform=axes.transAxes, va="bottom", fontsize=9)
    floor = np.finfo(np.float64).eps
    for k, (name, errors) in enumerate(curves.items()):
        style: dict[str, Any] = (
            {"lw": 1.6, "color": CLASSES[k], "ls": dashes(k), "label": name}
            if len(curves) <= FEW
            else {"lw": 0.6, "color": GRAY, "alpha": 0.35}
        )
        axes.plot(STEPS, np.maximum(errors, floor), **style)
    if len(curves) > FEW:
        median = np.median([np.maximum(errors, floor) for errors in curves.values()], axis=0)
        axes.plot(STEPS, median, color=BLUE, lw=2.2, label=f"median of {len(curves)} tensors")
    axes.axvline(STEP, color=ORANGE, ls="--", lw=1.4, label=f"h = {STEP:g}")
    axes.plot(STEPS[:9], 0.1 * STEPS[:9] ** 2, ":", color="black", lw=1.2, label="truncation, as h²")
    axes.plot(STEPS[6:], floor / STEPS[6:], "-.", color="black", lw=1.2, label="rounding, as 1e-16 / h")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("step h")
    axes.set_ylabel("relative error (median over entries)")
    figure: Any = axes.figure
    figure.legend(fontsize=8, loc="outside lower center", ncols=2, frameon=False)
    save_as(axes, path)


def _without_truncation(curves: Curves) -> str:
    """The lines that say for which tensors central differences are exact, if there are any."""
    names = [name for name, errors in curves.items() if errors[0] < NO_TRUNCATION]
    if not names:
        return ""
    if len(names) <= 2:
        which = " and ".join(names)
    else:
        which = "all tensors" if len(names) == len(curves) else f"{len(names)} of the {len(curves)} tensors"
    why = f"In {which} the loss is at most quadratic: no truncation, and so no right side of the V."
    return textwrap.fill(spelled(why), 100)
