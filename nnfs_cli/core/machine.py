"""The machine that computes."""

import os
import platform

import numpy as np

from nnfs_cli.core.cpuinfo import cpu_fact


def processor() -> str:
    """The processor's name, if the system gives it."""
    return cpu_fact("model name") or platform.processor() or platform.machine()


def vector_extensions() -> list[str]:
    """The extensions of the processor's instructions that NumPy computes with, and rounds by."""
    found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return [name for name in found if not name.startswith("AVX512_") or name == "AVX512_SKX"]


def machine() -> dict[str, str | int | None]:
    """The processor, its cores and the operating system."""
    return {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}
