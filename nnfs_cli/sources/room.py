"""Room in memory for arrays whose size a file declares."""

from nnfs_cli.core.errors import NnfsError


def require_room(size: int, what: str) -> None:
    """Raise NnfsError if `size` bytes are more than the memory that is free."""
    import psutil  # here: most commands need no such check

    free = psutil.virtual_memory().available
    if size > free:
        raise NnfsError(
            f"{what} takes {size / 1e9:,.1f} GB of memory, and only {free / 1e9:,.1f} GB are free"
        )
