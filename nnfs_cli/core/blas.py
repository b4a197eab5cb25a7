"""What is known of the library that multiplies NumPy's matrices."""

from functools import cache

import numpy as np


@cache
def multiplies_unpacked() -> bool:
    """Whether BLAS multiplies small matrices as they lie, without packing them first.

    OpenBLAS does so on processors with AVX-512, which NumPy calls X86_V4, and called AVX512_SKX before 2.4.
    """
    built = np.show_config(mode="dicts")
    blas, vectors = built["Build Dependencies"]["blas"], built["SIMD Extensions"]
    return "openblas" in blas["name"] and not {"X86_V4", "AVX512_SKX"}.isdisjoint(vectors.get("found", ()))
