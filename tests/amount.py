"""How much of a long campaign a test runs."""

import os


def amount(share: int, whole: int) -> int:
    """The share that the test suite runs, or the whole if NNFS_WHOLE is set, as by `make fuzz`."""
    return whole if os.environ.get("NNFS_WHOLE") else share
