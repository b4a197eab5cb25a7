"""The kernels of OpenBLAS that contestants compute with. Importing this makes the choice, before NumPy loads.

Ours, bare matmuls and plain NumPy compute with the kernel that the nnfs command chooses, and in some
workloads with the machine's other ones as well. All other libraries come as they are.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from nnfs_cli.core.blas_kernel import SWITCH, VARIABLE, choose_kernel, runs_here

CANDIDATES = ("Haswell", "Zen", "SkylakeX")

AS_IT_COMES: Mapping[str, str | None] = {VARIABLE: os.environ.get(VARIABLE), SWITCH: "0"}
"""The environment without our choice. None: the variable is absent."""

ASK = "import numpy; from nnfs_cli.core.blas_threads import kernel_name; print(kernel_name())"

choose_kernel()


def other_kernels(own: str) -> list[str]:
    """The kernels that this machine runs, besides our own choice.

    BLAS is asked, since it may lack a kernel or give another one for it: OpenBLAS 0.3.31 in NumPy gives
    Haswell for Zen.
    """
    given = dict.fromkeys(kernel_given(name) for name in CANDIDATES if runs_here(name))
    return [name for name in given if name and name != own]


def kernel_given(name: str) -> str:
    """The kernel that BLAS says it computes with, when asked for this one."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, VARIABLE: name},
    )
    return done.stdout.strip()
