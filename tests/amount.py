"""How much of a long campaign a test runs."""

import os


def amount(share: int, whole: int) -> int:
    """The share for the test suite; or the whole, if NNFS_WHOLE is set as in `make fuzz` and `make soak`."""
    return whole if os.environ.get("NNFS_WHOLE") else share
