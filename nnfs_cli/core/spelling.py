"""Names in texts that are shown: characters that would act on a terminal are spelled out."""

import os
import re
import shlex

ACTING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f"  # control characters, but for the end of a line
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # changes of the writing direction
    "\u2028\u2029\ud800-\udfff]"  # separators of lines, and bytes of a file's name that are no text
)


def printable(text: str) -> str:
    r"""The text with each acting character as Python writes it, such as `\x1b`."""
    return ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printable_name(name: str) -> str:
    """The same for a single name, which has no end of a line either."""
    return printable(name).replace("\n", "\\n")


def is_printable(name: str) -> bool:
    """Whether a single name is shown as it is."""
    return printable_name(name) == name


def is_text(name: str) -> bool:
    """Whether a file's name is text in the file system's encoding, and no other bytes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def typed(*words: object) -> str:
    """A command of nnfs as it is typed in a shell, in which no name acts: `nnfs plot 'my runs/first'`."""
    return " ".join(["nnfs", *map(in_shell, words)])


def in_shell(word: object) -> str:
    """One word of a command, quoted where it must be."""
    text = str(word)
    if os.name == "nt":  # where single quotes are letters, and double ones are in no name
        return f'"{text}"' if " " in text else text
    return shlex.quote(text)
