"""The machine that measures."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_info

from nnfs_cli.core.machine import processor

PACKAGES = ("numpy", "torch", "scikit-learn", "jax")


@dataclass(frozen=True)
class Machine:
    """The machine before measuring. load: its load average over a minute."""

    load: float

    @classmethod
    def now(cls) -> "Machine":
        """The machine now. Call it before anything is timed."""
        return cls(_load())

    def described(self) -> str:
        """What the results depend on, as lines of Markdown. Call it after measuring."""
        lines = [
            f"{processor()}, {os.cpu_count()} cores; {platform.system()}",
            f"Python {platform.python_version()}, {_versions(PACKAGES)}",
            f"NumPy's BLAS: {blas()}",
            f"load average at the start {self.load:.2f}, at the end {_load():.2f}",
        ]
        return "\n".join(f"- {line}" for line in lines)


def describe() -> str:
    """Processor, cores and versions in one line."""
    versions = _versions(("numpy", "torch", "typer"))
    return f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def blas() -> str:
    """NumPy's BLAS, and its kernels for this processor."""
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
