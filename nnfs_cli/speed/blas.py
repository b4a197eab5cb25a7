"""Which forms of products suit the BLAS that NumPy uses, by what it says it is."""

from functools import cache

from nnfs_cli.core.blas_threads import kernel_name

UNPACKED = {
    "SkylakeX": True,  # y 78 us (98), dW 74 (97), dx 3.0 (4.0)
    "Haswell": False,  # y 195 us (118), dW 123 (124), dx 4.7 (3.8)
    "Sandybridge": False,  # y 241 us (171), dW 189 (187), dx 6.9 (5.8)
    "Nehalem": False,  # y 509 us (397), dW 406 (403), dx 10.1 (9.5)
}
"""Whether a kernel of OpenBLAS multiplies small matrices without packing them first (copying them to
another order). Only then the forms of `products.py` pay.

Beside each: y = x W for 8 rows at a time, dW in blocks of 112 rows, both of 64 rows through 784 x 128, and
dx = dy W^T of 32 rows through 64 x 64 from a transposed copy; in brackets the same by one call. In
float32 on one thread of an Intel Xeon (Sapphire Rapids), OpenBLAS 0.3.31.
"""


@cache
def multiplies_unpacked() -> bool:
    """Whether BLAS multiplies small matrices unpacked. Of a kernel that is not listed this is not assumed."""
    return UNPACKED.get(kernel_name(), False)
