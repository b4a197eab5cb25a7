"""The machine that computes."""

import os
import platform
from pathlib import Path


def processor() -> str:
    """The processor's name, if the system gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machine() -> dict[str, str | int | None]:
    """The processor, its cores and the operating system."""
    return {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}
