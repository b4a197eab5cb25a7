"""Fonts for letters that Matplotlib's own font lacks, such as those of Chinese names."""

from functools import cache

from nnfs_cli.plots.library import Figure, FontProperties, Text, findfont, fontManager, get_font

LAST_RESORT = "Last Resort"
"""A font with this in its name draws the same box for all letters of a script."""


def find_letters(figure: Figure) -> None:
    """Let each text of a figure take letters that its font lacks from other installed fonts.

    Where no font has a letter, Matplotlib draws a box.
    """
    for text in figure.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            own = tuple(text.get_fontfamily())
            text.set_fontfamily([*own, *families_with(frozenset(text.get_text()), own)])


@cache
def families_with(letters: frozenset[str], own: tuple[str, ...]) -> tuple[str, ...]:
    """Installed families that together have the letters which the families `own` lack, as far as any has."""
    lacking = {ord(letter) for letter in letters if not letter.isascii()}
    lacking -= _letters_in(findfont(FontProperties(family=list(own))))
    families = []
    for font in fontManager.ttflist:
        if not lacking:
            break
        found = set() if LAST_RESORT in font.name else lacking & _letters_in(font.fname)
        if found:
            families.append(font.name)
            lacking -= found
    return tuple(families)


@cache
def _letters_in(file: str) -> frozenset[int]:
    """The code points that a font file has glyphs for; none if it cannot be read."""
    try:
        return frozenset(get_font(file).get_charmap())
    except (OSError, RuntimeError):  # removed since Matplotlib listed it, or damaged
        return frozenset()
