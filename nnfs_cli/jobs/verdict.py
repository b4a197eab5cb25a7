"""A comparison in one sentence: better, worse, or that nobody can tell, with how sure that is."""

import math
from dataclasses import replace

from nnfs_cli.core.errors import counted
from nnfs_cli.jobs.differences import Difference
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.training.reports import format_score

FOR_CONFIGS = (
    "this speaks of these two trained networks, not of their configs: `nnfs train CONFIG --seeds 10` would"
)


def sentence(found: Difference, a: str, b: str, *, alone: bool = True) -> str:
    """Whether b is better than a by a score: `b is better than a by 0.012 accuracy [0.004, 0.020] (...)`.

    alone: whether it says itself that two networks are not their configs.
    """
    if found.value is None:
        return f"cannot tell: {found.name} is undefined: {found.interval.why_none}"
    how = f"({found.test}, {p_text(found)})" if not math.isnan(found.p) else "(not tested)"
    tail = f"; {FOR_CONFIGS}" if alone and found.of == "row" else ""
    if found.verdict == "cannot tell":
        amount = amount_text(found.value, found.interval, found.name)
        return f"cannot tell: the difference is {amount} {how}{_more(found)}{tail}"
    sign = 1.0 if found.value > 0 else -1.0
    low, high = sorted((sign * found.interval.low, sign * found.interval.high))
    interval = replace(found.interval, low=low, high=high)
    amount = amount_text(abs(found.value), interval, found.name)
    return f"{b} is {found.verdict} than {a} by {amount} {how}{tail}"


def amount_text(value: float | None, interval: Interval | None, name: str = "") -> str:
    """`0.012 accuracy [0.004, 0.020]`, the value rounded as its interval's ends are."""
    if value is None or interval is None or not interval.exists:
        return f"{format_score(value, 3)} {name}".rstrip()
    return " ".join(filter(None, (interval.shown(value), name, interval.ends)))


def p_text(found: Difference) -> str:
    """`p = 0.003`; of several comparisons the adjusted one, and that it is."""
    number = p_number(found)
    text = f"p {number}" if number.startswith("<") else f"p = {number}"
    return text if found.tests < 2 else f"{text} by Holm's method for {found.tests} comparisons"


def p_number(found: Difference) -> str:
    """`0.003`, or `< 0.001`; an empty text if there is no test."""
    p = found.p if math.isnan(found.adjusted) else found.adjusted
    if math.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def _more(found: Difference) -> str:
    """What would tell, as `; about 23 more seeds would`; nothing if there is no difference to tell."""
    if not found.value:
        return ""
    if found.too_few:
        least = min(1.0, found.tests * 2.0 ** (1 - found.pairs))
        more = max(found.fewest - found.pairs, found.more or 0)
        return (
            f"; {counted(found.pairs, 'seed')} cannot: whatever the difference, p is at least {least:.2g} by "
            f"a sign-flip test; {counted(more, 'more seed')} could"
        )
    if found.more:
        return f"; about {counted(found.more, f'more {found.of}')} would"
    if found.test.startswith("Nadeau") and found.interval.exists:
        what = "repeats of the folds" if found.of == "fold" else "seeds"
        return f"; more {what} would not, since they share their rows; more rows would"
    return ""
