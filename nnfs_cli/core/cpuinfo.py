"""What Linux says of the processor. This module needs no NumPy: it is read before that is loaded."""

import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
MOST_BYTES = 2**16
"""Each core has a paragraph of some 2,000. The first one tells all that is asked here."""


def cpu_fact(name: str) -> str:
    """A fact of the first core, as `model name` or `flags`; empty where the system does not tell it."""
    try:
        with CPUINFO.open("rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*?)[ \t]*$", text, re.MULTILINE)
    return found[1] if found else ""
