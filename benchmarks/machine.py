"""Where a measurement was made."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

PACKAGES = ("numpy", "torch", "scikit-learn", "jax")


@dataclass(frozen=True)
class Machine:
    """The machine as it was when measuring began. load: its average over a minute."""

    load: float

    @classmethod
    def now(cls) -> "Machine":
        """Before anything is timed."""
        return cls(_load())

    def described(self) -> str:
        """All that numbers depend on, in a few lines of Markdown; called when measuring has ended."""
        lines = [
            f"{processor()}, {os.cpu_count()} cores; {platform.system()}",
            f"Python {platform.python_version()}, {_versions(PACKAGES)}",
            f"NumPy's BLAS: {blas()}",
            f"load average at the start {self.load:.2f}, at the end {_load():.2f}",
        ]
        return "\n".join(f"- {line}" for line in lines)


def describe() -> str:
    """Processor, cores and versions, in one line."""
    versions = _versions(("numpy", "torch", "typer"))
    return f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def blas() -> str:
    """The BLAS that NumPy has loaded, with the kernels it chose for this processor."""
    found = [library for library in threadpool_info() if library.get("user_api") == "blas"]
    return ", ".join(
        " ".join(str(library[key]) for key in ("internal_api", "version", "architecture") if library.get(key))
        for library in found
    )


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def _versions(packages: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {_version(name)}" for name in packages)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
