"""Fonts for letters that Matplotlib's own font lacks, such as those of Chinese names."""

from functools import cache

from nnfs_cli.core.spelling import printable
from nnfs_cli.plots.library import Axis, Figure, FontProperties, Text, findfont, fontManager, get_font

LAST_RESORT = "Last Resort"
"""A font with this in its name draws the same box for all letters of a script."""


def find_letters(figure: Figure) -> None:
    """Let each text of a figure take letters that its font lacks from other installed fonts.

    A letter that no font has is written as its escape: as a box, all names of a script would look the same.
    """
    for axis in figure.findobj(Axis):
        if isinstance(axis, Axis):
            _spell_ticks(axis)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and not _is_plain(text.get_text()):
            own = tuple(text.get_fontfamily())
            text.set_text(spelled(text.get_text(), own))
            text.set_fontfamily([*own, *families_with(frozenset(text.get_text()), own)])


def spelled(text: str, own: tuple[str, ...] = ("sans-serif",)) -> str:
    r"""The text with each letter that no installed font has as Python writes it, such as `\u4e2d`."""
    if _is_plain(text):
        return text
    text = printable(text)
    lacking = _lacking(frozenset(text), own)
    for family in families_with(frozenset(text), own):
        lacking -= _letters_in(findfont(family))
    return "".join(c.encode("unicode_escape").decode() if ord(c) in lacking else c for c in text)


def _is_plain(text: str) -> bool:
    return text.replace("\n", "").isprintable() and text.isascii()


def _spell_ticks(axis: Axis) -> None:
    """Spell the labels along an axis. Its formatter, which writes them when drawn, has to know."""
    labels = [label.get_text() for label in axis.get_ticklabels()]
    texts = [spelled(label) for label in labels]
    if texts != labels:
        axis.set_ticks(list(axis.get_majorticklocs()), texts)


@cache
def families_with(letters: frozenset[str], own: tuple[str, ...]) -> tuple[str, ...]:
    """Installed families that together have the letters which the families `own` lack, as far as any has."""
    lacking = _lacking(letters, own)
    families = []
    for font in fontManager.ttflist:
        if not lacking:
            break
        found = set() if LAST_RESORT in font.name else lacking & _letters_in(font.fname)
        if found:
            families.append(font.name)
            lacking -= found
    return tuple(families)


def _lacking(letters: frozenset[str], own: tuple[str, ...]) -> set[int]:
    """The code points of letters that the font of these families lacks."""
    lacking = {ord(letter) for letter in letters if not letter.isascii()}
    return lacking - _letters_in(findfont(FontProperties(family=list(own))))


@cache
def _letters_in(file: str) -> frozenset[int]:
    """The code points that a font file has glyphs for; none if it cannot be read."""
    try:
        return frozenset(get_font(file).get_charmap())
    except (OSError, RuntimeError):  # removed since Matplotlib listed it, or damaged
        return frozenset()
