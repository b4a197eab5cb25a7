"""The kernel that OpenBLAS computes with, chosen before NumPy loads it. This module needs no NumPy.

OpenBLAS has kernels for families of processors, picks one when it is loaded, and does not know processors
that are younger than it is. The environment variable OPENBLAS_CORETYPE names another one.
"""

import os
import sys

from nnfs_cli.core.cpuinfo import cpu_fact

VARIABLE = "OPENBLAS_CORETYPE"
SWITCH = "NNFS_CHOOSE_KERNEL"
"""With the value 0, nothing is chosen here."""

AVX2 = {"avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "abm", "movbe", "popcnt"}
AVX512 = AVX2 | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
FLAGS = {
    "Nehalem": {"sse4_1", "sse4_2", "popcnt"},
    "Sandybridge": {"avx", "popcnt"},
    "Haswell": AVX2,
    "Zen": AVX2,
    "SkylakeX": AVX512,  # compiled with -march=skylake-avx512
    "Cooperlake": AVX512 | {"avx512_vnni", "avx512_bf16"},
}
"""The instructions that a kernel and what a compiler makes of it may use, by Linux's names. No kernel that
is missing here is ever chosen."""

FASTER = {"AuthenticAMD": "SkylakeX"}
"""By the processor's vendor, a kernel that is faster than OpenBLAS's own choice.

AMD: OpenBLAS 0.3.31 does not know family 0x1A (Zen 5) and picks Haswell there. 64 x 784 by 784 x 128 takes
113 us with that and 54 us with SkylakeX. For Zen 4 it picks SkylakeX, and on Intel, itself.
"""

_chosen_by = ""


def choose_kernel(recorded: str = "") -> None:
    """Choose a kernel that is known to be faster than OpenBLAS's own choice, or the one that is recorded.

    recorded: the kernel of a run that is to go on with the same rounding. It may be any text.
    A choice of the user's stands, and one whose instructions the processor lacks is never made. Once NumPy
    is loaded it is too late.
    """
    global _chosen_by
    is_users = bool(os.environ.get(VARIABLE)) and not _chosen_by
    if is_users or os.environ.get(SWITCH) == "0" or "numpy" in sys.modules:
        return
    kernel = recorded if runs_here(recorded) else FASTER.get(cpu_fact("vendor_id"), "")
    if runs_here(kernel):
        os.environ[VARIABLE] = kernel
        _chosen_by = "run" if kernel == recorded else "nnfs"


def inherit_choice(chosen_by: str) -> None:
    """Note in a process that another one started who chose the kernel: it got it by the environment."""
    global _chosen_by
    if chosen_by in ("nnfs", "run"):
        _chosen_by = chosen_by


def runs_here(kernel: str) -> bool:
    """Whether the processor is known to have all instructions of a kernel."""
    return kernel in FLAGS and FLAGS[kernel] <= set(cpu_fact("flags").split())


def kernel_chosen_by(kernel: str) -> str:
    """Who chose the kernel: `nnfs`, the `run` that is resumed, the user's `environment`, or `blas` itself.

    kernel: what BLAS says. A library may lack a kernel, or be none of OpenBLAS.
    """
    asked = os.environ.get(VARIABLE)
    if _chosen_by:
        return _chosen_by if asked == kernel else "blas"
    return "environment" if asked else "blas"
