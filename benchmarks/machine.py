"""The machine that measures."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from nnfs_cli.core.blas_kernel import kernel_chosen_by
from nnfs_cli.core.blas_threads import blas_name, kernel_name
from nnfs_cli.core.cpuinfo import cpu_fact
from nnfs_cli.core.machine import processor
from nnfs_cli.version import __version__

PACKAGES = ("numpy", "torch", "scikit-learn", "jax")


@dataclass(frozen=True)
class Machine:
    """The machine before measuring. load: its load average over a minute."""

    load: float

    @classmethod
    def now(cls) -> "Machine":
        """The machine now. Call it before anything is timed."""
        return cls(_load())

    def described(self, kernels: Sequence[str]) -> str:
        """What the results depend on, as lines of Markdown. Call it after measuring.

        kernels: those that were forced besides our own choice.
        """
        also = f"; measured with {' and '.join(kernels)}, too" if kernels else ""
        lines = [
            f"{_model()}, {os.cpu_count()} cores; {platform.system()}",
            f"nnfs {__version__}, Python {platform.python_version()}, {_versions(PACKAGES)}",
            f"NumPy's BLAS: {blas_name()}, a kernel chosen by {kernel_chosen_by(kernel_name())}{also}",
            f"load average at the start {self.load:.2f}, at the end {_load():.2f}",
        ]
        return "\n".join(f"- {line}" for line in lines)


def title() -> str:
    """The processor, its cores and the kernels of BLAS: what figures are told under."""
    return ", ".join(filter(None, [processor(), f"{os.cpu_count()} cores", _kernels()]))


def slug() -> str:
    """What tells this processor from others, as a file's name. Many virtual ones share their names."""
    facts = f"{processor()} {_numbers()} {os.cpu_count()} cores"
    return re.sub(r"[^a-z0-9]+", "-", facts.lower()).strip("-")


def describe() -> str:
    """Processor, cores and versions in one line."""
    versions = _versions(("numpy", "torch", "typer"))
    return f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def _kernels() -> str:
    return f"{kernel_name()} kernels" if kernel_name() else ""


def _model() -> str:
    return f"{processor()} (family, model, stepping: {_numbers()})" if _numbers() else processor()


def _numbers() -> str:
    """The processor's family, model and stepping, where the system tells them."""
    return " ".join(filter(None, map(cpu_fact, ("cpu family", "model", "stepping"))))


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def _versions(packages: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {_version(name)}" for name in packages)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
