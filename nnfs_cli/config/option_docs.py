"""What a docstring says of each option: `name: text` or `one, other: text`, further lines indented."""

import dataclasses
import inspect
import re
from typing import Any

OPTION = re.compile(r"^(\w+(?:, \w+)*): (.+(?:\n +.+)*)", re.MULTILINE)


def option_docs(cls: type[Any]) -> dict[str, str]:
    """The text of each option that the docstring of a dataclass, or of a class it derives from, describes."""
    options = {field.name for field in dataclasses.fields(cls)}
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):  # so that what a class says itself comes last
        for names, text in OPTION.findall(inspect.cleandoc(base.__doc__ or "")):
            found |= dict.fromkeys(options.intersection(names.split(", ")), " ".join(text.split()))
    return found
