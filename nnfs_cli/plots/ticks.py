"""Ticks that say what people would: 1, 2, 5 on logarithmic axes, whole epochs, 20,000 or 3 M."""

import math

from nnfs_cli.plots.library import (
    AutoLocator,
    Axes,
    Axis,
    Figure,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    ScalarFormatter,
)

LETTER = 0.1
"""The width of a digit in inches."""
DECADES = 4.0
"""An axis that spans more decades has ticks at powers of ten alone."""


def count_axis(axes: Axes, which: str = "x", name: str = "", most: int = 7) -> None:
    """Whole numbers along an axis, such as epochs: never 17.25, no 1e6."""
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    axis.set_major_formatter(FuncFormatter(lambda value, _: shown_count(value)))
    if name:
        axis.set_label_text(name)


def log_axis(axes: Axes, which: str = "y", decades: float = DECADES) -> None:
    """A logarithmic axis with ticks at 1, 2 and 5 times powers of ten; over more decades at these alone."""
    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    low, high = sorted(getattr(axes, f"get_{which}lim")())
    wide = low <= 0 or math.log10(high / low) > decades
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: shown_number(value)))
    axis.set_minor_formatter(NullFormatter())


def write_plain_numbers(figure: Figure) -> None:
    """Give each axis that has Matplotlib's own ticks plain numbers, as few as have room beside each other."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(FuncFormatter(lambda value, _: shown_number(value)))
        if type(axes.xaxis.get_major_locator()) is AutoLocator:
            inches = axes.get_position().width * figure.get_figwidth()
            _leave_room(axes.xaxis, inches)


def _leave_room(axis: Axis, inches: float) -> None:
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_majorticklocs() if low <= tick <= high]
    longest = max((len(shown_number(tick)) for tick in ticks), default=1)
    most = int(inches / (LETTER * (longest + 2)))
    if len(ticks) > most:
        axis.set_major_locator(MaxNLocator(nbins=max(most, 1), steps=[1, 2, 5, 10]))


def number_axis(axes: Axes, which: str = "y") -> None:
    """Plain numbers along an axis, without an offset that has to be added or multiplied."""
    getattr(axes, f"{which}axis").set_major_formatter(FuncFormatter(lambda value, _: shown_number(value)))


def shown_count(count: float) -> str:
    """A whole number with commas; millions as 3 M; nothing between two whole numbers."""
    if not float(count).is_integer():
        return ""
    return f"{count / 1e6:g} M" if abs(count) >= 1e6 else f"{count:,.0f}"


def shown_number(number: float) -> str:
    """0.002, 1,500, 2e-05: as short as it can be read."""
    if number == 0 or 1e-4 <= abs(number) < 1e6:
        return f"{number:,.10g}" if abs(number) >= 1000 else f"{number:.10g}"
    mantissa, exponent = f"{number:.10e}".split("e")
    return f"{float(mantissa):.10g}e{int(exponent)}"
