"""The contestants of each workload."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

BUSY = ("A", "C", "D")
"""The workloads that are run beside a busy neighbor, too."""

OURS = "nnfs, by the rule"
BRING_THEIR_OWN = ("PyTorch", "JAX", "scikit-learn")
"""Libraries that do not compute with NumPy's BLAS."""


@dataclass(frozen=True)
class Entry:
    """A contestant in a workload.

    threads: `auto` for the library's default.
    every: it is timed in every n-th round only.
    kernel: the kernel of OpenBLAS that it is forced to use; empty for the command's own choice.
    """

    side: str
    threads: str
    variant: str = ""
    every: int = 1
    kernel: str = ""

    @property
    def name(self) -> str:
        what = f"{self.side} {self.variant}".strip()
        threads = {"auto": "by default", "1": "1 thread"}.get(self.threads, f"{self.threads} threads")
        ours = self.side == "nnfs" and self.threads == "auto"
        return (OURS if ours else f"{what}, {threads}") + mark(self.kernel)


def mark(kernel: str) -> str:
    """What the name of a contestant with a forced kernel ends with."""
    return f" ({kernel})" if kernel else ""


def entries(key: str, kernels: Sequence[str] = ()) -> list[Entry]:
    """All contestants of a workload. kernels: those that are forced besides our own choice."""
    forced = [replace(entry, kernel=kernel) for kernel in kernels for entry in _forced(key)]
    return [*_entries(key), *forced]


def _entries(key: str) -> list[Entry]:
    rule, at_each = [Entry("nnfs", "auto")], [Entry("nnfs", "auto"), *_each("nnfs")]
    bare = _each("bare matmuls")
    jax = [*_each("JAX", "steps"), *_each("JAX", "scan")]
    match key:
        case "A" | "B":
            at_each = [*at_each, Entry("nnfs", "1", "plain")]
            slow = [*_each("scikit-learn", every=2), *_each("plain NumPy", every=2)]
            return [*at_each, *bare, *_each("PyTorch"), *jax, *slow]
        case "C":
            torch = [*_each("PyTorch", "channels_last"), *_each("PyTorch", "contiguous")]
            return [*at_each, *bare, *torch, *_each("plain NumPy", every=3)]
        case "D":
            return [*at_each, *bare, *_each("PyTorch"), *_each("JAX", "scan", every=3)]
        case "E1":
            return [*rule, *(entry for way in ("", "foreach", "fused") for entry in _each("PyTorch", way))]
        case "E2":
            return [*rule, *_each("PyTorch")]
        case "F1":
            ways = ["from float32, at once", "from float32, in batches", "from bytes, in batches"]
            return [*at_each, *(entry for way in ways for entry in _each("PyTorch", way))]
        case "F2":
            ways = [
                f"{start}, {order}, in batches"
                for start in ("from float32", "from bytes")
                for order in ("channels_last", "contiguous")
            ]
            ways += ["from float32, channels_last, at once"]
            return [*at_each, *(entry for way in ways for entry in _each("PyTorch", way))]
    raise ValueError(f"no workload {key}")


def _forced(key: str) -> list[Entry]:
    """Whom a kernel is forced on: what the claims need, since each takes its time."""
    ours = [Entry("nnfs", "auto"), Entry("nnfs", "1")]
    match key:
        case "A" | "B":
            return [*ours, *_each("bare matmuls"), Entry("plain NumPy", "1", every=2)]
        case "C":
            return [*ours, Entry("nnfs", "2"), *_each("bare matmuls"), Entry("plain NumPy", "1", every=3)]
        case "D":
            return [*ours, Entry("nnfs", "2"), *_each("bare matmuls")]
    return []


def busy_entries(key: str) -> list[Entry]:
    """The contestants of a workload beside a busy neighbor."""
    way, every = ("channels_last" if key == "C" else ""), (3 if key == "D" else 1)
    torch = [Entry("PyTorch", "auto", way, every), Entry("PyTorch", "1", way)]
    jax = [] if key == "C" else [Entry("JAX", "auto", "scan", every)]
    return [Entry("nnfs", "auto"), Entry("nnfs", "1"), *torch, *jax]


def _each(side: str, variant: str = "", every: int = 1) -> list[Entry]:
    return [Entry(side, threads, variant, every) for threads in ("1", "2")]
