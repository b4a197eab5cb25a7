"""Names of experiments and runs: of any script, fit for a folder on every system and for a command line."""

import unicodedata

NAME_RULE = "letters, digits, and . _ -, with a letter or digit first"
MOST_BYTES = 180
"""A name made from a file's name is no longer than this, since a folder's name can have 255 bytes."""


def is_plain_name(name: str) -> bool:
    """Whether a name has letters and digits of any script, and . _ - besides, but not in front."""
    return bool(name) and all(map(_is_plain, name)) and name[0] not in "._-"


def name_from(text: str) -> str:
    """A plain name made from a file's name: `my-first-net` from "my first net"."""
    composed = unicodedata.normalize("NFC", text)
    words = "".join(mark if _is_plain(mark) else " " for mark in composed).split()
    name = "-".join(words).encode()[:MOST_BYTES].decode(errors="ignore")
    return name.lstrip("._-").rstrip("-") or "experiment"


def _is_plain(mark: str) -> bool:
    """Whether it is a letter, a digit, a mark on a letter, or one of . _ -"""
    return mark in "._-" or unicodedata.category(mark)[0] in "LMN"
