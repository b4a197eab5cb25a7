"""What is known of the library that multiplies NumPy's matrices."""

from functools import cache
from typing import Any

import numpy as np


@cache
def multiplies_unpacked() -> bool:
    """Whether BLAS multiplies small matrices as they lie, without packing them first.

    OpenBLAS does so on processors with AVX-512, which NumPy calls X86_V4, and called AVX512_SKX before 2.4.
    """
    built: Any = np.show_config(mode="dicts")  # which leaves out whatever it does not know
    name = built.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    vectors = built.get("SIMD Extensions", {}).get("found", ())
    return "openblas" in name and not {"X86_V4", "AVX512_SKX"}.isdisjoint(vectors)
