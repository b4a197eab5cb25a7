"""Descriptions of options from docstrings: `name: text` or `one, other: text`, further lines indented."""

import dataclasses
import inspect
import re
from typing import Any

OPTION = re.compile(r"^(\w+(?:, \w+)*): (.+(?:\n +.+)*)", re.MULTILINE)


def option_docs(cls: type[Any]) -> dict[str, str]:
    """The description of each option, from the docstrings of a dataclass and its base classes."""
    options = {field.name for field in dataclasses.fields(cls)}
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):  # a class's own docstring comes last and wins
        for names, text in OPTION.findall(inspect.cleandoc(base.__doc__ or "")):
            found |= dict.fromkeys(options.intersection(names.split(", ")), " ".join(text.split()))
    return found
