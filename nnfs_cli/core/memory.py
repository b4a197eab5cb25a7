"""The memory that is left: what would not fit is refused with its size, before it is allocated."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nnfs_cli.core.errors import NnfsError

CGROUPS = Path("/sys/fs/cgroup")
NOT_WORTH_ASKING = 2**26
FILES = {"": ("memory.max", "memory.current"), "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes")}
"""The files of a control group with its limit and what it uses, of version 2 and of version 1."""
UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")


def require_memory(size: int, what: str, remedy: str) -> None:
    """Raise NnfsError if `size` bytes are more than this process can still get. `what` would take them."""
    lacking = shortage(size)
    if lacking:
        raise NnfsError(f"{what} {lacking}; {remedy}")


def shortage(size: int) -> str:
    """`would take 40.0 GB of memory, and 8.2 GB are left`; an empty text if `size` bytes are there."""
    if size <= NOT_WORTH_ASKING:
        return ""
    left = memory_left()
    return f"would take {in_bytes(size)} of memory, and {in_bytes(left)} are left" if size > left else ""


def in_bytes(size: int) -> str:
    """`40.0 GB`."""
    number, unit = float(min(size, 10**300)), 0
    while number >= 1000 and unit < len(UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:,.1f} {UNITS[unit]}" if unit else f"{size} bytes"


def memory_left() -> int:
    """Bytes that this process can still get: of the machine's, its container's, and its own limit."""
    import psutil  # imported here: few commands need it

    machine = psutil.virtual_memory().available + psutil.swap_memory().free
    return max(min([machine, *_of_containers(), *_of_process(psutil.Process().memory_info().vms)]), 0)


def _of_process(used: int) -> Iterator[int]:
    """What the limit on this process's addresses leaves, as `ulimit -v` sets it; `used` bytes are taken."""
    if sys.platform == "linux":
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            yield limit - used


def _of_containers() -> Iterator[int]:
    """What the limits of this process's control groups leave; caches can be given back, and do not count."""
    for line in own_groups():
        _, controllers, name = line.split(":", 2)
        if controllers in FILES:
            root = CGROUPS / controllers
            group = root / name.strip("/")
            limit, used = FILES[controllers]
            for folder in (group, *group.parents):
                if folder.is_relative_to(root):
                    with suppress(OSError, ValueError):  # without a limit, the file says `max`, or is missing
                        yield _number(folder / limit) - _number(folder / used) + _cache(folder)


def own_groups() -> list[str]:
    """The control groups of this process, as Linux lists them: `0::/user.slice`."""
    try:
        return Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:  # there are none on other systems
        return []


def _number(file: Path) -> int:
    return int(file.read_text())


def _cache(folder: Path) -> int:
    """The bytes of files in a control group's memory that were not used lately."""
    stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return int(stat.get("total_inactive_file", stat.get("inactive_file", 0)))
