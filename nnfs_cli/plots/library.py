"""Imports Matplotlib, whatever backend the environment names: pictures are drawn without a window."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def _any_backend() -> Iterator[None]:
    """In the `with` block Matplotlib can be imported even if `MPLBACKEND` names no backend that exists.

    A backend that does exist is set afterwards, so that a notebook keeps its own.
    """
    backend = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            mpl.rcParams["backend"] = backend


# It logs how it looks for fonts and folders. Without a handler Python would print that.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())

with _any_backend():
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
    from matplotlib.text import Text
    from matplotlib.ticker import (
        AutoLocator,
        FuncFormatter,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        ScalarFormatter,
    )

__all__ = [
    "AutoLocator",
    "Axes",
    "Axis",
    "FancyArrowPatch",
    "FancyBboxPatch",
    "Figure",
    "FigureCanvasAgg",
    "FontProperties",
    "FuncFormatter",
    "LineCollection",
    "LogLocator",
    "MaxNLocator",
    "NullFormatter",
    "Rectangle",
    "ScalarFormatter",
    "Text",
    "findfont",
    "fontManager",
    "get_font",
    "mpl",
]
