"""Names of any length, shortened to fit into pictures."""

import itertools
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence

from nnfs_cli.plots.fonts import spelled

LETTERS_AN_INCH = 10
"""Letters of a title per inch; somewhat fewer than would fit."""


def shorten_names(names: Sequence[str], most: int) -> list[str]:
    """The names, each with at most `most` letters; an ellipsis stands for the letters left out.

    Letters in the middle are left out first. If different names then look the same, they keep the letters
    around the place where they differ, and lose their first letters if necessary. Names that still look
    the same are numbered, as in `abc…#2`. Letters that no font has are spelled out first, so that what is
    drawn is what was shortened.
    """
    names = [spelled(name) for name in names]
    half = (most - 1) // 2
    texts = {name: _around(name, most, len(name), half) for name in names}
    for head in (half, 0):
        for alike in _alike(texts):
            parting = min(map(_parting, alike, alike[1:]))
            texts.update({name: _around(name, most, parting - 1, head) for name in alike})
    used = set(texts.values())
    for alike in _alike(texts):
        numbers = itertools.count(1)
        for name in alike:
            numbered = (f"{name[: most - 2 - len(str(k))]}…#{k}" for k in numbers)
            texts[name] = next(text for text in numbered if text not in used)
            used.add(texts[name])
    return [texts[name] for name in names]


def shorten_name(name: str, most: int) -> str:
    """A single name with at most `most` letters."""
    return shorten_names([name], most)[0]


def wrap_title(title: str, inches: float) -> str:
    """A title, broken into lines that fit into `inches`."""
    return textwrap.fill(spelled(title), max(int(LETTERS_AN_INCH * inches), 12))


def _around(name: str, most: int, at: int, head: int) -> str:
    """A name's first `head` letters, then those from `at` on; from earlier on, if there is room for more."""
    if len(name) <= most:
        return name
    room = most - 1 - head
    at = min(max(at, head), len(name) - room)
    if at + room < len(name):
        return f"{name[:head]}…{name[at : at + room - 1]}…"
    return f"{name[:head]}…{name[at:]}"


def _parting(a: str, b: str) -> int:
    """The index of the first letter in which two names differ."""
    return next(i for i, (one, other) in enumerate(itertools.zip_longest(a, b)) if one != other)


def _alike(texts: Mapping[str, str]) -> list[list[str]]:
    """Groups of names that are shortened to the same text."""
    groups = defaultdict[str, list[str]](list)
    for name, text in texts.items():
        groups[text].append(name)
    return [group for group in groups.values() if len(group) > 1]
