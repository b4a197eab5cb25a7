"""Properties of the BLAS that NumPy uses."""

from functools import cache
from typing import Any

import numpy as np


@cache
def multiplies_unpacked() -> bool:
    """Whether BLAS multiplies small matrices without packing them first (copying them to another order).

    OpenBLAS does so on processors with AVX-512. NumPy calls these X86_V4, and before 2.4 AVX512_SKX.
    """
    built: Any = np.show_config(mode="dicts")  # entries may be missing
    name = built.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    vectors = built.get("SIMD Extensions", {}).get("found", ())
    return "openblas" in name and not {"X86_V4", "AVX512_SKX"}.isdisjoint(vectors)
